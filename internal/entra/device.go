package entra

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// DeviceCode signs a person in on any device: prompt shows them the address and the code.
func DeviceCode(tenantID, clientID string, prompt func(context.Context, *oauth2.DeviceAuthResponse) error) *User {
	u := newUser(tenantID, clientID)
	if prompt == nil {
		u.Reject("prompt", "is nil")
	}
	u.prompt = func(ctx context.Context, req Request) (*oauth2.Token, error) {
		device, err := u.requestDeviceCode(ctx, req)
		if err != nil {
			return nil, err
		}
		if err := prompt(ctx, device); err != nil {
			return nil, &PromptError{err}
		}
		return u.poll(ctx, req, device)
	}
	return u
}

const (
	defaultInterval = 5 * time.Second // between two polls (RFC 8628, section 3.2)
	longestInterval = time.Minute
	slowDown        = 5 * time.Second // by which the interval grows after a failed poll (RFC 8628, section 3.5)
)

// requestDeviceCode is the first step of RFC 8628.
func (u *User) requestDeviceCode(ctx context.Context, req Request) (*oauth2.DeviceAuthResponse, error) {
	body, err := req.post(ctx, u.endpoint(req, "devicecode"), u.parameters(req, userScope(req), nil))
	if err != nil {
		return nil, err
	}
	var members struct {
		DeviceCode              string      `json:"device_code"`
		UserCode                string      `json:"user_code"`
		VerificationURI         string      `json:"verification_uri"`
		VerificationURIComplete string      `json:"verification_uri_complete"`
		ExpiresIn               json.Number `json:"expires_in"`
		Interval                json.Number `json:"interval"`
	}
	if json.Unmarshal(body, &members) != nil { // the error could quote a secret
		return nil, errors.New("the response of the device endpoint has a member of a wrong type")
	}
	if members.DeviceCode == "" {
		return nil, missing("device_code", body, nil)
	}
	return &oauth2.DeviceAuthResponse{
		DeviceCode: members.DeviceCode, UserCode: members.UserCode,
		VerificationURI: members.VerificationURI, VerificationURIComplete: members.VerificationURIComplete,
		Expiry: expiry(members.ExpiresIn), Interval: int64(period(members.Interval) / time.Second),
	}, nil
}

// poll waits for the person. A lost poll does not make them start again.
func (u *User) poll(ctx context.Context, req Request, device *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	grant := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device.DeviceCode}}
	interval := min(time.Duration(device.Interval)*time.Second, longestInterval)
	if interval <= 0 {
		interval = defaultInterval
	}
	for {
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !device.Expiry.IsZero() && !time.Now().Before(device.Expiry) {
			return nil, &Error{Code: "expired_token", Description: "nobody signed in before the code expired"}
		}
		token, err := u.userToken(ctx, req, grant, device.DeviceCode)
		rejected, _ := errors.AsType[*Error](err)
		switch {
		case err == nil, ctx.Err() != nil:
			return token, err
		case rejected != nil && rejected.Code == "authorization_pending":
		case rejected != nil && rejected.Code == "slow_down", IsTransient(err):
			interval = min(interval+slowDown, longestInterval)
		default:
			return nil, err
		}
	}
}
