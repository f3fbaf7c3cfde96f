package intune_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

func TestClientRequestIDIsTheSameOverACall(t *testing.T) {
	w := newWire(t, reply(429, ""), reply(http.StatusCreated, created), reply(http.StatusCreated, created))
	client := w.client(fast)
	var meta intune.Response
	for range 2 {
		if _, err := create(client, intune.WithResponse(&meta)); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, req := range w.requests {
		ids = append(ids, req.Header.Get("client-request-id"))
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || meta.ClientRequestID != ids[2] || meta.Attempts != 1 {
		t.Errorf("ids %v, response %+v", ids, meta)
	}
}

// TestEchoOfASecretIsMaskedHoweverItIsWritten: gateways show what they were sent in JSON, HTML and percent-encoding.
func TestEchoOfASecretIsMaskedHoweverItIsWritten(t *testing.T) {
	cert := intune.FromX509(newCertificate(t))
	content := b64(cert.Content)
	for name, body := range map[string]string{
		"as it is":            `{"error":{"code":"BadRequest","message":"bad content ` + content + ` and ` + aToken + `"}}`,
		"escaped JSON":        `{"error":{"code":"BadRequest","message":"bad content ` + strings.NewReplacer("+", `\u002B`, "/", `\/`, "=", `\u003D`).Replace(content) + `"}}`,
		"nested JSON":         `{"error":{"code":"X","message":"{\"Message\":\"bad ` + content + `\"}"}}`,
		"percent-encoded":     `{"error":{"code":"X","message":"` + url.QueryEscape("content="+content+"&token="+aToken) + `"}}`,
		"HTML of a gateway":   `<html>` + html.EscapeString(content) + strings.ReplaceAll(content, "+", "&#43;") + aToken + `</html>`,
		"problem details":     `{"title":"bad","detail":"` + content + aToken + `"}`,
		"OAuth's description": `{"error":"bad","error_description":"` + content + aToken + `"}`,
	} {
		_, err := certificates(newWire(t, reply(400, body, "request-id", aToken))).Create(t.Context(), cert, intune.WithoutReconcile())
		rejection := errorAs[*intune.APIError](t, err)
		printed := fmt.Sprintf("%v %#v %s", err, rejection, rejection.Body)
		for i := 0; i+40 < len(content); i += 20 {
			if strings.Contains(printed, content[i:i+40]) || strings.Contains(printed, aToken) {
				t.Errorf("%s: a secret shows in %s", name, printed)
				break
			}
		}
	}
	_, err := create(newWire(t, reply(201, `{"id":"1","@odata.type":"`+aToken+`"}`)).client(), intune.WithoutReconcile())
	if strings.Contains(err.Error(), aToken) {
		t.Errorf("the token shows in %v", err)
	}
}

// TestTokenThatIsAWordDoesNotGarbleSuccess: a token such as a test has may occur in a good response.
func TestTokenThatIsAWordDoesNotGarbleSuccess(t *testing.T) {
	for _, token := range []string{"Contoso", "provisioned", "certificate"} {
		w := newWire(t, reply(201, `{"@odata.context":"https://x/$metadata#certificates","id":"certificate","subject":"CN=Contoso","status":"provisioned"}`))
		cred := intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
		got, err := create(newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: w.mock})))
		if err != nil || got.ID != "certificate" || got.Subject != "CN=Contoso" || got.Status != intune.CertificateStatusProvisioned {
			t.Errorf("%q: got %v, %v", token, got, err)
		}
	}
}

// TestShortTokenDoesNotGarbleErrors: a token such as a test has must not be removed from inside other words.
func TestShortTokenDoesNotGarbleErrors(t *testing.T) {
	for _, token := range []string{"a", "e", "Bad"} {
		w := newWire(t, reply(400, graphRefusal("BadRequest")))
		cred := intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
		_, err := create(newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: w.mock})))
		if want := "create enterpriseCodeSigningCertificate: 400 Bad Request: no (request-id inner)"; err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", token, err, want)
		}
	}
}
