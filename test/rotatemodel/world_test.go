package rotatemodel

// This file is a tenant: certificates, records, and how its service shows them.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

const day = 24 * time.Hour

// certificate is one that is uploaded by somebody.
type certificate struct {
	key                                int64
	commonName, organization, extended string // extended is a serial number, as names of extended validation have it
	issuer                             string
	from, until                        time.Time

	issued *intune.EnterpriseCodeSigningCertificate // see resource
}

func (c *certificate) subject() string { return c.commonName + "|" + c.organization + "|" + c.extended }

func (c *certificate) String() string {
	return fmt.Sprintf("certificate %d of %s by %s, %s to %s", c.key, c.subject(), c.issuer, c.from.Format(time.DateTime), c.until.Format(time.DateTime))
}

var issuingKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// resource issues the certificate.
func (c *certificate) resource() *intune.EnterpriseCodeSigningCertificate {
	if c.issued != nil {
		return c.issued
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(c.key), NotBefore: c.from, NotAfter: c.until,
		Subject: pkix.Name{
			CommonName: c.commonName, Organization: []string{c.organization}, Country: []string{"US"}, SerialNumber: c.extended,
		},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	authority := &x509.Certificate{Subject: pkix.Name{CommonName: c.issuer, Country: []string{"US"}}}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, &issuingKey().PublicKey, issuingKey())
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	c.issued = intune.FromX509(parsed)
	return c.issued
}

// record is what the tenant holds of an upload.
type record struct {
	id          string
	number      int // by arrival
	certificate *certificate
	sent        time.Time // the upload date that was sent
	committed   time.Time // by the clock of all tests
	hasStatus   bool      // the uploader has sent the status "provisioned"
	isByConsole bool
	deleted     time.Time // zero if it is there
}

func (r *record) isThere() bool { return r.deleted.IsZero() }

// The habits of services.
type (
	dating       string
	naming       string
	expiring     string
	provisioning string
	remembering  string
)

const (
	keepsDates   dating = "keeps dates"
	assignsDates dating = "assigns dates"
	cutsSeconds  dating = "cuts dates to seconds"
	cutsDays     dating = "cuts dates to days"
	shiftsDates  dating = "shows dates eight hours late"
	dropsDates   dating = "drops dates"

	wholeNames     naming = "whole names"
	respelledNames naming = "names in another order and case"
	sixAttributes  naming = "names of the six attributes"
	noOrganization naming = "names without the organization"
	commonNames    naming = "common names"
	plainTexts     naming = "common names as text"
	noNames        naming = "no names"

	wholeExpirations   expiring = "whole expirations"
	shiftedExpirations expiring = "expirations eight hours late"
	cutExpirations     expiring = "expirations cut to days"

	provisionsLater  provisioning = "provisions later"
	neverProvisions  provisioning = "never provisions"
	provisionsAtOnce provisioning = "provisions at once"
	echoesStatus     provisioning = "echoes the status"

	forgetsContent remembering = "forgets content"
	keepsContent   remembering = "keeps content"
	forgetsNextDay remembering = "forgets content the next day"
)

// habits are how a service treats what it is sent, and how it lists.
type habits struct {
	dating       dating
	naming       naming
	expiring     expiring
	provisioning provisioning
	remembering  remembering
	delay        time.Duration // until an upload is provisioned
	lag          time.Duration // until an upload shows
	isFlapping   bool          // each listing comes from a replica that lags by up to lag
	ahead        time.Duration // the clock of the service
	pageSize     int
	order        string
}

// tenant is what a service holds.
type tenant struct {
	habits

	mu      sync.Mutex
	ids     *mathrand.Rand
	records []*record
	story   []string // for a person
	began   time.Time
}

// note adds a line to the story. The caller holds the mutex, or is alone.
func (t *tenant) note(format string, args ...any) {
	t.story = append(t.story, fmt.Sprintf("%+9.3fd ", time.Since(t.began).Hours()/24)+fmt.Sprintf(format, args...))
}

