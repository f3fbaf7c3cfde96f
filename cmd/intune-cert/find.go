package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

const findHelp = `Show the records of the tenant that are the certificate in a file, the latest upload first. If there are none, the exit code is 0,
and "certificates" of --output json is empty. If a record may or may not be the certificate, the exit code is 1, and
"candidates" has it.

` + fileHelp

type findResult struct {
	outcome

	File         string    `json:"file"`
	Thumbprint   string    `json:"thumbprint"`
	Certificates []*record `json:"certificates"`
	Candidates   []*record `json:"candidates"` // may or may not be the certificate
}

func newFindCommand(a *app) *cobra.Command {
	l := &loader{Terminal: a.Terminal}
	cmd := &cobra.Command{
		Use: "find FILE", Short: "Find the certificate of a file in the tenant", Long: findHelp, Args: want("FILE", 1), Annotations: hasCSV,
		Example: "  intune-cert find contoso.cer\n  intune-cert find contoso.msix --output json",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.find(cmd.Context(), l, args[0]) },
	}
	l.addFlags(cmd)
	return cmd
}

func (a *app) find(ctx context.Context, l *loader, path string) error {
	file, err := oneFile(path)
	if err != nil {
		return err
	}
	cert, err := l.load(ctx, file)
	if err != nil {
		return err
	}
	service, err := a.connect("Finding")
	if err != nil {
		return err
	}
	matches, err := service.Find(ctx, cert.Resource())
	var ambiguous *intune.AmbiguousMatchError
	if err != nil && !errors.As(err, &ambiguous) {
		return err
	}
	deployed, problem := a.deployedID(ctx, service)
	if problem != nil {
		return problem
	}
	result := &findResult{File: file, Thumbprint: cert.Thumbprint(), Certificates: []*record{}, Candidates: []*record{}}
	for _, match := range matches {
		r := newRecord(match.Certificate, deployed)
		r.MatchedBy = match.By
		result.Certificates = append(result.Certificates, r)
	}
	if ambiguous != nil {
		result.Candidates = newRecords(ambiguous.Candidates, deployed)
	}
	return a.show(ctx, result, err)
}

func (r *findResult) records() []*record { return slices.Concat(r.Certificates, r.Candidates) }

func (r *findResult) human(out *console.Writer) {
	if len(r.Certificates) == 0 {
		out.Printf("%s is not in the tenant.\n", r.File)
	}
	printBlocks(out, r.Certificates)
	if len(r.Candidates) > 0 {
		out.Printf("May or may not be the certificate:\n")
		printBlocks(out, r.Candidates)
	}
}
