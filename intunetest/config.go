package intunetest

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// Config is how a Server behaves. Programs that read it from flags or from a file start with DefaultConfig, change what
// they have read, and pass it to WithConfig; tests use the options.
type Config struct {
	TLS           bool          `json:"tls"`           // see WithTLS
	Hosts         []string      `json:"hosts"`         // further names and addresses in the certificate of WithTLS
	Permissions   []string      `json:"permissions"`   // see WithPermissions
	TokenLifetime time.Duration `json:"tokenLifetime"` // see WithTokenLifetime
	ClockSkew     time.Duration `json:"clockSkew"`     // see WithClockSkew

	OwnUploadDates    bool          `json:"ownUploadDates"`    // see WithOwnUploadDates
	Respelling        bool          `json:"respelling"`        // see WithRespelling
	PageSize          int           `json:"pageSize"`          // see WithPageSize
	ProvisioningDelay time.Duration `json:"provisioningDelay"` // see WithProvisioningDelay

	QuotaWrites   int           `json:"quotaWrites"`   // see WithQuota; no quota if all three are 0
	QuotaRequests int           `json:"quotaRequests"` // see WithQuota
	QuotaWindow   time.Duration `json:"quotaWindow"`   // see WithQuota

	DeclineConsent      bool `json:"declineConsent"`      // see WithoutConsent
	WithoutV1Collection bool `json:"withoutV1Collection"` // see WithoutV1Collection
	StrictGraph         bool `json:"strictGraph"`         // see WithStrictGraph
	StrictEntra         bool `json:"strictEntra"`         // see WithStrictEntra

	// MaxRequests is how many of the latest requests Requests returns, so that a server can run for long; 0 is all.
	MaxRequests int `json:"maxRequests"`

	listener     net.Listener
	certificates []*x509.Certificate
	subjects     []entra.Subject
	federated    []entra.FederatedCredential
	randomFault  func() Fault // nil for none
}

// DefaultConfig returns the Config of a Server without options.
func DefaultConfig() Config {
	return Config{
		Permissions:   []string{"DeviceManagementApps.ReadWrite.All"},
		TokenLifetime: time.Hour,
		PageSize:      100,
		QuotaWrites:   100, QuotaRequests: 1000, QuotaWindow: 20 * time.Second,
	}
}

// UnmarshalJSON reads the settings of a file. Durations are texts as time.ParseDuration reads them, such as "90s".
// Settings that are missing stay as they are. Unknown ones are ignored.
func (c *Config) UnmarshalJSON(data []byte) error {
	type settings Config // without this method
	texts := struct {
		*settings

		TokenLifetime     *duration `json:"tokenLifetime"`
		ClockSkew         *duration `json:"clockSkew"`
		ProvisioningDelay *duration `json:"provisioningDelay"`
		QuotaWindow       *duration `json:"quotaWindow"`
	}{
		(*settings)(c), (*duration)(&c.TokenLifetime), (*duration)(&c.ClockSkew), (*duration)(&c.ProvisioningDelay),
		(*duration)(&c.QuotaWindow),
	}
	return json.Unmarshal(data, &texts)
}

type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	*d = duration(read)
	return err
}

func (c *Config) check() error {
	hasQuota := c.QuotaWrites != 0 || c.QuotaRequests != 0 || c.QuotaWindow != 0
	switch {
	case c.MaxRequests < 0:
		return fmt.Errorf("intunetest: the number of requests to keep is %d, want 0 or more", c.MaxRequests)
	case c.PageSize < 1:
		return fmt.Errorf("intunetest: the page size is %d, want 1 or more", c.PageSize)
	case hasQuota && (c.QuotaWrites < 1 || c.QuotaRequests < 1 || c.QuotaWindow <= 0):
		return errors.New("intunetest: a quota needs limits of at least 1 and a window longer than 0")
	}
	return nil
}

// ServerOption configures a Server.
type ServerOption func(*Config)

// WithConfig replaces all settings. Options after it change it.
func WithConfig(config Config) ServerOption {
	return func(c *Config) { *c = config }
}

// WithListener serves on listener instead of a loopback socket. Client and HTTPClient can reach a MemoryListener too.
func WithListener(listener net.Listener) ServerOption {
	return func(c *Config) { c.listener = listener }
}

// WithTLS serves https, with a self-signed certificate for 127.0.0.1, ::1 and localhost. Client and HTTPClient trust it.
func WithTLS() ServerOption {
	return func(c *Config) { c.TLS = true }
}

// WithPermissions replaces the permissions that the application has been granted, DeviceManagementApps.ReadWrite.All.
func WithPermissions(names ...string) ServerOption {
	return func(c *Config) { c.Permissions = names }
}

