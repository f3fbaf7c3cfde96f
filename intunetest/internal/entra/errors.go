package entra

// This file holds the errors of Microsoft Entra ID with their numbers, from
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes and from responses that people have
// published. No number is known for polling too fast and for an application that signs in by itself at a shared tenant:
// those are the nearest.

import (
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// rejection is an error of Microsoft Entra ID.
type rejection struct {
	aadsts, status int
	code           string // OAuth's
	text           string
}

// because fills in the text.
func (r rejection) because(args ...any) *rejection {
	r.text = fmt.Sprintf(r.text, args...)
	return &r
}

// Of any request.
var (
	wrongMethod         = rejection{900561, http.StatusMethodNotAllowed, "invalid_request", "The endpoint only accepts %s requests."}
	noForm              = rejection{900144, http.StatusBadRequest, "invalid_request", "The request body must be form-encoded."}
	missingParameter    = rejection{900144, http.StatusBadRequest, "invalid_request", "The request body must contain the following parameter: '%s'."}
	duplicatedParameter = rejection{9000411, http.StatusBadRequest, "invalid_request", "The request is not properly formatted. The parameter '%s' is duplicated."}
	malformedRequest    = rejection{9002313, http.StatusBadRequest, "invalid_request", "Invalid request. Request is malformed or invalid: %s."}
	unknownTenant       = rejection{90002, http.StatusBadRequest, "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
	unknownApplication  = rejection{700016, http.StatusBadRequest, "unauthorized_client", "Application with identifier '%s' was not found in the directory. You may have sent your authentication request to the wrong tenant."}
	unknownInstance     = rejection{50049, http.StatusBadRequest, "invalid_instance", "Unknown or invalid instance."}
	unsupportedGrant    = rejection{70003, http.StatusBadRequest, "unsupported_grant_type", "The app requested an unsupported grant type."}
	invalidScope        = rejection{70011, http.StatusBadRequest, "invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid."}
	notDefaultScope     = rejection{1002012, http.StatusBadRequest, "invalid_scope", "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
	sharedTenant        = rejection{50194, http.StatusBadRequest, "invalid_request", "Application '%s' signs in by itself. Usage of the /%s endpoint is not supported for that. Use a tenant-specific endpoint."}
	notConsented        = rejection{65001, http.StatusBadRequest, "invalid_grant", "The user or administrator has not consented to use the application with ID '%s' and permission '%s'. Send an interactive authorization request for this user and resource."}
	unknownPerson       = rejection{50034, http.StatusBadRequest, "invalid_grant", "The user account %s does not exist in the %s directory."}
	consentDeclined     = rejection{65004, http.StatusBadRequest, "access_denied", "User declined to consent to access the app."}
)

// Of a client's authentication.
var (
	missingCredential    = rejection{7000218, http.StatusUnauthorized, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	wrongSecret          = rejection{7000215, http.StatusUnauthorized, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."}
	publicWithCredential = rejection{700025, http.StatusUnauthorized, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."}
)

// Of a client assertion.
var (
	malformedAssertion     = rejection{50027, http.StatusBadRequest, "invalid_request", "JWT token is invalid or malformed: %s."}
	missingThumbprint      = rejection{5002723, http.StatusBadRequest, "invalid_request", "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header."}
	subjectIsNotIssuer     = rejection{50048, http.StatusUnauthorized, "invalid_client", "Subject must match Issuer claim in the client assertion."}
	assertionOfAnother     = rejection{700021, http.StatusUnauthorized, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."}
	wrongAudience          = rejection{700023, http.StatusUnauthorized, "invalid_client", "Client assertion audience claim does not match Realm issuer."}
	outsideValidity        = rejection{700024, http.StatusUnauthorized, "invalid_client", "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s."}
	invalidSignature       = rejection{700027, http.StatusUnauthorized, "invalid_client", "Client assertion contains an invalid signature. [Reason - %s, Thumbprint of key used by client: '%s']"}
	wrongSubjectName       = rejection{700030, http.StatusUnauthorized, "invalid_client", "Invalid certificate - subject name in certificate is not authorized. SubjectNames/SubjectAlternativeNames (up to 10) in token certificate are: %s."}
	noCredentialOfIssuer   = rejection{700211, http.StatusUnauthorized, "invalid_client", "No matching federated identity record found for presented assertion issuer '%s'."}
	noCredentialOfAudience = rejection{700212, http.StatusUnauthorized, "invalid_client", "No matching federated identity record found for presented assertion audience '%s'."}
	noCredentialOfSubject  = rejection{700213, http.StatusUnauthorized, "invalid_client", "No matching federated identity record found for presented assertion subject '%s'."}
)

// Of the grants by which a user signs in.
var (
	authorizationPending = rejection{70016, http.StatusBadRequest, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."}
	pollingTooFast       = rejection{50196, http.StatusBadRequest, "slow_down", "The app has polled again in less than %d seconds. The interval is now %d seconds."}
	userDeclined         = rejection{65004, http.StatusBadRequest, "authorization_declined", "User declined to consent to access the app."}
	deviceCodeExpired    = rejection{70020, http.StatusBadRequest, "expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired."}
	unknownDeviceCode    = rejection{70018, http.StatusBadRequest, "bad_verification_code", "Invalid verification code: the device_code is not known."}
	unknownUserCode      = rejection{70018, http.StatusBadRequest, "bad_verification_code", "Invalid verification code: no device waits with '%s'."}
	userCodeExpired      = rejection{70019, http.StatusBadRequest, "expired_token", "Verification code expired."}

	wrongRedirectURI        = rejection{50011, http.StatusBadRequest, "invalid_request", "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application."}
	unsupportedResponseType = rejection{70005, http.StatusBadRequest, "unsupported_response_type", "The app requested an unsupported response type: only 'code' is enabled."}
	unsupportedResponseMode = rejection{70007, http.StatusBadRequest, "invalid_request", "The app requested an unsupported value of 'response_mode'."}
	wrongChallengeMethod    = rejection{50149, http.StatusBadRequest, "invalid_request", "Invalid Code_Challenge_method parameter: only S256 is supported."}
	wrongChallengeSize      = rejection{501491, http.StatusBadRequest, "invalid_request", "Invalid size of Code_Challenge parameter."}
	unknownCode             = rejection{70000, http.StatusBadRequest, "invalid_grant", "The provided value for the 'code' parameter is not valid."}
	codeExpired             = rejection{70008, http.StatusBadRequest, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."}
	alreadyRedeemed         = rejection{54005, http.StatusBadRequest, "invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."}
	otherRedirectURI        = rejection{500112, http.StatusUnauthorized, "invalid_client", "The reply address '%s' does not match the reply address '%s' provided when requesting Authorization code."}
	wrongVerifier           = rejection{501481, http.StatusBadRequest, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."}

	unknownRefreshToken = rejection{70000, http.StatusBadRequest, "invalid_grant", "Provided grant is invalid or malformed."}
	refreshTokenExpired = rejection{700082, http.StatusBadRequest, "invalid_grant", "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for %s."}
)

// response is the rejection as the endpoints for programs send it.
func (r *rejection) response(ids exchange.IDs) *exchange.Response {
	fields := r.fields(ids)
	fields["error_codes"] = []int{r.aadsts}
	fields["error_uri"] = fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", r.aadsts)
	return exchange.JSON(r.status, fields)
}

// fields are those that a redirection carries too. The correlation id is the client's own, if it sent one.
func (r *rejection) fields(ids exchange.IDs) map[string]any {
	timestamp := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return map[string]any{
		"error": r.code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			r.aadsts, r.text, ids.Request, ids.Client, timestamp),
		"timestamp": timestamp, "trace_id": ids.Request, "correlation_id": ids.Client,
	}
}

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
