// Package byhand creates a certificate with net/http and encoding/json alone, as a careful engineer would write it
// who needs just this call. It repeats nothing.
package byhand

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	maxResponse = 8 << 20
	userAgent   = "contoso-rollover/1.2"
	early       = 5 * time.Minute // how long before its expiry a token is not used any more
)

// Client creates certificates in one tenant.
type Client struct {
	HTTP                       *http.Client
	GraphURL, AuthorityURL     string
	TenantID, ClientID, Secret string

	mu     sync.Mutex
	bearer string
	expiry time.Time
}

// NewHTTPClient returns a client with a time limit, that follows no redirect and keeps a connection for each of many
// workers.
func NewHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // nobody replaces it here
	transport.MaxIdleConnsPerHost = 64
	return &http.Client{
		Transport:     transport,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Certificate is the resource, as the service returns it.
type Certificate struct {
	ID                 string    `json:"id"`
	Content            []byte    `json:"content"`
	Status             string    `json:"status"`
	SubjectName        string    `json:"subjectName"`
	Subject            string    `json:"subject"`
	IssuerName         string    `json:"issuerName"`
	Issuer             string    `json:"issuer"`
	ExpirationDateTime time.Time `json:"expirationDateTime"`
	UploadDateTime     time.Time `json:"uploadDateTime"`
}

type upload struct {
	ODataType string `json:"@odata.type"`
	Content   []byte `json:"content"`
}

// Create uploads a certificate in DER.
func (c *Client) Create(ctx context.Context, content []byte) (*Certificate, error) {
	bearer, err := c.token(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(upload{"#microsoft.graph.enterpriseCodeSigningCertificate", content})
	if err != nil {
		return nil, err
	}
	target := c.GraphURL + "/beta/deviceAppManagement/enterpriseCodeSigningCertificates"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", bearer)
	req.Header.Set("Client-Request-Id", newGUID())
	req.Header.Set("Content-Type", "application/json")
	created := new(Certificate)
	if err := c.send(req, http.StatusCreated, created); err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	return created, nil
}

// token returns the value of Authorization.
func (c *Client) token(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.expiry) {
		return c.bearer, nil
	}
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.ClientID},
		"client_secret": {c.Secret},
		"scope":         {"https://graph.microsoft.com/.default"},
	}
	target := c.AuthorityURL + "/" + url.PathEscape(c.TenantID) + "/oauth2/v2.0/token"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var response struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := c.send(req, http.StatusOK, &response); err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	c.bearer = "Bearer " + response.AccessToken
	c.expiry = time.Now().Add(time.Duration(response.ExpiresIn)*time.Second - early)
	return c.bearer, nil
}

// send takes only one status for success, and decodes its response.
func (c *Client) send(req *http.Request, success int, into any) error {
	req.Header.Set("User-Agent", userAgent)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	response, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return err
	}
	if resp.StatusCode != success {
		return fmt.Errorf("%s: %.1000s", resp.Status, response)
	}
	return json.Unmarshal(response, into)
}

// newGUID returns a random GUID (RFC 9562, version 4).
func newGUID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
}
