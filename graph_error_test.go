package intune_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestMissingPermissionIsNamed(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithPermissions("DeviceManagementApps.Read.All"))
	_, err := create(server.Client())
	refused := errorAs[*intune.APIError](t, err)
	want := "create enterpriseCodeSigningCertificate: 403 Forbidden: " +
		"Application is not authorized to perform this operation. " +
		"Application must have one of the following scopes: DeviceManagementApps.ReadWrite.All, DeviceManagementConfiguration.ReadWrite.All: " +
		"grant the application one of these permissions (request-id " + refused.RequestID + ")"
	if err.Error() != want || !errors.Is(err, intune.ErrForbidden) || refused.ActivityID == "" {
		t.Errorf("got  %q\nwant %q", err, want)
	}
}

// The error of Intune that the facts quote: JSON text in the message.
const intuneForbidden = `{"error":{"code":"Forbidden","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"Application is not authorized to perform this operation. Application must have one of the following scopes: DeviceManagementApps.ReadWrite.All - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 5c977c7f-ae03-4be0-82c2-408eafb65caf - Url: https://fef.msub05.manage.microsoft.com/AppLifecycle_2208/StatelessAppMetadataFEService/deviceAppManagement/enterpriseCodeSigningCertificates?api-version=5022-08-01\",\r\n  \"CustomApiErrorPhrase\": \"\",\r\n  \"RetryAfter\": null,\r\n  \"ErrorSourceService\": \"\",\r\n  \"HttpHeaders\": \"{}\"\r\n}","innerError":{"date":"2026-11-15T18:53:00","request-id":"5c977c7f-ae03-4be0-82c2-408eafb65caf","client-request-id":"5c977c7f-ae03-4be0-82c2-408eafb65caf"}}}`

// The same, nested once more and with a phrase at its end.
const intuneNestedTwice = `{"error":{"code":"UnknownError","message":"{\"ErrorCode\":\"Forbidden\",\"Message\":\"{\\r\\n  \\\"_version\\\": 3,\\r\\n  \\\"Message\\\": \\\"An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 443a4b07-651e-3f3d-ee77-095443bba20f - Url: https://fef.amsua0502.manage.microsoft.com/x - CustomApiErrorPhrase: FeatureDisabled\\\",\\r\\n  \\\"CustomApiErrorPhrase\\\": \\\"\\\",\\r\\n  \\\"RetryAfter\\\": 30\\r\\n}\",\"Target\":null,\"Details\":null,\"InnerError\":null}","innererror":{"code":"First","innererror":{"code":"Second","request-id":"inner-id"}}}}`

// rejection returns the error that Create makes of a response.
func rejection(t *testing.T, status int, body string, headers ...string) *intune.APIError {
	t.Helper()
	_, err := create(newWire(t, reply(status, body, headers...)).client(), intune.WithoutReconcile())
	return errorAs[*intune.APIError](t, err)
}

