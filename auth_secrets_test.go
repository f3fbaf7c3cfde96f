package intune_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"

	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

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
		"client_secret":    intune.ClientSecretCredential(tenant, app, aSecret),
		"client_assertion": intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{cert}, key),
		"device_code":      intune.DeviceCodeCredential(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }),
		"refresh_token": intune.DeviceCodeCredential(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil },
			intune.WithTokenStore(everyKey("a-refresh-token-of-theirs"))),
		"code_verifier": intune.AuthorizationCodeCredential(tenant, app, func(_ context.Context, address string) error {
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

func (everyKey) SaveToken(context.Context, string, string) {}
