package main

// This file keeps the refresh tokens of people in the keyring of their account, so that they sign in once.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/zalando/go-keyring"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

// keyringStore implements intune.TokenStore. If there is no keyring, or it rejects a token, people are asked again in the
// next run.
type keyringStore struct {
	account  string // of --account, "" for that of a tenant
	remark   func(format string, args ...any)
	isSilent bool // the keyring did not respond, so it is not asked again
}

// userOptions keep the sign-in of a person, unless nothing says whose it is.
func (a *app) userOptions(tenant string) []intune.UserOption {
	if a.flags.account == "" && (tenant == "" || tenant == "organizations" || tenant == "common") {
		a.remark("This sign-in is not kept. To keep it, set AZURE_TENANT_ID, or name the account with --account.")
		return nil
	}
	return []intune.UserOption{intune.WithTokenStore(&keyringStore{account: a.flags.account, remark: a.remark})}
}

// service is the name under which the keyring keeps the tokens of an account.
func (s *keyringStore) service() string {
	if s.account == "" {
		return "intune-cert"
	}
	return "intune-cert (" + s.account + ")"
}

// LoadToken implements intune.TokenStore.
func (s *keyringStore) LoadToken(ctx context.Context, key string) (string, error) {
	token, err := s.ask(ctx, func() (string, error) { return keyring.Get(s.service(), key) })
	switch {
	case err == nil, errors.Is(err, keyring.ErrNotFound):
		return token, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	s.remark("The keyring cannot be read, so you have to sign in: %v", err)
	return "", nil
}

// SaveToken implements intune.TokenStore.
func (s *keyringStore) SaveToken(ctx context.Context, key, token string) {
	if s.isSilent {
		return
	}
	if _, err := s.ask(ctx, func() (string, error) { return "", keyring.Set(s.service(), key, token) }); err != nil {
		s.remark("The sign-in cannot be kept in the keyring, so you will be asked again next time: %v", err)
	}
}

// ask gives up on a keyring that does not respond: a session bus without a keyring can be silent.
func (s *keyringStore) ask(ctx context.Context, do func() (string, error)) (string, error) {
	const longest = 5 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("it does not respond within %v", longest))
	defer cancel()
	token, err := console.Await(ctx, do)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
		s.isSilent = true
	}
	return token, err
}

type logoutResult struct {
	outcome

	Account string `json:"account,omitempty"`
}

const logoutHelp = `Remove the sign-ins of --auth device and browser from the keyring of your operating system. --account chooses an account. Without
it, the command removes the sign-ins without a name. If there is none, that is not an error.`

func newLogoutCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Remove the sign-ins that are kept in the keyring", Long: logoutHelp, Args: cobra.NoArgs,
		Example: "  intune-cert logout\n  intune-cert logout --account ada@contoso.com",
		RunE:    a.does(func(ctx context.Context, _ []string) (result, error) { return a.logout(ctx) }),
	}
}

func (a *app) logout(ctx context.Context) (result, error) {
	store := &keyringStore{account: a.flags.account}
	_, err := store.ask(ctx, func() (string, error) { return "", keyring.DeleteAll(store.service()) })
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return nil, &advisedError{
			err:  fmt.Errorf("the keyring cannot be changed: %w", err),
			next: "If the keyring has entries of " + store.service() + ", remove them with the program for the keyring.",
		}
	}
	return &logoutResult{Account: a.flags.account}, nil
}

func (r *logoutResult) human(out *console.Writer) {
	out.Printf("No sign-in of %s is kept.\n", cmp.Or(r.Account, "intune-cert"))
}
