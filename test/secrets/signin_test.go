package secrets_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// responder responds with the secrets that were sent so far.
type responder func(req *http.Request, secrets []string) (*http.Response, error)

// gossip is an authority and an issuer of assertions that repeats the secrets that it is sent.
type gossip struct {
	respond responder
	secrets map[string]string // what it was sent, by what it is
}

func (g *gossip) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		sent, _ = io.ReadAll(req.Body)
	}
	form, _ := url.ParseQuery(string(sent))
	for _, name := range []string{"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "device_code"} {
		if form.Has(name) {
			g.secrets[name] = form.Get(name)
		}
	}
	if token, found := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); found {
		g.secrets["job"] = token
	}
	if strings.HasSuffix(req.URL.Path, "/devicecode") {
		return reply(200, `{"device_code":"a-code-of-the-device-that-must-not-show","user_code":"ABC","verification_uri":"https://x","expires_in":10,"interval":1}`)(req)
	}
	known := slices.Collect(maps.Values(g.secrets))
	if len(sent) > 0 {
		known = append(known, string(sent))
	}
	return g.respond(req, known)
}

// rejections are the responses that repeat secrets, altered, in every part that the library reads.
func rejections(altered func(string) string) map[string]responder {
	echo := func(secrets []string) string {
		var out []string
		for _, secret := range secrets {
			out = append(out, altered(secret))
		}
		return strings.Join(out, " ")
	}
	all := map[string]responder{
		"the headers": func(req *http.Request, secrets []string) (*http.Response, error) {
			e := strings.ReplaceAll(echo(secrets), "\n", "")
			return reply(307, "", "Location", e, "WWW-Authenticate", e, "Retry-After", e, "Date", e, "Content-Type", e)(req)
		},
		"an error of the transport": func(_ *http.Request, secrets []string) (*http.Response, error) {
			return nil, fmt.Errorf("malformed MIME header: %q", echo(secrets))
		},
	}
	for kind := range echoes("") {
		for _, status := range []int{200, 400, 502} {
			all[fmt.Sprintf("%d with %s", status, kind)] = func(req *http.Request, secrets []string) (*http.Response, error) {
				return reply(status, echoes(echo(secrets))[kind])(req)
			}
		}
	}
	all["200 with a lifetime"] = func(req *http.Request, secrets []string) (*http.Response, error) {
		return reply(200, `{"access_token":"t","expires_in":"`+echo(secrets)+`"}`)(req)
	}
	return all
}

// telltales are credentials with secrets that an authority can repeat, by the secret.
func telltales(t *testing.T) map[string]intune.Credential {
	t.Helper()
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://issuer.example/job?api-version=2.0")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", `a-token/of+the=job&that"must\not<show>-in-any-error-or-log-line`)
	key, cert := applicationCertificate(t)
	prompt := func(context.Context, *oauth2.DeviceAuthResponse) error { return nil }
	return map[string]intune.Credential{
		"client_secret":    intune.ClientSecretCredential(tenant, app, `q8~x+/=&<'"\ yZ-that-must-not-show-in-any-error-or-log-line-at-all`), // every escape changes it
		"client_assertion": intune.ClientCertificateCredential(tenant, app, []*x509.Certificate{cert}, key),
		"job":              intune.ClientAssertionCredential(tenant, app, intune.GitHubActionsAssertion("")),
		"device_code":      intune.DeviceCodeCredential(tenant, app, prompt),
		"refresh_token":    intune.DeviceCodeCredential(tenant, app, prompt, intune.WithTokenStore(everyKey("a-refresh-token-that-must-not-show-in-any-error-or-log-line"))),
		"code_verifier":    intune.AuthorizationCodeCredential(tenant, app, comeBack),
	}
}

// comeBack is a browser in which the person has signed in.
func comeBack(_ context.Context, address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return err
	}
	query := parsed.Query()
	back := url.Values{"state": query["state"], "code": {"a-code-of-the-browser-that-must-not-show-in-any-error-or-log-line"}}
	local := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := local.Get(strings.Replace(query.Get("redirect_uri"), "localhost", "127.0.0.1", 1) + "?" + back.Encode()) //nolint:noctx // as a browser
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// TestNoSignInShowsItsSecrets has each of them rejected by an authority that repeats it.
func TestNoSignInShowsItsSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, cred := range telltales(t) {
			for alteration, altered := range alterations {
				if name != "client_secret" && alteration != "in upper case" && alteration != "in a form" {
					continue // one secret stands for all
				}
				for kind, respond := range rejections(altered) {
					if problem := whatShows(t, cred, name, altered, respond); problem != "" {
						t.Fatalf("%s, %s, %s: %s", name, alteration, kind, problem)
					}
				}
			}
		}
	})
}

// whatShows signs in once, and says what everything that comes of it shows of the secrets.
func whatShows(t *testing.T, cred intune.Credential, name string, altered func(string) string, respond responder) string {
	t.Helper()
	authority, log := &gossip{respond, make(map[string]string)}, new(bytes.Buffer)
	client := newClient(t, cred, authority, intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}),
		intune.WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	err := client.Do(t.Context(), http.MethodGet, "/x", nil, nil)
	if err == nil || authority.secrets[name] == "" {
		return fmt.Sprintf("got %v; it was not sent", err)
	}
	fmt.Fprintf(log, "%v %+[1]v %#[1]v %v %+[2]v %#[2]v", cred, client)
	for _, value := range append(wrapped(err), log.String()) {
		for how, text := range renderings(value) {
			for what, secret := range authority.secrets {
				if part := shown(text, secret, altered(secret)); part != "" {
					return fmt.Sprintf("%s of %T shows %q of the %s in\n%s", how, value, part, what, text)
				}
			}
		}
	}
	return ""
}

// everyKey is a TokenStore with the same refresh token for all.
type everyKey string

func (e everyKey) LoadToken(context.Context, string) (string, error) { return string(e), nil }

func (everyKey) SaveToken(context.Context, string, string) {}
