package intune

// This file has the credentials by which a person signs in.

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// TokenStore keeps refresh tokens between runs of a program, in a key ring for example. A refresh token is a secret:
// whoever has it can act as the person that signed in. key names the tenant, the application and the Microsoft Entra root.
// Methods may be called by several goroutines at once, with different keys.
type TokenStore interface {
	// LoadToken returns what was last saved, "" for nothing. An error ends the sign-in.
	LoadToken(ctx context.Context, key string) (refreshToken string, err error)

	// SaveToken replaces what was saved. Where it fails, that is its own to report: the sign-in is good all the same, and
	// holds for as long as the program runs. ctx does not end with the call.
	SaveToken(ctx context.Context, key, refreshToken string)
}

// UserOption changes how a person signs in.
type UserOption func(*user)

// WithTokenStore keeps the refresh tokens in store, so that nobody is prompted again in the next run. Without it they are
// kept in memory alone.
func WithTokenStore(store TokenStore) UserOption {
	return func(u *user) {
		if store == nil {
			u.invalid = &InputError{Name: "token store", Problem: "is nil"}
			return
		}
		u.load, u.save = store.LoadToken, store.SaveToken
	}
}

// DeviceCode signs a person in on any device with a browser: prompt shows the person where to go and which code to enter.
// Nobody is prompted again as long as the refresh token holds, also where several clients share the credential. The
// application must allow public client flows, and have delegated permissions. tenantID may be organizations, for people of
// any tenant.
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

// user is a person that signs in with an application.
type user struct {
	registration

	prompt  func(context.Context, TokenRequest) (*oauth2.Token, error)
	invalid error // what is wrong with what the caller gave, if anything

	// The store's methods, and not the store, because fmt prints fields. nil without a store.
	load func(ctx context.Context, key string) (refreshToken string, err error)
	save func(ctx context.Context, key, refreshToken string)
	held func(key string) *string // the refresh token that is held in memory

	turn chan struct{} // has room for one, who asks for a token: nobody is prompted twice at once
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

// Token uses the refresh token, if there is one, and prompts where it does not hold any more.
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
		if refused := (*AuthError)(nil); !errors.As(err, &refused) || isTransient(refused) || !needsPrompt(refused) {
			return token, err
		}
	}
	if tokencache.IsEarly(ctx) {
		return nil, errors.New("somebody has to sign in again")
	}
	return u.prompt(ctx, req)
}

// needsPrompt says whether a refusal means that the person must sign in again.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors.
func needsPrompt(refused *AuthError) bool {
	return refused.Code == "invalid_grant" || refused.Code == "interaction_required"
}

// userScopes asks for a refresh token as well.
func userScopes(req TokenRequest) string { return req.Scope + " offline_access" }

// byDeviceCode is the grant of RFC 8628.
func (u *user) byDeviceCode(ctx context.Context, req TokenRequest, prompt func(context.Context, *oauth2.DeviceAuthResponse) error) (*oauth2.Token, error) {
	config := u.config(req)
	device, err := config.DeviceAuth(withContext(ctx, req), req.claims()...)
	switch {
	case err != nil:
		return nil, authError(err)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	device.Interval = min(max(device.Interval, 0), longestInterval) // of a hostile one, x/oauth2 would panic
	if err := prompt(ctx, device); err != nil {
		return nil, err
	}
	for { // the person is not to begin again because a poll was lost
		token, err := config.DeviceAccessToken(withHTTPClient(ctx, req), device, req.claims()...)
		err = authError(err, device.DeviceCode)
		switch {
		case err == nil, ctx.Err() != nil:
			return token, err
		case !device.Expiry.IsZero() && !time.Now().Before(device.Expiry):
			return nil, &AuthError{Code: "expired_token", Description: "nobody has signed in before the code expired"}
		case !isTransient(err):
			return nil, err
		}
		device.Interval = min(device.Interval+slowDown, longestInterval)
	}
}

// The seconds between two polls, and how many more they become where the endpoint is to be spared (RFC 8628, section 3.5).
const longestInterval, slowDown = 60, 5

// withContext is withHTTPClient for a function of x/oauth2 that leaves the context out of its request.
func withContext(ctx context.Context, req TokenRequest) context.Context {
	client := *cmp.Or(req.HTTPClient, http.DefaultClient)
	next := cmp.Or(client.Transport, http.DefaultTransport)
	client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { return next.RoundTrip(r.WithContext(ctx)) })
	req.HTTPClient = &client
	return withHTTPClient(ctx, req)
}

// config is the application as x/oauth2 knows it.
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

// claims is the parameter of a claims challenge, if there was one.
func (req TokenRequest) claims() (params []oauth2.AuthCodeOption) {
	if req.Claims != "" {
		params = append(params, oauth2.SetAuthURLParam("claims", req.Claims))
	}
	return params
}
