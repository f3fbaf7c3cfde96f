package main

// This file finds out who has signed in.

import (
	"cmp"
	"context"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// identity is who has signed in, as far as it is known.
type identity struct {
	TenantID      string `json:"tenantId,omitempty"`
	ApplicationID string `json:"applicationId,omitempty"`
	User          string `json:"user,omitempty"`
}

// signInError is an error of a sign-in. The Azure SDK has no types for most of them.
type signInError struct{ error }

func (e *signInError) Unwrap() error { return e.error }

// observed is a credential of which the configuration does not say whom it signs in. Its tokens do.
type observed struct {
	intune.Credential

	identity *identity
}

// Token implements intune.Credential.
func (c *observed) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	token, err := c.Credential.Token(ctx, req)
	if err != nil {
		return nil, &signInError{err}
	}
	c.identity.read(token.AccessToken)
	return token, nil
}

// read takes what an access token says. It is for display alone: Microsoft may change the form of tokens.
func (i *identity) read(accessToken string) {
	claims := jwt.MapClaims{}
	_, _, _ = jwt.NewParser().ParseUnverified(accessToken, claims) // what it cannot read stays unknown
	text := func(name string) string {
		claim, _ := claims[name].(string)
		return claim
	}
	i.TenantID = cmp.Or(text("tid"), i.TenantID)
	i.ApplicationID = cmp.Or(text("appid"), i.ApplicationID)
	i.User = cmp.Or(text("upn"), text("unique_name"))
}
