package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestWrongUsageExitsWith2(t *testing.T) {
	f := newFixture(t)
	for _, args := range map[string][]string{
		"no file": {"rotate"}, "no id": {"get"}, "unknown command": {"rotat"}, "unknown flag": {"list", "--fast"},
		"unknown sign-in": {"list", "--auth", "magic"}, "unknown cloud": {"list", "--cloud", "nine"}, "bad duration": {"rotate", "x", "--wait", "soon"},
		"bad fault": {"emulator", "--fault", "color=red"}, "senseless fault": {"emulator", "--fault", "status=401,committed"}, "bad address": {"emulator", "--listen", "nowhere"},
		"bad emulator": {"list", "--emulator", "http://contoso.example"}, "unknown shell": {"completion", "ksh"}, "empty shell": {"completion", ""},
		"empty id": {"get", ""}, "no id of one": {"get", "../me"}, "empty ids": {"delete", "--yes", " "}, "no ids": {"delete", "--yes", "a/b"},
		"bad thumbprint": {"find", "ca.pem", "--thumbprint", "abc"},
		"empty emulator": {"list", "--emulator", ""}, "flag for a value": {"rotate", "ca.pem", "--thumbprint", "--delete-old"},
		"overlap alone": {"rotate", "ca.pem", "--overlap", "72h"}, "cloud of an emulator": {"list", "--cloud", "china"}, "two files": {"inspect", "a", "b"},
		"unknown help": {"help", "rotat"}, "CSV of no rows": {"check", "-o", "csv"},
	} {
		f.run(args...).exits(2).says("intune-cert: ")
	}
	for _, args := range [][]string{{"list", "--auth", "magic"}, {"rotate", "x", "--wait", "soon"}, {"delete", "x"}, {"rotate", "ca.pem", "--overlap", "72h"}, {"check", "-o", "csv"}} {
		if done := f.run(args...).exits(2); strings.Contains(done.stderr, "Next:") {
			t.Errorf("%v says more than the answer: %s", args, done.stderr)
		}
	}
	f.run("rotate").says("FILE is missing\nNext: Run the command with --help.")
	f.run("list", "--emulator", "127.0.0.1:18431").exits(2).says("intune-cert: --emulator lacks its scheme: write http:// in front: http://127.0.0.1:18431\n")
	f.run("list", "--emulator", "localhost:18431").exits(2).says("write http:// in front: http://localhost:18431\n")
	f.run("get").says("ID is missing")
	f.run("find", "ca.pem", "--thumbprint", "abc").says("--thumbprint")
	f.run("rotate", "ca.pem", "--thumbprint", "--delete-old").says("--thumbprint lacks its value")
	f.env = append(f.env, "INTUNE_CERT_OUTPUT=xml")
	f.run("version").exits(2).says("INTUNE_CERT_OUTPUT")
	if len(f.Requests()) != 0 {
		t.Error("requests were sent")
	}
}

// TestWrongUsageIsJSONIfAsked: also if the mistake comes before --output, or the environment asks.
func TestWrongUsageIsJSONIfAsked(t *testing.T) {
	type usageJSON struct {
		Error struct{ Kind, Message, NextStep string }
	}
	f := newFixture(t)
	for _, args := range [][]string{
		{"expiring", "-o", "json", "--within", "x"}, {"expiring", "--within", "x", "-o", "json"}, {"inspect", "--bogus", "--output=json"}, {"rotat", "-ojson"},
	} {
		if got := decoded[usageJSON](f.run(args...).exits(2)); got.Error.Kind != "usage" {
			t.Errorf("%q: got %+v", args, got)
		}
	}
	f.env = append(f.env, "INTUNE_CERT_OUTPUT=json")
	if got := decoded[usageJSON](f.run("expiring", "--within", "x").exits(2)); got.Error.Kind != "usage" {
		t.Errorf("from the environment: got %+v", got)
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	f := newFixture(t)
	f.env = append(f.env, "INTUNE_CERT_OUTPUT=json")
	decoded[map[string]string](f.run("version").exits(0))
	f.run("version", "-o", "human").exits(0).prints("intune-cert ")
}

func TestCompletionKnowsTheCommands(t *testing.T) {
	f := newFixture(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		f.run("completion", shell).exits(0).prints("intune-cert")
	}
	f.run("__complete", "ro").exits(0).prints("rotate")
	f.run("__complete", "list", "--auth", "man").exits(0).prints("managed-identity")
}

func TestVerboseLogsRequests(t *testing.T) {
	f := newFixture(t)
	f.run("list", "-v").exits(0).says("intune: attempt", "requestId=")
}

func TestOutputThatCannotBeWrittenExitsWith1(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full")
	}
	t.Cleanup(func() { _ = full.Close() })
	f := newFixture(t)
	f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	for _, args := range [][]string{
		{"list"}, {"inspect", "new.cer"}, {"rotate", "new.cer", "--dry-run"}, {"version"}, {"--help"}, {"--version"}, {"completion", "bash"},
		{"expiring"}, {"expiring", "-o", "json"}, {"check"}, {"emulator", "--listen", "127.0.0.1:0"},
	} {
		var stderr bytes.Buffer
		cmd := f.command(args...)
		cmd.Stdout, cmd.Stderr = full, &stderr
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "the output cannot be written") {
			t.Errorf("%v: %v, %s", args, err, &stderr)
		}
	}
}

