// Package intunetest emulates the part of Microsoft Intune and Microsoft Entra ID that enterprise code-signing
// certificates need, on a real socket. It is for tests of this library and of programs that use it, and for programs in any
// language that speaks HTTP. Microsoft's own clients for Go, JavaScript and Python are tested with it.
//
//	server := intunetest.NewServer(t)
//	client := server.Client()
//	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert)
//
// # Microsoft Graph
//
// The certificates are served under /beta and /v1.0:
//
//   - create, get, list, update, delete and $count;
//   - the options $filter, $select, $orderby, $top, $skip, $count and $format=json. $filter supports eq, ne, gt, ge, lt, le and in
//     with the property on the left, startswith, endswith, contains, and, or, not and parentheses;
//   - pages, JSON batches and compressed bodies;
//   - the documented quota of 100 writes and 1000 requests in any 20 seconds;
//   - the errors of Graph and Intune.
//
// The response to a create always says notProvisioned. The certificate becomes provisioned after [WithProvisioningDelay], or
// when a test calls [Server.SetStatus]. [Server.Add] puts a certificate into the tenant as if it had been uploaded earlier.
//
// [Server.Inject] makes requests fail, before or after they take effect: with any status or a lost connection; once, at a
// rate, or every nth time. A [Fault] with Token and AADSTS rejects a sign-in.
//
// # Microsoft Entra ID
//
// Applications sign in with the client secret, with a certificate ([WithClientCertificate]) or with the token of another
// issuer ([WithFederatedCredential]). Users sign in with a device code ([Server.ApproveDevice], or the page /devicelogin) or
// with an authorization code in a browser, where the user consents at once. Signatures, codes and times are checked. Errors
// have the numbers of Microsoft Entra ID. The name of the tenant is [TenantID] or [TenantDomain]. Users can also sign in at
// organizations and common. Access tokens are opaque. Microsoft's libraries require https: see [WithTLS].
//
// To create a client with a credential other than the server's:
//
//	client, err := intune.NewClient(cred, intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()),
//		intune.WithHTTPClient(server.HTTPClient()))
//
// For a credential of azidentity, set the authority host in its cloud.Configuration to server.URL(), its Transport to
// server.HTTPClient(), and DisableInstanceDiscovery. A sign-in in a browser returns to a real socket. With a [MemoryListener],
// the test must follow the redirect itself.
//
// # Programs in other languages
//
// The control API under /_emulator/ offers the methods of [Server] over HTTP. [docs/testing.md] lists its requests, and
// has recipes for curl, JavaScript, Java, Python and PowerShell. The API needs no token. It rejects requests whose Origin or
// Host is not the server's, such as those of other websites.
// [LoadSettings] reads a file of settings. The command "intune-cert emulator" runs a Server, and prints [Server.Environment].
//
// # Sources
//
// The emulator has not been compared with a real tenant. Its behavior comes from these sources:
//
//	behavior                                                       source
//	-------------------------------------------------------------  ------------------------------------------------------
//	operations, properties, status codes, 201 with the object      reference pages of the resource
//	get responds with the object itself, not {"value":{...}}       OData; the reference's example differs
//	v1.0 has the collection                                        reference pages; the CSDL disagrees
//	nullable properties, names of types                            CSDL
//	content is null after the upload                               reference pages
//	either family of permissions is enough                         reference pages and permissions metadata, which disagree
//	quota; rejected requests count too; Retry-After                throttling limits
//	$top is the size of a page; @odata.nextLink                    query parameters, paging
//	case of paths and names; $ of options optional on beta         query parameters, traverse the graph
//	keys in parentheses                                            OData, public scripts for Intune
//	$batch: 20 requests, dependsOn, 424, 429 for each request      JSON batching
//	$batch: texts of errors                                        public recordings, and guesses
//	$batch: the batch itself does not count for the quota          guess
//	gzip bodies, 415 for other encodings                           design of Microsoft's SDKs; the 415 is a guess
//	gzip responses, OData-Version, Cache-Control, Vary,            public recordings; on errors, fewer of them
//	Strict-Transport-Security
//	no Location on a 201                                           the reference's example has none; OData asks for one
//	CORS: Access-Control-Allow-Origin *, exposed headers           public recordings, Microsoft's dev-proxy
//	CORS: preflight without a token allows everything              Fetch standard; the rest is a guess
//	@odata.type only with odata.metadata=full                      recordings of a sibling resource
//	Intune's JSON text in error.message                            public recordings
//	request-id, client-request-id, x-ms-ags-diagnostic             best practices, design of Microsoft's SDKs
//	ModelValidationFailure, its inner message                      public recordings
//	texts about bodies and queries                                 public recordings, and the OData library for .NET
//	ResourceNotFound for an unknown version                        guess: a recording shows 400 BadRequest "Invalid version."
//	any Accept is served; 405 for other methods, HEAD too,         guesses: no recording of a 406 is known
//	whatever the permissions
//	404 for an id that is no GUID; 400 with WithStrictGraph        guesses: a recording of another Intune resource has the 400
//	other annotations and the id in a body are ignored             OData; not confirmed for Intune
//	names and dates are read from the content if not sent          guess
//	seconds of a time are optional                                 OData, its library for .NET
//	an upload needs content that can be read, or a subject         guess
//	a tenant without a license: 400 "Request not applicable to     public recordings of other resources of Intune
//	target tenant.", before permissions
//	how long content shows, how names are shown                    not known; WithVisibleContent, WithNamesWithout,
//	                                                               WithRespelling and WithOwnUploadDates try what is possible
//	notProvisioned at first                                        the property's default; the rest is a guess
//	text is compared with regard to case; null sorts first         guess; OData for null
//	order of a list without $orderby: by creation                  guess
//	100 certificates on a page                                     guess
//	claims challenges                                              continuous access evaluation
//	Microsoft Entra ID: endpoints, parameters, errors              reference of the identity platform
//	discovery, userinfo, logout                                    public recordings; the reference of the identity platform
//	client secret by HTTP Basic                                    client credentials flow, discovery
//	token endpoint of version 1: resource, numbers as texts        public recordings
//	scope by Graph's application id 00000003-0000-0000-c000-...    assumption: seen in scripts, not in the reference
//	CORS of Microsoft Entra ID: any origin                         recordings of discovery; a guess for tokens, which it gives
//	                                                               to single-page applications alone
//	userinfo for an application's token: 403                       guess
//	numbers of errors for polling too fast, and for an             guesses: the nearest known numbers
//	application at organizations or common
//
// [WithStrictGraph] makes the emulator stricter than the service. It is never on by default.
//
// [docs/testing.md]: https://github.com/seed-230b9595/intune-go/blob/main/docs/testing.md
package intunetest
