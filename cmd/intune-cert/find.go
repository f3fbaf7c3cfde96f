package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

const findHelp = `Show the records of the tenant that are the certificate in a file, the latest upload first. If there is none, the exit code
is 0 all the same: with --output json, "certificates" is empty then. If records may be the certificate but cannot be told
from others, the exit code is 1, and "candidates" has them.

` + fileHelp

type findResult struct {
	outcome

	File         string    `json:"file"`
	Thumbprint   string    `json:"thumbprint"`
	Certificates []*record `json:"certificates"`
	Candidates   []*record `json:"candidates"` // may be the certificate, but cannot be told from others
}

func newFindCommand(a *app) *cobra.Command {
	l := &loader{terminal: a.terminal}
	cmd := &cobra.Command{
		Use: "find FILE", Short: "Find the certificate of a file in the tenant", Long: findHelp, Args: want("FILE", 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.find(cmd.Context(), l, args[0]) },
	}
	l.addFlags(cmd)
	return cmd
}

func (a *app) find(ctx context.Context, l *loader, file string) error {
	cert, err := l.load(ctx, file)
	if err != nil {
		return err
	}
	p := a.newProgress("Finding")
	defer p.stop()
	service, err := a.connect(p)
	if err != nil {
		return err
	}
	matches, err := service.Find(ctx, cert.Resource())
	var ambiguous *intune.AmbiguousMatchError
	if err != nil && !errors.As(err, &ambiguous) {
		return a.advise(err)
	}
	deployed, problem := a.deployedID(ctx, service, p)
	p.stop()
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

func (r *findResult) human(w *page) {
	if len(r.Certificates) == 0 {
		w.line("%s is not in the tenant.", plain(r.File))
	}
	w.blocks(r.Certificates)
	if len(r.Candidates) > 0 {
		w.line("These may be the certificate, but cannot be told from others:")
		w.blocks(r.Candidates)
	}
}
