package main

import (
	"slices"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestDeleteNeedsYesWithoutATerminal(t *testing.T) {
	f := newFixture(t)
	a, b, c := f.seed(intunetest.NewCertificate("A")), f.seed(intunetest.NewCertificate("B")), f.seed(intunetest.NewCertificate("C"))
	f.run("delete", a).exits(2).says("add --yes")
	f.wantIDs(a, b, c)
	type deleted struct {
		Deleted, Kept []string
		Error         *errorJSON
	}
	got := decoded[deleted](f.run("delete", a, b, "--yes", "-o", "json").exits(0))
	if !slices.Equal(got.Deleted, []string{a, b}) || len(got.Kept) != 0 {
		t.Errorf("got %+v", got)
	}
	f.wantIDs(c)
	partly := decoded[deleted](f.run("delete", "missing", c, "--yes", "-o", "json").exits(1))
	if !slices.Equal(partly.Kept, []string{"missing", c}) || partly.Error.Kind != "notFound" {
		t.Errorf("got %+v", partly)
	}
	f.wantIDs(c)
	f.run("delete", c, "-y").exits(0).prints("Deleted " + c)
}
