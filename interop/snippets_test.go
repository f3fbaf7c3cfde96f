package interop_test

// The recipes of docs/testing.md are run, or compiled if they are Go.

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// recipe is one that the page shows.
type recipe struct{ heading, language, code string }

func recipes(t *testing.T) (all []recipe) {
	t.Helper()
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	part := regexp.MustCompile("(?ms)^## (.*?)\n|^( *)```(\\w+)\n(.*?)^ *```$")
	heading := ""
	for _, found := range part.FindAllStringSubmatch(string(page), -1) {
		if found[1] != "" {
			heading = found[1]
			continue
		}
		all = append(all, recipe{heading, found[3], regexp.MustCompile("(?m)^"+found[2]).ReplaceAllString(found[4], "")})
	}
	return all
}

func TestRecipesForTesting(t *testing.T) {
	for _, r := range recipes(t) {
		t.Run(r.heading+" "+r.language, func(t *testing.T) {
			switch {
			case needsNamespace(r):
				t.Skip("TestRecipesThatNeedTheMachine runs it")
			case r.language == "go":
				compile(t, r.code)
				return
			}
			cmd := r.command(t)
			cmd.Env = startForClients(t)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, r.code, output)
			}
		})
	}
}

// needsNamespace reports whether a recipe wants fixed ports or changes the machine.
func needsNamespace(r recipe) bool {
	return r.language == "yaml" || strings.Contains(r.code, "intune-cert emulator")
}

// command returns what runs a recipe. It skips the test where its client is missing.
func (r recipe) command(t *testing.T) *exec.Cmd {
	t.Helper()
	switch r.language {
	case "js":
		wantNodeModules(t)
		cmd := exec.CommandContext(t.Context(), "node", "--input-type=module")
		cmd.Dir, cmd.Stdin = "npm", strings.NewReader(r.code)
		return cmd
	case "python":
		cmd := exec.CommandContext(t.Context(), findPython(t, regexp.MustCompile(`(?m)^(?:import|from) (\w+)`).FindAllStringSubmatch(r.code, -1)...), "-")
		cmd.Stdin = strings.NewReader(r.code)
		return cmd
	case "java":
		wantCommand(t, "javac")
		file := filepath.Join(t.TempDir(), "Emulator.java")
		if err := os.WriteFile(file, []byte(r.code), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.CommandContext(t.Context(), "java", file)
	case "sh":
		wantCommand(t, "curl")
		cmd := exec.CommandContext(t.Context(), "sh", "-e")
		cmd.Stdin = strings.NewReader(r.code)
		return cmd
	}
	t.Skip("it is not run")
	return nil
}

func wantCommand(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(name + " is not installed")
	}
}

func wantNodeModules(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("npm/node_modules"); err != nil {
		t.Skip("run npm ci in interop/npm first")
	}
}

func compile(t *testing.T, code string) {
	t.Helper()
	name := "main.go"
	if strings.Contains(code, "_test\n") {
		name = "main_test.go"
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "go", "vet", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// steps are the scripts of a workflow's steps, except the one that installs the emulator.
func steps(t *testing.T, workflow string) (scripts []string) {
	t.Helper()
	var read struct {
		Jobs map[string]struct {
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(workflow), &read); err != nil {
		t.Fatal(err)
	}
	for _, step := range read.Jobs["test"].Steps {
		if step.Run != "" && !strings.Contains(step.Run, "go install") {
			scripts = append(scripts, step.Run)
		}
	}
	return scripts
}

func TestWorkflowForTestingIsValid(t *testing.T) {
	for _, r := range recipes(t) {
		if r.language != "yaml" {
			continue
		}
		lint := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../tools/go.mod", "actionlint", "-")
		lint.Stdin = strings.NewReader(r.code)
		if output, err := lint.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	}
}
