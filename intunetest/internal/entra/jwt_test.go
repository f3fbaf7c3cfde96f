package entra

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"
)

var fuzzKey = sync.OnceValue(newSigningKey)

// FuzzParseJWT looks for text that breaks the parser, and for a signature that was never made.
func FuzzParseJWT(f *testing.F) {
	valid := signJWT(fuzzKey(), "1", map[string]any{"iss": "a", "sub": "a", "aud": []string{"b"}, "jti": "c", "nbf": 1, "exp": 1.5e9})
	header, rest, _ := strings.Cut(valid, ".")
	f.Add(valid)
	f.Add("")
	f.Add("..")
	f.Add(header + ".e30.")
	f.Add("e30.e30.00\n00")
	f.Add("e30." + rest)
	f.Add(encodePart(map[string]any{"alg": "none"}) + ".e30.")
	f.Add(encodePart(map[string]any{"alg": "PS256", "x5c": []string{"AA=="}, "x5t#S256": "AA"}) + "." + encodePart(map[string]any{"aud": nil}) + ".AA")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := parseJWT(text)
		if err != nil {
			return
		}
		if whole := token.signed + "." + base64.RawURLEncoding.EncodeToString(token.signature); whole != text {
			t.Errorf("%q is read as %q", text, whole)
		}
		if err := token.verify(&fuzzKey().PublicKey); err == nil && text != valid {
			t.Errorf("%q is taken for signed", text)
		}
	})
}
