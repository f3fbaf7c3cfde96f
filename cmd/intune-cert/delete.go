package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

const deleteHelp = `Delete certificates. Devices then no longer trust the apps that only these certificates have signed.

On a terminal the command shows each certificate and asks. Elsewhere it needs --yes.`

type deleteResult struct {
	outcome

	Deleted []string `json:"deleted"` // ids
	Kept    []string `json:"kept"`    // ids
}

func newDeleteCommand(a *app) *cobra.Command {
	isSure := false
	cmd := &cobra.Command{
		Use: "delete ID...", Short: "Delete certificates", Long: deleteHelp, Args: want("ID", 1, math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error { return a.delete(cmd.Context(), args, isSure) },
	}
	cmd.Flags().BoolVarP(&isSure, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) delete(ctx context.Context, ids []string, isSure bool) error {
	if !isSure && !a.canAsk() {
		return usagef("delete asks before it deletes, and there is no terminal: add --yes")
	}
	p := a.newProgress("Deleting")
	defer p.stop()
	service, err := a.connect(p)
	if err != nil {
		return err
	}
	result := &deleteResult{Deleted: []string{}, Kept: []string{}}
	for i, id := range ids {
		isWanted := isSure
		if !isSure {
			isWanted, err = a.confirmDelete(ctx, service, id, p)
		}
		if err == nil && isWanted {
			err = service.Delete(ctx, id)
		}
		switch {
		case err != nil:
			result.Kept = append(result.Kept, ids[i:]...)
			p.stop()
			return a.show(ctx, result, a.advise(fmt.Errorf("%s: %w", id, err)))
		case isWanted:
			result.Deleted = append(result.Deleted, id)
		default:
			result.Kept = append(result.Kept, id)
		}
	}
	p.stop()
	return a.show(ctx, result, nil)
}

// confirmDelete shows a certificate and asks.
func (a *app) confirmDelete(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, id string, p *progress) (bool, error) {
	cert, err := service.Get(ctx, id)
	if err != nil {
		return false, err
	}
	deployed, err := a.deployedID(ctx, service, p)
	if err != nil {
		return false, err
	}
	newRecord(cert, deployed).human(&page{a.err, a.errStyle, widthOf(a.err)})
	return a.confirm(ctx, "Delete this certificate?")
}

func (r *deleteResult) human(w *page) {
	for _, id := range r.Deleted {
		w.line("Deleted %s", plain(id))
	}
	for _, id := range r.Kept {
		w.line("Kept %s", plain(id))
	}
}
