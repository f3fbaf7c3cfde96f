package intunetest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	devicecode  = "/" + intunetest.TenantID + "/oauth2/v2.0/devicecode"
)

// deviceForm is what a device sends first, with the further fields.
func deviceForm(fields string) string {
	return "client_id=" + intunetest.ClientID + "&scope=" + graphScope + "+offline_access" + fields
}

// device asks for codes.
func (w *wire) device() (deviceCode, userCode string) {
	w.Helper()
	a := w.post(devicecode, deviceForm(""), "Host: phishing.test")
	w.wantStatus(a, http.StatusOK)
	codes := w.object(a)
	deviceCode, _ = codes["device_code"].(string)
	userCode, _ = codes["user_code"].(string)
	page := w.server.URL() + "/devicelogin"
	if message, _ := codes["message"].(string); codes["verification_uri"] != page || codes["interval"] != 1.0 || codes["expires_in"] != 900.0 ||
		len(deviceCode) < 26 || len(userCode) != 9 || !strings.Contains(message, page) || !strings.Contains(message, userCode) {
		w.Fatalf("got %s", a.body)
	}
	return deviceCode, userCode
}

func (w *wire) poll(deviceCode string) response {
	w.Helper()
	return w.redeem(deviceGrant, "device_code="+deviceCode)
}

func TestDeviceSignsInOnceApproved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		code, userCode := w.device()
		for range 3 {
			w.wantEntraError(w.poll(code), 400, "authorization_pending", 70016)
			time.Sleep(time.Second)
		}
		if err := w.server.ApproveDevice(strings.ToLower(userCode[:4] + "-" + userCode[4:] + " ")); err != nil {
			t.Fatal(err)
		}
		granted := w.granted(w.poll(code))
		if granted["refresh_token"] == nil || granted["id_token"] != nil ||
			granted["scope"] != "https://graph.microsoft.com/DeviceManagementApps.ReadWrite.All "+graphScope {
			t.Errorf("got %v", granted)
		}
		w.wantEntraError(w.poll(code), 400, "invalid_grant", 54005)
		if err := w.server.ApproveDevice(userCode); err == nil || !strings.Contains(err.Error(), "AADSTS70018") {
			t.Errorf("approved twice: %v", err)
		}
	})
}

// RFC 8628, section 3.5: slow_down is a variant of authorization_pending.
func TestDeviceThatPollsTooFastIsSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		code, userCode := w.device()
		w.wantEntraError(w.poll(code), 400, "authorization_pending", 70016)
		time.Sleep(400 * time.Millisecond)
		w.wantEntraError(w.poll(code), 400, "slow_down", 50196) // now 6 s
		time.Sleep(5 * time.Second)
		w.wantEntraError(w.poll(code), 400, "slow_down", 50196) // now 11 s
		time.Sleep(10600 * time.Millisecond)                    // the network is not as exact as the clock
		w.wantEntraError(w.poll(code), 400, "authorization_pending", 70016)
		if err := w.server.ApproveDevice(userCode); err != nil {
			t.Fatal(err)
		}
		w.granted(w.poll(code)) // nothing is pending any more
	})
}

func TestDeviceIsDeclined(t *testing.T) {
	w := newWire(t)
	code, userCode := w.device()
	if err := w.server.DeclineDevice(userCode); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.wantEntraError(w.poll(code), 400, "authorization_declined", 65004)
	}
	if err := w.server.ApproveDevice(userCode); err == nil {
		t.Error("approved what was declined")
	}
}

func TestDeviceCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		code, userCode := w.device()
		late, lateUser := w.device()
		time.Sleep(15*time.Minute - time.Second)
		if err := w.server.ApproveDevice(lateUser); err != nil {
			t.Fatal(err)
		}
		w.wantEntraError(w.poll(code), 400, "authorization_pending", 70016)
		time.Sleep(time.Second)
		w.wantEntraError(w.poll(code), 400, "expired_token", 70020)
		w.wantEntraError(w.poll(late), 400, "expired_token", 70020)
		if err := w.server.ApproveDevice(userCode); err == nil || !strings.Contains(err.Error(), "AADSTS70019") {
			t.Errorf("approved too late: %v", err)
		}
	})
}

