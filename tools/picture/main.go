// The program picture draws docs/rotation.svg, the picture of the README: a rotation on a terminal, as intune-cert shows it
// with its emulator.
//
//	cd tools && go run ./picture
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
)

func main() {
	tree := flag.String("tree", "..", "the `folder` of the repository")
	flag.Parse()
	if err := run(context.Background(), *tree); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tree string) error {
	picture, err := newPicture(ctx, tree)
	if err != nil {
		return err
	}
	return os.WriteFile(file(tree), picture, 0o644) //nolint:gosec // others may read it
}

func file(tree string) string { return tree + "/docs/rotation.svg" }

// newPicture returns the picture.
func newPicture(ctx context.Context, tree string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "picture")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	s := &session{folder: folder}
	if err := s.build(ctx, tree); err != nil {
		return nil, err
	}
	stop, err := s.startEmulator(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	shown, err := s.show(ctx, "expiring", "--deployed")
	if err != nil {
		return nil, err
	}
	rotated, err := s.show(ctx, "rotate", "contoso.cer", "--delete-old")
	if err != nil {
		return nil, err
	}
	return draw(settle(shown + "\n" + rotated)), nil
}
