package intunetest

// This file is the device code flow: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	devicePath         = "/devicelogin"
	deviceCodeLifetime = 15 * time.Minute
	devicePollInterval = 5 * time.Second
	devicePollSlowdown = 5 * time.Second
	devicePollJitter   = 500 * time.Millisecond // by which a poll may arrive early: the way here takes its time
)

// device is one that waits for its user.
type device struct {
	userCode string
	grant    *grant
	expires  time.Time
	state    deviceState

	interval time.Duration
	polled   time.Time // last, zero before the first time
}

type deviceState int

const (
	devicePending deviceState = iota
	deviceApproved
	deviceRefused
	deviceRedeemed
)

// deviceCode answers with the codes for a device and its user.
func (s *Server) deviceCode(c *entraCall) (*answer, *refusal) {
	if no := c.read(http.MethodPost); no != nil {
		return nil, no
	}
	if no := checkPublic(c); no != nil {
		return nil, no
	}
	granted, no := s.askUser(c)
	if no != nil {
		return nil, no
	}
	d := &device{
		userCode: rand.Text()[:9], grant: granted, expires: s.now().Add(deviceCodeLifetime), interval: devicePollInterval,
	}
	code := newSecret()
	s.mu.Lock()
	s.signIns.devices[code] = d
	s.mu.Unlock()
	page := c.origin + devicePath
	return jsonAnswer(http.StatusOK, map[string]any{
		"device_code": code, "user_code": d.userCode, "verification_uri": page,
		"expires_in": int(deviceCodeLifetime.Seconds()), "interval": int(devicePollInterval.Seconds()),
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, d.userCode),
	}), nil
}

// redeemDeviceCode is the grant of a device, which polls until its user has decided.
func (s *Server) redeemDeviceCode(c *entraCall) (*grant, *refusal) {
	if no := checkPublic(c); no != nil {
		return nil, no
	}
	if no := c.require("device_code"); no != nil {
		return nil, no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, known := s.signIns.devices[c.form.Get("device_code")]
	switch {
	case !known:
		return nil, unknownDeviceCode.because()
	case d.state == deviceRedeemed:
		return nil, alreadyRedeemed.because()
	case !s.now().Before(d.expires):
		return nil, deviceCodeExpired.because()
	case d.state == deviceRefused:
		return nil, deviceDeclined.because()
	case d.state == devicePending:
		return nil, d.poll(s.now())
	}
	d.state = deviceRedeemed
	return d.grant, nil
}

// poll is the answer while the user has not decided. As RFC 8628 says, slow_down is a variant of it, and lengthens the
// interval for good.
func (d *device) poll(now time.Time) *refusal {
	tooFast := !d.polled.IsZero() && now.Sub(d.polled) < d.interval-devicePollJitter
	d.polled = now
	if !tooFast {
		return authorizationPending.because()
	}
	before := d.interval
	d.interval += devicePollSlowdown
	return pollingTooFast.because(int(before.Seconds()), int(d.interval.Seconds()))
}

// ApproveDevice signs the user in at the device that shows the code, whose case, spaces and hyphens do not matter. The
// error says that no device waits with it.
func (s *Server) ApproveDevice(userCode string) error {
	return s.decide(userCode, deviceApproved).asError()
}

// DeclineDevice makes the user refuse to sign in at the device that shows the code.
func (s *Server) DeclineDevice(userCode string) error {
	return s.decide(userCode, deviceRefused).asError()
}

func (r *refusal) asError() error {
	if r == nil {
		return nil
	}
	return fmt.Errorf("intunetest: AADSTS%d: %s", r.aadsts, r.text)
}

func (s *Server) decide(userCode string, decision deviceState) *refusal {
	userCode = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(userCode))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.signIns.devices {
		switch {
		case d.userCode != userCode || d.state != devicePending:
			continue
		case !s.now().Before(d.expires):
			return userCodeExpired.because()
		}
		d.state = decision
		return nil
	}
	return unknownUserCode.because(userCode)
}

// devicePage is the page at which a person enters the code.
func (s *Server) devicePage(c *entraCall) (*answer, *refusal) {
	if c.Method == http.MethodGet {
		return webPage(http.StatusOK, "Enter the code that the device shows", fmt.Sprintf(
			`<form method="post"><input name="user_code" value="%s" autofocus> `+
				`<button name="action" value="approve">Sign in</button> <button name="action" value="decline">Cancel</button></form>`,
			escape(c.URL.Query().Get("user_code")))), nil
	}
	form, err := url.ParseQuery(string(c.body))
	decision, known := map[string]deviceState{"approve": deviceApproved, "decline": deviceRefused}[form.Get("action")]
	switch {
	case c.Method != http.MethodPost:
		return wrongMethod.because("GET, POST").page(c), nil
	case err != nil, !known:
		return malformedRequest.because("the action is neither 'approve' nor 'decline'").page(c), nil
	}
	if no := s.decide(form.Get("user_code"), decision); no != nil {
		return no.page(c), nil
	}
	return webPage(http.StatusOK, map[deviceState]string{
		deviceApproved: "You have signed in at the device", deviceRefused: "You have not signed in",
	}[decision], "You may close this page."), nil
}