func TestDeviceIsRejected(t *testing.T) {
	w := newWire(t)
	secret := "&client_secret=" + intunetest.ClientSecret
	wantRejected(t, []rejected{
		{"GET", w.send(http.MethodGet, devicecode, ""), 405, "invalid_request", 900561},
		{"another tenant", w.post("/contoso.com/oauth2/v2.0/devicecode", deviceForm("")), 400, "invalid_request", 90002},
		{"another application", w.post(devicecode, "client_id=b20d3703&scope="+graphScope), 400, "unauthorized_client", 700016},
		{"no scope", w.post(devicecode, "client_id="+intunetest.ClientID), 400, "invalid_request", 900144},
		{"only scopes of OpenID", w.post(devicecode, "scope=openid&client_id="+intunetest.ClientID), 400, "invalid_scope", 70011},
		{"permission besides .default", w.post(devicecode, "client_id="+intunetest.ClientID+"&scope=User.Read+"+graphScope), 400, "invalid_scope", 70011},
		{"a secret", w.post(devicecode, deviceForm(secret)), 401, "invalid_client", 700025},
		{"claims that are no object", w.post(devicecode, deviceForm("&claims=null")), 400, "invalid_request", 9002313},
		{"poll without code", w.redeem(deviceGrant), 400, "invalid_request", 900144},
		{"poll with another code", w.poll("guessed"), 400, "bad_verification_code", 70018},
		{"poll with a secret", w.redeem(deviceGrant, "device_code=guessed", "client_secret=guessed"), 401, "invalid_client", 700025},
		{"poll of another application", w.redeem(deviceGrant, "device_code=guessed", "client_id=other"), 400, "unauthorized_client", 700016},
	})
}

func TestPersonSignsInAtThePage(t *testing.T) {
	w := newWire(t)
	a := w.send(http.MethodGet, `/devicelogin?user_code=%22%3E%3Cscript%3E`, "")
	w.wantStatus(a, http.StatusOK)
	if !strings.Contains(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, `name="user_code" value="&#34;&gt;&lt;script&gt;"`) {
		t.Errorf("got %v %s, want an HTML form with the code in it", a.header, a.body)
	}
	submit := func(userCode, action string) response {
		return w.post("/devicelogin", url.Values{"user_code": {userCode}, "action": {action}}.Encode())
	}
	code, userCode := w.device()
	for _, wrong := range []response{
		submit(userCode, "wait"), submit("<b>", "approve"), w.send(http.MethodPut, "/devicelogin", ""), w.post("/devicelogin", "%zz"),
	} {
		if wrong.status/100 != 4 || !strings.Contains(wrong.body, "AADSTS") || strings.Contains(wrong.body, "<b>") {
			t.Errorf("got %d %s, want a page with the error", wrong.status, wrong.body)
		}
	}
	w.wantEntraError(w.poll(code), 400, "authorization_pending", 70016)
	w.wantStatus(submit(userCode, "approve"), http.StatusOK)
	w.granted(w.poll(code))

	code, userCode = w.device()
	w.wantStatus(submit(userCode, "decline"), http.StatusOK)
	w.wantEntraError(w.poll(code), 400, "authorization_declined", 65004)
}

// The user can sign in, but cannot consent to what needs an administrator.
func TestDeviceGetsNoPermissionWithoutConsent(t *testing.T) {
	w := newWire(t)
	a := w.post(devicecode, "scope=User.Read.All&client_id="+intunetest.ClientID)
	w.wantStatus(a, http.StatusOK)
	device := w.object(a)
	if err := w.server.ApproveDevice(device["user_code"].(string)); err != nil {
		t.Fatal(err)
	}
	w.wantEntraError(w.poll(device["device_code"].(string)), 400, "invalid_grant", 65001)
}

// What anybody can get is forgotten when there is very much of it.
func TestDevicesCostLittleMemory(t *testing.T) {
	w := newMemoryWire(t)
	first, _ := w.device()
	for range 1000 {
		w.device()
	}
	w.wantEntraError(w.poll(first), 400, "bad_verification_code", 70018)
}
