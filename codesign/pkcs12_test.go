package codesign_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

func TestIncorrectPassword(t *testing.T) {
	for _, file := range []string{"rsa.pfx", "rsa-legacy.pfx", "p256-leaf-last.pfx"} {
		const needed = "is a PKCS #12 container that cannot be opened: it needs a password: pass it with codesign.WithPassword"
		if _, err := load(t, file); !errors.Is(err, codesign.ErrIncorrectPassword) || !strings.HasSuffix(err.Error(), needed) {
			t.Errorf("%s: %v", file, err)
		}
		for _, opts := range [][]codesign.Option{nil, {codesign.WithPassword("hunter3")}} {
			if _, err := load(t, file, opts...); !errors.Is(err, codesign.ErrIncorrectPassword) || strings.Contains(err.Error(), "hunter3") {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
