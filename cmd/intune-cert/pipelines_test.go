package main

// These tests run the scripts of the pipelines in docs against an emulated tenant.

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// scripts returns the values of a key of a pipeline that name expiring or its result, in order.
func scripts(t *testing.T, file, key string) (found []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", file))
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	var visit func(*yaml.Node)
	visit = func(node *yaml.Node) {
		for i, child := range node.Content {
			if node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == key && strings.Contains(child.Value, "expir") {
				found = append(found, child.Value)
			}
			visit(child)
		}
	}
	visit(&root)
	if len(found) == 0 {
		t.Fatalf("%s has no %s", file, key)
	}
	return found
}

// runScript returns the output of a script of bash and whether it has succeeded.
func (f *fixture) runScript(script string, env ...string) (output string, isDone bool) {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = f.dir, append(f.env[:len(f.env):len(f.env)], env...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// TestPipelinesAlertIfNothingIsDeployed: they took an empty tenant for a good one.
func TestPipelinesAlertIfNothingIsDeployed(t *testing.T) {
	f := newFixture(t)
	f.script("gh", `case "$2" in list) echo "$OPEN";; *) echo "gh $*"; cat issue.md;; esac`)
	f.script("intune-cert", "exec '"+program+`' "$@"`)
	if err := os.Symlink(program, f.path("intune-cert")); err != nil {
		t.Fatal(err)
	}
	github, azure := scripts(t, "github-actions.yml", "run"), scripts(t, "azure-pipelines.yml", "inlineScript")
	alert := func(open string) string {
		script := github[0] + "\nsource \"$GITHUB_ENV\"\n" + github[1]
		output, isDone := f.runScript(script, "GITHUB_STEP_SUMMARY="+f.path("summary"), "GITHUB_ENV="+f.path("env"), "OPEN="+open)
		if !isDone {
			t.Errorf("the script fails: %s", output)
		}
		return output
	}
	for _, open := range []string{"", "7"} {
		if output := alert(open); strings.Contains(output, "gh issue create") != (open == "") || strings.Contains(output, "gh issue close") || !strings.Contains(output, "Intune deploys no certificate.") {
			t.Errorf("open %q: %s", open, output)
		}
	}
	if output, isDone := f.runScript(azure[0]); isDone || !strings.Contains(output, "##vso[task.logissue type=error]The certificate in use expires or is missing.") {
		t.Errorf("Azure Pipelines: %s", output)
	}
	f.seed(contoso())
	if output := alert("7"); !strings.Contains(output, "gh issue close 7") {
		t.Errorf("with a certificate: %s", output)
	}
	if output, isDone := f.runScript(azure[0]); !isDone {
		t.Errorf("Azure Pipelines: %s", output)
	}
}
