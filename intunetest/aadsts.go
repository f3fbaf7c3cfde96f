package intunetest

// This file holds the reasons for which Microsoft Entra ID refuses, with their numbers: those of
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes, and of answers that people have published.
// No number is known for a replayed assertion and for polling too fast: those two are the nearest.

import (
	"fmt"
	"net/http"
	"time"
)

// refusal is a no of Microsoft Entra ID.
type refusal struct {
	aadsts, status int
	code           string // OAuth's
	text           string
}

// because fills in the text.
func (r refusal) because(args ...any) *refusal {
	r.text = fmt.Sprintf(r.text, args...)
	return &r
}

// Of any request.
var (
	wrongMethod         = refusal{900561, http.StatusMethodNotAllowed, "invalid_request", "The endpoint only accepts %s requests."}
	noForm              = refusal{900144, http.StatusBadRequest, "invalid_request", "The request body must be form-encoded."}
	missingParameter    = refusal{900144, http.StatusBadRequest, "invalid_request", "The request body must contain the following parameter: '%s'."}
	duplicatedParameter = refusal{9000411, http.StatusBadRequest, "invalid_request", "The request is not properly formatted. The parameter '%s' is duplicated."}
	malformedRequest    = refusal{9002313, http.StatusBadRequest, "invalid_request", "Invalid request. Request is malformed or invalid: %s."}
	unknownTenant       = refusal{90002, http.StatusBadRequest, "invalid_request", "Tenant '%s' not found."}
	unknownApplication  = refusal{700016, http.StatusBadRequest, "unauthorized_client", "Application with identifier '%s' was not found in the directory."}
	unknownInstance     = refusal{50049, http.StatusBadRequest, "invalid_instance", "Unknown or invalid instance."}
	unsupportedGrant    = refusal{70003, http.StatusBadRequest, "unsupported_grant_type", "The app requested an unsupported grant type."}
	invalidScope        = refusal{70011, http.StatusBadRequest, "invalid_scope", "The provided value for the input parameter 'scope' is not valid."}
	notConsented        = refusal{65001, http.StatusBadRequest, "invalid_grant", "The user or administrator has not consented to use the application with '%s'."}
	consentDeclined     = refusal{65004, http.StatusBadRequest, "access_denied", "User declined to consent to access the app."}
)

