package intunetest

import (
	"crypto"
	"crypto/x509"
	"net"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// ServerOption configures a [Server].
type ServerOption func(*config)

// WithListener serves on listener instead of a loopback socket. [Server.Client] and [Server.HTTPClient] can reach a
// [MemoryListener] too.
func WithListener(listener net.Listener) ServerOption {
	return func(c *config) { c.listener = listener }
}

// WithTLS serves https, with a self-signed certificate for 127.0.0.1, ::1 and localhost. [Server.Client] and
// [Server.HTTPClient] trust it.
func WithTLS() ServerOption {
	return func(c *config) { c.TLS = true }
}

// WithHosts adds names and addresses at which clients reach the server: to the certificate of [WithTLS], and to those that
// the control API accepts.
func WithHosts(hosts ...string) ServerOption {
	return func(c *config) { c.Hosts = append(c.Hosts, hosts...) }
}

// WithCAFile names the file into which the program writes [Server.TLSCertificate], for [Server.Environment].
func WithCAFile(file string) ServerOption {
	return func(c *config) { c.caFile = file }
}

// WithPermissions replaces the permissions of the application. The default is DeviceManagementApps.ReadWrite.All.
func WithPermissions(names ...string) ServerOption {
	return func(c *config) { c.entra.Permissions = names }
}

// WithTokenLifetime replaces the lifetime of access tokens. The default is an hour. Clients see whole seconds.
func WithTokenLifetime(lifetime time.Duration) ServerOption {
	return func(c *config) { c.entra.TokenLifetime = lifetime }
}

// WithClockSkew sets the clock of the service ahead of the local clock, or behind it if ahead is negative.
func WithClockSkew(ahead time.Duration) ServerOption {
	return func(c *config) { c.ClockSkew = ahead }
}

// WithOwnUploadDates makes the service date uploads by its own clock and ignore the date in the request.
func WithOwnUploadDates() ServerOption {
	return func(c *config) { c.graph.OwnUploadDates = true }
}

// WithRespelling makes the service spell distinguished names differently from the request, and truncate times to the
// second.
func WithRespelling() ServerOption {
	return func(c *config) { c.graph.Respelling = true }
}

// WithNamesWithout makes the service omit these types of attributes, such as "SERIALNUMBER" and "STREET", from
// distinguished names. Types are spelled as Windows writes them.
func WithNamesWithout(types ...string) ServerOption {
	return func(c *config) { c.graph.NamesWithout = types }
}

// WithVisibleContent sets how long the service shows the content of an upload. By default it forgets it at once.
func WithVisibleContent(duration time.Duration) ServerOption {
	return func(c *config) { c.graph.VisibleContent = duration }
}

// WithPageSize sets the largest number of certificates on a page. The default is 100. A client's $top can only lower
// it.
func WithPageSize(n int) ServerOption {
	return func(c *config) { c.graph.PageSize = n }
}

// WithProvisioningDelay sets how long an upload stays notProvisioned. The response to an upload always says
// notProvisioned. Without a delay, the next request finds the certificate provisioned. A status that a client sends is
// ignored.
func WithProvisioningDelay(delay time.Duration) ServerOption {
	return func(c *config) { c.graph.ProvisioningDelay = delay }
}

// WithQuota sets the quota. The default is 100 writes and 1000 requests in any 20 seconds. POST, PUT, PATCH and DELETE
// are writes. With a smaller quota or a shorter window, tests reach it sooner.
func WithQuota(writes, requests int, window time.Duration) ServerOption {
	return func(c *config) {
		c.graph.QuotaWrites, c.graph.QuotaRequests, c.graph.QuotaWindow = writes, requests, window
	}
}

// WithoutQuota turns off the quota.
func WithoutQuota() ServerOption {
	return WithQuota(0, 0, 0)
}

// WithoutLicense makes the service reject requests as Intune does for a tenant without a license: with a 400, which is
// [intune.ErrBadRequest].
func WithoutLicense() ServerOption {
	return func(c *config) { c.graph.License = false }
}

// WithoutConsent makes the user decline the permissions that an application requests in a browser.
func WithoutConsent() ServerOption {
	return func(c *config) { c.entra.DeclineConsent = true }
}

// WithStrictGraph makes Graph stricter than the service, to find mistakes that the service tolerates. Names in paths,
// bodies and queries must be spelled as in the reference, with the dollar sign of options. Custom query options and a
// body with an id are rejected. An id must be a GUID.
func WithStrictGraph() ServerOption {
	return func(c *config) { c.graph.Strict = true }
}

// WithClientCertificate registers a certificate for the application to sign in with. It must have an RSA key.
func WithClientCertificate(cert *x509.Certificate) ServerOption {
	return func(c *config) { c.entra.Certificates = append(c.entra.Certificates, cert) }
}

// WithClientCertificateSubject lets the application sign in with any certificate from issuer for the given common name
// or DNS name. The client must send x5c. Microsoft calls this subject name and issuer authentication.
func WithClientCertificateSubject(name string, issuer *x509.Certificate) ServerOption {
	return func(c *config) {
		c.entra.Subjects = append(c.entra.Subjects, entra.Subject{Name: name, Issuer: issuer})
	}
}

// WithFederatedCredential lets the application sign in with a token from issuer for the subject and the audience
// api://AzureADTokenExchange, signed with an RSA key (RS256 or PS256). If key is nil, [Server.FederatedAssertion]
// signs.
func WithFederatedCredential(issuer, subject string, key crypto.PublicKey) ServerOption {
	credential := entra.FederatedCredential{Issuer: issuer, Subject: subject}
	if key != nil {
		credential.Keys = []entra.Key{{PublicKey: key}}
	}
	return func(c *config) { c.entra.Federated = append(c.entra.Federated, credential) }
}

// WithSeed sets the seed of the generator that chooses the requests for a [Fault] with a Rate. The default is 1.
func WithSeed(seed uint64) ServerOption {
	return func(c *config) { c.seed = seed }
}

// WithRequestLog calls log for each request to Graph and Microsoft Entra ID, once its outcome is known.
func WithRequestLog(log func(Request)) ServerOption {
	return func(c *config) { c.log = log }
}
