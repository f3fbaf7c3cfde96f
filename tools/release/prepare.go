package main

// This file changes the tree: versions and requirements.

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// prepare changes the tree, and prints what to do next. A repository of its own has the tags that each module requires.
func (r *release) prepare(ctx context.Context, stdout io.Writer) error {
	if err := r.setVersion(time.Now()); err != nil {
		return err
	}
	repository := filepath.Join(r.out, "repository")
	if _, err := r.git(ctx, "init", "--quiet", "--bare", repository); err != nil {
		return err
	}
	for i, module := range modules() {
		if err := r.pin(ctx, repository, module, modules()[:i]); err != nil {
			return fmt.Errorf("%s: %w", module, err)
		}
		for _, args := range [][]string{
			{"add", "--all"},
			{"-c", "user.name=release", "-c", "user.email=", "commit", "--quiet", "--allow-empty", "--message", module},
			{"tag", r.tag(module)},
		} {
			if _, err := r.git(ctx, append([]string{"--git-dir", repository, "--work-tree", "."}, args...)...); err != nil {
				return err
			}
		}
	}
	r.printCommands(stdout)
	return nil
}

// setVersion changes the version in the User-Agent, that of the GitHub Action, and the heading of the changelog.
func (r *release) setVersion(now time.Time) error {
	plain := strings.TrimPrefix(r.version, "v")
	if err := r.replace("options.go", `(?m)^const version = ".*"$`, `const version = "`+plain+`"`); err != nil {
		return err
	}
	if err := r.replace("action.yml", `(?m)^    default: v.*$`, "    default: "+r.version); err != nil {
		return err
	}
	heading := fmt.Sprintf("## [Unreleased]\n\n## [%s] - %s\n", plain, now.UTC().Format(time.DateOnly))
	return r.replace("CHANGELOG.md", `(?m)^## \[Unreleased\]\n`, heading)
}

func (r *release) replace(name, pattern, text string) error {
	data, err := os.ReadFile(r.abs(name))
	if err != nil {
		return err
	}
	expression := regexp.MustCompile(pattern)
	if len(expression.FindAllIndex(data, -1)) != 1 {
		return fmt.Errorf("%s does not have exactly one %s", name, pattern)
	}
	return os.WriteFile(r.abs(name), expression.ReplaceAllLiteral(data, []byte(text)), 0o644) //nolint:gosec // a file of the repository
}

// pin makes a module require the release of others instead of their folders. "go mod tidy" drops those that it does not need.
func (r *release) pin(ctx context.Context, repository, module string, others []string) error {
	if len(others) == 0 {
		return nil
	}
	edit := []string{"mod", "edit"}
	for _, other := range others {
		name := strings.TrimSuffix(root+"/"+other, "/.")
		edit = append(edit, "-dropreplace="+name, "-require="+name+"@"+r.version)
	}
	if err := r.goCommand(ctx, repository, module, nil, edit...); err != nil {
		return err
	}
	return r.goCommand(ctx, repository, module, nil, "mod", "tidy")
}

// printCommands prints how to publish the release. GitHub starts no workflow for tags that are pushed with more than two others,
// so the tag that starts one is pushed alone and last.
func (r *release) printCommands(w io.Writer) {
	fmt.Fprintf(w, "git commit -am 'Release %s'\ngit tag %s\n", r.version, r.version)
	nested, restored := "", ""
	for _, module := range modules()[1:] {
		fmt.Fprintf(w, "git tag %s\n", r.tag(module))
		nested += " " + r.tag(module)
		restored += fmt.Sprintf(" %s/go.mod %s/go.sum", module, module)
	}
	fmt.Fprintf(w, "git push --atomic origin HEAD%s\n", nested)
	fmt.Fprintf(w, "git push origin %s # starts .github/workflows/release.yml\n\n", r.version)
	fmt.Fprintf(w, "To develop the modules together again, restore their replace directives:\n\ngit checkout HEAD~1 --%s\n", restored)
	fmt.Fprint(w, "git commit -m 'Develop the modules together again'\n")
}
