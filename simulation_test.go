package intune_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

type certificate = intune.EnterpriseCodeSigningCertificate

// habits are how a service treats what it is sent.
type habits struct {
	assignsDates, dropsDates bool
	keepsContent             bool
	respells, bareNames      bool          // names in another order; the common name alone
	provisioning             time.Duration // how long an upload stays notProvisioned
	lag                      time.Duration // before an upload shows in listings
}

// simulation is a small simulated service with one tenant. Its zero value is an empty tenant of a service that keeps names and dates, and
// forgets content.
type simulation struct {
	habits

	// around is called before a request is carried out (sent is false) and after that. An error loses the connection.
	around func(req *http.Request, sent bool) error

	// shows and spoils change what the service shows, and its JSON; nil for nothing.
	shows  func(r *certificate)
	spoils func(record *certificate, json string) string

	mu       sync.Mutex
	records  []*certificate
	commits  map[string]time.Time
	deleted  []string
	requests []string // method and, for a single record, its id
	ids      int
}

func (s *simulation) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	if err := s.notify(req, false); err != nil {
		return nil, err
	}
	resp, err := s.carryOut(req, body)
	if err == nil {
		err = s.notify(req, true)
	}
	return resp, err
}

func (s *simulation) notify(req *http.Request, sent bool) error {
	if err := req.Context().Err(); err != nil {
		return err
	}
	if s.around == nil {
		return nil
	}
	return s.around(req, sent)
}

func (s *simulation) carryOut(req *http.Request, body []byte) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := strings.TrimPrefix(strings.TrimPrefix(req.URL.Path, "/beta"+path), "/")
	s.requests = append(s.requests, strings.TrimSpace(req.Method+" "+id))
	date := []string{"Date", time.Now().UTC().Format(http.TimeFormat)}
	index := slices.IndexFunc(s.records, func(r *certificate) bool { return strings.EqualFold(r.ID, id) })
	switch {
	case req.Method == http.MethodPost:
		sent := new(certificate)
		if err := json.Unmarshal(body, sent); err != nil || sent.ID != "" {
			return nil, fmt.Errorf("the body of the create is wrong: %w, %s", err, body)
		}
		return reply(http.StatusCreated, s.show(s.add(sent)), date...)(req)
	case id == "":
		var shown []string
		for _, record := range s.records {
			if time.Since(s.commits[record.ID]) >= s.lag {
				shown = append(shown, s.show(record))
			}
		}
		return reply(http.StatusOK, `{"value":[`+strings.Join(shown, ",")+`]}`, date...)(req)
	case index < 0:
		return reply(http.StatusNotFound, graphRefusal("ResourceNotFound"), date...)(req)
	case req.Method == http.MethodPatch:
		var sent certificate
		if err := json.Unmarshal(body, &sent); err != nil {
			return nil, err
		}
		s.records[index].Content = sent.Content // and nothing else
	case req.Method == http.MethodDelete:
		s.records, s.deleted = slices.Delete(s.records, index, index+1), append(s.deleted, id)
		return reply(http.StatusNoContent, "")(req)
	}
	return reply(http.StatusOK, s.show(s.records[index]), date...)(req)
}

// add stores a record. The caller holds the mutex, or is alone.
func (s *simulation) add(sent *certificate) *certificate {
	const multiplier = 2654435761 // of Knuth's multiplicative hash: the ids look random and are the same in each run
	s.ids++
	record := *sent
	if record.ID == "" {
		record.ID = fmt.Sprintf("%08x", uint32(s.ids)*multiplier)
	}
	if s.assignsDates || record.UploadDateTime.IsZero() {
		record.UploadDateTime = time.Now().UTC()
	}
	s.records = append(s.records, &record)
	if s.commits == nil {
		s.commits = make(map[string]time.Time)
	}
	s.commits[record.ID] = time.Now()
	return &record
}

// show is what the service shows of a record.
func (s *simulation) show(record *certificate) string {
	shown := *record
	if !s.keepsContent {
		shown.Content = nil
	}
	if s.dropsDates {
		shown.UploadDateTime = time.Time{}
	}
	for _, name := range []*string{&shown.Subject, &shown.SubjectName, &shown.Issuer, &shown.IssuerName} {
		parts := strings.Split(*name, ", ")
		switch {
		case s.bareNames:
			*name = parts[0]
		case s.respells:
			slices.Reverse(parts)
			*name = strings.ReplaceAll(strings.Join(parts, ","), "S=", "ST=")
		}
	}
	if s.shows != nil {
		s.shows(&shown)
	}
	switch {
	case shown.Status != "":
	case time.Since(s.commits[record.ID]) >= s.provisioning:
		shown.Status = intune.CertificateStatusProvisioned
	default:
		shown.Status = intune.CertificateStatusNotProvisioned
	}
	data, err := json.Marshal(shown)
	if err != nil {
		panic(err)
	}
	if s.spoils != nil {
		return s.spoils(record, string(data))
	}
	return string(data)
}

// count returns how many records have the content.
func (s *simulation) count(cert *certificate) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, record := range s.records {
		if string(record.Content) == string(cert.Content) {
			n++
		}
	}
	return n
}

func (s *simulation) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.records, func(r *certificate) bool { return r.ID == id })
}

// process is a program that uses the tenant.
func (s *simulation) process(tb testing.TB, opts ...intune.Option) *intune.EnterpriseCodeSigningCertificatesService {
	tb.Helper()
	opts = append([]intune.Option{intune.WithHTTPClient(&http.Client{Transport: s}), intune.WithQuota()}, opts...)
	return newClient(tb, staticToken(), opts...).EnterpriseCodeSigningCertificates()
}

var issuingKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })

var serials = struct {
	sync.Mutex

	last int64
}{}

// issue makes a code-signing certificate of an authority: for Contoso, from now, for a year. Each of changes may change
// that. No two have the same content.
func issue(tb testing.TB, changes ...func(*x509.Certificate)) *certificate {
	tb.Helper()
	key, err := issuingKey()
	if err != nil {
		tb.Fatal(err)
	}
	serials.Lock()
	serials.last++
	serial := serials.last
	serials.Unlock()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0),
		Subject:     pkix.Name{CommonName: "Contoso", Organization: []string{"Contoso Ltd"}, Country: []string{"US"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	for _, change := range changes {
		change(template)
	}
	authority := &x509.Certificate{Subject: pkix.Name{CommonName: "Contoso CA", Country: []string{"US"}}}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return intune.FromX509(cert)
}

// yearsAgo makes the certificate that was issued that long ago.
func yearsAgo(years int) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.AddDate(-years, 0, 0), c.NotAfter.AddDate(-years, 0, 0)
	}
}

// ofFabrikam makes the certificate another publisher's.
func ofFabrikam(commonName string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: commonName, Organization: []string{"Fabrikam Ltd"}, Country: []string{"US"}}
	}
}

// uploaded returns the certificate with the date of an upload so long ago.
func uploaded(cert *certificate, ago time.Duration) *certificate {
	dated := *cert
	dated.UploadDateTime = time.Now().Add(-ago).UTC().Truncate(time.Microsecond)
	return &dated
}

const day = 24 * time.Hour
