// Package guid makes GUIDs.
package guid

import (
	"crypto/rand"
	"encoding/hex"
)

// New returns a random GUID (RFC 9562, version 4).
func New() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	digits := hex.EncodeToString(random[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}
