package wire

import (
	"crypto/x509"
	"errors"
	"fmt"
)

// IsUnknownAuthority reports whether the machine does not know the authority of a server's certificate. No other attempt
// can succeed then.
func IsUnknownAuthority(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.SystemRootsError))
}

// ExplainUnknownAuthority adds to an error for which IsUnknownAuthority holds what to do about it. It returns any other
// error as it is.
func ExplainUnknownAuthority(err error) error {
	if !IsUnknownAuthority(err) {
		return err
	}
	return fmt.Errorf("%w: for a private authority, use WithHTTPClient with a transport whose TLSClientConfig.RootCAs contains it", err)
}
