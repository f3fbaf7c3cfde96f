// The program release prepares a release of the library, its nested modules and the command-line tool:
//
//	cd tools && go run ./release v0.1.0
//
// In the tree it sets the version, drops the replace directives of the modules that are released, and records the checksums of
// those that they require. In a temporary folder, or that of -out, it leaves a module proxy with the modules, archives of the tool,
// and their SHA-256 sums.
// It commits, tags and pushes nothing: it prints the commands.
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
	out := flag.String("out", "", "the `folder` for proxy and archives (default: a temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *tree, *out, flag.Arg(0), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be done
	}
}

func run(ctx context.Context, tree, out, version string, stdout io.Writer) error {
	if semver.Canonical(version) != version || version == "" {
		return errors.New("usage: release vMAJOR.MINOR.PATCH")
	}
	tree, err := filepath.Abs(tree)
	if err != nil {
		return err
	}
	if out == "" {
		if out, err = os.MkdirTemp("", "intune-go-"+version+"-"); err != nil {
			return err
		}
	}
	r := &release{tree: tree, out: out, version: version}
	if err := r.prepare(ctx, time.Now()); err != nil {
		return err
	}
	if err := r.buildArchives(ctx); err != nil {
		return err
	}
	r.printCommands(stdout)
	return nil
}

// release is a release under way.
type release struct {
	tree    string // the folder of the repository
	out     string // the folder for what is built
	version string // such as v0.1.0

	modules []*goModule // in the order in which they require each other
}

// prepare changes the tree, and fills the module proxy.
func (r *release) prepare(ctx context.Context, now time.Time) error {
	if err := r.checkClean(ctx); err != nil {
		return err
	}
	if err := r.setVersion(now); err != nil {
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
	return nil
}

func (r *release) printCommands(w io.Writer) {
	fmt.Fprintf(w, "Archives and sums are in %s. Publish them after these commands:\n\n", r.out)
	fmt.Fprintf(w, "git commit -am 'Release %s'\n", r.version)
	tags := ""
	for _, m := range r.modules {
		fmt.Fprintf(w, "git tag %s\n", m.tag(r.version))
		tags += " " + m.tag(r.version)
	}
	fmt.Fprintf(w, "git push --atomic origin HEAD%s\n\n", tags)
	fmt.Fprint(w, "To develop the modules together again, restore their replace directives:\n\n")
	for _, m := range r.modules[1:] {
		fmt.Fprintf(w, "git checkout HEAD~1 -- %s/go.mod %s/go.sum\n", m.dir, m.dir)
	}
	fmt.Fprint(w, "git commit -m 'Develop the modules together again'\n")
}
