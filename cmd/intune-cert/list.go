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

const listHelp = `List the certificates of the tenant, and mark the one that Intune deploys: the latest upload. The order is
that of the service.

--filter takes an OData expression with the property names of Microsoft Graph: ` + filterProperties + `.`

const listExample = `  intune-cert list
  intune-cert list --expiring 60d --output csv
  intune-cert list --filter "startswith(subject,'CN=Contoso') and status eq 'provisioned'"`

// listResult is also that of expiring.
type listResult struct {
	outcome

	Certificates []*record `json:"certificates"`
	NoneDeployed bool      `json:"noneDeployed,omitempty"` // of expiring --deployed

	none string // what to say if there are none
}

func newListCommand(a *app) *cobra.Command {
	var filter string
	var expiring duration
	cmd := &cobra.Command{
		Use: "list", Short: "List the certificates of the tenant", Long: listHelp, Example: listExample, Args: cobra.NoArgs, Annotations: hasCSV,
	}
	cmd.RunE = a.does(func(ctx context.Context, _ []string) (result, error) {
		filters := []intune.Filter{intune.RawFilter(filter)}
		if cmd.Flags().Changed("expiring") {
			filters = append(filters, intune.PropertyExpirationDateTime.Le(time.Now().Add(expiring.value)))
		}
		listed, err := a.list(ctx, intune.And(filters...))
		if filter != "" && errors.Is(err, intune.ErrBadRequest) {
			err = &advisedError{err: err, next: "Correct --filter. The properties are " + filterProperties + "."}
		}
		return listed, err
	})
	cmd.Flags().StringVar(&filter, "filter", "", "only those that match this OData `expression`")
	cmd.Flags().Var(&expiring, "expiring", "only those that expire within this time, for example 30d")
	return cmd
}

func (a *app) list(ctx context.Context, filter intune.Filter) (result, error) {
	service, err := a.connect(ctx, "Listing")
	if err != nil {
		return nil, err
	}
	certs := []*intune.EnterpriseCodeSigningCertificate{}
	for cert, err := range service.All(ctx, &intune.ListOptions{Filter: filter}) {
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	deployed, err := a.deployedID(ctx, service)
	return &listResult{Certificates: newRecords(certs, deployed), none: "No certificates."}, err
}

func (r *listResult) records() []*record { return r.Certificates }

func (r *listResult) human(out *console.Writer) {
	if len(r.Certificates) == 0 {
		out.Printf("%s\n", r.none)
		return
	}
	printRecords(out, r.Certificates)
}
