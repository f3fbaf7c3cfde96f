// Package intune uploads and replaces the enterprise code-signing certificates of Microsoft Intune, through Microsoft
// Graph. Managed Windows devices trust these certificates for the apps that an organization signs and sideloads. A publicly
// trusted code-signing certificate is valid for at most 460 days, so it must be replaced about once a year. Package intune does
// this unattended, and stores each certificate exactly once, with [few exceptions].
//
//	cred := intune.ClientSecretCredential(tenantID, clientID, secret)
//	client, err := intune.NewClient(cred)
//	cert, err := codesign.Load("contoso.cer")
//	rotation, err := client.EnterpriseCodeSigningCertificates().Rotate(ctx, cert.Resource(), nil)
//
// # Where to find what
//
//   - Sign in: a [Credential], such as [EnvironmentCredential], [ClientCertificateCredential] or [ClientAssertionCredential].
//   - Read a certificate from a file: package codesign. From an [x509.Certificate]: [FromX509].
//   - Replace the certificate in use: [EnterpriseCodeSigningCertificatesService.Rotate] with [RotateOptions].
//   - Upload, read, change and delete: [EnterpriseCodeSigningCertificatesService].
//   - See what is in use, and what expires: [EnterpriseCodeSigningCertificatesService.Latest] and
//     [EnterpriseCodeSigningCertificatesService.Expiring].
//   - Handle errors: [OutcomeUnknownError], [APIError] with its sentinels, [AuthError], [InputError] and [RetryAfter].
//   - Change time limits, retries, proxy or quota: [WithTimeout], [WithRetry], [NewTransport], [WithQuota].
//   - Call anything else in Microsoft Graph: [Client.Do].
//   - Test your program: package intunetest.
//
// # Exactly once
//
// A broken connection, a timeout or a gateway error can lose the response to an upload. [EnterpriseCodeSigningCertificatesService.Create]
// then searches the tenant. It sends the certificate again only if a listing shows, after ReconcileWindow (30 s by default, see
// [RetryPolicy]), that the certificate is absent. If Create can't find out, it returns an [*OutcomeUnknownError]. If the
// certificate is in the tenant more than once, it returns a [*DuplicateError]. [docs/exactly-once.md] has the rules.
//
// # Errors
//
// An [*OutcomeUnknownError] says that a create may have succeeded. It unwraps to its cause, so test for it first:
//
//	var unknown *intune.OutcomeUnknownError
//	var rejected *intune.APIError
//	switch {
//	case errors.As(err, &unknown): // the certificate may be in the tenant: run Rotate in a few minutes
//	case errors.Is(err, intune.ErrForbidden): // a permission is missing: a rotation needs DeviceManagementApps.ReadWrite.All
//	case errors.As(err, &rejected): // nothing was created; rejected.RequestID is for Microsoft Support
//	}
//
// An [*InputError] reports a mistake in what you passed or set. Nothing was changed. After any other error from an update or a
// deletion, the request may have succeeded, and it is safe to repeat. No error and no log line contains a token, a secret or
// certificate content. [docs/errors.md] lists all errors and what to do.
//
// # Retries and limits
//
// Within the [RetryPolicy], the client retries a request in these cases:
//
//   - The service rejected it with a 429 or a 509.
//   - It certainly was not sent.
//   - The service rejected the token with a 401. The client obtains a new token, once.
//   - The outcome is unknown, and the request is not a POST.
//
// After a 429, a 509, or Microsoft Graph's own 503 with a Retry-After, the whole client waits. A wait that would exceed an hour or
// the context's deadline fails immediately, and [RetryAfter] returns it.
//
// A client stays within the quota that Intune documents, [IntuneAppsQuota]: requests wait for their turn. [WithQuota] changes the
// quota, and [WithLimiter] lets several processes share one.
//
// # Networks
//
// The client's own transport uses the proxy from HTTPS_PROXY and NO_PROXY, TLS 1.2 or later, and HTTP/2 where available.
// [NewTransport] returns one for you to change. Redirects are never followed, and the token is sent only to the configured
// Graph origin.
//
// A [Client] is safe for concurrent use. It signs in to one tenant, so use one client for each tenant.
//
// [few exceptions]: https://github.com/seed-230b9595/intune-go/blob/main/docs/exactly-once.md#what-it-cannot-promise
// [docs/exactly-once.md]: https://github.com/seed-230b9595/intune-go/blob/main/docs/exactly-once.md
// [docs/errors.md]: https://github.com/seed-230b9595/intune-go/blob/main/docs/errors.md
package intune
