package main

import (
	"context"
	"errors"

	"github.com/zalando/go-keyring"
)

// keyringStore keeps the refresh tokens of people in the keyring of their account, so that they sign in once. If there is
// no keyring, or it rejects a token, they are asked again in the next run.
type keyringStore struct {
	remark func(format string, args ...any)
}

const keyringService = "intune-cert"

// LoadToken implements intune.TokenStore.
func (s *keyringStore) LoadToken(_ context.Context, key string) (string, error) {
	token, err := keyring.Get(keyringService, key)
	if err == nil || errors.Is(err, keyring.ErrNotFound) {
		return token, nil
	}
	s.remark("The keyring cannot be read, so you have to sign in: %s", plain(err.Error()))
	return "", nil
}

// SaveToken implements intune.TokenStore.
func (s *keyringStore) SaveToken(_ context.Context, key, token string) {
	if err := keyring.Set(keyringService, key, token); err != nil {
		s.remark("The sign-in cannot be kept in the keyring, so you will be asked again next time: %s", plain(err.Error()))
	}
}
