package main

import (
	"context"

	"github.com/spf13/cobra"
)

type getResult struct {
	outcome

	Certificate *record `json:"certificate"`
}

func newGetCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a certificate of the tenant", Args: want("ID", 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.get(cmd.Context(), args[0]) },
	}
}

func (a *app) get(ctx context.Context, id string) error {
	p := a.newProgress("Getting")
	defer p.stop()
	service, err := a.connect(p)
	if err != nil {
		return err
	}
	cert, err := service.Get(ctx, id)
	if err != nil {
		return a.advise(err)
	}
	deployed, err := a.deployedID(ctx, service, p)
	p.stop()
	if err != nil {
		return err
	}
	return a.show(ctx, &getResult{Certificate: newRecord(cert, deployed)}, nil)
}

func (r *getResult) human(w *page) { r.Certificate.human(w) }
