package interop_test

// The recipes of docs/testing.md are run, or compiled if they are Go.

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^( *)```(\\w+)\n(.*?)^ *```$")

func TestRecipesForTesting(t *testing.T) {
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]func(t *testing.T) *exec.Cmd{
		"js": func(t *testing.T) *exec.Cmd {
			if _, err := os.Stat("npm/node_modules"); err != nil {
				t.Skip("run npm ci in interop/npm first")
			}
			cmd := exec.CommandContext(t.Context(), "node", "--input-type=module")
			cmd.Dir = "npm"
			return cmd
		},
		"python": func(t *testing.T) *exec.Cmd { return exec.CommandContext(t.Context(), findPython(t), "-") },
		"sh": func(t *testing.T) *exec.Cmd {
			if _, err := exec.LookPath("curl"); err != nil {
				t.Skip("curl is not installed")
			}
			return exec.CommandContext(t.Context(), "sh", "-e")
		},
	}
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		language, code := block[2], regexp.MustCompile("(?m)^"+block[1]).ReplaceAllString(block[3], "")
		t.Run(language, func(t *testing.T) {
			if language == "go" {
				compile(t, code)
				return
			}
			command, known := commands[language]
			if !known {
				t.Skip("it is not run")
			}
			cmd := command(t)
			cmd.Env, cmd.Stdin = startForClients(t), strings.NewReader(code)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, code, output)
			}
		})
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
