package intune

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// Option configures a Client. NewClient applies the options in order and reports the first bad one.
type Option func(*config) error

type config struct {
	cloud                 Cloud
	version               APIVersion
	baseURL, authorityURL string
	httpClient            *http.Client
	logger                *slog.Logger
	userAgent             string
	retry                 RetryPolicy
	limiter               Limiter // nil for none
	middleware            []func(http.RoundTripper) http.RoundTripper
}

// newConfig applies the options over the defaults and checks the credential.
func newConfig(cred Credential, opts []Option) (*config, error) {
	cfg := &config{cloud: CloudPublic, version: APIVersionBeta, logger: slog.New(slog.DiscardHandler), retry: RetryPolicy{}.withDefaults()}
	cfg.limiter = newQuotaLimiter(IntuneAppsQuota)
	for _, opt := range opts {
		if opt == nil {
			return nil, &InputError{Name: "Option", Problem: "is nil"}
		}
		if err := opt(cfg); err != nil {
			return nil, err
		}
	}
	if err := validateCredential(cred); err != nil {
		return nil, err
	}
	if a, ok := cred.(authority); ok {
		cfg.authorityURL = cmp.Or(cfg.authorityURL, a.authorityURL())
	}
	cfg.authorityURL = cmp.Or(cfg.authorityURL, cfg.cloud.authorityURL)
	cfg.baseURL = cmp.Or(cfg.baseURL, cfg.cloud.graphURL)
	return cfg, nil
}

// root is the root of the API version.
func (c *config) root() string { return c.baseURL + "/" + string(c.version) }

// WithCloud chooses the cloud of the tenant; CloudPublic is the default. The scope of the tokens follows the cloud,
// also where WithBaseURL or WithAuthorityURL say otherwise about the addresses.
func WithCloud(cloud Cloud) Option {
	return func(c *config) error {
		if cloud == (Cloud{}) {
			return &InputError{Name: "WithCloud", Problem: "is empty: want CloudPublic, CloudUSGovernmentL4, CloudUSGovernmentL5 or CloudChina"}
		}
		c.cloud = cloud
		return nil
	}
}

// WithAPIVersion chooses the version of Microsoft Graph: APIVersionBeta, which is the default, or APIVersionV1.
func WithAPIVersion(version APIVersion) Option {
	return func(c *config) error {
		if version != APIVersionBeta && version != APIVersionV1 {
			return &InputError{Name: "WithAPIVersion", Problem: "is neither beta nor v1.0"}
		}
		c.version = version
		return nil
	}
}

// WithBaseURL replaces the cloud's Graph root, without the version: "http://127.0.0.1:8080". It must be https, or
// plain http on loopback (127.0.0.0/8, ::1, localhost), without user information, query or fragment.
func WithBaseURL(root string) Option {
	return func(c *config) (err error) {
		c.baseURL, err = rootURL("WithBaseURL", root)
		return err
	}
}

// WithAuthorityURL replaces the cloud's Microsoft Entra root, under the same conditions as WithBaseURL. It takes
// precedence over AZURE_AUTHORITY_HOST.
func WithAuthorityURL(root string) Option {
	return func(c *config) (err error) {
		c.authorityURL, err = rootURL("WithAuthorityURL", root)
		return err
	}
}

// WithHTTPClient uses the Transport and the Jar of client, and its Timeout, if not zero, as the limit of an attempt.
// The client is not modified, and its connection pool stays its own. This is the way to a private certificate
// authority, a proxy other than the environment's, or a client certificate:
//
//	transport := http.DefaultTransport.(*http.Transport).Clone()
//	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
//	client, err := intune.NewClient(cred, intune.WithHTTPClient(&http.Client{Transport: transport}))
//
// Without this option the client has a transport of its own: TLS 1.2 or later, and the proxy that HTTPS_PROXY and
// NO_PROXY name.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return &InputError{Name: "WithHTTPClient", Problem: "is nil"}
		}
		c.httpClient = client
		return nil
	}
}

