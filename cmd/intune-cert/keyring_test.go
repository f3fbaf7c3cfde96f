package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

func TestKeyringKeepsTheSignInOfEachAccount(t *testing.T) {
	keyring.MockInit()
	unexpected := func(format string, args ...any) { t.Errorf(format, args...) }
	load := func(account, want string) {
		t.Helper()
		store := &keyringStore{account: account, remark: unexpected}
		if token, err := store.LoadToken(t.Context(), "key"); err != nil || token != want {
			t.Errorf("%q: %q, %v, want %q", account, token, err, want)
		}
	}
	load("", "")
	for _, account := range []string{"", "ada@contoso.com", "bob@fabrikam.com"} {
		(&keyringStore{account: account, remark: unexpected}).SaveToken(t.Context(), "key", "token of "+account)
	}
	load("", "token of ")
	load("ada@contoso.com", "token of ada@contoso.com")

	a := newTestApp(t)
	a.flags.account = "ada@contoso.com"
	for range 2 { // the second time there is nothing left
		if _, err := a.logout(t.Context()); err != nil {
			t.Error(err)
		}
	}
	load("ada@contoso.com", "")
	load("bob@fabrikam.com", "token of bob@fabrikam.com")
	a.flags.account = ""
	if _, err := a.logout(t.Context()); err != nil {
		t.Error(err)
	}
	load("", "")
	load("bob@fabrikam.com", "token of bob@fabrikam.com")
}

func TestKeyringThatRejectsIsNoError(t *testing.T) {
	keyring.MockInitWithError(errors.New("locked"))
	var remarks []string
	store := &keyringStore{remark: func(format string, args ...any) { remarks = append(remarks, fmt.Sprintf(format, args...)) }}
	if token, err := store.LoadToken(t.Context(), "key"); err != nil || token != "" {
		t.Errorf("got %q, %v", token, err)
	}
	store.SaveToken(t.Context(), "key", "refresh token")
	if said := strings.Join(remarks, "\n"); len(remarks) != 2 || !strings.Contains(said, "locked") || strings.Contains(said, "refresh token") {
		t.Errorf("said %q", remarks)
	}
}

// TestSilentKeyringIsGivenUp: a session bus that never responds blocked forever.
func TestSilentKeyringIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var remarks []string
		store := &keyringStore{remark: func(format string, args ...any) { remarks = append(remarks, fmt.Sprintf(format, args...)) }}
		responds := make(chan struct{})
		defer close(responds)
		began := time.Now()
		_, err := store.ask(t.Context(), func() (string, error) { <-responds; return "", nil })
		if took := time.Since(began); took != 5*time.Second || !strings.Contains(fmt.Sprint(err), "does not respond within 5s") {
			t.Errorf("after %v: %v", took, err)
		}
		store.SaveToken(t.Context(), "key", "token")
		if took := time.Since(began); took != 5*time.Second || len(remarks) != 0 {
			t.Errorf("asked again, %v: %q", took, remarks)
		}
	})
}

func TestSignInsThatNobodyCanTellApartAreNotKept(t *testing.T) {
	a := newTestApp(t)
	for tenant, isKept := range map[string]bool{"": false, "organizations": false, "common": false, "contoso.onmicrosoft.com": true} {
		if got := len(a.userOptions(tenant)) > 0; got != isKept {
			t.Errorf("%q: kept is %v", tenant, got)
		}
	}
	a.flags.account = "ada@contoso.com"
	if len(a.userOptions("")) == 0 {
		t.Error("the sign-in of an account is not kept")
	}
}
