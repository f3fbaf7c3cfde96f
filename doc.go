// Package intune uploads enterprise code-signing certificates to Microsoft Intune, through Microsoft Graph. Managed Windows
// devices trust these certificates for the apps that an organisation signs and sideloads. A publicly trusted
// code-signing certificate lives at most 460 days, so each must be replaced about once a year, unattended, without
// leaving a duplicate. That is what this package is for.
//
// A Client signs in with a Credential and keeps the token and the connections:
//
//	client, err := intune.NewClient(intune.ClientSecret(tenantID, clientID, secret))
//	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, intune.FromX509(cert))
//
// There is a Credential for every way to sign in that automation uses: a secret, a certificate, workload identity
// federation, and for people a browser or a device code. Package codesign reads the certificate to upload from any file.
//
// The service has the whole resource: Create, Get, List, All, Count, Update and Delete, and on top of them Ensure,
// Replace, Expiring and CreateAll. Each takes nothing but the answer that the reference promises for success. Client.Do
// makes any other call of Microsoft Graph. The version of Microsoft Graph is beta unless WithAPIVersion says otherwise.
//
// # Exactly once
//
// Where the answer to a create is lost (connection lost, time-out, 500, 502, 504, a gateway's 503, an answer that is not
// the promised one), Create looks for the certificate in the tenant: at once, then after MinDelay of the RetryPolicy,
// doubling. Found, it is the result. Only when it has not become visible MaxDelay later (30 s by default) is it sent
// again. A record of older date is never taken for the new one, and nothing is ever deleted.
//
// # Errors
//
// An *OutcomeUnknownError says that it could not be found out what became of a create, and the certificate may exist.
// It unwraps to its cause, so test for it first:
//
//	var unknown *intune.OutcomeUnknownError
//	var refused *intune.APIError
//	switch {
//	case errors.As(err, &unknown): // look before creating it again
//	case errors.Is(err, intune.ErrForbidden): // err says which permission is missing
//	case errors.As(err, &refused): // nothing was created; refused.RequestID is for Microsoft's support
//	}
//
// An *AuthError is a refusal of the sign-in, an *InputError a mistake that was found before anything was sent, and a
// *DuplicateError comes with a certificate that exists more than once. Other errors of a create, of the network and of
// the context, come where nothing was sent; where something may have been, they are inside an *OutcomeUnknownError. What
// Update and Delete were to do may have been done after any error but an *InputError, and can be done again. No error
// and no log line holds a token, a secret or the content of a certificate.
//
// # Retries
//
// What the service has certainly not carried out is sent again under the RetryPolicy: refusals for load (429, 509, and
// 503 and 408 if they come with Retry-After or in Graph's own words), requests that provably were not sent, and once a
// 401, with a fresh token. Reads, updates and deletions are also repeated where the outcome is unknown; a POST is not.
// After a 429, or a Retry-After, the whole client waits. A wait of more than an hour, or one that would outlast the
// context's deadline, is not begun. A retry budget keeps a busy program from hammering a service that is down.
//
// # Quota
//
// A client keeps the quota that the service documents, IntuneAppsQuota, so that it does not run into refusals: requests
// wait for their turn. WithQuota changes it, and WithLimiter lets several processes share one.
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
