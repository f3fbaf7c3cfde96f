package intune

// This file has the credentials with which a person signs in: by device code, or with a browser on this machine.

import (
	"context"
	"errors"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/loopback"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
	"github.com/seed-230b9595/intune-go/internal/wait"
)

// TokenStore keeps refresh tokens between runs of a program, for example in a key ring. A refresh token is a secret:
// anyone who has it can act as the person who signed in. key names the tenant, the application and the Microsoft Entra
// root. Methods may be called by several goroutines at once, with different keys.
type TokenStore interface {
	// LoadToken returns what was last saved, or "" if nothing was. An error ends the sign-in.
	LoadToken(ctx context.Context, key string) (refreshToken string, err error)

	// SaveToken replaces what was saved. It reports its own failures: the sign-in succeeds anyway, and lasts as long as
	// the program runs. ctx does not end with the call.
	SaveToken(ctx context.Context, key, refreshToken string)
}

// UserOption changes how a person signs in.
type UserOption func(*user)

// WithTokenStore keeps the refresh tokens in store, so that nobody is prompted again in the next run. Without it they are
// kept only in memory.
func WithTokenStore(store TokenStore) UserOption {
	return func(u *user) {
		if store == nil {
			u.invalid = &InputError{Name: "token store", Problem: "is nil"}
			return
		}
		u.load, u.save = store.LoadToken, store.SaveToken
	}
}

// DeviceCode signs a person in on any device with a browser: prompt tells the person which page to visit and which code
// to enter. Nobody is prompted again while the refresh token is valid, even if several clients share the credential. The
// application must allow public client flows and have delegated permissions. tenantID may be organizations, for people
// of any tenant.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.
func DeviceCode(tenantID, clientID string, prompt func(context.Context, *oauth2.DeviceAuthResponse) error, opts ...UserOption) Credential {
	u := newUser(tenantID, clientID, opts)
	if prompt == nil {
		u.invalid = &InputError{Name: "prompt", Problem: "is nil"}
	} else {
		u.prompt = func(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
			return u.byDeviceCode(ctx, req, prompt)
		}
	}
	return u
}

// AuthorizationCode signs a person in with a browser on this machine. open shows an address in the browser and does not
// wait for the person. The browser comes back to a port of this machine, which is open only until then, at most 15
// minutes. The grant uses PKCE. The application must have http://localhost as a redirect URI of the platform "Mobile and
// desktop applications", and delegated permissions. tenantID may be organizations, for people of any tenant. Nobody is
// prompted again while the refresh token is valid, even if several clients share the credential.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow.
func AuthorizationCode(tenantID, clientID string, open func(ctx context.Context, address string) error, opts ...UserOption) Credential {
	u := newUser(tenantID, clientID, opts)
	if open == nil {
		u.invalid = &InputError{Name: "open", Problem: "is nil"}
	} else {
		u.prompt = func(ctx context.Context, req TokenRequest) (*oauth2.Token, error) { return u.byBrowser(ctx, req, open) }
	}
	return u
}

// user is a person who signs in with an application.
type user struct {
	registration

	prompt  func(context.Context, TokenRequest) (*oauth2.Token, error)
	invalid error // the first mistake in the caller's arguments, if there is one

	// The store's methods, not the store, because fmt prints fields. nil without a store.
	load func(ctx context.Context, key string) (refreshToken string, err error)
	save func(ctx context.Context, key, refreshToken string)
	held func(key string) *string // the refresh token in memory

	turn chan struct{} // holds one value while somebody requests a token, so that nobody is prompted twice at once
}

func newUser(tenantID, clientID string, opts []UserOption) *user {
	u := &user{registration: registration{tenantID, clientID}, turn: make(chan struct{}, 1), held: memory()}
	for _, opt := range opts {
		if opt == nil {
			u.invalid = &InputError{Name: "UserOption", Problem: "is nil"}
			continue
		}
		opt(u)
	}
	return u
}

func (u *user) validate() error {
	if u.invalid != nil {
		return u.invalid
	}
	return u.registration.validate()
}

// Token uses the refresh token if there is one, and prompts if it is no longer valid.
func (u *user) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := req.AuthorityURL + "/" + u.tenantID + "/" + u.clientID
	held := u.held(key)
	if *held == "" && u.load != nil {
		stored, err := u.load(ctx, key)
		if err != nil {
			return nil, err
		}
		*held = stored
	}
	token, err := u.refreshOrPrompt(ctx, req, *held)
	if err != nil {
		return nil, err
	}
	if token.RefreshToken != "" && token.RefreshToken != *held {
		*held = token.RefreshToken
		if u.save != nil {
			u.save(context.WithoutCancel(ctx), key, token.RefreshToken)
		}
	}
	return token, nil
}

// memory holds a text for each key. It is a function, because fmt prints maps.
func memory() func(key string) *string {
	texts := make(map[string]*string)
	return func(key string) *string {
		if texts[key] == nil {
			texts[key] = new(string)
		}
		return texts[key]
	}
}

