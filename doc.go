// Package intune uploads enterprise code-signing certificates to Microsoft Intune, through Microsoft Graph. Managed
// Windows devices trust these certificates for the apps that an organisation signs and sideloads. A publicly trusted
// code-signing certificate lives at most 460 days, so each must be replaced about once a year, unattended and without
// leaving a duplicate.
//
// A Client signs in with a Credential and keeps the token and the connections. Rotate does the yearly job:
//
//	client, err := intune.NewClient(intune.ClientSecretCredential(tenantID, clientID, secret))
//	cert, err := codesign.Load("contoso.cer")
//	rotation, err := client.EnterpriseCodeSigningCertificates().Rotate(ctx, cert.Resource(), nil)
//
// There is a Credential for every way to sign in that automation uses: a secret, a certificate, workload identity
// federation, and for people a browser or a device code. Package codesign reads the certificate from any file.
//
// The service has the whole resource: Create, Get, List, All, Count, Update and Delete. Find, Latest, Rotate
// and Expiring build on them. Each accepts only the documented success response. Client.Do makes any other call
// of Microsoft Graph.
//
// # Exactly once
//
// If the response to a create is lost (a lost connection, a time-out, a gateway's error, a response that is not the
// documented one), Create looks for the certificate in the tenant: immediately, then with growing pauses. A record that
// is certainly the one of this call is the result. Only if a listing that began ReconcileWindow later (30 s by default)
// certainly does not show it is the certificate sent again. Every doubt is an *OutcomeUnknownError. An older identical
// certificate is never mistaken for the new one, and Create never deletes anything. docs/exactly-once.md has the rules.
//
// # Errors
//
// An *OutcomeUnknownError says that a create may have been carried out. It unwraps to its cause, so test for it first:
//
//	var unknown *intune.OutcomeUnknownError
//	var rejected *intune.APIError
//	switch {
//	case errors.As(err, &unknown): // the certificate may be in the tenant: run Rotate in a few minutes
//	case errors.Is(err, intune.ErrForbidden): // err says which permission is missing
//	case errors.As(err, &rejected): // nothing was created; rejected.RequestID is for Microsoft's support
//	}
//
// An *AuthError is a rejection of the sign-in, an *InputError a mistake that was found before anything was sent. A
// *DuplicateError comes with a certificate that is in the tenant more than once, an *AmbiguousMatchError with records that
// cannot be told from a certificate. Other errors of a create, of the network and of the context, mean that nothing was
// created. Update and Delete may have been carried out after any error except an *InputError, and can be repeated. No
// error and no log line holds a token, a secret or the content of a certificate.
//
// # Retries
//
// Requests that the service has certainly not carried out are sent again under the RetryPolicy: those it rejected with a
// 429 or a 509, those that provably were not sent, and once after a 401, with a fresh token. Reads, updates and deletions
// are also repeated if the outcome is unknown; a POST is not. After a 429, a 509, or a 503 of Microsoft Graph with a
// Retry-After, the whole client waits. A wait of more than an hour, or one that would outlast the context's deadline,
// fails immediately.
//
// # Quota
//
// A client keeps within the quota that the service documents, IntuneAppsQuota: requests wait for their turn. WithQuota
// changes it, and WithLimiter lets several processes share one.
//
// # Networks
//
// The client's own transport uses the proxy of HTTPS_PROXY and NO_PROXY, TLS 1.2 or later, and HTTP/2 if the service has
// it. WithHTTPClient sets another transport, for a private certificate authority for example. Redirects are never
// followed, and the token is sent only to the configured Graph origin.
//
// # Tests
//
// Package intunetest emulates the service on a loopback socket, for tests of programs that use this package.
package intune
