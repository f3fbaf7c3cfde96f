package intune_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// TestNothingThatIsPrintedHoldsASecret makes failures of each kind, at services that echo whatever they were sent, and
// prints every error in their chains in every way, beside the log at debug level, the client and the credentials.
func TestNothingThatIsPrintedHoldsASecret(t *testing.T) {
	cert := intune.FromX509(newCertificate(t))
	secrets := map[string]string{
		"token": aToken, "secret": aSecret, "content": base64.StdEncoding.EncodeToString(cert.Content),
		"content in decimal": decimal(cert.Content), "content in hexadecimal": fmt.Sprintf("%x", cert.Content[:40]),
	}
	var printed []string
	log := new(bytes.Buffer)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	jsonLogger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	show := func(what string, v any) {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			printed = append(printed, what+" "+verb+" "+fmt.Sprintf(verb, v))
		}
		logger.Error("x", "v", v)
		jsonLogger.Error("x", "v", v)
	}

	kinds := make(map[string]bool)
	for name, fail := range failures(t, cert) {
		cred, base := fail()
		client := newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: base}), intune.WithLogger(logger), intune.WithBaseURL("http://127.0.0.1:1"),
			intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 2, MinDelay: 1, MaxDelay: 1}))
		_, err := client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert, intune.WithoutReconcile())
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		show(name+" client", client)
		show(name+" credential", cred)
		for _, e := range chain(err) {
			kinds[reflect.TypeOf(e).String()] = true
			show(name, e)
			if v := reflect.ValueOf(e); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
				show(name+" dereferenced", v.Elem().Interface())
			}
		}
	}
	_, err := newWire(t).client().EnterpriseCodeSigningCertificates().Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{
		Content: append([]byte("-----BEGIN PRIVATE KEY-----\n"), cert.Content...),
	})
	show("input", errorAs[*intune.InputError](t, err))
	show("duplicate", &intune.DuplicateError{Certificate: cert})
	printed = append(printed, fmt.Sprintf("%v %+[1]v %#[1]v", intune.DuplicateError{Certificate: cert}))
	for _, kind := range []string{"APIError", "AuthError", "OutcomeUnknownError", "ResponseError"} {
		if !kinds["*intune."+kind] {
			t.Errorf("no failure made a *%s", kind)
		}
	}
	if !strings.Contains(log.String(), "intune: attempt") {
		t.Error("nothing was logged")
	}
	for _, text := range append(printed, log.String()) {
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				at := strings.Index(text, secret)
				t.Errorf("the %s shows in %s", what, text[max(0, at-200):at+min(len(secret), 40)])
			}
		}
	}
}

// gossip is an authority that says whatever it was sent, in its refusals.
type gossip struct {
	mu      sync.Mutex
	secrets map[string]string // what it was sent or has given out, by what it is
}

func (g *gossip) keep(what, secret string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if secret != "" {
		g.secrets[what] = secret
	}
}