func (u *user) refreshOrPrompt(ctx context.Context, req TokenRequest, refreshToken string) (*oauth2.Token, error) {
	if refreshToken != "" {
		token, err := u.token(ctx, req, userScopes(req), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}, refreshToken)
		if rejected, ok := errors.AsType[*AuthError](err); !ok || rejected.isTransient() || !needsPrompt(rejected) {
			return token, err
		}
	}
	if tokencache.IsEarly(ctx) {
		return nil, errors.New("a person has to sign in again")
	}
	return u.prompt(ctx, req)
}

// needsPrompt reports whether the person must sign in again.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors.
func needsPrompt(rejected *AuthError) bool {
	switch rejected.Code {
	case "invalid_grant", "interaction_required", "consent_required", "login_required":
		return true
	}
	return false
}

// userScopes requests a refresh token as well.
func userScopes(req TokenRequest) string { return req.Scope + " offline_access" }

const (
	longestInterval = 60 // seconds between two polls
	slowDown        = 5  // seconds by which the interval grows after a failed poll (RFC 8628, section 3.5)
)

// byDeviceCode is the grant of RFC 8628.
func (u *user) byDeviceCode(ctx context.Context, req TokenRequest, prompt func(context.Context, *oauth2.DeviceAuthResponse) error) (*oauth2.Token, error) {
	config := u.config(req)
	device, err := config.DeviceAuth(req.withHTTPClient(ctx), req.claims()...)
	switch {
	case err != nil:
		return nil, authError(err)
	case device.DeviceCode == "":
		return nil, errors.New("the response of the device endpoint has no device code")
	}
	device.Interval = min(max(device.Interval, 0), longestInterval) // x/oauth2 would panic on a hostile one
	if err := prompt(ctx, device); err != nil {
		return nil, &promptError{err}
	}
	for { // a lost poll must not make the person start again
		token, err := config.DeviceAccessToken(req.withHTTPClient(ctx), device, req.claims()...)
		err = authError(err, device.DeviceCode)
		switch {
		case err == nil, ctx.Err() != nil:
			return token, err
		case !device.Expiry.IsZero() && !time.Now().Before(device.Expiry):
			return nil, &AuthError{Code: "expired_token", Description: "nobody signed in before the code expired"}
		case !isTransient(err):
			return nil, err
		}
		device.Interval = min(device.Interval+slowDown, longestInterval)
	}
}

// byBrowser is the authorization code grant with PKCE (RFC 7636) and a redirect to this machine (RFC 8252, section 7.3).
func (u *user) byBrowser(ctx context.Context, req TokenRequest, open func(context.Context, string) error) (*oauth2.Token, error) {
	config := u.config(req)
	verifier := oauth2.GenerateVerifier()
	response, err := browse(ctx, func(redirectURL, state string) error {
		config.RedirectURL = redirectURL
		return open(ctx, config.AuthCodeURL(state, append(req.claims(), oauth2.S256ChallengeOption(verifier))...))
	})
	if err != nil {
		return nil, err
	}
	code := response.Get("code")
	if code == "" {
		return nil, describedError(response.Get("error"), response.Get("error_description"), verifier)
	}
	return u.redeem(ctx, req, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {config.RedirectURL}, "code_verifier": {verifier},
	})
}

// browse opens a browser and returns the parameters with which it comes back. Its port is open only until then.
func browse(ctx context.Context, open func(redirectURL, state string) error) (url.Values, error) {
	page, err := loopback.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer page.Close()
	if err := open(page.URL, page.State); err != nil {
		return nil, &promptError{err}
	}
	return page.Wait(ctx)
}

// redeem exchanges a code for a token. It tries again by itself, so that a lost response does not prompt the person again.
func (u *user) redeem(ctx context.Context, req TokenRequest, params url.Values) (*oauth2.Token, error) {
	const longestDelay = 30 * time.Second
	for delay := time.Second; ; delay *= 2 {
		token, err := u.token(ctx, req, userScopes(req), params, params.Get("code"), params.Get("code_verifier"))
		if err == nil || !isTransient(err) || delay > longestDelay || wait.Until(ctx, time.Now().Add(delay)) != nil {
			return token, err
		}
	}
}

// config is the application as x/oauth2 describes it.
func (u *user) config(req TokenRequest) *oauth2.Config {
	return &oauth2.Config{
		ClientID: u.clientID,
		Scopes:   []string{userScopes(req)},
		Endpoint: oauth2.Endpoint{
			AuthURL:       u.endpoint(req, "authorize"),
			DeviceAuthURL: u.endpoint(req, "devicecode"),
			TokenURL:      u.endpoint(req, "token"),
			AuthStyle:     oauth2.AuthStyleInParams,
		},
	}
}

// claims returns the parameter of a claims challenge, if there was one.
func (req TokenRequest) claims() (params []oauth2.AuthCodeOption) {
	if req.Claims != "" {
		params = append(params, oauth2.SetAuthURLParam("claims", req.Claims))
	}
	return params
}
