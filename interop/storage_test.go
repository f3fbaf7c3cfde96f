package interop_test

// This file is what zitadel's provider keeps: the applications, and the sign-ins in memory.

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	withCertificate = "11111111-2222-4333-8444-555555555555" // client ids
	withSecret      = "22222222-2222-4333-8444-555555555555"
	desktop         = "33333333-2222-4333-8444-555555555555"

	aSecret    = "the~secret"
	aUser      = "user@contoso.example"
	graphScope = "https://graph.microsoft.com/.default"
)

const tokenLifetime = time.Hour

var errUnknown = errors.New("not known")

// storage implements what the tests need of op.Storage. The rest panics.
type storage struct {
	op.Storage

	key *rsa.PrivateKey

	mu       sync.Mutex
	signIns  map[string]*signIn                      // by id and by code
	refresh  map[string]*signIn                      // by refresh token
	devices  map[string]*op.DeviceAuthorizationState // by device code
	byUser   map[string]string                       // device code by user code
	slowDown bool                                    // once
}

func newStorage(t *testing.T) *storage {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &storage{
		key: key, signIns: make(map[string]*signIn), refresh: make(map[string]*signIn),
		devices: make(map[string]*op.DeviceAuthorizationState), byUser: make(map[string]string),
	}
}

// The applications.

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	switch id {
	case withCertificate:
		return &application{id: id, method: oidc.AuthMethodPrivateKeyJWT, grants: []oidc.GrantType{oidc.GrantTypeClientCredentials}}, nil
	case withSecret:
		return &application{id: id, method: oidc.AuthMethodPost, grants: []oidc.GrantType{oidc.GrantTypeClientCredentials}}, nil
	case desktop:
		return &application{id: id, method: oidc.AuthMethodNone, grants: []oidc.GrantType{
			oidc.GrantTypeCode, oidc.GrantTypeDeviceCode, oidc.GrantTypeRefreshToken,
		}}, nil
	}
	return nil, errUnknown
}

func (s *storage) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	if id != withSecret || secret != aSecret {
		return nil, oidc.ErrInvalidClient().WithDescription("not what was agreed")
	}
	return s.GetClientByClientID(ctx, id)
}

func (s *storage) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	return &oidc.JWTTokenRequest{Subject: id, Audience: []string{id}, Scopes: scopes}, nil
}

// application implements what the tests need of op.Client.
type application struct {
	op.Client

	id     string
	method oidc.AuthMethod
	grants []oidc.GrantType
}

func (a *application) GetID() string                       { return a.id }
func (a *application) AuthMethod() oidc.AuthMethod         { return a.method }
func (a *application) GrantTypes() []oidc.GrantType        { return a.grants }
func (a *application) RedirectURIs() []string              { return []string{"http://localhost"} }
func (a *application) ApplicationType() op.ApplicationType { return op.ApplicationTypeNative }
func (a *application) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (a *application) LoginURL(id string) string            { return "/login?id=" + id }
func (a *application) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (a *application) IDTokenLifetime() time.Duration       { return tokenLifetime }
func (a *application) DevMode() bool                        { return false }
func (a *application) ClockSkew() time.Duration             { return 0 }
func (a *application) IDTokenUserinfoClaimsAssertion() bool { return false }
func (a *application) IsScopeAllowed(scope string) bool     { return scope == graphScope }

func (a *application) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}

func (a *application) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}

// The sign-ins of the user. signIn is an op.AuthRequest, and an op.RefreshTokenRequest later on.

type signIn struct {
	*oidc.AuthRequest

	id   string
	done bool
}

