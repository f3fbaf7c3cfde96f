// Package interop has tests alone. They show that what this project says about signing in is not only its own opinion:
//
//   - Microsoft's azidentity signs in at the emulator, package intunetest, and creates a certificate with the token.
//   - The credentials of package intune sign in at an OpenID provider that is not ours, github.com/zitadel/oidc, which
//     verifies their assertions, codes and challenges with its own code and that of go-jose.
//
// It is a module of its own because of the size of both.
package interop
