package main

// This file finds out who has signed in.

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// identity is who has signed in, as far as it is known.
type identity struct {
	TenantID      string `json:"tenantId,omitempty"`
	ApplicationID string `json:"applicationId,omitempty"`
	User          string `json:"user,omitempty"`
}

// observed is a credential of which the configuration does not say whom it signs in. Its tokens do.
type observed struct {
	intune.Credential

	identity *identity
}

// Token implements intune.Credential.
func (c *observed) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	token, err := c.Credential.Token(ctx, req)
	if err != nil {
		return nil, err
	}
	c.identity.read(token.AccessToken)
	return token, nil
}

// read takes what an access token says. It is for display alone: Microsoft may change the form of tokens.
func (i *identity) read(accessToken string) {
	parts := strings.Split(accessToken, ".")
	if len(parts) != 3 {
		return
	}
	var claims struct {
		TenantID          string `json:"tid"`
		ApplicationID     string `json:"appid"`
		UserPrincipalName string `json:"upn"`
		UniqueName        string `json:"unique_name"`
	}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(decoded, &claims) != nil {
		return
	}
	i.TenantID = cmp.Or(claims.TenantID, i.TenantID)
	i.ApplicationID = cmp.Or(claims.ApplicationID, i.ApplicationID)
	i.User = cmp.Or(claims.UserPrincipalName, claims.UniqueName)
}
