package intunetest

import (
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

// Forever is a duration that never ends, for [WithVisibleContent] and [WithProvisioningDelay].
const Forever time.Duration = math.MaxInt64

// config is the settings of a Server: those of the two services and, here, those of the server around them. The names in
// the tags are those of [LoadSettings].
type config struct {
	entra entra.Config
	graph graph.Config

	TLS       bool          `json:"tls"`
	Hosts     []string      `json:"hosts"`
	ClockSkew time.Duration `json:"clockSkew"`

	caFile   string // where the program writes TLSCertificate
	listener net.Listener
	seed     uint64
	log      func(Request)
}

func defaultConfig() config {
	return config{
		entra: entra.Config{
			TenantID: TenantID, Domain: TenantDomain, ClientID: ClientID, ClientSecret: ClientSecret,
			Permissions: []string{"DeviceManagementApps.ReadWrite.All"}, TokenLifetime: time.Hour,
		},
		graph: graph.Config{
			License: true, PageSize: 100,
			QuotaWrites: 100, QuotaRequests: 1000, QuotaWindow: 20 * time.Second,
		},
		seed: 1, log: func(Request) {},
	}
}

// check returns a *settingError if something makes no sense.
func (c *config) check() error {
	const quota = "a quota needs limits of at least 1"
	switch g := &c.graph; {
	case g.PageSize < 1:
		return mistakeIn("pageSize", fmt.Errorf("the page size is %d, want 1 or more", g.PageSize))
	case g.QuotaWindow < 0:
		return mistakeIn("quotaWindow", errors.New("it is negative"))
	case g.QuotaWindow > 0 && g.QuotaWrites < 1:
		return mistakeIn("quotaWrites", errors.New(quota))
	case g.QuotaWindow > 0 && g.QuotaRequests < 1:
		return mistakeIn("quotaRequests", errors.New(quota))
	}
	return nil
}
