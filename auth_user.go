package intune

// This file has the credentials for interactive users: by device code, or with a browser on this machine.

import (
	"context"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

// TokenStore keeps refresh tokens between runs of a program, for example in a keyring; see [WithTokenStore]. A refresh
// token is a secret: anyone who has it can act as the user who signed in. key names the tenant, the application and the
// Microsoft Entra root. Several goroutines may call the methods at once, with different keys.
type TokenStore interface {
	// LoadToken returns the token that was last saved, or "" if there is none. An error ends the sign-in.
	LoadToken(ctx context.Context, key string) (refreshToken string, err error)

	// SaveToken replaces the saved token. If it fails, the sign-in still succeeds and lasts as long as the program
	// runs; reporting the failure is up to the store. ctx does not end with the call.
	SaveToken(ctx context.Context, key, refreshToken string)
}

// UserOption configures the sign-in of interactive users: see [DeviceCodeCredential] and [AuthorizationCodeCredential].
type UserOption func(user)

// user is the sign-in of an interactive user.
type user struct{ *entra.User }

// WithTokenStore keeps refresh tokens in store, so that the next run doesn't prompt the user again. Without it, they
// are kept only in memory.
func WithTokenStore(store TokenStore) UserOption {
	return func(u user) { u.KeepIn(store) }
}

// DeviceCodeCredential signs in an interactive user on any device with a browser. prompt shows the user which page to
// visit and which code to enter. The user is not prompted again while the refresh token is valid, even if several
// clients share the credential. The application must allow public client flows and have delegated permissions. tenantID
// may be "organizations", for users of any tenant.
//
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.
func DeviceCodeCredential(tenantID, clientID string, prompt func(context.Context, *oauth2.DeviceAuthResponse) error, opts ...UserOption) Credential {
	return user{entra.DeviceCode(tenantID, clientID, prompt)}.credential(opts)
}

// AuthorizationCodeCredential signs in an interactive user with a browser on this machine, using PKCE. open shows an
// address in the browser and must not wait. The browser returns to a local port, which is open until then, but at most
// 15 minutes. The user is not prompted again while the refresh token is valid, even if several clients share the
// credential. The application must have delegated permissions and http://localhost as a redirect URI of the platform
// "Mobile and desktop applications". tenantID may be "organizations", for users of any tenant.
//
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow.
func AuthorizationCodeCredential(tenantID, clientID string, open func(ctx context.Context, address string) error, opts ...UserOption) Credential {
	return user{entra.AuthorizationCode(tenantID, clientID, open)}.credential(opts)
}

func (u user) credential(opts []UserOption) Credential {
	for _, opt := range opts {
		if opt == nil {
			u.Reject("UserOption", "is nil")
			continue
		}
		opt(u)
	}
	return signIn{u.User}
}
