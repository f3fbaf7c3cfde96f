package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

type getResult struct {
	outcome

	Certificate *record `json:"certificate"`
}

func newGetCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a certificate of the tenant", Args: want("ID", 1), Annotations: hasCSV, ValidArgsFunction: a.completeIDs,
		Example: "  intune-cert get b20d3703-3703-b20d-0337-0db203370db2",
		RunE:    a.does(func(ctx context.Context, ids []string) (result, error) { return a.get(ctx, ids[0]) }),
	}
}

func (a *app) get(ctx context.Context, id string) (result, error) {
	service, err := a.connect(ctx, "Getting")
	if err != nil {
		return nil, err
	}
	cert, err := service.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	deployed, err := a.deployedID(ctx, service)
	return &getResult{Certificate: newRecord(cert, deployed)}, err
}

func (r *getResult) records() []*record { return []*record{r.Certificate} }

func (r *getResult) human(out *console.Writer) { r.Certificate.human(out) }
