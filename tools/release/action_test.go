package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// testAction runs the steps of action.yml as GitHub does, with the release on loopback.
func testAction(t *testing.T, tree, out string) {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("a runner of GitHub is simulated: one with Linux")
	}
	releases := t.TempDir()
	if err := os.CopyFS(filepath.Join(releases, rehearsed), os.DirFS(out)); err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.FileServer(http.Dir(releases)))
	t.Cleanup(site.Close)
	run := func(system, version, command string) (string, error) {
		return runAction(t, tree, site.URL, system, version, command)
	}

	if got, err := run("Linux", rehearsed, "version --output json"); err != nil || !strings.Contains(got, `"version": "`+rehearsed+`"`) {
		t.Errorf("got %s, %v", got, err)
	}
	for _, system := range []string{"macOS", "Windows"} { // whose program does not run here
		if got, err := run(system, rehearsed, ""); err != nil {
			t.Errorf("%s: got %s, %v", system, got, err)
		}
	}
	for _, wrong := range []struct{ system, version, command, want string }{
		{"Linux", rehearsed, "rotate missing.cer", "exit status 1"},
		{"Linux", "v0.0.9", "", "cannot download intune-cert v0.0.9 from " + site.URL + "/v0.0.9/intune-cert_0.0.9_linux_amd64.tar.gz"},
		{"Linux", "v1.0.0; echo", "", "not a version"},
		{"Solaris", rehearsed, "", "there is no intune-cert for Solaris"},
	} {
		if got, err := run(wrong.system, wrong.version, wrong.command); err == nil || !strings.Contains(got+err.Error(), wrong.want) {
			t.Errorf("%+v: got %s, %v", wrong, got, err)
		}
	}
	archive := filepath.Join(releases, rehearsed, "intune-cert_0.1.0_linux_amd64.tar.gz")
	if err := os.WriteFile(archive, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := run("Linux", rehearsed, "version"); err == nil || !strings.Contains(got, "wrong SHA-256 sum") || strings.Contains(got, "intune-cert v") {
		t.Errorf("a wrong sum: got %s, %v", got, err)
	}
}

// runAction runs the steps in a job of their own, and returns what they print.
func runAction(t *testing.T, tree, site, system, version, commandLine string) (printed string, err error) {
	t.Helper()
	var action struct {
		Runs struct {
			Steps []struct{ Run, If string }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(tree, "action.yml"))), &action); err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	paths := filepath.Join(temp, "paths")
	for _, step := range action.Runs.Steps {
		if step.If != "" && commandLine == "" {
			continue
		}
		added, err := os.ReadFile(paths)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		env := []string{
			"VERSION=" + version, "COMMAND=" + commandLine, "RUNNER_OS=" + system, "RUNNER_ARCH=X64", "RUNNER_TEMP=" + temp,
			"GITHUB_ACTION_PATH=" + tree, "GITHUB_PATH=" + paths, "PATH=" + strings.TrimSpace(string(added)) + ":" + os.Getenv("PATH"),
		}
		script := strings.ReplaceAll(step.Run, "https://github.com/seed-230b9595/intune-go/releases/download", site)
		out, err := command(t.Context(), temp, env, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "exec 2>&1\n"+script)
		if printed += out; err != nil {
			return printed, err
		}
	}
	return printed, nil
}
