package entra

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func open(t *testing.T) *landingPage {
	t.Helper()
	page, err := openLandingPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(page.close)
	return page
}

func TestPageAcceptsOnlyItsOwnResponse(t *testing.T) {
	page := open(t)
	state := url.QueryEscape(page.state)
	for _, request := range []string{
		"GET /?code=stolen&state=guessed", "GET /?code=stolen", "GET /favicon.ico?code=c&state=" + state, "GET /?state=" + state, "GET /",
		"POST /?code=stolen&state=" + state,
	} {
		method, target, _ := strings.Cut(request, " ")
		response := httptest.NewRecorder()
		page.ServeHTTP(response, httptest.NewRequest(method, target, http.NoBody))
		if response.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", request, response.Code)
		}
	}
	resp, err := http.Get(page.url + "/?code=mine&state=" + state) //nolint:noctx // as a browser
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(text), "You are signed in") {
		t.Errorf("the browser shows %q, %v", text, err)
	}
	second := httptest.NewRecorder()
	page.ServeHTTP(second, httptest.NewRequest(http.MethodGet, "/?code=second&state="+state, http.NoBody))
	if second.Code != http.StatusBadRequest {
		t.Errorf("a second response: %d", second.Code)
	}
	if got, err := page.wait(t.Context()); err != nil || got.Get("code") != "mine" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPageShowsThatTheSignInFailed(t *testing.T) {
	page := open(t)
	response := httptest.NewRecorder()
	page.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/?error=access_denied&state="+url.QueryEscape(page.state), http.NoBody))
	if !strings.Contains(response.Body.String(), "You are not signed in") {
		t.Errorf("the browser shows %q", response.Body)
	}
	if got, err := page.wait(t.Context()); err != nil || got.Get("error") != "access_denied" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestClosedPageIsNotReachable(t *testing.T) {
	page := open(t)
	page.close()
	if resp, err := http.Get(page.url); err == nil { //nolint:noctx // as a browser
		_ = resp.Body.Close()
		t.Errorf("%s is still open", page.url)
	}
}

func TestWaitEnds(t *testing.T) {
	page := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := page.wait(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, errNoResponse) {
		t.Errorf("with its context: got %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		page := new(landingPage)
		began := time.Now()
		if _, err := page.wait(t.Context()); !errors.Is(err, errNoResponse) || time.Since(began) != 15*time.Minute {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}
