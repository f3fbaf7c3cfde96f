package main

// This file signs in to the emulator. Whoever listens at the address of --emulator gets no secret except its own.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// emulatorSettings are what the emulator says about itself.
type emulatorSettings struct {
	Emulator     string `json:"emulator"`
	TenantID     string `json:"tenantId"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// emulatorCredential signs in as the emulator at a root URL says.
func (a *app) emulatorCredential(ctx context.Context, root string, client *http.Client) (intune.Credential, error) {
	settings, err := a.readEmulatorSettings(ctx, root, client)
	if err != nil {
		return nil, err
	}
	a.identity = identity{TenantID: settings.TenantID, ApplicationID: settings.ClientID}
	if auth := a.flags.auth.value; auth == "device" || auth == "browser" {
		return a.user(settings.TenantID, settings.ClientID)
	}
	return intune.ClientSecretCredential(settings.TenantID, settings.ClientID, settings.ClientSecret), nil
}

func (a *app) readEmulatorSettings(ctx context.Context, root string, client *http.Client) (*emulatorSettings, error) {
	const most, longest = 64 << 10, time.Minute
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, root+"/_emulator/settings", nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(request)
	if errors.Is(err, http.ErrSchemeMismatch) {
		return nil, a.wrongScheme("http")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(body), "HTTP request to an HTTPS server") {
		return nil, a.wrongScheme("https")
	}
	var settings emulatorSettings
	err = json.Unmarshal(body, &settings)
	saysHow := settings.Emulator == "intune-cert" && settings.TenantID != "" && settings.ClientID != "" && settings.ClientSecret != ""
	if err != nil || resp.StatusCode != http.StatusOK || !saysHow {
		return nil, &advisedError{
			err:  fmt.Errorf("there is no emulator at %s, so nothing was sent to it", root),
			next: "To use Microsoft's cloud, leave out " + a.nameOf("emulator") + ". To start an emulator, run" + onItsLine("intune-cert emulator"),
		}
	}
	return &settings, nil
}

// wrongScheme says which scheme the emulator has.
func (a *app) wrongScheme(scheme string) error {
	_, rest, _ := strings.Cut(a.flags.emulator, "://")
	next := "Set " + a.nameOf("emulator") + " to " + scheme + "://" + rest + "."
	if scheme == "https" {
		next += " To trust its certificate, set --ca to the file that --write-ca names."
	}
	return &advisedError{err: fmt.Errorf("the emulator at %s uses %s", rest, scheme), next: next}
}
