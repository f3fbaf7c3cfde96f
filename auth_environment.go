package intune

// This file has the credentials that select another one: by the environment, or the first that is available.

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/format/keypair"
	"github.com/seed-230b9595/intune-go/internal/format/privatekey"
)

// EnvironmentCredential signs an application in with what the environment holds. It reads AZURE_TENANT_ID and
// AZURE_CLIENT_ID, and the first of these that is set, in the order of Microsoft's libraries:
//
//	AZURE_CLIENT_SECRET            see ClientSecret
//	AZURE_CLIENT_CERTIFICATE_PATH  see ClientCertificate: a PEM file with certificate and key, at most 1 MiB
//	AZURE_FEDERATED_TOKEN_FILE     see ClientAssertion and FileAssertion
//
// AZURE_AUTHORITY_HOST, if set, is the Microsoft Entra root; WithAuthorityURL takes precedence over it. The error is an
// *InputError if variables are missing; it names all of them. So it is for a password without the path of a certificate.
// Other variables of Microsoft's libraries are not read: the chain of a certificate is sent if the file contains one, and
// nobody signs in with a password.
//
// If AZURE_CLIENT_CERTIFICATE_PATH names a PKCS #12 file, use EnvironmentCredentialWith(clientcert.Load).
func EnvironmentCredential() (Credential, error) { return EnvironmentCredentialWith(loadPEM) }

// EnvironmentCredentialWith is like EnvironmentCredential, but load reads the file at AZURE_CLIENT_CERTIFICATE_PATH, with
// the password from AZURE_CLIENT_CERTIFICATE_PASSWORD. clientcert.Load reads PEM and PKCS #12.
func EnvironmentCredentialWith(load func(path, password string) ([]*x509.Certificate, crypto.Signer, error)) (Credential, error) {
	if load == nil {
		return nil, &InputError{Name: "EnvironmentCredentialWith", Problem: "has a nil argument"}
	}
	signIn, err := fromEnvironment(load)
	if err != nil {
		return nil, err
	}
	if err := validateCredential(signIn); err != nil {
		return nil, inEnvironment(err)
	}
	cred := &environment{Credential: signIn}
	if host := os.Getenv("AZURE_AUTHORITY_HOST"); host != "" {
		root, err := rootURL("AZURE_AUTHORITY_HOST", host)
		if err != nil {
			return nil, err
		}
		cred.host = root
	}
	return cred, nil
}

func fromEnvironment(load func(path, password string) ([]*x509.Certificate, crypto.Signer, error)) (Credential, error) {
	tenantID, clientID := os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID")
	secret, tokenFile := os.Getenv("AZURE_CLIENT_SECRET"), os.Getenv("AZURE_FEDERATED_TOKEN_FILE")
	certificate, password := os.Getenv("AZURE_CLIENT_CERTIFICATE_PATH"), os.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD")
	var missing []string
	if tenantID == "" {
		missing = append(missing, "AZURE_TENANT_ID")
	}
	if clientID == "" {
		missing = append(missing, "AZURE_CLIENT_ID")
	}
	if secret == "" && certificate == "" && tokenFile == "" {
		missing = append(missing, "one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE")
	}
	const parts = 3
	switch {
	case len(missing) == parts:
		return nil, &InputError{Name: "environment", Problem: "lacks " + strings.Join(missing, ", "), Err: ErrCredentialUnavailable}
	case len(missing) > 0:
		return nil, &InputError{Name: "environment", Problem: "lacks " + strings.Join(missing, ", ")}
	case password != "" && certificate == "":
		return nil, &InputError{Name: "environment", Problem: "has AZURE_CLIENT_CERTIFICATE_PASSWORD, but not AZURE_CLIENT_CERTIFICATE_PATH"}
	case secret != "":
		return ClientSecret(tenantID, clientID, secret), nil
	case certificate != "":
		chain, key, err := load(certificate, password)
		if err != nil {
			return nil, &InputError{Name: "AZURE_CLIENT_CERTIFICATE_PATH", Problem: "names a file that cannot be used", Err: err}
		}
		return ClientCertificate(tenantID, clientID, chain, key), nil
	}
	return ClientAssertion(tenantID, clientID, FileAssertion(tokenFile)), nil
}

// inEnvironment names the variable that an error is about.
func inEnvironment(err error) error {
	variables := map[string]string{ //nolint:gosec // names, not secrets
		"tenant id": "AZURE_TENANT_ID", "client id": "AZURE_CLIENT_ID", "client secret": "AZURE_CLIENT_SECRET",
		"client certificate": "AZURE_CLIENT_CERTIFICATE_PATH: the certificate", "key of the client certificate": "AZURE_CLIENT_CERTIFICATE_PATH: the key",
	}
	if input, ok := errors.AsType[*InputError](err); ok && variables[input.Name] != "" {
		return &InputError{Name: variables[input.Name], Problem: input.Problem, Err: input.Err}
	}
	return err
}

func loadPEM(path, _ string) ([]*x509.Certificate, crypto.Signer, error) {
	data, err := readRegularFile(path)
	if err != nil {
		return nil, nil, err
	}
	if privatekey.Find(data) == privatekey.PKCS12 {
		return nil, nil, errors.New("it is a PKCS #12 file: use EnvironmentCredentialWith(clientcert.Load)")
	}
	return keypair.ParsePEM(data)
}

type environment struct {
	Credential

	host string
}

func (c *environment) authorityURL() string { return c.host }

// ChainedCredential uses the first of the credentials that is available in this environment. Any error other than
// ErrCredentialUnavailable ends the search, a rejection by Microsoft Entra ID too, so that the next credential does not hide
// a mistake. The first one that knows a Microsoft Entra root, as EnvironmentCredential may, sets it for all.
func ChainedCredential(creds ...Credential) Credential { return chained(slices.Clone(creds)) }

type chained []Credential

func (c chained) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	var unavailable error
	for _, cred := range c {
		token, err := cred.Token(ctx, req)
		switch {
		case !errors.Is(err, ErrCredentialUnavailable):
			return token, err
		case unavailable == nil:
			unavailable = err
		default:
			unavailable = fmt.Errorf("%w; %w", unavailable, err)
		}
	}
	return nil, unavailable
}

func (c chained) validate() error {
	if len(c) == 0 {
		return &InputError{Name: "chained credential", Problem: "is empty"}
	}
	for _, cred := range c {
		if err := validateCredential(cred); err != nil {
			return err
		}
	}
	return nil
}

func (c chained) authorityURL() string {
	for _, cred := range c {
		if a, ok := cred.(authority); ok && a.authorityURL() != "" {
			return a.authorityURL()
		}
	}
	return ""
}
