// The program release makes a release of the library, its nested modules and the command-line tool, in two steps:
//
//	cd tools
//	go run ./release prepare v0.1.0
//	go run ./release pack v0.1.0
//
// The first changes the tree: it sets the version, drops the replace directives of the modules that are released, and records
// the checksums of those that they require. It commits, tags and pushes nothing, but prints the commands.
//
// The second builds the commit that has the tags, and leaves in the folder of -out archives of the tool, their SHA-256 sums and
// the notes of the release. .github/workflows/release.yml runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/mod/semver"
)

func main() {
	tree := flag.String("tree", "..", "the `folder` of the repository, without uncommitted changes")
	out := flag.String("out", "", "the `folder` for what is built (default: a temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *tree, *out, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be done
	}
}

func run(ctx context.Context, tree, out string, args []string, stdout io.Writer) error {
	if len(args) != 2 || !semver.IsValid(args[1]) || semver.Canonical(args[1]) != args[1] {
		return errors.New("usage: release [flags] prepare|pack vMAJOR.MINOR.PATCH")
	}
	tree, err := filepath.Abs(tree)
	if err != nil {
		return err
	}
	if out == "" {
		out, err = os.MkdirTemp("", "intune-go-"+args[1]+"-")
	} else {
		out, err = filepath.Abs(out)
	}
	if err != nil {
		return err
	}
	r := &release{tree: tree, out: out, version: args[1]}
	if err := r.checkClean(ctx); err != nil {
		return err
	}
	switch args[0] {
	case "prepare":
		return r.prepare(ctx, stdout)
	case "pack":
		return r.pack(ctx, stdout)
	}
	return fmt.Errorf("unknown step %q", args[0])
}

// release is a release under way.
type release struct {
	tree    string // the folder of the repository
	out     string // the folder for what is built
	version string // such as v0.1.0

	modules []*goModule // in the order in which they require each other
	date    time.Time   // of the commit that is packed
}

// prepare changes the tree, and prints what to do next.
func (r *release) prepare(ctx context.Context, stdout io.Writer) error {
	if err := r.setVersion(time.Now()); err != nil {
		return err
	}
	var err error
	if r.modules, err = r.findModules(ctx); err != nil {
		return err
	}
	for _, m := range r.modules {
		if err := r.pin(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		if err := r.publish(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
	}
	r.printCommands(stdout)
	return nil
}

// printCommands prints how to publish the release. GitHub starts no workflow for tags that are pushed with more than two others,
// so the tag that starts one is pushed alone and last.
func (r *release) printCommands(w io.Writer) {
	fmt.Fprintf(w, "git commit -am 'Release %s'\n", r.version)
	nested := ""
	for _, m := range r.modules {
		fmt.Fprintf(w, "git tag %s\n", m.tag(r.version))
		if m.dir != "." {
			nested += " " + m.tag(r.version)
		}
	}
	fmt.Fprintf(w, "git push --atomic origin HEAD%s\n", nested)
	fmt.Fprintf(w, "git push origin %s # starts .github/workflows/release.yml\n\n", r.version)
	fmt.Fprint(w, "To develop the modules together again, restore their replace directives:\n\n")
	for _, m := range r.modules[1:] {
		fmt.Fprintf(w, "git checkout HEAD~1 -- %s/go.mod %s/go.sum\n", m.dir, m.dir)
	}
	fmt.Fprint(w, "git commit -m 'Develop the modules together again'\n")
}
