package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

const deleteHelp = `Delete certificates. Devices then no longer trust the apps that only these certificates have signed.

On a terminal the command shows each certificate and asks. Only y deletes it. A certificate that is kept is no error, so the
exit code is 0. Elsewhere the command needs --yes.

A certificate that does not exist is an error, also if an earlier run has deleted it. The others are deleted all the same.
With --output json, each of "certificates" has its "outcome": deleted, kept, notFound, failed or notTried.`

// What became of a certificate.
const (
	deleted  = "deleted"
	kept     = "kept" // a person did not want to delete it
	notFound = "notFound"
)

type deleteResult struct {
	outcome

	Certificates []*deletedCertificate `json:"certificates"` // in the order of the command line
}

type deletedCertificate struct {
	ID      string   `json:"id"`
	Outcome string   `json:"outcome"` // deleted, kept, notFound, failed or notTried
	Error   *failure `json:"error,omitempty"`
}

func newDeleteCommand(a *app) *cobra.Command {
	isSure := false
	cmd := &cobra.Command{
		Use: "delete ID...", Short: "Delete certificates", Long: deleteHelp, Args: want("ID", math.MaxInt),
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
	result := new(deleteResult)
	var firstErr error
	for _, id := range distinct(ids) {
		what, err := a.deleteOne(ctx, service, id, isSure, p)
		err = a.advise(err)
		result.Certificates = append(result.Certificates, &deletedCertificate{id, what, explain(ctx, err)})
		if firstErr == nil && err != nil {
			firstErr = fmt.Errorf("%s: %w", id, err)
		}
	}
	p.stop()
	return a.show(ctx, result, firstErr)
}

// distinct returns each id once. Ids are the same in upper and lower case.
func distinct(ids []string) (unique []string) {
	for _, id := range ids {
		if !slices.ContainsFunc(unique, func(other string) bool { return strings.EqualFold(other, id) }) {
			unique = append(unique, id)
		}
	}
	return unique
}

// deleteOne deletes a certificate, if a person agrees or has agreed.
func (a *app) deleteOne(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, id string, isSure bool, p *progress) (what string, err error) {
	if !isSure && ctx.Err() == nil {
		isSure, err = a.confirmDelete(ctx, service, id, p)
	}
	if ctx.Err() != nil {
		return notTried, context.Cause(ctx)
	}
	if err == nil && !isSure {
		return kept, nil
	}
	if err == nil {
		err = service.Delete(ctx, id)
	}
	switch {
	case err == nil:
		return deleted, nil
	case errors.Is(err, intune.ErrNotFound):
		return notFound, err
	}
	return failed, err
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
	for _, cert := range r.Certificates {
		id := plain(cert.ID)
		switch cert.Outcome {
		case deleted:
			w.line("Deleted %s", id)
		case kept:
			w.line("Kept %s", id)
		case notFound:
			w.line("Not found: %s", id)
		case failed:
			w.line("Failed: %s: %s", id, cert.Error.Message)
		case notTried:
			w.line("Not tried: %s", id)
		}
	}
}
