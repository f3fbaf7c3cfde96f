package entra

// This file rejects sign-ins because a test wants it.

import (
	"net/http"
	"regexp"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

var transientError = rejection{90033, http.StatusServiceUnavailable, "temporarily_unavailable", "A transient error has occurred. Please try again."}

// injectable are the rejections that programs may have to understand.
var injectable = []rejection{
	transientError, unknownTenant, unknownApplication, invalidScope, missingCredential, wrongSecret, notConsented,
	invalidSignature, wrongAudience, outsideValidity, noCredentialOfIssuer, noCredentialOfAudience, noCredentialOfSubject,
	userDeclined, consentDeclined, refreshTokenExpired, wrongRedirectURI, sharedTenant,
	{90024, http.StatusServiceUnavailable, "temporarily_unavailable", "The request budget has been exceeded by a transient error. Please try again."},
	{7000222, http.StatusUnauthorized, "invalid_client", "The provided client secret keys for app '%s' are expired."},
	{7000112, http.StatusUnauthorized, "unauthorized_client", "Application '%s' is disabled."},
	{70021, http.StatusBadRequest, "invalid_request", "No matching federated identity record found for presented assertion."},
	{500011, http.StatusBadRequest, "invalid_resource", "The resource principal named %s was not found in the tenant named %s."},
	{53003, http.StatusBadRequest, "interaction_required", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."},
	{50076, http.StatusBadRequest, "interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '%s'."},
	{50173, http.StatusBadRequest, "invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed."},
	{50126, http.StatusBadRequest, "invalid_grant", "Error validating credentials due to invalid username or password."},
}

var verb = regexp.MustCompile(`%[sdv]`)

// Injected returns the rejection with a number, 0 for a transient one, and with a status, 0 for the usual one.
func Injected(aadsts, status int, ids exchange.IDs) *exchange.Response {
	injected := rejection{aadsts, http.StatusBadRequest, "invalid_request", "The sign-in was rejected."}
	if aadsts == 0 {
		injected = transientError
	}
	for _, known := range injectable {
		if known.aadsts == aadsts {
			injected = known
		}
	}
	if status != 0 {
		injected.status = status
	}
	injected.text = verb.ReplaceAllString(injected.text, "(injected)")
	return injected.response(ids)
}