// WithLogger logs each attempt at debug level: method, path, status, outcome, duration and the ids that
// Microsoft's support asks for. It never logs a token, a secret or certificate content. Without it nothing is logged.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return &InputError{Name: "WithLogger", Problem: "is nil"}
		}
		c.logger = logger
		return nil
	}
}

// WithUserAgent puts a product such as "contoso-rollover/1.2" in front of the library's own User-Agent, for requests
// for tokens as well.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		if strings.TrimSpace(product) == "" || strings.ContainsFunc(product, isControl) {
			return &InputError{Name: "WithUserAgent", Problem: "is empty or holds control characters"}
		}
		c.userAgent = product
		return nil
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// WithRetry sets the retry policy. It bounds backoff, not what the service asks for in Retry-After, which is honoured
// up to an hour; a longer one ends the call with the error.
func WithRetry(policy RetryPolicy) Option {
	return func(c *config) error {
		if policy.MaxAttempts < 0 || policy.MinDelay < 0 || policy.MaxDelay < 0 || policy.ReconcileWindow < 0 {
			return &InputError{Name: "WithRetry", Problem: "has a negative field"}
		}
		policy = policy.withDefaults()
		if policy.MinDelay > policy.MaxDelay {
			return &InputError{Name: "WithRetry", Problem: "has a MinDelay above its MaxDelay"}
		}
		c.retry = policy
		return nil
	}
}

// WithQuota keeps the client within these quotas instead of IntuneAppsQuota, which is the default; without arguments
// there is no limit. Requests wait for their turn, in the order of arrival; whoever is next does not begin a wait that
// would outlast the context's deadline, and fails with ErrThrottled. A window is taken 400 ms longer than it is, for
// the network. The quotas hold for this client; see WithLimiter for several.
func WithQuota(quotas ...Quota) Option {
	return func(c *config) error {
		for _, q := range quotas {
			const most = 1_000_000
			if q.Requests < 1 || q.Requests > most || q.Window <= 0 {
				return &InputError{Name: "WithQuota", Problem: "wants 1 to 1,000,000 requests in a window of some time"}
			}
			if slices.ContainsFunc(q.Methods, func(method string) bool { return !isMethod(method) }) {
				return &InputError{Name: "WithQuota", Problem: "has a method that is not one, such as POST"}
			}
		}
		c.limiter = nil
		if len(quotas) > 0 {
			c.limiter = newQuotaLimiter(quotas)
		}
		return nil
	}
}

// WithLimiter asks limiter before every attempt, in place of WithQuota, for instance so that several processes share the
// quota of their application.
func WithLimiter(limiter Limiter) Option {
	return func(c *config) error {
		if limiter == nil {
			return &InputError{Name: "WithLimiter", Problem: "is nil"}
		}
		c.limiter = limiter
		return nil
	}
}

// WithMiddleware wraps every attempt, the first middleware outermost. A middleware sees the request before the
// library's own headers and the token are set, so it can neither read the token nor replace Accept: application/json.
// Requests for tokens do not pass through it. It must keep the request's context, or one derived from it, and should not
// wait: the quota counts from before it.
func WithMiddleware(middleware ...func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		for _, m := range middleware {
			if m == nil {
				return &InputError{Name: "WithMiddleware", Problem: "is nil"}
			}
		}
		c.middleware = append(c.middleware, middleware...)
		return nil
	}
}

// RequestOption configures one call. One that means nothing for the operation is an error.
type RequestOption func(*requestOptions) error

type requestOptions struct {
	header   http.Header
	response *Response

	operation string       // what errors call it; METHOD path where empty
	status    int          // the one status that is success; 0 for any 2xx
	check     func() error // whether the decoded answer keeps the contract

	certificate, created *EnterpriseCodeSigningCertificate // what a create sends, and where its result goes
	datedByCaller        bool                              // the uploadDateTime that it sends is not of our making
	withoutReconcile     bool

	clock    *clock // to be filled in from the answer
	isGet    bool   // of one certificate
	selected string
}

