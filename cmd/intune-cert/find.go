package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

const findHelp = `Find the certificate in a file in the tenant, and show its records, the latest upload first. If there are none, the exit code is
0, and "certificates" of --output json is empty. If a record may or may not be the certificate, the exit code is 1, and
"candidates" has the record.

` + fileHelp

type findResult struct {
	outcome

	File         string    `json:"file"`
	Thumbprint   string    `json:"thumbprint"`
	Certificates []*record `json:"certificates"`
	Candidates   []*record `json:"candidates"` // may or may not be the certificate
}

func newFindCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "find FILE", Short: "Find the certificate of a file in the tenant", Long: findHelp, Args: want("FILE", 1), Annotations: hasCSV,
		Example: "  intune-cert find contoso.cer\n  intune-cert find contoso.msix --output json",
		RunE:    a.does(func(ctx context.Context, paths []string) (result, error) { return a.find(ctx, paths[0]) }),
	}
	a.loader.addFlags(cmd)
	return cmd
}

func (a *app) find(ctx context.Context, path string) (result, error) {
	file, cert, err := a.loader.loadOne(ctx, path)
	if err != nil {
		return nil, err
	}
	service, err := a.connect(ctx, "Finding")
	if err != nil {
		return nil, err
	}
	matches, err := service.Find(ctx, cert.Resource())
	var ambiguous *intune.AmbiguousMatchError
	if err != nil && !errors.As(err, &ambiguous) {
		return nil, err
	}
	deployed, problem := a.deployedID(ctx, service)
	if problem != nil {
		return nil, problem
	}
	found := &findResult{File: file, Thumbprint: cert.Thumbprint(), Certificates: []*record{}, Candidates: []*record{}}
	for _, match := range matches {
		r := newRecord(match.Certificate, deployed)
		r.MatchedBy = match.By
		found.Certificates = append(found.Certificates, r)
	}
	if ambiguous != nil {
		found.Candidates = newRecords(ambiguous.Candidates, deployed)
	}
	return found, err
}

func (r *findResult) records() []*record { return slices.Concat(r.Certificates, r.Candidates) }

func (r *findResult) human(out *console.Writer) {
	switch {
	case len(r.Candidates) > 0:
		out.Printf("It is unclear whether %s is in the tenant, as one of these records:\n", r.File)
	case len(r.Certificates) == 0:
		out.Printf("%s is not in the tenant.\n", r.File)
	}
	printRecords(out, r.records())
}
