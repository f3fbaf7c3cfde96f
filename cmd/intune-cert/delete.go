package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

const deleteHelp = `Delete certificates. Devices may then no longer trust the apps that only these certificates have signed.

On a terminal, the command shows each certificate and asks. Only y deletes it. To keep it is not an error. Without a terminal,
the command needs --yes.

A certificate that does not exist is an error, even if an earlier run has deleted it. The others are still deleted. With
--output json, each of "certificates" has an "outcome": deleted, kept, notFound, failed or notTried. If the one that Intune deployed was
deleted, "wasDeployed" is its id, and "nowDeployed" the id of the one that Intune deploys instead, if there is one.`

// What became of a certificate.
const (
	deleted  = "deleted"
	kept     = "kept" // a person did not want to delete it
	notFound = "notFound"
)

type deleteResult struct {
	outcome

	Certificates []*deletedCertificate `json:"certificates"`          // in the order of the command line
	WasDeployed  string                `json:"wasDeployed,omitempty"` // the id of the one that Intune deployed, if it was deleted
	NowDeployed  string                `json:"nowDeployed,omitempty"` // the id of what Intune deploys instead, if that is known

	now string // what Intune deploys now, in a sentence
}

type deletedCertificate struct {
	ID      string   `json:"id"`
	Outcome string   `json:"outcome"` // deleted, kept, notFound, failed or notTried
	Error   *failure `json:"error,omitempty"`
}

func newDeleteCommand(a *app) *cobra.Command {
	isSure := false
	cmd := &cobra.Command{
		Use: "delete ID...", Short: "Delete certificates", Long: deleteHelp, Args: want("ID", math.MaxInt), ValidArgsFunction: a.completeIDs,
		Example: "  intune-cert delete b20d3703-3703-b20d-0337-0db203370db2",
		RunE:    a.does(func(ctx context.Context, ids []string) (result, error) { return a.delete(ctx, ids, isSure) }),
	}
	cmd.Flags().BoolVarP(&isSure, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) delete(ctx context.Context, ids []string, isSure bool) (result, error) {
	if !isSure && !a.CanAsk() {
		return nil, usagef("delete asks before it deletes, and there is no terminal: add --yes")
	}
	service, err := a.connect(ctx, "Deleting")
	if err != nil {
		return nil, err
	}
	result := new(deleteResult)
	before := ""
	if slices.ContainsFunc(ids, plainID.MatchString) {
		before = a.deployedIfKnown(ctx, service)
	}
	var failures []failedItem
	for _, id := range distinct(ids) {
		what, err := a.deleteOne(ctx, service, id, isSure)
		result.Certificates = append(result.Certificates, &deletedCertificate{id, what, a.explain(ctx, err)})
		if err != nil {
			failures = append(failures, failedItem{id, err})
		}
	}
	a.noteDeployed(ctx, service, result, before)
	return result, newPartlyError(fmt.Sprintf("%d of %d not deleted", len(failures), len(result.Certificates)), failures)
}

// noteDeployed says what Intune deploys if the certificate that it deployed before was deleted. A listing may lag behind.
func (a *app) noteDeployed(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, r *deleteResult, before string) {
	wasDeployed := func(cert *deletedCertificate) bool {
		return cert.Outcome == deleted && strings.EqualFold(cert.ID, before)
	}
	if !slices.ContainsFunc(r.Certificates, wasDeployed) {
		return
	}
	r.WasDeployed = before
	switch id, err := a.latestID(ctx, service); {
	case errors.Is(err, errNoneDeployed):
		r.now = "Intune deploys no certificate now."
	case id == "" || id == before:
		r.now = "Run intune-cert list to see what Intune deploys now."
	default:
		r.NowDeployed, r.now = id, "Intune deploys "+id+" now."
	}
}

// plainID matches ids, which are GUIDs: for others, nothing is looked up.
var plainID = regexp.MustCompile(`^[\w-]+$`)

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
func (a *app) deleteOne(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, id string, isSure bool) (what string, err error) {
	if !isSure && ctx.Err() == nil {
		isSure, err = a.confirmDelete(ctx, service, id)
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
func (a *app) confirmDelete(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, id string) (bool, error) {
	cert, err := service.Get(ctx, id)
	if err != nil {
		return false, err
	}
	deployed, err := a.deployedID(ctx, service)
	if err != nil {
		return false, err
	}
	newRecord(cert, deployed).human(a.Err)
	if cert.ID == deployed {
		a.Remark("This certificate is in use: Intune deploys it.")
	}
	return a.Confirm(ctx, "Delete this certificate?")
}

func (r *deleteResult) human(out *console.Writer) {
	titles := map[string]string{deleted: "Deleted", kept: "Kept", notFound: "Not found:", failed: "Failed:", notTried: "Not tried:"}
	for _, cert := range r.Certificates {
		out.Printf("%s %s\n", titles[cert.Outcome], cert.ID)
	}
	if r.WasDeployed != "" {
		out.Paragraph(console.Plain, r.WasDeployed, "was in use. "+r.now)
	}
}
