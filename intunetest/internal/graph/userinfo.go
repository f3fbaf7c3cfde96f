package graph

// This file is the endpoint of OpenID Connect that Microsoft Graph has:
// https://learn.microsoft.com/entra/identity-platform/userinfo.

import (
	"net/http"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

const userInfoPath = "/oidc/userinfo"

// userInfo says who has signed in. What the person's claims are is the same in the id token.
func (c *call) userInfo() *exchange.Response {
	switch person := c.token.Person; {
	case !slices.Contains([]string{http.MethodGet, http.MethodPost}, c.Method):
		return c.methodNotAllowed(http.MethodGet, http.MethodPost)
	case person == nil:
		return c.fail(http.StatusForbidden, "Forbidden", "The token is not a user's.")
	default:
		given, family, _ := strings.Cut(person.Name, " ")
		return exchange.JSON(http.StatusOK, map[string]string{
			"sub": person.ID, "name": person.Name, "given_name": given, "family_name": family,
			"picture": c.origin + "/v1.0/me/photo/$value", "email": person.UserName,
		})
	}
}
