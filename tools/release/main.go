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
	status, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if status != "" {
		return errors.New("the tree has uncommitted changes:\n" + status)
	}
	switch args[0] {
	case "prepare":
		return r.prepare(ctx, stdout)
	case "pack":
		return r.pack(ctx, stdout)
	}
	return fmt.Errorf("unknown step %q", args[0])
}
