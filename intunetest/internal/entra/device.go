package entra

// This file is the device code flow: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

const (
	devicePath         = "/devicelogin"
	deviceCodeLifetime = 15 * time.Minute
	devicePollInterval = time.Second // Entra ID asks for five, but every test of a sign-in waits that long
	devicePollSlowdown = 5 * time.Second
	devicePollJitter   = 500 * time.Millisecond // by which a poll may arrive early: the network takes its time
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
	deviceDeclined
	deviceRedeemed
)

// deviceCode responds with the codes for a device and its user.
func (s *Server) deviceCode(c *call) (*exchange.Response, *rejection) {
	if rejected := s.checkPublic(c); rejected != nil {
		return nil, rejected
	}
	granted, rejected := s.askUser(c)
	if rejected != nil {
		return nil, rejected
	}
	d := &device{
		userCode: rand.Text()[:9], grant: granted, expires: s.config.Now().Add(deviceCodeLifetime), interval: devicePollInterval,
	}
	code := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	keep(s.devices, code, d)
	page := s.config.Root + devicePath // whatever Host the client claims: a person will follow it
	return exchange.JSON(http.StatusOK, map[string]any{
		"device_code": code, "user_code": d.userCode, "verification_uri": page,
		"expires_in": int(deviceCodeLifetime.Seconds()), "interval": int(devicePollInterval.Seconds()),
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, d.userCode),
	}), nil
}

// redeemDeviceCode is the grant of a device, which polls until its user has decided.
func (s *Server) redeemDeviceCode(c *call) (*grant, *rejection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, known := s.devices[c.form.Get("device_code")]
	switch {
	case !known:
		return nil, unknownDeviceCode.because()
	case d.state == deviceRedeemed:
		return nil, alreadyRedeemed.because()
	case !s.config.Now().Before(d.expires):
		return nil, deviceCodeExpired.because()
	case d.state == deviceDeclined:
		return nil, userDeclined.because()
	case d.state == devicePending:
		return nil, d.poll(s.config.Now())
	}
	if rejected := s.checkConsent(d.grant.scope); rejected != nil {
		return nil, rejected
	}
	d.state = deviceRedeemed
	return d.grant, nil
}

// poll is the response while the user has not decided. By RFC 8628, slow_down lengthens the interval permanently.
func (d *device) poll(now time.Time) *rejection {
	tooFast := !d.polled.IsZero() && now.Sub(d.polled) < d.interval-devicePollJitter
	d.polled = now
	if !tooFast {
		return authorizationPending.because()
	}
	before := d.interval
	d.interval += devicePollSlowdown
	return pollingTooFast.because(int(before.Seconds()), int(d.interval.Seconds()))
}

// Decide signs a person in at the device that shows the code, or has the person decline. The first person does if
// userName is "".
func (s *Server) Decide(userCode, userName string, approves bool) error {
	if rejected := s.decide(userCode, userName, approves); rejected != nil {
		return exchange.NotFoundError(fmt.Sprintf("AADSTS%d: %s", rejected.aadsts, rejected.text))
	}
	return nil
}

func (s *Server) decide(userCode, userName string, approves bool) *rejection {
	person := s.person(userName)
	if person == nil {
		return unknownPerson.because(userName, s.config.Domain)
	}
	userCode = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(userCode))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		switch {
		case d.userCode != userCode || d.state != devicePending:
			continue
		case !s.config.Now().Before(d.expires):
			return userCodeExpired.because()
		}
		d.state, d.grant.person = deviceDeclined, person
		if approves {
			d.state = deviceApproved
		}
		return nil
	}
	return unknownUserCode.because(userCode)
}

// devicePage is the page at which a person enters the code.
func (s *Server) devicePage(c *call) (*exchange.Response, *rejection) {
	if c.Method == http.MethodGet {
		userCode := c.URL.Query().Get("user_code")
		return webPage{Heading: "Sign in at a device", People: s.config.People, UserCode: userCode}.response(http.StatusOK), nil
	}
	form, err := url.ParseQuery(string(c.body))
	action := form.Get("action")
	switch {
	case c.Method != http.MethodPost:
		return nil, wrongMethod.because("GET, POST")
	case err != nil, action != "approve" && action != "decline":
		return nil, malformedRequest.because("the action is neither 'approve' nor 'decline'")
	}
	if rejected := s.decide(form.Get("user_code"), form.Get("user_name"), action == "approve"); rejected != nil {
		return nil, rejected
	}
	heading := "You have signed in at the device"
	if action == "decline" {
		heading = "You have not signed in"
	}
	return webPage{Heading: heading, Text: "You can close this page."}.response(http.StatusOK), nil
}
