package main

import (
	"strings"
	"testing"
)

func TestWrongUsageExitsWith2(t *testing.T) {
	f := newFixture(t)
	for _, args := range map[string][]string{
		"no file": {"rotate"}, "no id": {"get"}, "unknown command": {"rotat"}, "unknown flag": {"list", "--fast"},
		"unknown sign-in": {"list", "--auth", "magic"}, "unknown cloud": {"list", "--cloud", "nine"}, "bad duration": {"rotate", "x", "--wait", "soon"},
		"bad fault": {"emulator", "--fault", "colour=red"}, "senseless fault": {"emulator", "--fault", "status=401,committed"}, "bad address": {"emulator", "--listen", "nowhere"},
		"bad emulator": {"list", "--emulator", "http://contoso.example"},
	} {
		f.run(args...).exits(2).says("Next: ")
	}
	f.env = append(f.env, "INTUNE_CERT_OUTPUT=xml")
	f.run("version").exits(2).says("INTUNE_CERT_OUTPUT")
	if len(f.Requests()) != 0 {
		t.Error("requests were sent")
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	f := newFixture(t)
	f.env = append(f.env, "INTUNE_CERT_OUTPUT=json")
	version := decoded[struct{ Version, GoVersion, Platform string }](f.run("version").exits(0))
	if version.Version == "" || !strings.HasPrefix(version.GoVersion, "go1") || !strings.Contains(version.Platform, "/") {
		t.Errorf("got %+v", version)
	}
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
