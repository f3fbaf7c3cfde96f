// The program picture draws docs/rotation.svg, the picture of the README: a rotation on a terminal, as intune-cert shows it
// with its emulator.
//
//	cd tools && go run ./picture
package main

import (
	"context"
	"fmt"
	"os"
)

const (
	tree = ".."
	file = "docs/rotation.svg"
)

func main() {
	picture, err := newPicture(context.Background())
	if err == nil {
		err = os.WriteFile(tree+"/"+file, picture, 0o644) //nolint:gosec // others may read it
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// newPicture returns the picture of the tool.
func newPicture(ctx context.Context) ([]byte, error) {
	folder, err := os.MkdirTemp("", "picture")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	s, err := newSession(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer s.close()
	expiring, err := s.show(ctx, "expiring", "--deployed")
	if err != nil {
		return nil, err
	}
	rotated, err := s.show(ctx, "rotate", "contoso.cer", "--delete-old")
	return draw(settle(expiring + "\n" + rotated)), err
}
