package intune_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// brokenBody is a request body that a careless middleware has made: it ends with an error, or is longer than announced.
type brokenBody struct {
	io.Reader

	closeErr error
}

func (b *brokenBody) Close() error { return b.closeErr }

// TestErrorAfterTheLastByteProvesNothing: net/http reports a failed write also where the whole body has been sent.
func TestErrorAfterTheLastByteProvesNothing(t *testing.T) {
	for name, breaking := range map[string]func(body io.Reader) io.ReadCloser{
		"the body cannot be closed": func(body io.Reader) io.ReadCloser { return &brokenBody{body, errors.New("close failed")} },
		"the body is longer than it said": func(body io.Reader) io.ReadCloser {
			return &brokenBody{io.MultiReader(body, strings.NewReader("\n")), nil}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := intunetest.NewServer(t)
			client := server.Client(fast, middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
				if req.Body != nil {
					req = req.Clone(req.Context())
					req.Body = breaking(req.Body)
				}
				return next.RoundTrip(req)
			}))
			cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=" + strings.Repeat("x", 20_000)}
			_, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithoutReconcile())
			if held := len(server.Certificates()); held > 1 || err != nil && !errors.As(err, new(*intune.OutcomeUnknownError)) {
				t.Errorf("%d held, %v", held, err)
			}
		})
	}
}

// TestRequestThatAMiddlewareRepeats: what one of its requests was refused proves nothing about the other.
func TestRequestThatAMiddlewareRepeats(t *testing.T) {
	server := intunetest.NewServer(t)
	inject(server, intunetest.Fault{Drop: intunetest.DropAfterCommit}, intunetest.Fault{Status: 400})
	client := server.Client(fast, middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		again := req.Clone(req.Context())
		req = req.Clone(req.Context())
		req.Body, again.Body = io.NopCloser(strings.NewReader(string(body))), io.NopCloser(strings.NewReader(string(body)))
		if resp, err := next.RoundTrip(req); err == nil {
			return resp, nil
		}
		return next.RoundTrip(again)
	}))
	_, err := create(client, intune.WithoutReconcile())
	errorAs[*intune.OutcomeUnknownError](t, err)
}

func TestMiddlewareDoesNotSeeTheTokenOnTheWayBackEither(t *testing.T) {
	server := intunetest.NewServer(t)
	var seen []string
	var hooks int
	client := server.Client(middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { hooks++ }}
		resp, err := next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err == nil {
			seen = append(seen, fmt.Sprint(resp.Request.Header))
		}
		return resp, err
	}))
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	if hooks != 1 || strings.Contains(fmt.Sprint(seen), "Bearer") {
		t.Errorf("%d connections, seen %v", hooks, seen)
	}
}

func TestHeadersInOtherSpellingsReplaceNothing(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, created)
	}))
	defer server.Close()
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		for _, name := range []string{"accept", "ACCEPT", "authorization", "idempotency-key", "x-idempotency-Key"} {
			req.Header[name] = []string{"meddled"}
		}
		return next.RoundTrip(req)
	}))
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprint(got), "meddled") || fmt.Sprint(got["Accept"]) != "[application/json]" {
		t.Errorf("sent %v", got)
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

func TestAnswersThatNetHTTPTolerates(t *testing.T) {
	for name, base := range map[string]roundTripper{
		"no body": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusNoContent}, nil
		},
		"no answer": func(*http.Request) (*http.Response, error) { return nil, nil },
	} {
		client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: base}), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 1}))
		if err := client.Do(t.Context(), "POST", "/x", nil, nil); (err == nil) != (name == "no body") {
			t.Errorf("%s: %v", name, err)
		}
		signIn := newClient(t, intune.ClientSecret(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: base}), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 1}))
		if err := get(t.Context(), signIn); err == nil {
			t.Errorf("%s: signed in", name)
		}
	}
}

func TestPauseOfTheTokenEndpointHoldsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{fail: func(n int) error {
			if n == 1 {
				return &intune.AuthError{StatusCode: 429, RetryAfter: time.Minute}
			}
			return nil
		}}
		client := new(service).client(t, tokens)
		done := make(chan error)
		began := time.Now()
		for i := range 5 {
			go func() {
				time.Sleep(time.Duration(i) * time.Second)
				done <- get(t.Context(), client)
			}()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if tokens.count() != 2 || time.Since(began) != time.Minute {
			t.Errorf("%d token requests in %v", tokens.count(), time.Since(began))
		}
	})
}

func TestCookiesAreThoseOfTheJarForEachAttempt(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site, _ := url.Parse("https://graph.microsoft.com/")
	jar.SetCookies(site, []*http.Cookie{{Name: "affinity", Value: "0", Path: "/"}})
	throttled := reply(429, "", "Set-Cookie", "affinity=1; Path=/")
	w := newWire(t, throttled, reply(201, created))
	client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: w.mock, Jar: jar}), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1}))
	if _, err := create(client); err != nil {
		t.Fatal(err)
	}
	if got := w.requests[1].Header["Cookie"]; fmt.Sprint(got) != "[affinity=1]" {
		t.Errorf("the second attempt sends %v", got)
	}
}

func TestEnvironmentSecretWithALineBreakIsToldAtOnce(t *testing.T) {
	t.Setenv("AZURE_TENANT_ID", tenant)
	t.Setenv("AZURE_CLIENT_ID", app)
	t.Setenv("AZURE_CLIENT_SECRET", aSecret+"\n")
	_, err := intune.EnvironmentCredential()
	errorAs[*intune.InputError](t, err)
}

// TestHostileAnswersAreBounded feeds answers that never end, at every layer, and looks that the call does.
func TestHostileAnswersAreBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var round atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.ReadAtLeast(conn, make([]byte, 4096), 100)
				prefix := "HTTP/1.1 200 OK\r\nX: "
				if round.Add(1)%2 == 0 {
					prefix = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
				}
				_, _ = io.WriteString(conn, prefix)
				_, _ = io.Copy(conn, io.LimitReader(endless("a"), 64<<20))
			}()
		}
	}()
	client := newClient(t, staticToken(), intune.WithBaseURL("http://"+listener.Addr().String()), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 2, MinDelay: 1, MaxDelay: 1}))
	defer client.CloseIdleConnections()
	var out json.RawMessage
	if err := client.Do(t.Context(), "GET", "/x", nil, &out); err == nil {
		t.Error("an endless answer was accepted")
	}
}
