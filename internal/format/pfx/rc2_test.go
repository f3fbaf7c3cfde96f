package pfx

import (
	"encoding/hex"
	"testing"
)

// TestRC2Vectors are those of RFC 2268, section 5, whose effective key length is that of the key.
func TestRC2Vectors(t *testing.T) {
	for _, test := range []struct{ key, plain, sealed string }{
		{"ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{"88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		key, _ := hex.DecodeString(test.key)
		sealed, _ := hex.DecodeString(test.sealed)
		block, err := newRC2(key)
		if err != nil {
			t.Fatal(err)
		}
		block.Decrypt(sealed, sealed)
		if got := hex.EncodeToString(sealed); got != test.plain {
			t.Errorf("%s: got %s, want %s", test.key, got, test.plain)
		}
	}
}
