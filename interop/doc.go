// Package interop contains only tests. They check this project against clients and servers that it did not write:
//
//   - Microsoft's azidentity signs in at the emulator, package intunetest, and creates a certificate with the token.
//   - The libraries under Microsoft's Graph SDK for Go, msgraph-sdk-go-core and kiota-http-go, manage certificates in the
//     emulator with their default middleware.
//   - Microsoft's libraries for JavaScript and Python do the same: see the folders npm and python.
//   - The credentials of package intune sign in at an OpenID provider, github.com/zitadel/oidc, which verifies their
//     assertions, codes and challenges with its own code and that of go-jose.
//   - Package intune works behind nginx, haproxy and squid: a certificate is stored once, and errors say who responded.
//
// It is a separate module because of their size.
package interop
