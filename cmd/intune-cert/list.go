package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

const filterProperties = "id, status, subject, subjectName, issuer, issuerName, expirationDateTime and uploadDateTime"

const listHelp = `List the certificates of the tenant, and mark the one that Intune deploys: the latest upload.

--filter takes an OData expression with the property names of Microsoft Graph: ` + filterProperties + `.`

const listExample = `  intune-cert list
  intune-cert list --expiring 60d --output csv
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
		Use: "list", Short: "List the certificates of the tenant", Long: listHelp, Example: listExample, Args: cobra.NoArgs, Annotations: hasCSV,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.run(cmd.Context(), cmd.Flags().Changed("expiring"))
		},
	}
	cmd.Flags().StringVar(&c.filter, "filter", "", "only those that match this OData `expression`")
	cmd.Flags().Var(&c.expiring, "expiring", "only those that expire within this time, for example 30d")
	return cmd
}

func (c *listCommand) run(ctx context.Context, onlyExpiring bool) error {
	service, err := c.connect("Listing")
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
			return err
		}
		certs = append(certs, cert)
	}
	deployed, err := c.deployedID(ctx, service)
	if err != nil {
		return err
	}
	return c.show(ctx, &listResult{Certificates: newRecords(certs, deployed)}, nil)
}

func (r *listResult) records() []*record { return r.Certificates }

func (r *listResult) human(out *console.Writer) {
	if len(r.Certificates) == 0 {
		out.Printf("No certificates.\n")
		return
	}
	printTable(out, r.Certificates)
}
