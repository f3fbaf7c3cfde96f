package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

const filterProperties = "id, status, subject, subjectName, issuer, issuerName, expirationDateTime and uploadDateTime"

const listHelp = `List the certificates of the tenant, and mark the one that Intune deploys: the latest upload.

--filter takes an expression of OData, with the property names of Microsoft Graph: ` + filterProperties + `.

    intune-cert list --filter "startswith(subject,'CN=Contoso') and status eq 'provisioned'"`

type listCommand struct {
	*app

	filter   string
	expiring duration
}

type listResult struct {
	outcome

	Certificates []*record `json:"certificates"`
}

func newListCommand(a *app) *cobra.Command {
	c := &listCommand{app: a}
	cmd := &cobra.Command{
		Use: "list", Short: "List the certificates of the tenant", Long: listHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.run(cmd.Context(), cmd.Flags().Changed("expiring"))
		},
	}
	cmd.Flags().StringVar(&c.filter, "filter", "", "only those that match this OData `expression`")
	cmd.Flags().Var(&c.expiring, "expiring", "only those that expire within this time, for example 30d")
	return cmd
}

func (c *listCommand) run(ctx context.Context, onlyExpiring bool) error {
	p := c.newProgress("Listing")
	defer p.stop()
	service, err := c.connect(p)
	if err != nil {
		return err
	}
	filter := intune.RawFilter(c.filter)
	if onlyExpiring {
		filter = intune.And(filter, intune.PropertyExpirationDateTime.Le(time.Now().Add(time.Duration(c.expiring))))
	}
	certs := []*intune.EnterpriseCodeSigningCertificate{}
	for cert, err := range service.All(ctx, &intune.ListOptions{Filter: filter}) {
		if c.filter != "" && errors.Is(err, intune.ErrBadRequest) {
			return &advisedError{err: err, next: "Correct --filter. The properties are " + filterProperties + "."}
		}
		if err != nil {
			return c.advise(err)
		}
		certs = append(certs, cert)
	}
	deployed, err := c.deployedID(ctx, service, p)
	p.stop()
	if err != nil {
		return err
	}
	return c.show(ctx, &listResult{Certificates: newRecords(certs, deployed)}, nil)
}

// deployedID returns the id of the certificate that Intune deploys, "" if that cannot be told.
func (a *app) deployedID(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, p *progress) (string, error) {
	latest, err := service.Latest(ctx)
	switch {
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		p.remark("Which certificate Intune deploys cannot be told: the upload dates do not show which is the latest.")
		return "", nil
	case errors.Is(err, intune.ErrNotFound):
		return "", nil
	case err != nil:
		return "", a.advise(err)
	}
	return latest.ID, nil
}

// deployedIfKnown is deployedID for a command that has done its work: it is not worth a long wait.
func (a *app) deployedIfKnown(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	latest, err := service.Latest(ctx)
	if err != nil {
		return ""
	}
	return latest.ID
}

func (r *listResult) human(w *page) {
	if len(r.Certificates) == 0 {
		w.line("No certificates.")
		return
	}
	w.table(r.Certificates)
}
