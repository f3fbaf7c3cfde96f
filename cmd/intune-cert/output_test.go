package main

import (
	"encoding/csv"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestRecordsAsYAMLAndCSV(t *testing.T) {
	f := newFixture(t)
	id := f.seed(f.writeCertificate("new.cer", oldContoso()))
	for _, args := range [][]string{{"list"}, {"get", id}, {"find", "new.cer"}, {"expiring"}} {
		code := map[string]int{"expiring": 3}[args[0]]
		var document struct {
			Certificates []struct{ ID, ExpirationDateTime string }
			Certificate  struct{ ID, ExpirationDateTime string }
		}
		done := f.run(append(args, "-o", "yaml")...).exits(code)
		if err := yaml.Unmarshal([]byte(done.stdout), &document); err != nil {
			t.Errorf("%v: %v\n%s", args, err, done.stdout)
		}
		if shown := append(document.Certificates, document.Certificate); shown[0].ID != id {
			t.Errorf("%v: got %s", args, done.stdout)
		}
		rows, err := csv.NewReader(strings.NewReader(f.run(append(args, "-o", "csv")...).exits(code).stdout)).ReadAll()
		if err != nil || len(rows) != 2 || rows[0][0] != "id" || rows[1][0] != id || slices.Index(rows[0], "daysLeft") != 6 || rows[1][6] != "19" {
			t.Errorf("%v: got %q, %v", args, rows, err)
		}
	}
	var failed struct{ Error struct{ Kind string } }
	done := f.run("get", "missing", "-o", "yaml").exits(1)
	if err := yaml.Unmarshal([]byte(done.stdout), &failed); err != nil || failed.Error.Kind != "notFound" {
		t.Errorf("%v: %s", err, done.stdout)
	}
	if done := f.run("get", "missing", "-o", "csv").exits(1).says("Next: "); done.stdout != "" {
		t.Errorf("prints %s", done.stdout)
	}
}

// TestNothingOfOthersControlsTheTerminal: names in certificates, names of files, and what the service shows, in every form.
func TestNothingOfOthersControlsTheTerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file can have such a name")
	}
	const hostile = "evil\x1b]0;owned\x07\u009b31m\u202egnp"
	f := newFixture(t)
	file := "new" + hostile + ".cer"
	if runtime.GOOS == "windows" {
		file = "new.cer" // its files cannot have such names
	}
	f.writeCertificate(file, intunetest.NewCertificate("Contoso "+hostile))
	record := f.Add(&intune.EnterpriseCodeSigningCertificate{Subject: "CN=" + hostile, Issuer: hostile, Status: hostile, ID: hostile})
	id := record.ID
	for _, args := range [][]string{
		{"inspect", file}, {"upload", file, "--dry-run"}, {"rotate", file, "--force"}, {"find", file}, {"list"}, {"get", id}, {"get", hostile},
		{"delete", hostile, "--yes"}, {"expiring", "--within", "500d"}, {"rotate", hostile}, {"frob" + hostile}, {"list", "--filter", hostile}, {"list", "--" + hostile},
	} {
		for _, output := range []string{"human", "json", "yaml", "csv"} {
			done := f.run(append(args, "-o", output)...)
			if text := done.stdout + done.stderr; strings.ContainsAny(text, "\x1b\x07\u009b\u202e") || text == "" {
				t.Errorf("%q as %s: %q", args, output, text)
			}
		}
	}
}

func TestCompletionOfIDs(t *testing.T) {
	f := newCloudFixture(t)
	f.env = append(f.env, "INTUNE_CERT_EMULATOR="+f.URL())
	a, b := f.seed(intunetest.NewCertificate("A")), f.seed(intunetest.NewCertificate("B"))
	for _, command := range []string{"get", "delete"} {
		f.run("__complete", command, "").exits(0).prints(a+"\tCN=A, ", b+"\tCN=B, ", ":4")
	}
	if done := f.run("__complete", "get", a, "").exits(0); strings.Contains(done.stdout, b) {
		t.Errorf("get takes one id: %s", done.stdout)
	}
	f.application()
	base := slices.Clip(f.env)
	for name, env := range map[string][]string{
		"no variables": {"INTUNE_CERT_EMULATOR="},
		"device":       {"INTUNE_CERT_AUTH=device", "INTUNE_CERT_EMULATOR="},
		"browser":      {"INTUNE_CERT_AUTH=browser", "INTUNE_CERT_EMULATOR="},
		"emulated":     {"INTUNE_CERT_AUTH=device"},
		"no emulator":  {"INTUNE_CERT_EMULATOR=http://127.0.0.1:1"},
	} {
		f.env = append(base, env...)
		if done := f.run("__complete", "get", "").exits(0); done.stdout != ":4\n" || strings.Count(done.stderr, "\n") != 1 {
			t.Errorf("%s: %s%s", name, done.stdout, done.stderr)
		}
	}
}
