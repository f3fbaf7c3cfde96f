package entra

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wait"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// token requests a token. grant has the parameters of the grant. secrets are those that it contains.
func (a application) token(ctx context.Context, req Request, scope string, grant url.Values, secrets ...string) (*oauth2.Token, error) {
	body, err := req.post(ctx, a.endpoint(req, "token"), a.parameters(req, scope, grant), secrets...)
	if err != nil {
		return nil, err
	}
	var members struct {
		AccessToken  string      `json:"access_token"`
		TokenType    string      `json:"token_type"`
		RefreshToken string      `json:"refresh_token"`
		ExpiresIn    json.Number `json:"expires_in"`
	}
	if json.Unmarshal(body, &members) != nil { // the error could quote a secret
		return nil, errors.New("the response of the token endpoint has a member of a wrong type")
	}
	if members.AccessToken == "" {
		return nil, missing("access_token", body, secrets)
	}
	return &oauth2.Token{
		AccessToken: members.AccessToken, TokenType: members.TokenType, RefreshToken: members.RefreshToken,
		Expiry: expiry(members.ExpiresIn),
	}, nil
}

// period reads a number of seconds. Some endpoints send it as text, or with a fraction.
func period(seconds json.Number) time.Duration {
	const longest = 10 * 365 * 24 * 60 * 60
	number, _ := seconds.Float64() // "" without one
	return time.Duration(min(max(number, 0), longest) * float64(time.Second))
}

// expiry returns the time at the end of a period that begins now, zero without one.
func expiry(seconds json.Number) time.Time {
	if period(seconds) == 0 {
		return time.Time{}
	}
	return time.Now().Add(period(seconds))
}

// post sends a form and returns the JSON object of the response. No error contains the secrets.
func (req Request) post(ctx context.Context, address string, form url.Values, secrets ...string) ([]byte, error) {
	return OnceMore(ctx, func() ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, hide(err, secrets)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return req.do(r, secrets)
	})
}

// OnceMore repeats a request after a second if it is rejected with an error that is known to pass by itself.
func OnceMore[T any](ctx context.Context, request func() (T, error)) (T, error) {
	result, err := request()
	if rejected, ok := errors.AsType[*Error](err); ok && rejected.passesByItself() && wait.Until(ctx, time.Now().Add(time.Second)) == nil {
		return request()
	}
	return result, err
}

const (
	maxBody        = 1 << 20     // bytes of a response that are read
	defaultTimeout = time.Minute // of a request, if the caller gives no HTTP client
)

// do sends a request and returns the JSON object of the response. Any other response is an *Error. It follows no
// redirects, because they would take the secret elsewhere. No error contains the secrets.
func (req Request) do(r *http.Request, secrets []string) ([]byte, error) {
	client := http.Client{Timeout: defaultTimeout}
	if req.HTTPClient != nil {
		client = *req.HTTPClient
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.Header.Set("Accept", "application/json")
	resp, err := client.Do(r) //nolint:bodyclose,gosec // ReadAll closes it; the root URL has been checked
	if err != nil {
		return nil, hide(wire.Explain(err), secrets)
	}
	body, err := wire.ReadAll(r.Context(), resp, maxBody)
	switch {
	case err != nil:
		return nil, hide(&url.Error{Op: "read the response of", URL: r.URL.String(), Err: err}, secrets)
	case resp.StatusCode/100 == 2 && isJSONObject(body) && !hasCode(body):
		return body, nil
	}
	return nil, newError(resp, redact.New(secrets...).Bytes(body))
}
