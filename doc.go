// Package intune uploads enterprise code-signing certificates to Microsoft Intune, by Microsoft Graph. Managed Windows
// devices trust these certificates for the apps that an organisation signs and sideloads. A publicly trusted
// code-signing certificate lives at most 460 days, so each must be replaced about once a year, unattended, without
// leaving a duplicate. That is what this package is for.
//
// A Client signs in with a Credential and keeps the token and the connections:
//
//	client, err := intune.NewClient(intune.ClientSecret(tenantID, clientID, secret))
//	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, intune.FromX509(cert))
//
// Only a 201 with an object that has an id counts as success. Client.Do makes any other call of Microsoft Graph.
//
// # Errors
//
// An *OutcomeUnknownError says that the answer to a create was lost, and the certificate may exist. It unwraps to its
// cause, so test for it first:
//
//	var unknown *intune.OutcomeUnknownError
//	var refused *intune.APIError
//	switch {
//	case errors.As(err, &unknown): // look before creating it again
//	case errors.Is(err, intune.ErrForbidden): // err says which permission is missing
//	case errors.As(err, &refused): // nothing was created; refused.RequestID is for Microsoft's support
//	}
//
// An *AuthError is a refusal of the sign-in, an *InputError a mistake that was found before anything was sent. No error
// and no log line holds a token, a secret or the content of a certificate.
//
// # Retries
//
// What the service has certainly not carried out is sent again under the RetryPolicy: refusals for load (429, 503 with
// Retry-After or from Graph itself), requests that provably were not sent, and once a 401, with a fresh token. Reads,
// updates and deletions are also repeated where the outcome is unknown (connection lost, time-out, other 5xx); a POST
// is not. Retry-After is honoured. A wait that would outlast the context's deadline is not begun.
//
// # Networks
//
// The client's own transport uses the proxy that HTTPS_PROXY and NO_PROXY name, and TLS 1.2 or later. WithHTTPClient
// brings another transport, for a private certificate authority for instance. Redirects are never followed, and the
// token is sent to the configured Graph origin only.
//
// # Tests
//
// Package intunetest emulates the service on a loopback socket, for the tests of programs that use this package.
package intune