func TestAPIErrorTakesIntunesMessageApart(t *testing.T) {
	got := rejection(t, 403, intuneForbidden, "Date", "Sun, 15 Nov 2026 18:53:01 GMT", "request-id", "r-1", "x-ms-ags-diagnostic", "d-1")
	want := &intune.APIError{
		Method: "POST", Path: path, StatusCode: 403, Code: "Forbidden",
		Message: "Application is not authorized to perform this operation. Application must have one of the following scopes: " +
			"DeviceManagementApps.ReadWrite.All",
		RequestID: "r-1", ClientRequestID: got.ClientRequestID, Diagnostics: "d-1", Date: time.Date(2026, 11, 15, 18, 53, 1, 0, time.UTC),
		ActivityID: "5c977c7f-ae03-4be0-82c2-408eafb65caf", OperationID: "00000000-0000-0000-0000-000000000000",
		ServiceURL: "https://fef.msub05.manage.microsoft.com/AppLifecycle_2208/StatelessAppMetadataFEService" +
			"/deviceAppManagement/enterpriseCodeSigningCertificates?api-version=5022-08-01",
		RequiredPermissions: []string{"DeviceManagementApps.ReadWrite.All"}, Body: []byte(intuneForbidden),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	if got, want := got.Error(), "403 Forbidden: "+want.Message+": grant the application DeviceManagementApps.ReadWrite.All (request-id r-1)"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
}

func TestAPIErrorTakesIntunesMessageApartAtEveryDepth(t *testing.T) {
	got := rejection(t, 400, intuneNestedTwice)
	want := &intune.APIError{
		Method: "POST", Path: path, StatusCode: 400, Code: "UnknownError", Message: "An error has occurred",
		InnerCodes: []string{"First", "Second", "Forbidden"}, RequestID: "inner-id", ClientRequestID: got.ClientRequestID,
		ActivityID: "443a4b07-651e-3f3d-ee77-095443bba20f", OperationID: "00000000-0000-0000-0000-000000000000",
		ServiceURL: "https://fef.amsua0502.manage.microsoft.com/x", CustomPhrase: "FeatureDisabled",
		RetryAfter: 30 * time.Second, Body: []byte(intuneNestedTwice),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	const message = "400 Bad Request: An error has occurred [FeatureDisabled], retry after 30s (request-id inner-id)"
	if got.Error() != message {
		t.Errorf("message %q, want %q", got, message)
	}
}

func TestAPIErrorReadsTheRestOfTheEnvelope(t *testing.T) {
	got := rejection(t, 400, `{"error":{"code":"BadRequest","message":"Invalid.","target":"content",
		"details":[{"code":"C","message":"M","target":"T"}],
		"innerError":{"date":"2026-11-15T18:53:00","request-id":"r","client-request-id":"theirs","innerError":{"code":"invalidBase64"}}}}`)
	if got.Target != "content" || !reflect.DeepEqual(got.Details, []intune.ErrorDetail{{Code: "C", Message: "M", Target: "T"}}) ||
		!reflect.DeepEqual(got.InnerCodes, []string{"invalidBase64"}) || !got.Date.Equal(time.Date(2026, 11, 15, 18, 53, 0, 0, time.UTC)) {
		t.Errorf("got %#v", got)
	}
	if got.ClientRequestID == "theirs" {
		t.Error("the client-request-id is not the one that was sent")
	}
}

func TestAPIErrorMessages(t *testing.T) {
	message := func(text string) string { return `{"error":{"code":"BadRequest","message":"` + text + `"}}` }
	tests := map[string]struct {
		status     int
		body, want string
	}{
		"no license":              {400, message("Request not applicable to target tenant."), "400 Bad Request: Request not applicable to target tenant: assign an active Intune license to the tenant and try again"},
		"personal account":        {403, message("This API is not supported for MSA accounts"), "403 Forbidden: BadRequest: This API is not supported for MSA accounts: sign in with a work or school account"},
		"code and message":        {400, message("Invalid."), "400 Bad Request: Invalid."},
		"many lines":              {400, message(`a\r\nb\tc\u0000\u001b[31md`), "400 Bad Request: a b c [31md"},
		"no message":              {404, `{"error":{"code":"ResourceNotFound"}}`, "404 Not Found: ResourceNotFound"},
		"message of another type": {404, `{"error":{"code":"ResourceNotFound","message":{"lang":"en"}}}`, "404 Not Found: ResourceNotFound"},
		"error of another type":   {400, `{"error":"invalid"}`, "400 Bad Request: invalid"},
		"HTML":                    {413, "<html>", "413 Request Entity Too Large: the response is not from Microsoft Graph; it may be from a gateway"},
		"empty":                   {409, "", "409 Conflict: the response is not from Microsoft Graph; it may be from a gateway"},
		"no such status":          {499, "", "499: the response is not from Microsoft Graph; it may be from a gateway"},
		"no words but the status": {404, `{"error":{"code":"NotFound","message":"Not found"}}`, "404 Not Found"},
		"code in the message":     {400, `{"error":{"code":"InvalidFilter","message":"InvalidFilter: no"}}`, "400 Bad Request: InvalidFilter: no"},
		"a gateway's status":      {502, `{"message":"Bad Gateway"}`, "502 Bad Gateway: the response is not from Microsoft Graph; it may be from a gateway"},
		"redirect":                {307, "", "307 Temporary Redirect: the response redirects, and redirects are not followed"},
		"several permissions": {403, message("must have one of the following scopes: Apps.Read.All, Apps.ReadWrite.All - Activity ID: x"),
			"403 Forbidden: BadRequest: must have one of the following scopes: Apps.Read.All, Apps.ReadWrite.All: grant the application one of these permissions; to upload, it needs one with ReadWrite"},
		"malformed text of Intune":         {403, message(`{\"Message\": \"half`), `403 Forbidden: BadRequest: {"Message": "half`},
		"text of Intune without a message": {403, message(`{\"_version\":3}`), `403 Forbidden: BadRequest: {"_version":3}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := rejection(t, test.status, test.body).Error(); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestAPIErrorKeepsLittleOfAnEndlessResponse(t *testing.T) {
	body := `{"error":{"code":"BadRequest","message":"` + strings.Repeat("é", 100_000) + `"}}`
	got := rejection(t, 400, body)
	if len(got.Body) != 4<<10 || len(got.Error()) > 1000 {
		t.Errorf("the body kept has %d bytes, the message %d", len(got.Body), len(got.Error()))
	}
	got = rejection(t, 400, `{"error":{"code":"BadRequest","message":"`+strings.Repeat("é", 20_000)+`"}}`)
	if !strings.HasSuffix(got.Error(), "…") || len(got.Error()) > 1000 {
		t.Errorf("the message has %d bytes: %.80s", len(got.Error()), got.Error())
	}
}

// TestAPIErrorReadsOtherLayers: problem details (RFC 9457), Azure's gateways, OAuth, and a byte-order mark before JSON.
func TestAPIErrorReadsOtherLayers(t *testing.T) {
	for name, test := range map[string]struct {
		body, want string
		isGraphs   bool
	}{
		"problem details":                  {`{"type":"about:blank","title":"Not Found","status":404,"detail":"The page is gone."}`, "404 Not Found: The page is gone.", false},
		"Azure's Message":                  {`{"Message":"No HTTP resource was found."}`, "404 Not Found: No HTTP resource was found.", false},
		"OAuth":                            {`{"error":"invalid_request","error_description":"AADSTS900: wrong."}`, "404 Not Found: invalid_request: AADSTS900: wrong.", false},
		"Graph behind a byte-order mark":   {"\uFEFF" + `{"error":{"code":"ResourceNotFound","message":"It is gone."}}`, "404 Not Found: ResourceNotFound: It is gone.", true},
		"Message behind a byte-order mark": {"\uFEFF" + `{"Message":"gone"}`, "404 Not Found: gone", false},
		"text":                             {"no healthy upstream\r\n", "404 Not Found: no healthy upstream", false},
		"a message on several lines":       {`{"title":"a\r\nb","detail":"\u001b[31mc"}`, "404 Not Found: a b: [31mc", false},
	} {
		client, _ := served(t, respond(404, test.body, "Content-Type", "text/plain; charset=utf-8"))
		_, err := client.EnterpriseCodeSigningCertificates().Get(t.Context(), anID)
		if got := errorAs[*intune.APIError](t, err); got.Error() != test.want || errors.Is(err, intune.ErrNotFound) != test.isGraphs {
			t.Errorf("%s: got %q, want %q", name, got.Error(), test.want)
		}
	}
}

// TestErrorNamesTheGatewayThatResponded: Microsoft Graph's own errors need no name, whatever stands between.
func TestErrorNamesTheGatewayThatResponded(t *testing.T) {
	for _, test := range []struct {
		status       int
		body, want   string
		name, header string
	}{
		{502, gatewayPage, "the response is not from Microsoft Graph; it may be from a gateway (from nginx/1.22.1)", "Server", "nginx/1.22.1"},
		{502, gatewayPage, "it may be from a gateway (from 1.1 squid (squid/5.7))", "Via", "1.1 squid (squid/5.7)"},
		{503, `{"message":"no healthy upstream"}`, "no healthy upstream (from envoy)", "Server", "envoy"},
		{502, gatewayPage, "it may be from a gateway (from [31m nginx)", "Server", "\x1b[31m\nnginx"},
		{502, gatewayPage, "(from ***)", "Server", aToken},
		{201, created[:20], "the body is not the expected JSON (from nginx): unexpected end of JSON input", "Server", "nginx"},
		{404, graphRefusal("ResourceNotFound"), "ResourceNotFound: no (request-id inner)", "Server", "nginx"},
	} {
		_, err := create(newWire(t, reply(test.status, test.body, test.name, test.header)).client(), intune.WithoutReconcile())
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), aToken) {
			t.Errorf("%d with %s %q: got %v, want %s", test.status, test.name, test.header, err, test.want)
		}
	}
}