// add stores an upload. The caller holds the mutex, or is alone.
func (t *tenant) add(cert *certificate, sent, committed time.Time) *record {
	r := &record{
		id: fmt.Sprintf("%08x-0000-4000-8000-%012d", t.ids.Uint32(), len(t.records)+1), number: len(t.records) + 1,
		certificate: cert, sent: sent, committed: committed,
	}
	t.records = append(t.records, r)
	return r
}

// deployed returns the record that Intune deploys: the last that arrived.
func (t *tenant) deployed() *record {
	for _, r := range slices.Backward(t.records) {
		if r.isThere() {
			return r
		}
	}
	return nil
}

// copies returns how many records of a certificate there are.
func (t *tenant) copies(cert *certificate) (n int) {
	for _, r := range t.records {
		if r.isThere() && r.certificate == cert {
			n++
		}
	}
	return n
}

// isProvisioned says whether devices have got a certificate, whatever the service shows.
func (t *tenant) isProvisioned(r *record) bool {
	switch t.provisioning {
	case neverProvisions:
		return false
	case provisionsAtOnce:
		return true
	case provisionsLater, echoesStatus:
	}
	return time.Since(r.committed) >= t.delay
}

// shown returns a record as the service shows it now.
func (t *tenant) shown(r *record) *intune.EnterpriseCodeSigningCertificate {
	cert := r.certificate.resource()
	v := &intune.EnterpriseCodeSigningCertificate{
		ID: r.id, Subject: t.naming.spell(cert.Subject), Issuer: t.naming.spell(cert.Issuer),
		UploadDateTime: t.date(r), ExpirationDateTime: cert.ExpirationDateTime, Status: intune.CertificateStatusNotProvisioned,
	}
	v.SubjectName, v.IssuerName = v.Subject, v.Issuer
	switch t.expiring {
	case wholeExpirations:
	case shiftedExpirations:
		v.ExpirationDateTime = v.ExpirationDateTime.Add(8 * time.Hour)
	case cutExpirations:
		v.ExpirationDateTime = v.ExpirationDateTime.Truncate(day)
	}
	isProvisioned := t.isProvisioned(r)
	if t.provisioning == echoesStatus {
		isProvisioned = r.hasStatus
	}
	if isProvisioned {
		v.Status = intune.CertificateStatusProvisioned
	}
	if t.remembering == keepsContent || t.remembering == forgetsNextDay && time.Since(r.committed) < 20*time.Hour {
		v.Content = cert.Content
	}
	return v
}

func (t *tenant) date(r *record) time.Time {
	mode := t.dating
	if r.isByConsole && mode == keepsDates {
		mode = assignsDates
	}
	switch mode {
	case keepsDates:
	case assignsDates:
		return r.committed.Add(t.ahead).UTC()
	case cutsSeconds:
		return r.sent.Truncate(time.Second)
	case cutsDays:
		return r.sent.Truncate(day)
	case shiftsDates:
		return r.sent.Add(8 * time.Hour)
	case dropsDates:
		return time.Time{}
	}
	return r.sent
}

// spell returns a name as the service shows it.
func (n naming) spell(name string) string {
	parts := strings.Split(name, ", ")
	without := func(kinds ...string) string {
		return strings.Join(slices.DeleteFunc(parts, func(part string) bool {
			kind, _, _ := strings.Cut(part, "=")
			return slices.Contains(kinds, kind)
		}), ", ")
	}
	switch n {
	case wholeNames:
	case respelledNames:
		slices.Reverse(parts)
		return strings.ToLower(strings.Join(parts, ","))
	case sixAttributes:
		return without("SERIALNUMBER")
	case noOrganization:
		return without("O")
	case commonNames:
		return without("O", "C", "SERIALNUMBER")
	case plainTexts:
		return strings.TrimPrefix(without("O", "C", "SERIALNUMBER"), "CN=")
	case noNames:
		return ""
	}
	return name
}