// Of a client's authentication.
var (
	missingCredential    = refusal{7000218, http.StatusUnauthorized, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	wrongSecret          = refusal{7000215, http.StatusUnauthorized, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."}
	publicWithCredential = refusal{700025, http.StatusUnauthorized, "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."}
)

// Of a client assertion.
var (
	malformedAssertion     = refusal{50027, http.StatusBadRequest, "invalid_request", "JWT token is invalid or malformed: %s."}
	missingThumbprint      = refusal{5002723, http.StatusBadRequest, "invalid_request", "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header."}
	subjectIsNotIssuer     = refusal{50048, http.StatusUnauthorized, "invalid_client", "Subject must match Issuer claim in the client assertion."}
	assertionOfAnother     = refusal{700021, http.StatusUnauthorized, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."}
	wrongAudience          = refusal{700023, http.StatusUnauthorized, "invalid_client", "Client assertion audience claim does not match Realm issuer."}
	outsideValidity        = refusal{700024, http.StatusUnauthorized, "invalid_client", "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s."}
	invalidSignature       = refusal{700027, http.StatusUnauthorized, "invalid_client", "Client assertion contains an invalid signature. [Reason - %s, Thumbprint of key used by client: '%s']"}
	wrongSubjectName       = refusal{700030, http.StatusUnauthorized, "invalid_client", "Invalid certificate - subject name in certificate is not authorized. SubjectNames/SubjectAlternativeNames (up to 10) in token certificate are: %s."}
	replayedAssertion      = refusal{50013, http.StatusUnauthorized, "invalid_client", "Assertion failed validation: its 'jti' has been used before."}
	noCredentialOfIssuer   = refusal{700211, http.StatusUnauthorized, "invalid_client", "No matching federated identity record found for presented assertion issuer '%s'."}
	noCredentialOfAudience = refusal{700212, http.StatusUnauthorized, "invalid_client", "No matching federated identity record found for presented assertion audience '%s'."}
	noCredentialOfSubject  = refusal{700213, http.StatusUnauthorized, "invalid_client", "No matching federated identity record found for presented assertion subject '%s'."}
)

// Of the grants by which a user signs in.
var (
	authorizationPending = refusal{70016, http.StatusBadRequest, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."}
	pollingTooFast       = refusal{50196, http.StatusBadRequest, "slow_down", "The app has polled again in less than %d seconds. The interval is now %d seconds."}
	deviceDeclined       = refusal{65004, http.StatusBadRequest, "authorization_declined", "User declined to consent to access the app."}
	deviceCodeExpired    = refusal{70020, http.StatusBadRequest, "expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired."}
	unknownDeviceCode    = refusal{70018, http.StatusBadRequest, "bad_verification_code", "Invalid verification code: the device_code is not known."}
	unknownUserCode      = refusal{70018, http.StatusBadRequest, "bad_verification_code", "Invalid verification code: no device waits with '%s'."}
	userCodeExpired      = refusal{70019, http.StatusBadRequest, "expired_token", "Verification code expired."}

	wrongRedirectURI        = refusal{50011, http.StatusBadRequest, "invalid_request", "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application."}
	unsupportedResponseType = refusal{70005, http.StatusBadRequest, "unsupported_response_type", "The app requested an unsupported response type: only 'code' is enabled."}
	unsupportedResponseMode = refusal{70007, http.StatusBadRequest, "invalid_request", "The app requested an unsupported value of 'response_mode'."}
	missingChallenge        = refusal{50147, http.StatusBadRequest, "invalid_request", "Missing code_challenge parameter."}
	wrongChallengeMethod    = refusal{50149, http.StatusBadRequest, "invalid_request", "Invalid Code_Challenge_method parameter: only S256 is supported."}
	wrongChallengeSize      = refusal{501491, http.StatusBadRequest, "invalid_request", "Invalid size of Code_Challenge parameter."}
	unknownCode             = refusal{70000, http.StatusBadRequest, "invalid_grant", "The provided value for the 'code' parameter is not valid."}
	codeExpired             = refusal{70008, http.StatusBadRequest, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."}
	alreadyRedeemed         = refusal{54005, http.StatusBadRequest, "invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."}
	otherRedirectURI        = refusal{500112, http.StatusUnauthorized, "invalid_client", "The reply address '%s' does not match the reply address '%s' provided when requesting Authorization code."}
	wrongVerifier           = refusal{501481, http.StatusBadRequest, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."}

	unknownRefreshToken = refusal{70000, http.StatusBadRequest, "invalid_grant", "Provided grant is invalid or malformed."}
	grantRevoked        = refusal{70000, http.StatusBadRequest, "invalid_grant", "Provided grant has been revoked: %s."}
	refreshTokenExpired = refusal{700082, http.StatusBadRequest, "invalid_grant", "The refresh token has expired due to inactivity. The token was issued on %s and was inactive for %s."}
)

// answer is the refusal as the endpoints give it that programs use.
func (r *refusal) answer(ids ids) *answer {
	fields := r.fields(ids)
	fields["error_codes"] = []int{r.aadsts}
	fields["error_uri"] = fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", r.aadsts)
	return jsonAnswer(r.status, fields)
}

// fields are those that a redirection carries too.
func (r *refusal) fields(ids ids) map[string]any {
	timestamp := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	correlation := newGUID()
	return map[string]any{
		"error": r.code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			r.aadsts, r.text, ids.request, correlation, timestamp),
		"timestamp": timestamp, "trace_id": ids.request, "correlation_id": correlation,
	}
}