// apply applies all the options and returns the first error, so that the caller's Response is known even then.
func (o *requestOptions) apply(opts []RequestOption) (first error) {
	for _, opt := range opts {
		if opt == nil {
			opt = func(*requestOptions) error { return &InputError{Name: "RequestOption", Problem: "is nil"} }
		}
		if err := opt(o); first == nil {
			first = err
		}
	}
	return first
}

// operation names a call of one operation, says which status is its success, and checks its decoded answer.
func operation(name string, status int, check func() error) RequestOption {
	return func(o *requestOptions) error {
		o.operation, o.status, o.check = name, status, check
		return nil
	}
}

// reservedHeaders are set by the library alone. net/http repeats a POST that carries one of the idempotency keys, and
// Graph does not know them.
var reservedHeaders = []string{
	"Accept", "Accept-Encoding", "Authorization", "Client-Request-Id", "Connection", "Content-Encoding", "Content-Length",
	"Content-Type", "Host", "Idempotency-Key", "Transfer-Encoding", "User-Agent", "X-Idempotency-Key",
}

// WithHeader adds a header to every attempt of the call, such as Prefer or ConsistencyLevel. The headers that the
// library sets itself are refused: Accept, Accept-Encoding, Authorization, Connection, Content-Encoding, Content-Length,
// Content-Type, Host, Transfer-Encoding, User-Agent, client-request-id, and Idempotency-Key and X-Idempotency-Key,
// because net/http would repeat a POST that carries them.
func WithHeader(key, value string) RequestOption {
	return func(o *requestOptions) error {
		canonical := http.CanonicalHeaderKey(key)
		switch {
		case slices.Contains(reservedHeaders, canonical):
			return &InputError{Name: "WithHeader", Problem: canonical + " is set by the library"}
		case !isToken(key):
			return &InputError{Name: "WithHeader", Problem: "has a name that is not an HTTP token"}
		case strings.ContainsFunc(value, func(r rune) bool { return isControl(r) && r != '\t' }):
			return &InputError{Name: "WithHeader", Problem: canonical + " holds control characters"}
		}
		if o.header == nil {
			o.header = make(http.Header)
		}
		o.header.Add(canonical, value)
		return nil
	}
}

// isMethod says whether a name is that of an HTTP method. They are case-sensitive.
func isMethod(name string) bool { return isToken(name) && name == strings.ToUpper(name) }

// isToken is the token of RFC 9110, section 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// WithResponse fills in response with what is known of the call, on success and on error.
func WithResponse(response *Response) RequestOption {
	return func(o *requestOptions) error {
		if response == nil {
			return &InputError{Name: "WithResponse", Problem: "is nil"}
		}
		o.response = response
		return nil
	}
}

// WithoutReconcile makes Create return an *OutcomeUnknownError at once where the answer is lost, without looking for
// the certificate and without sending it again.
func WithoutReconcile() RequestOption {
	return func(o *requestOptions) error {
		if o.certificate == nil {
			return &InputError{Name: "WithoutReconcile", Problem: "means nothing for this operation: it is for Create"}
		}
		o.withoutReconcile = true
		return nil
	}
}

// WithSelect makes Get ask for these properties alone, and the id.
func WithSelect(properties ...Property) RequestOption {
	return func(o *requestOptions) error {
		if !o.isGet {
			return &InputError{Name: "WithSelect", Problem: "means nothing for this operation: it is for Get"}
		}
		names, err := propertyNames(append([]Property{PropertyID}, properties...))
		o.selected = names
		return err
	}
}

// Response is what is known of a call besides its result. Where several attempts were made it describes the last one.
type Response struct {
	StatusCode int         // 0 where nothing was received
	Header     http.Header // of the answer

	RequestID       string // the service's id of the attempt, the first thing that Microsoft's support asks for
	ClientRequestID string // a GUID of ours, the same over the attempts of the call
	Diagnostics     string // x-ms-ags-diagnostic: which data center and server answered

	Attempts int // how often the call was tried; listings to reconcile are not counted

	Reconciled bool      // the answer to a create was lost, and the result was found in the tenant
	MatchedBy  MatchedBy // how a record was recognised there, by Ensure and Replace too: by "content", "uploadDateTime" or "names"
}
