package intune_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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

// TestEchoOfASecretIsMaskedHoweverItIsWritten: JSON may be escaped where it need not be, and cut short.
func TestEchoOfASecretIsMaskedHoweverItIsWritten(t *testing.T) {
	cert := intune.FromX509(newCertificate(t))
	content := b64(cert.Content)
	escaped := strings.NewReplacer("+", `\u002B`, "/", `\/`, "=", `\u003D`).Replace(content)
	for name, body := range map[string]string{
		"escaped":   `{"error":{"code":"BadRequest","message":"bad content ` + escaped + `"}}`,
		"cut short": `{"error":{"code":"BadRequest","message":"bad content ` + content[:200],
		"nested":    `{"error":{"code":"X","message":"{\"Message\":\"bad ` + content + `\"}"}}`,
	} {
		_, err := certificates(newWire(t, reply(400, body, "request-id", aToken))).Create(t.Context(), cert)
		refused := errorAs[*intune.APIError](t, err)
		printed := fmt.Sprintf("%v %#v %s", err, refused, refused.Body)
		for i := 0; i+40 < len(content); i += 20 {
			if strings.Contains(printed, content[i:i+40]) || strings.Contains(printed, aToken) {
				t.Errorf("%s: a secret shows in %s", name, printed)
				break
			}
		}
	}
	_, err := create(newWire(t, reply(201, `{"id":"1","uploadDateTime":"`+aToken+`"}`)).client(), intune.WithoutReconcile())
	if strings.Contains(err.Error(), aToken) {
		t.Errorf("the token shows in %v", err)
	}
}