// WithTokenLifetime replaces the lifetime of access tokens, which is an hour. Clients see it in whole seconds.
func WithTokenLifetime(lifetime time.Duration) ServerOption {
	return func(c *Config) { c.TokenLifetime = lifetime }
}

// WithClockSkew sets the clock of the service ahead of the local one, or behind it if ahead is negative.
func WithClockSkew(ahead time.Duration) ServerOption {
	return func(c *Config) { c.ClockSkew = ahead }
}

// WithOwnUploadDates makes the service date uploads by its own clock and ignore the date in the request.
func WithOwnUploadDates() ServerOption {
	return func(c *Config) { c.OwnUploadDates = true }
}

// WithRespelling makes the service spell distinguished names differently from the request, and cut times to the second.
func WithRespelling() ServerOption {
	return func(c *Config) { c.Respelling = true }
}

// WithPageSize replaces the largest number of certificates on a page, which is 100. A client's $top can only lower it.
func WithPageSize(n int) ServerOption {
	return func(c *Config) { c.PageSize = n }
}

// WithProvisioningDelay sets how long an upload stays notProvisioned. The response to an upload always says
// notProvisioned. Without a delay, the first request after it finds the certificate provisioned. A status that a client
// sends changes nothing.
func WithProvisioningDelay(delay time.Duration) ServerOption {
	return func(c *Config) { c.ProvisioningDelay = delay }
}

// WithQuota replaces the quota, which is 100 writes and 1000 requests in any 20 seconds. POST, PUT, PATCH and DELETE are
// writes. With a smaller quota or a shorter window, tests reach it sooner.
func WithQuota(writes, requests int, window time.Duration) ServerOption {
	return func(c *Config) { c.QuotaWrites, c.QuotaRequests, c.QuotaWindow = writes, requests, window }
}

// WithoutQuota turns off the quota.
func WithoutQuota() ServerOption {
	return func(c *Config) { c.QuotaWrites, c.QuotaRequests, c.QuotaWindow = 0, 0, 0 }
}

// WithoutConsent makes the user decline what an application asks for in a browser.
func WithoutConsent() ServerOption {
	return func(c *Config) { c.DeclineConsent = true }
}

// WithoutV1Collection makes the service respond to v1.0 as the schema of v1.0 says, which does not have the collection.
// The reference pages show paths of v1.0, so it is served by default.
func WithoutV1Collection() ServerOption {
	return func(c *Config) { c.WithoutV1Collection = true }
}

// WithStrictGraph makes Graph stricter than the service: names in paths, bodies and queries must be spelled as the
// reference spells them, with the dollar sign of options; custom query options and a body with an id are rejected; and a
// client must accept JSON, or gets a 406. It finds mistakes that the service tolerates.
func WithStrictGraph() ServerOption {
	return func(c *Config) { c.StrictGraph = true }
}

// WithStrictEntra makes Microsoft Entra ID stricter than the service: an authorization code needs PKCE with S256, a
// refresh token and a client assertion can be used once, and a refresh token that is used again ends the session.
func WithStrictEntra() ServerOption {
	return func(c *Config) { c.StrictEntra = true }
}

// WithClientCertificate registers a certificate for the application to sign in with. Its key must be an RSA key.
func WithClientCertificate(cert *x509.Certificate) ServerOption {
	return func(c *Config) { c.certificates = append(c.certificates, cert) }
}

// WithClientCertificateSubject lets the application sign in with any certificate that issuer has issued for the name,
// which is the common name or a DNS name. Microsoft calls this subject name and issuer authentication. The client sends
// x5c.
func WithClientCertificateSubject(name string, issuer *x509.Certificate) ServerOption {
	return func(c *Config) { c.subjects = append(c.subjects, entra.Subject{Name: name, Issuer: issuer}) }
}

// WithFederatedCredential lets the application sign in with a token that issuer has signed with an RSA key for the
// subject and the audience api://AzureADTokenExchange, with RS256 or PS256. If key is nil, FederatedAssertion signs.
func WithFederatedCredential(issuer, subject string, key crypto.PublicKey) ServerOption {
	return func(c *Config) {
		c.federated = append(c.federated, entra.FederatedCredential{Issuer: issuer, Subject: subject, Key: key})
	}
}

// WithRandomFaults applies one of faults to each request to Graph with the given probability, chosen by a generator with
// this seed. Injected faults come first.
func WithRandomFaults(seed uint64, probability float64, faults ...Fault) ServerOption {
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // to be repeatable
	return func(c *Config) {
		c.randomFault = func() Fault {
			if random.Float64() >= probability {
				return Fault{}
			}
			return faults[random.IntN(len(faults))]
		}
	}
}
