package codesign

import (
	"errors"

	"github.com/seed-230b9595/intune-go/internal/advice"
	"github.com/seed-230b9595/intune-go/internal/format/pfx"
)

func isPKCS12(data []byte) bool { return pfx.IsContainer(data) }

// readPKCS12 reads the certificates of a container. Its attributes say which of them has a private key. The keys themselves
// are neither decrypted nor parsed.
func readPKCS12(data []byte, password string) (*contents, error) {
	container, err := pfx.Read(data, password)
	switch {
	case errors.Is(err, ErrIncorrectPassword) && password == "":
		return nil, bad("is a PKCS #12 container that cannot be opened", advice.To(err, "pass it with codesign.WithPassword"))
	case err != nil:
		return nil, bad("is a PKCS #12 container that cannot be opened", err)
	case len(container.Certificates) == 0:
		return nil, bad("is a PKCS #12 container without a certificate: export the key together with its certificate", nil)
	}
	held := &contents{format: FormatPKCS12, certs: container.Certificates, signers: container.Signers, hasKey: container.HasKey}
	for _, err := range container.Unreadable {
		held.unreadable = append(held.unreadable, bad("is a PKCS #12 container with a part that cannot be read", err))
	}
	return held, nil
}
