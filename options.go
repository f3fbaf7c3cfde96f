package intune

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

// Option configures a [Client]. [NewClient] applies the options in order and reports the first invalid one.
type Option func(*config) error

type config struct {
	cloud                 Cloud
	version               APIVersion
	baseURL, authorityURL string
	httpClient            *http.Client
	timeout               time.Duration // of an attempt; 0 for that of httpClient
	logger                *slog.Logger
	userAgent             string
	retry                 RetryPolicy
	limiter               Limiter // nil for none
	middleware            []func(http.RoundTripper) http.RoundTripper
}

// newConfig applies the options over the defaults and checks the credential.
func newConfig(cred Credential, opts []Option) (*config, error) {
	cfg := &config{
		cloud: defaultCloud, version: APIVersionBeta, logger: slog.New(slog.DiscardHandler),
		retry: RetryPolicy{}.withDefaults(), limiter: newQuotaLimiter(IntuneAppsQuota()),
	}
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
	cfg.authorityURL = cmp.Or(cfg.authorityURL, cfg.cloud.AuthorityURL)
	cfg.baseURL = cmp.Or(cfg.baseURL, cfg.cloud.GraphURL)
	return cfg, nil
}

func rejectIf(isBad bool, option, problem string) error {
	if isBad {
		return &InputError{Name: option, Problem: problem}
	}
	return nil
}

// checkedRoot checks a root URL and returns it without a trailing slash.
func checkedRoot(name, raw string, check func(string) (root, problem string)) (string, error) {
	root, problem := check(raw)
	return root, rejectIf(problem != "", name, problem)
}

// version of this library, as the User-Agent names it.
const version = "0.1.0"

// fullUserAgent is the user's product, if any, and the library's own.
func (c *config) fullUserAgent() string {
	own := fmt.Sprintf("intune-go/%s (%s; %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return strings.TrimSpace(c.userAgent + " " + own)
}

// WithCloud chooses the cloud of the tenant; [CloudPublic] is the default. The scope of the tokens follows the cloud, even
// if [WithBaseURL] or [WithAuthorityURL] replaces its addresses.
func WithCloud(cloud Cloud) Option {
	return func(c *config) (err error) {
		c.cloud = cloud
		if c.cloud.GraphURL, err = checkedRoot("WithCloud: GraphURL", cloud.GraphURL, wire.GraphRoot); err != nil {
			return err
		}
		c.cloud.AuthorityURL, err = checkedRoot("WithCloud: AuthorityURL", cloud.AuthorityURL, wire.AuthorityRoot)
		return err
	}
}

// WithAPIVersion chooses the version of Microsoft Graph. The default is [APIVersionBeta]. Version
// 1.0 may lack the certificates: see [APIVersionV1].
func WithAPIVersion(version APIVersion) Option {
	return func(c *config) error {
		c.version = version
		return rejectIf(version != APIVersionBeta && version != APIVersionV1, "WithAPIVersion", "is neither beta nor v1.0")
	}
}

// WithBaseURL replaces the cloud's Graph root, without the version: "http://127.0.0.1:8080". It must be https, or
// plain http on loopback (127.0.0.0/8, ::1, localhost), without user information, query or fragment.
func WithBaseURL(root string) Option {
	return func(c *config) (err error) {
		c.baseURL, err = checkedRoot("WithBaseURL", root, wire.GraphRoot)
		return err
	}
}

// WithAuthorityURL replaces the cloud's Microsoft Entra root, without the tenant, under the same conditions as
// [WithBaseURL]. It takes precedence over AZURE_AUTHORITY_HOST.
func WithAuthorityURL(root string) Option {
	return func(c *config) (err error) {
		c.authorityURL, err = checkedRoot("WithAuthorityURL", root, wire.AuthorityRoot)
		return err
	}
}

// NewTransport returns a new transport with the library's settings: TLS 1.2 or later, HTTP/2 with pings that detect dead
// connections, up to 64 idle connections to a host, and the proxy from HTTPS_PROXY and NO_PROXY. Change its proxy, its
// certificate authorities or its client certificate, and pass it to [WithHTTPClient]:
//
//	transport := intune.NewTransport()
//	transport.TLSClientConfig.RootCAs = pool
//	client, err := intune.NewClient(cred, intune.WithHTTPClient(&http.Client{Transport: transport}))
//
// After a timeout or a 503, the client replaces such a transport with a clone, because over HTTP/2 that is the only way to
// get a new connection. Therefore, do not change it after [NewClient].
func NewTransport() *http.Transport { return wire.NewTransport() }

// WithTimeout sets the time limit of an attempt, from sending the request to the end of its response. The default is 60
// seconds. It also applies to each request for a token. It takes precedence over the Timeout of [WithHTTPClient].
func WithTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		c.timeout = timeout
		return rejectIf(timeout <= 0, "WithTimeout", "is not positive")
	}
}

// WithHTTPClient uses the Transport and the Jar of client, and its Timeout, if not zero, as the time limit of an
// attempt. client is not modified. To change a proxy or a certificate authority, start from [NewTransport]; any other
// transport keeps its own connection pool and settings. If client has no Transport, [http.DefaultTransport] is used.
// Without this option, the client has its own transport, like that of NewTransport.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		c.httpClient = client
		return rejectIf(client == nil, "WithHTTPClient", "is nil")
	}
}

