package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

const expiringHelp = `List the certificates that expire within a time, soonest first, after those that have expired. The exit code is 3 if there are
any, 0 if there are none, and another one if the tenant could not be reached. --within 0d lists only those that have expired.

With --deployed, only the certificate that Intune deploys counts. Without it, a certificate that has been replaced is still
reported until it is deleted.`

const expiringExample = `  intune-cert expiring --deployed --within 60d || notify "The code-signing certificate of Intune expires, or cannot be checked"`

type expiringCommand struct {
	*app

	within   duration
	deployed bool
}

type expiringResult struct {
	outcome

	Certificates []*record `json:"certificates"` // soonest first
}

func newExpiringCommand(a *app) *cobra.Command {
	c := &expiringCommand{app: a, within: duration(30 * day)}
	cmd := &cobra.Command{
		Use: "expiring", Short: "Exit with 3 if a certificate expires soon, for monitors", Long: expiringHelp, Example: expiringExample,
		Args: cobra.NoArgs, Annotations: hasCSV,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	cmd.Flags().Var(&c.within, "within", "how long from now, for example 60d or 12h")
	cmd.Flags().BoolVar(&c.deployed, "deployed", false, "only the certificate that Intune deploys")
	return cmd
}

func (c *expiringCommand) run(ctx context.Context) error {
	service, err := c.connect("Checking")
	if err != nil {
		return err
	}
	deployed, err := c.deployedID(ctx, service)
	if err != nil {
		return err
	}
	certs := []*intune.EnterpriseCodeSigningCertificate{}
	for cert, err := range service.Expiring(ctx, time.Duration(c.within)) {
		if err != nil {
			return err
		}
		if !c.deployed || deployed == "" || cert.ID == deployed {
			certs = append(certs, cert)
		}
	}
	if err := c.show(ctx, &expiringResult{Certificates: newRecords(certs, deployed)}, nil); err != nil || len(certs) == 0 {
		return err
	}
	return &exitError{exitExpiring}
}

func (r *expiringResult) records() []*record { return r.Certificates }

func (r *expiringResult) human(out *console.Writer) {
	if len(r.Certificates) == 0 {
		out.Printf("No certificate expires within this time.\n")
		return
	}
	printTable(out, r.Certificates)
}
