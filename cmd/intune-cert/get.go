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
		RunE:    func(cmd *cobra.Command, args []string) error { return a.get(cmd.Context(), args[0]) },
	}
}

func (a *app) get(ctx context.Context, id string) error {
	service, err := a.connect("Getting")
	if err != nil {
		return err
	}
	cert, err := service.Get(ctx, id)
	if err != nil {
		return err
	}
	deployed, err := a.deployedID(ctx, service)
	if err != nil {
		return err
	}
	return a.show(ctx, &getResult{Certificate: newRecord(cert, deployed)}, nil)
}

func (r *getResult) records() []*record { return []*record{r.Certificate} }

func (r *getResult) human(out *console.Writer) { r.Certificate.human(out) }
