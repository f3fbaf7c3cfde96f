package intunetest

import (
	"crypto"
	"crypto/x509"
	"math"
	"net"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// Forever is a duration that never ends, for WithVisibleContent and WithProvisioningDelay.
const Forever time.Duration = math.MaxInt64

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

// WithNamesWithout makes the service show distinguished names without these types of attributes, such as "SERIALNUMBER" and
// "STREET", as Windows writes them.
func WithNamesWithout(types ...string) ServerOption {
	return func(c *Config) { c.NamesWithout = types }
}

// WithVisibleContent sets how long the service shows the content of an upload. By default it forgets it at once.
func WithVisibleContent(duration time.Duration) ServerOption {
	return func(c *Config) { c.VisibleContent = duration }
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

// WithoutLicense makes the service reject requests in Intune's words for a tenant without a license.
func WithoutLicense() ServerOption {
	return func(c *Config) { c.License = false }
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
// client must accept JSON, or gets a 406; and an id must be a GUID. It finds mistakes that the service tolerates.
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
	credential := entra.FederatedCredential{Issuer: issuer, Subject: subject, Audience: entra.ExchangeAudience}
	if key != nil {
		credential.Keys = []crypto.PublicKey{key}
	}
	return func(c *Config) { c.federated = append(c.federated, credential) }
}

// WithRandomFaults applies one of faults to each request with the given probability, chosen by a generator with this seed.
// Injected faults come first. Reset keeps these.
func WithRandomFaults(seed uint64, probability float64, faults ...Fault) ServerOption {
	return func(c *Config) {
		c.seed = seed
		each := probability / float64(len(faults))
		for i, fault := range faults {
			fault.Rate = each / (1 - float64(i)*each) // of the requests that the faults before it have left
			c.faults = append(c.faults, fault)
		}
	}
}

// WithRequestLog calls log for each request to Graph and Microsoft Entra ID, once its fate is known.
func WithRequestLog(log func(Request)) ServerOption {
	return func(c *Config) { c.log = log }
}
