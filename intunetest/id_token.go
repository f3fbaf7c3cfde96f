package intunetest

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
)

const signingKeyID = "emulator"

// newSigningKey takes a moment, so it is made when first needed.
func newSigningKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err)) // never fails
	}
	return key
}