// WithLogger logs what the client does, with stable messages and attributes. Tokens, secrets and certificate content are
// never logged. Without this option, nothing is logged.
//
//	level  message              attributes
//	debug  intune: attempt      method, path, attempt, outcome, duration, clientRequestId, status, requestId, error
//	info   intune: waiting      reason (quota, throttled, unavailable), clientRequestId
//	info   intune: waited       the same, and duration
//	info   intune: waiting      reason (provisioning), id, pause, until
//	info   intune: waited       reason (provisioning), id, status
//	info   intune: reconciling  cause, uploadDateTime
//	info   intune: reconciled   result (found, absent, unknown), uploadDateTime, id, matchedBy
//
// The outcome of an attempt is succeeded, "not sent", rejected, failed or unknown. Without a response, there is no status
// and no requestId. Waits for the quota or a pause are logged only if they last longer than a second.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		c.logger = logger
		return rejectIf(logger == nil, "WithLogger", "is nil")
	}
}

// WithUserAgent puts a product before the library's own User-Agent, also in requests for tokens. With "contoso-rollover/1.2", it
// is "contoso-rollover/1.2 intune-go/VERSION (go1.26.0; linux/amd64)", where VERSION is that of this library.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		c.userAgent = product
		return rejectIf(strings.TrimSpace(product) == "" || strings.ContainsFunc(product, unicode.IsControl), "WithUserAgent", "is empty or holds control characters")
	}
}

// WithRetry sets the [RetryPolicy]. If the service sends a Retry-After, it replaces the backoff. It is honored up to an
// hour; a longer one ends the call with the error, and [RetryAfter] returns it.
func WithRetry(policy RetryPolicy) Option {
	return func(c *config) error {
		if policy.MaxAttempts > maxAttempts {
			return &InputError{Name: "WithRetry", Problem: fmt.Sprintf("has more than %d MaxAttempts", maxAttempts)}
		}
		if policy.MaxAttempts < 0 || policy.MinDelay < 0 || policy.MaxDelay < 0 || policy.ReconcileWindow < 0 {
			return &InputError{Name: "WithRetry", Problem: "has a negative field"}
		}
		c.retry = policy.withDefaults()
		if c.retry.MinDelay > c.retry.MaxDelay {
			return &InputError{Name: "WithRetry", Problem: "has a MinDelay above its MaxDelay"}
		}
		return nil
	}
}

// WithQuota keeps the client within these quotas instead of the default, [IntuneAppsQuota]; without arguments there is
// no limit. Requests wait for their turn in order of arrival. A request whose wait would outlast the context's deadline
// fails immediately with [ErrThrottled], and [RetryAfter] returns how long the wait would be. Each window is extended
// by 400 ms to allow for network delay. The quotas apply to this client only; to share a quota, see [WithLimiter].
func WithQuota(quotas ...Quota) Option {
	return func(c *config) error {
		for _, q := range quotas {
			const most = 1_000_000
			if q.Requests < 1 || q.Requests > most || q.Window <= 0 {
				return &InputError{Name: "WithQuota", Problem: "needs 1 to 1,000,000 requests and a positive window"}
			}
			if slices.ContainsFunc(q.Methods, func(method string) bool { return !wire.IsMethod(method) }) {
				return &InputError{Name: "WithQuota", Problem: "has an invalid HTTP method"}
			}
		}
		c.limiter = nil
		if len(quotas) > 0 {
			c.limiter = newQuotaLimiter(quotas)
		}
		return nil
	}
}

// WithLimiter calls limiter before every attempt, instead of the quota of [WithQuota], so that several processes can
// share the quota of their application. Package redisquota has a [Limiter] for Redis.
func WithLimiter(limiter Limiter) Option {
	return func(c *config) error {
		c.limiter = limiter
		return rejectIf(limiter == nil, "WithLimiter", "is nil")
	}
}

// WithMiddleware wraps every attempt; the first middleware is the outermost. A middleware sees the request with the
// library's headers, such as client-request-id, but never the token. It can add headers, but can't change the library's
// own headers or the body. Requests for tokens do not pass through it.
//
// A middleware must keep the request's context, or one derived from it. It should not wait, because the quota counts
// the request before the middleware runs. If it installs a client trace ([net/http/httptrace]), the trace sees what
// net/http sends, including the token.
func WithMiddleware(middleware ...func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		c.middleware = append(c.middleware, middleware...)
		isNil := func(m func(http.RoundTripper) http.RoundTripper) bool { return m == nil }
		return rejectIf(slices.ContainsFunc(middleware, isNil), "WithMiddleware", "is nil")
	}
}

// RetryPolicy says how often and how long to try; see [WithRetry]. A zero field means the default.
type RetryPolicy struct {
	MaxAttempts int           // of one call, including the first; 4 by default, 1 for no retries
	MinDelay    time.Duration // the first backoff is a random time up to this; 500 ms by default
	MaxDelay    time.Duration // no backoff is longer; 30 s by default

	// ReconcileWindow is how long Create waits for a stored certificate to show in a listing; 30 s by default. Create sends a
	// certificate again only if a listing that began this long after the lost response doesn't show it.
	ReconcileWindow time.Duration
}

const maxAttempts = 1000

// withDefaults fills in the zero fields. A delay that is given alone adjusts the other one if necessary.
func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MinDelay == 0 && p.MaxDelay > 0 {
		p.MinDelay = min(500*time.Millisecond, p.MaxDelay)
	}
	p.MinDelay = cmp.Or(p.MinDelay, 500*time.Millisecond)
	p.MaxDelay = cmp.Or(p.MaxDelay, max(30*time.Second, p.MinDelay))
	p.MaxAttempts = cmp.Or(p.MaxAttempts, 4)
	p.ReconcileWindow = cmp.Or(p.ReconcileWindow, 30*time.Second)
	return p
}
