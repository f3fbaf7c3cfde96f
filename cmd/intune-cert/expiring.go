package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

const expiringHelp = `List the certificates that expire within a time, soonest first, after those that have expired already. The exit code is 3 if
there are any, 0 if there are none, and another one if the tenant could not be asked. --within 0d lists only those that have
expired.

Certificates that have been replaced count too, until they are deleted: apps that only they have signed stop as well.`

func newExpiringCommand(a *app) *cobra.Command {
	within := duration(30 * day)
	cmd := &cobra.Command{
		Use: "expiring", Short: "Exit with 3 if a certificate expires soon, for monitors", Long: expiringHelp, Args: cobra.NoArgs,
		Example: "  intune-cert expiring --within 30d || notify \"The code-signing certificate of Intune expires, or cannot be checked\"",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.expiring(cmd.Context(), time.Duration(within)) },
	}
	cmd.Flags().Var(&within, "within", "how long from now, for example 30d or 12h")
	return cmd
}

func (a *app) expiring(ctx context.Context, within time.Duration) error {
	p := a.newProgress("Checking")
	defer p.stop()
	service, err := a.connect(p)
	if err != nil {
		return err
	}
	certs := []*intune.EnterpriseCodeSigningCertificate{}
	for cert, err := range service.Expiring(ctx, within) {
		if err != nil {
			return a.advise(err)
		}
		certs = append(certs, cert)
	}
	deployed, err := a.deployedID(ctx, service, p)
	p.stop()
	if err != nil {
		return err
	}
	if err := a.show(ctx, &expiringResult{Certificates: newRecords(certs, deployed)}, nil); err != nil || len(certs) == 0 {
		return err
	}
	return &exitError{exitExpiring}
}

type expiringResult struct {
	outcome

	Certificates []*record `json:"certificates"` // soonest first
}

func (r *expiringResult) human(w *page) {
	if len(r.Certificates) == 0 {
		w.line("No certificate expires within this time.")
		return
	}
	w.table(r.Certificates)
}
