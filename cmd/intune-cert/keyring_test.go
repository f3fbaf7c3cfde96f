package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"
)

func TestKeyringKeepsTheSignIn(t *testing.T) {
	keyring.MockInit()
	store := &keyringStore{remark: func(format string, args ...any) { t.Errorf(format, args...) }}
	if token, err := store.LoadToken(t.Context(), "key"); err != nil || token != "" {
		t.Errorf("at first: %q, %v", token, err)
	}
	store.SaveToken(t.Context(), "key", "refresh token")
	if token, err := store.LoadToken(t.Context(), "key"); err != nil || token != "refresh token" {
		t.Errorf("then: %q, %v", token, err)
	}
}

func TestKeyringThatRefusesIsNoError(t *testing.T) {
	keyring.MockInitWithError(errors.New("locked\x1b"))
	var remarks []string
	store := &keyringStore{remark: func(format string, args ...any) { remarks = append(remarks, fmt.Sprintf(format, args...)) }}
	if token, err := store.LoadToken(t.Context(), "key"); err != nil || token != "" {
		t.Errorf("got %q, %v", token, err)
	}
	store.SaveToken(t.Context(), "key", "refresh token")
	if said := strings.Join(remarks, "\n"); len(remarks) != 2 || !strings.Contains(said, "locked") || strings.ContainsAny(said, "\x1b") || strings.Contains(said, "refresh token") {
		t.Errorf("said %q", remarks)
	}
}
