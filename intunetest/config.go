package intunetest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
)

// Config has the settings of a [Server]. Tests use the options instead. Programs that read settings from flags or from a file
// start with [DefaultConfig] or [LoadConfig], change fields, and pass the Config to [WithConfig].
type Config struct {
	TLS    bool     `json:"tls"`    // see WithTLS
	Hosts  []string `json:"hosts"`  // further names and addresses of the server: in its certificate, and for the control API
	CAFile string   `json:"caFile"` // where the program writes TLSCertificate, to be shown to the users of the server

	TenantID       string        `json:"tenantId"`
	TenantDomain   string        `json:"tenantDomain"`
	ClientID       string        `json:"clientId"`
	ClientSecret   string        `json:"clientSecret"`
	Permissions    []string      `json:"permissions"`    // see WithPermissions
	People         []Person      `json:"people"`         // who can sign in; the first does if the request does not name one
	License        bool          `json:"license"`        // see WithoutLicense
	DeclineConsent bool          `json:"declineConsent"` // see WithoutConsent
	TokenLifetime  time.Duration `json:"tokenLifetime"`  // see WithTokenLifetime
	ClockSkew      time.Duration `json:"clockSkew"`      // see WithClockSkew

	OwnUploadDates    bool          `json:"ownUploadDates"`    // see WithOwnUploadDates
	Respelling        bool          `json:"respelling"`        // see WithRespelling
	NamesWithout      []string      `json:"namesWithout"`      // see WithNamesWithout
	VisibleContent    time.Duration `json:"visibleContent"`    // see WithVisibleContent
	ProvisioningDelay time.Duration `json:"provisioningDelay"` // see WithProvisioningDelay
	PageSize          int           `json:"pageSize"`          // see WithPageSize

	QuotaWrites   int           `json:"quotaWrites"`   // see WithQuota; no quota if all three are 0
	QuotaRequests int           `json:"quotaRequests"` // see WithQuota
	QuotaWindow   time.Duration `json:"quotaWindow"`   // see WithQuota

	WithoutV1Collection bool `json:"withoutV1Collection"` // see WithoutV1Collection
	StrictGraph         bool `json:"strictGraph"`         // see WithStrictGraph
	StrictEntra         bool `json:"strictEntra"`         // see WithStrictEntra

	// MaxRequests is how many of the latest requests Requests returns, so that a server can run for long; 0 is all.
	MaxRequests int `json:"maxRequests"`

	listener     net.Listener
	certificates []*x509.Certificate
	subjects     []entra.Subject
	federated    []entra.FederatedCredential
	seed         uint64
	faults       []Fault
	log          func(Request)
}

// Person is a user of the tenant. If ID is empty, the server creates one.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	UserName string `json:"userName"`
}

// DefaultConfig returns the [Config] of a [Server] without options.
func DefaultConfig() Config {
	return Config{
		TenantID: TenantID, TenantDomain: TenantDomain, ClientID: ClientID, ClientSecret: ClientSecret,
		Permissions: []string{"DeviceManagementApps.ReadWrite.All"},
		People: []Person{
			{ID: "d4a1f9e2-6b3c-4f58-8e7d-1c9b0a2f5e63", Name: "Contoso Administrator", UserName: "admin@contoso.example"},
		},
		License:       true,
		TokenLifetime: time.Hour,
		PageSize:      100,
		QuotaWrites:   100, QuotaRequests: 1000, QuotaWindow: 20 * time.Second,
		seed: 1,
	}
}

// check returns a *settingError if something makes no sense.
func (c *Config) check() error {
	hasQuota := c.QuotaWrites != 0 || c.QuotaRequests != 0 || c.QuotaWindow != 0
	const quota = "a quota needs limits of at least 1 and a window longer than 0"
	for _, rule := range []struct {
		isBroken      bool
		name, problem string
	}{
		{c.TenantID == "", "tenantId", "it is empty"},
		{c.ClientID == "", "clientId", "it is empty"},
		{c.ClientSecret == "", "clientSecret", "it is empty"},
		{len(c.People) == 0, "people", "the tenant has none"},
		{c.PageSize < 1, "pageSize", fmt.Sprintf("the page size is %d, want 1 or more", c.PageSize)},
		{c.MaxRequests < 0, "maxRequests", fmt.Sprintf("the number of requests is %d, want 0 or more", c.MaxRequests)},
		{hasQuota && c.QuotaWrites < 1, "quotaWrites", quota},
		{hasQuota && c.QuotaRequests < 1, "quotaRequests", quota},
		{hasQuota && c.QuotaWindow <= 0, "quotaWindow", quota},
	} {
		if rule.isBroken {
			return &settingError{name: rule.name, err: errors.New(rule.problem)}
		}
	}
	return nil
}
