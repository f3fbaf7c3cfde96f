package claims_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/seed-230b9595/intune-go/internal/claims"
)

func TestChallenge(t *testing.T) {
	const object = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}},"x":"??>>"}`
	standard, forURLs := base64.StdEncoding.EncodeToString([]byte(object)), base64.RawURLEncoding.EncodeToString([]byte(object))
	tests := map[string]struct {
		status     int
		challenges []string
		want       string
	}{
		"as Graph writes it":       {401, []string{`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="` + standard + `"`}, object},
		"403":                      {403, []string{`Bearer claims="` + standard + `"`}, object},
		"for URLs, without quotes": {401, []string{"Bearer claims=" + forURLs}, object},
		"the second challenge":     {401, []string{`Negotiate`, `Bearer realm="a, claims=b", Claims = "` + standard + `"`}, object},
		"another status":           {400, []string{`Bearer claims="` + standard + `"`}, ""},
		"no challenge":             {401, nil, ""},
		"no claims":                {401, []string{`Bearer realm="", error="invalid_token"`}, ""},
		"inside of another":        {401, []string{`Bearer realm="claims=\"` + standard + `\""`}, ""},
		"not base64":               {401, []string{`Bearer claims="?"`}, ""},
		"not JSON":                 {401, []string{`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte("{")) + `"`}, ""},
		"not an object":            {401, []string{`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte("null")) + `"`}, ""},
	}
	for name, test := range tests {
		if got := claims.Challenge(test.status, http.Header{"Www-Authenticate": test.challenges}); got != test.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="`)
	f.Add(`Bearer a=b, c="\"", claims=e30`)
	f.Fuzz(func(t *testing.T, challenge string) {
		got := claims.Challenge(http.StatusUnauthorized, http.Header{"Www-Authenticate": {challenge}})
		if got != "" && !json.Valid([]byte(got)) {
			t.Errorf("%q is taken for claims", got)
		}
	})
}