func TestErrorsOfTheNetworkAndTheServiceHaveANextStep(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	f.Inject(slices.Repeat([]intunetest.Fault{{Status: http.StatusInternalServerError}}, 5)...)
	f.run("rotate", "new.cer").exits(1).says("Next: The service is busy or has a fault")
	f.env = append(f.env, "INTUNE_CERT_CA=")
	f.run("list").exits(1).says("certificate signed by unknown authority\nNext: Trust the certificate authority of the server or proxy with --ca FILE.")
	f.run("list", "--ca", "ca.pem", "--emulator", f.URL()).exits(0)
	closed := httptest.NewServer(nil)
	closed.Close()
	f.run("list", "--emulator", closed.URL).exits(1).says("Next: Is the emulator running at " + closed.URL + "?")
	f.application()
	f.env = append(f.env, "INTUNE_CERT_EMULATOR=", "AZURE_CLIENT_SECRET="+intunetest.ClientSecret, "HTTPS_PROXY="+closed.URL)
	f.run("list").exits(1).says("Next: Check the network, and the environment variable HTTPS_PROXY")
}

func TestAnUnknownCommandHasASuggestionOnItsOwnLine(t *testing.T) {
	f := newFixture(t)
	for _, args := range [][]string{{"rotat"}, {"help", "rotat"}} {
		if done := f.run(args...).exits(2); done.stderr != "intune-cert: there is no command \"rotat\"\nNext: Did you mean rotate?\n" {
			t.Errorf("%v: %q", args, done.stderr)
		}
	}
	f.run("frobnicate").exits(2).says("Next: To see the commands, run\nintune-cert help\n")
}

func TestAnUnknownVariableIsARemark(t *testing.T) {
	f := newFixture(t)
	f.env = append(f.env, "INTUNE_CERT_OUTPT=json", "INTUNE_CERT_PASSWORD=x", "INTUNE_CERT_VERBOSE=false")
	if done := f.run("version").exits(0); done.stderr != "The environment variable INTUNE_CERT_OUTPT has no effect: intune-cert does not know it.\n" {
		t.Errorf("says %q", done.stderr)
	}
}

func TestHelp(t *testing.T) {
	f := newFixture(t)
	f.env = append(f.env, "INTUNE_CERT_AUTH=github")
	done := f.run().exits(0)
	at := -1
	for _, text := range []string{"Examples:\n", "Rotate:\n  rotate ", "Look:\n  check ", "Change:\n  delete ", "Try:\n  emulator ", "(default github)", "help topics:\n"} {
		next := strings.Index(done.stdout, text)
		if next <= at {
			t.Errorf("%q is missing or too early:\n%s", text, done.stdout)
		}
		at = next
	}
	f.run("help", "signin").exits(0).prints("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_AUTHORITY_HOST", "managed-identity", "--account")
	f.run("help", "json").exits(0).prints("otherSubject", "isDeployed")
	f.run("help", "exit-codes").exits(0).prints("    130  interrupted")
	_, root := newApp(console.New())
	for _, command := range root.Commands() {
		if strings.Contains(strings.ReplaceAll(command.Long, "/blob/main/docs/", ""), "docs/") {
			t.Errorf("the help of %s names a file that the archive does not have", command.Name())
		}
		if command.IsAvailableCommand() && command.Name() != "help" && command.Example == "" {
			t.Errorf("%s has no example", command.Name())
		}
	}
}

func TestVersionIsJSONInBothForms(t *testing.T) {
	f := newFixture(t)
	for _, args := range [][]string{{"version", "-o", "json"}, {"--version", "-o", "json"}, {"-o", "json", "--version"}} {
		version := decoded[struct{ Version, Commit, Date, GoVersion, Platform string }](f.run(args...).exits(0))
		if version.Version == "" || !strings.HasPrefix(version.GoVersion, "go1") || !strings.Contains(version.Platform, "/") {
			t.Errorf("%v: got %+v", args, version)
		}
	}
	f.run("--version").exits(0).prints("intune-cert ")
}
