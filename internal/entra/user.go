package entra

import (
	"context"
	"errors"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// User is a person who signs in with an application.
type User struct {
	application

	prompt func(context.Context, Request) (*oauth2.Token, error)

	// The store's methods, not the store, because fmt prints fields. nil without a store.
	load func(ctx context.Context, key string) (refreshToken string, err error)
	save func(ctx context.Context, key, refreshToken string)
	held map[string]*string // the refresh tokens in memory; fmt does not follow pointers

	turn chan struct{} // holds one value while somebody requests a token, so that nobody is prompted twice at once
}

func newUser(tenantID, clientID string) *User {
	return &User{application: application{tenantID: tenantID, clientID: clientID}, turn: make(chan struct{}, 1), held: make(map[string]*string)}
}

// Store has the methods of intune.TokenStore.
type Store interface {
	LoadToken(ctx context.Context, key string) (refreshToken string, err error)
	SaveToken(ctx context.Context, key, refreshToken string)
}

// KeepIn keeps the refresh tokens in store.
func (u *User) KeepIn(store Store) {
	if store == nil {
		u.Reject("token store", "is nil")
		return
	}
	u.load, u.save = store.LoadToken, store.SaveToken
}

// Token uses the refresh token if there is one, and prompts if it is no longer valid.
func (u *User) Token(ctx context.Context, req Request) (*oauth2.Token, error) {
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := req.AuthorityURL + "/" + u.tenantID + "/" + u.clientID
	held := u.held[key]
	if held == nil {
		held = new(string)
		u.held[key] = held
	}
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

func (u *User) refreshOrPrompt(ctx context.Context, req Request, refreshToken string) (*oauth2.Token, error) {
	if refreshToken != "" {
		token, err := u.userToken(ctx, req, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}, refreshToken)
		if rejected, ok := errors.AsType[*Error](err); !ok || rejected.IsTransient() || !rejected.needsPrompt() {
			return token, err
		}
	}
	if tokencache.IsEarly(ctx) {
		return nil, errors.New("the user must sign in again")
	}
	return u.prompt(ctx, req)
}

// userToken requests a token, and a refresh token as well.
func (u *User) userToken(ctx context.Context, req Request, grant url.Values, secrets ...string) (*oauth2.Token, error) {
	return u.token(ctx, req, userScope(req), grant, secrets...)
}

func userScope(req Request) string { return req.Scope + " offline_access" }