func (s *signIn) GetID() string                      { return s.id }
func (s *signIn) GetACR() string                     { return "" }
func (s *signIn) GetAMR() []string                   { return nil }
func (s *signIn) GetAudience() []string              { return []string{s.ClientID} }
func (s *signIn) GetAuthTime() time.Time             { return time.Time{} }
func (s *signIn) GetClientID() string                { return s.ClientID }
func (s *signIn) GetNonce() string                   { return s.Nonce }
func (s *signIn) GetResponseMode() oidc.ResponseMode { return s.ResponseMode }
func (s *signIn) GetScopes() []string                { return s.Scopes }
func (s *signIn) GetSubject() string                 { return aUser }
func (s *signIn) Done() bool                         { return s.done }
func (s *signIn) SetCurrentScopes(scopes []string)   { s.Scopes = scopes }

func (s *signIn) GetCodeChallenge() *oidc.CodeChallenge {
	if s.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: s.CodeChallenge, Method: s.CodeChallengeMethod}
}

func (s *storage) CreateAuthRequest(_ context.Context, req *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := &signIn{AuthRequest: req, id: rand.Text()}
	s.signIns[request.id] = request
	return request, nil
}

func (s *storage) find(idOrCode string) (*signIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if request, known := s.signIns[idOrCode]; known {
		return request, nil
	}
	return nil, errUnknown
}

func (s *storage) signUserIn(id string) error {
	request, err := s.find(id)
	if err == nil {
		request.done = true
	}
	return err
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return s.find(id)
}

func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	return s.find(code)
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIns[code] = s.signIns[id]
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, request := range s.signIns {
		if request.id == id {
			delete(s.signIns, key)
		}
	}
	return nil
}

// The devices.

func (s *storage) StoreDeviceAuthorization(_ context.Context, clientID, deviceCode, userCode string, expires time.Time, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.devices[deviceCode] = &op.DeviceAuthorizationState{ClientID: clientID, Scopes: scopes, Expires: expires}
	s.byUser[userCode] = deviceCode
	return nil
}

func (s *storage) GetDeviceAuthorizatonState(_ context.Context, clientID, deviceCode string) (*op.DeviceAuthorizationState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slowDown {
		s.slowDown = false
		return nil, context.DeadlineExceeded // by which zitadel knows that it has to slow clients down
	}
	state, known := s.devices[deviceCode]
	if !known || state.ClientID != clientID {
		return nil, errUnknown
	}
	now := *state
	return &now, nil
}

// slowDownOnce makes zitadel respond to the next poll with slow_down.
func (s *storage) slowDownOnce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowDown = true
}

// decide has the user say yes or no to the device with the code.
func (s *storage) decide(userCode string, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.devices[s.byUser[userCode]]
	state.Done, state.Denied, state.Subject = yes, !yes, aUser
}

// The tokens.

func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (id string, expires time.Time, err error) {
	return rand.Text(), time.Now().Add(tokenLifetime), nil
}

func (s *storage) CreateAccessAndRefreshTokens(_ context.Context, request op.TokenRequest, current string) (id, refreshToken string, expires time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.refresh, current) // it holds once
	refreshToken = rand.Text()
	s.refresh[refreshToken] = &signIn{AuthRequest: &oidc.AuthRequest{ClientID: desktop, Scopes: request.GetScopes()}}
	return rand.Text(), refreshToken, time.Now().Add(tokenLifetime), nil
}

func (s *storage) TokenRequestByRefreshToken(_ context.Context, refreshToken string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request, known := s.refresh[refreshToken]
	if !known {
		return nil, op.ErrInvalidRefreshToken
	}
	return request, nil
}

func (s *storage) GetPrivateClaimsFromScopes(_ context.Context, _, _ string, scopes []string) (map[string]any, error) {
	return map[string]any{"scope": oidc.SpaceDelimitedArray(scopes)}, nil
}

func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return signingKey{s.key}, nil }

func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{s.key}}, nil }

type signingKey struct{ key *rsa.PrivateKey }

func (k signingKey) ID() string                                  { return "key" }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Key() any                                    { return k.key }

type publicKey struct{ key *rsa.PrivateKey }

func (k publicKey) ID() string                         { return "key" }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return oidc.KeyUseSignature }
func (k publicKey) Key() any                           { return k.key.Public() }
