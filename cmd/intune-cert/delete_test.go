package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestDeleteNeedsYesWithoutATerminal(t *testing.T) {
	f := newFixture(t)
	a, b, c := f.seed(intunetest.NewCertificate("A")), f.seed(intunetest.NewCertificate("B")), f.seed(intunetest.NewCertificate("C"))
	f.run("delete", a).exits(2).says("add --yes")
	f.wantIDs(a, b, c)
	got := decoded[deleteJSON](f.run("delete", a, strings.ToUpper(a), b, "--yes", "-o", "json").exits(0))
	if got.String() != a+" deleted, "+b+" deleted" {
		t.Errorf("got %s", got)
	}
	f.wantIDs(c)
	f.Inject(intunetest.Fault{Method: http.MethodDelete}, intunetest.Fault{Method: http.MethodDelete, Status: http.StatusConflict})
	partly := decoded[deleteJSON](f.run("delete", "missing", c, "--yes", "-o", "json").exits(1))
	if partly.String() != "missing notFound, "+c+" failed" || partly.Error.Kind != "notFound" || partly.Certificates[1].Error == nil {
		t.Errorf("got %s", partly)
	}
	f.wantIDs(c)
	f.run("delete", "missing", c, "-y").exits(1).prints("Not found: missing", "Deleted "+c)
}

func TestDeleteSaysWhatIntuneDeploysNow(t *testing.T) {
	f := newFixture(t)
	a, b, c, d := f.seed(intunetest.NewCertificate("A")), f.seed(intunetest.NewCertificate("B")), f.seed(intunetest.NewCertificate("C")), f.seed(intunetest.NewCertificate("D"))
	if got := decoded[deleteJSON](f.run("delete", b, strings.ToUpper(d), "--yes", "-o", "json").exits(0)); got.WasDeployed != d || got.NowDeployed != c {
		t.Errorf("got %+v", got)
	}
	f.run("delete", c, "--yes").exits(0).prints("Deleted " + c + "\n" + c + " was in use. Intune deploys " + a + " now.\n")
	f.run("delete", a, "--yes").exits(0).prints(a + " was in use. Intune deploys no certificate now.\n")
}

type deleteJSON struct {
	Certificates []struct {
		ID, Outcome string
		Error       *errorJSON
	}
	WasDeployed, NowDeployed string
	Error                    *errorJSON
}

func (d deleteJSON) String() string {
	var texts []string
	for _, cert := range d.Certificates {
		texts = append(texts, cert.ID+" "+cert.Outcome)
	}
	return strings.Join(texts, ", ")
}
