package codesign_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

// TestKeyDerivationThatTakesTooLong has containers ask for more iterations than anybody would wait for.
func TestKeyDerivationThatTakesTooLong(t *testing.T) {
	type parameters struct {
		Salt       []byte
		Iterations int
	}
	type contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	type pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      parameters
	}
	data := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	const endless = 1<<31 - 1
	encrypted, err := asn1.Marshal([]parameters{{[]byte("salt"), endless}})
	if err != nil {
		t.Fatal(err)
	}
	for name, container := range map[string]pfx{
		"of the MAC":          {3, contentInfo{data, []byte{0x30, 0}}, parameters{bytes.Repeat([]byte("salt"), 50), endless}},
		"of the certificates": {3, contentInfo{data, encrypted}, parameters{bytes.Repeat([]byte("salt"), 50), 2048}},
	} {
		der, err := asn1.Marshal(container)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := codesign.Parse(der); err == nil || !strings.Contains(err.Error(), "would take too long") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestIncorrectPassword(t *testing.T) {
	for _, file := range []string{"rsa.pfx", "rsa-legacy.pfx", "p256-leaf-last.pfx"} {
		if _, err := load(t, file); !errors.Is(err, codesign.ErrIncorrectPassword) || !strings.Contains(err.Error(), "needs a password") {
			t.Errorf("%s: %v", file, err)
		}
		for _, opts := range [][]codesign.Option{nil, {codesign.WithPassword("hunter3")}} {
			if _, err := load(t, file, opts...); !errors.Is(err, codesign.ErrIncorrectPassword) || strings.Contains(err.Error(), "hunter3") {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