func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	for _, name := range []string{"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "device_code"} {
		g.keep(name, r.Form.Get(name))
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] {
	case "authorize":
		query := url.Values{"state": {r.Form.Get("state")}, "code": {"a-code-of-the-browser"}}
		http.Redirect(w, r, r.Form.Get("redirect_uri")+"?"+query.Encode(), http.StatusFound)
	case "devicecode":
		_, _ = io.WriteString(w, `{"device_code":"a-code-of-the-device","user_code":"ABC","verification_uri":"https://x","expires_in":900,"interval":1}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		said, _ := json.Marshal(r.Form.Encode() + fmt.Sprint(r.Form))
		_, _ = fmt.Fprintf(w, `{"error":%s,"error_description":%[1]s}`, said)
	}
}

// TestNoSignInShowsItsSecrets has each of them refused by an authority that echoes them.
func TestNoSignInShowsItsSecrets(t *testing.T) {
	key, cert := applicationCertificate(t)
	for name, cred := range map[string]intune.Credential{
		"client_secret":    intune.ClientSecret(tenant, app, aSecret),
		"client_assertion": intune.ClientCertificate(tenant, app, []*x509.Certificate{cert}, key),
		"device_code":      intune.DeviceCode(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }),
		"refresh_token": intune.DeviceCode(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil },
			intune.WithTokenStore(everyKey("a-refresh-token-of-theirs"))),
		"code_verifier": intune.AuthorizationCode(tenant, app, func(_ context.Context, address string) error {
			resp, err := http.Get(address) //nolint:noctx // as a browser
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		}),
	} {
		t.Run(name, func(t *testing.T) {
			authority := &gossip{secrets: make(map[string]string)}
			server := httptest.NewServer(authority)
			defer server.Close()
			log := new(bytes.Buffer)
			client := newClient(t, cred, intune.WithAuthorityURL(server.URL),
				intune.WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			err := use(t.Context(), client)
			errorAs[*intune.AuthError](t, err)
			if authority.secrets[name] == "" {
				t.Fatalf("none was sent: %v", authority.secrets)
			}
			printed := log.String() + fmt.Sprintf("%v %+[1]v %#[1]v %v %+[2]v %#[2]v", cred, client)
			for _, e := range chain(err) {
				printed += fmt.Sprintf("%v %+[1]v %#[1]v", e)
			}
			for what, secret := range authority.secrets {
				for _, form := range []string{secret, url.QueryEscape(secret), secret[:len(secret)*3/4]} {
					if strings.Contains(printed, form) {
						t.Errorf("the %s shows in %s", what, printed)
					}
				}
			}
		})
	}
}

// everyKey is a TokenStore with the same refresh token for all.
type everyKey string

func (e everyKey) LoadToken(context.Context, string) (string, error) { return string(e), nil }
func (everyKey) SaveToken(context.Context, string, string)           {}

func decimal(content []byte) string { return strings.Trim(fmt.Sprintf("%d", content[:40]), "[]") }

// failures are ways to fail, each a credential and a base transport.
func failures(t *testing.T, cert *intune.EnterpriseCodeSigningCertificate) map[string]func() (intune.Credential, http.RoundTripper) {
	t.Helper()
	good := `{"access_token":"` + aToken + `"}`
	echo := func(status int) httpmock.Responder {
		return func(req *http.Request) (*http.Response, error) {
			dump, err := httputil.DumpRequest(req, true)
			if err != nil {
				return nil, err
			}
			quoted, err := json.Marshal(string(dump))
			if err != nil {
				return nil, err
			}
			text := string(quoted)
			body := `{"error":{"code":"BadRequest","message":` + text + `,"details":[{"message":` + text + `}]}}`
			if strings.HasSuffix(req.URL.Path, "/token") {
				body = `{"error":` + text + `,"error_description":` + text + `}`
			}
			return httpmock.NewStringResponse(status, body), nil
		}
	}
	with := func(answers ...httpmock.Responder) func() (intune.Credential, http.RoundTripper) {
		return func() (intune.Credential, http.RoundTripper) {
			return intune.ClientSecret(tenant, app, aSecret), newWire(t, answers...).mock
		}
	}
	token := reply(200, good)
	return map[string]func() (intune.Credential, http.RoundTripper){
		"refused":             with(token, echo(400)),
		"refused twice":       with(token, echo(401), token, echo(401)),
		"throttled":           with(token, echo(429), echo(429)),
		"unknown":             with(token, echo(504)),
		"answer broken":       with(token, reply(200, string(cert.Content)+aToken)),
		"answer not the one":  with(token, echo(201)),
		"connection lost":     with(token, lost()),
		"sign-in refused":     with(echo(400)),
		"sign-in unavailable": with(echo(503), echo(503)),
		"sign-in lost":        with(lost(), lost()),
		"sign-in no token":    with(reply(200, "<html>"), reply(200, "<html>")),
		"network": func() (intune.Credential, http.RoundTripper) {
			return staticToken(), http.DefaultTransport
		},
		"token that cannot be sent": func() (intune.Credential, http.RoundTripper) {
			return intune.TokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: aToken + "\n"})), newWire(t).mock
		},
	}
}

// chain is err and all that it wraps.
func chain(err error) []error {
	if err == nil {
		return nil
	}
	all := []error{err}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range many.Unwrap() {
			all = append(all, chain(inner)...)
		}
	}
	return append(all, chain(errors.Unwrap(err))...)
}
