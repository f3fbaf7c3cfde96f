package intunetest_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

// wantChallenge checks that Graph asks for the claims.
func (w *wire) wantChallenge(claims string) {
	w.Helper()
	a := w.create(minimal)
	w.graphError(a, http.StatusUnauthorized, "InvalidAuthenticationToken")
	header := a.header.Get("WWW-Authenticate")
	match := regexp.MustCompile(`^Bearer realm="", authorization_uri="https://[^"]+", error="insufficient_claims", claims="([^"]+)"$`).FindStringSubmatch(header)
	if match == nil {
		w.Fatalf("WWW-Authenticate is %q", header)
	}
	if got, err := base64.StdEncoding.DecodeString(match[1]); err != nil || string(got) != claims {
		w.Errorf("the claims are %s: %v", got, err)
	}
}

func TestClaimsAreChallengedUntilATokenHasThem(t *testing.T) {
	w := newWire(t)
	w.wantStatus(w.create(minimal), http.StatusCreated)
	w.server.ChallengeClaims(claims)
	w.wantChallenge(claims)
	w.wantStored(1)
	for _, too := range []string{"", `{}`, `{"access_token":{}}`, `{"access_token":{"nbf":{"essential":true}}}`, `{"access_token":null}`,
		`{"access_token":{"nbf":{"essential":true,"value":"1604106650"}}}`} { // little
		w.token, _ = w.object(w.signIn("claims=" + too))["access_token"].(string)
		w.wantChallenge(claims)
	}
	w.granted(w.signIn("claims=" + claims))
	w.granted(w.signIn(`claims={"access_token":{"nbf":{"value":"1604106651","essential":true},"xms_cc":{"values":["cp1"]}},"id_token":{}}`))

	const next = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	w.server.ChallengeClaims(next)
	w.wantChallenge(next)
}

func TestUsersTokensKeepTheirClaims(t *testing.T) {
	w := newWire(t)
	w.server.ChallengeClaims(claims)
	granted := w.granted(w.redeemCode(w.code("claims=" + claims)))
	granted = w.granted(w.refresh(granted))
	w.token, _ = w.object(w.refresh(granted, "claims={}"))["access_token"].(string)
	w.wantChallenge(claims)
}

func TestChallengeClaimsPanicsOnNonsense(t *testing.T) {
	server := intunetest.NewServer(t)
	for _, nonsense := range []string{"", "null", "[]", "{"} {
		if panicOf(func() { server.ChallengeClaims(nonsense) }) == "" {
			t.Errorf("took %q", nonsense)
		}
	}
}
