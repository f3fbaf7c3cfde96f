package entra

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/format/keypair"
	"github.com/seed-230b9595/intune-go/internal/format/privatekey"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// Load reads the certificate and key that an application signs in with.
type Load func(path, password string) ([]*x509.Certificate, crypto.Signer, error)

// Environment returns the way to sign in that the variables AZURE_… set, and AZURE_AUTHORITY_HOST. Errors are *InputErrors,
// with ErrUnavailable in them if nothing is set.
func Environment(load Load) (signIn SignIn, authorityURL string, err error) {
	if load == nil {
		return nil, "", &InputError{Name: "EnvironmentCredentialWith", Problem: "has a nil argument"}
	}
	if signIn, err = fromEnvironment(load); err != nil {
		return nil, "", err
	}
	if err := signIn.Check(); err != nil {
		return nil, "", inEnvironment(err)
	}
	if host := os.Getenv("AZURE_AUTHORITY_HOST"); host != "" {
		root, problem := wire.AuthorityRoot(host)
		if problem != "" {
			return nil, "", &InputError{Name: "AZURE_AUTHORITY_HOST", Problem: problem}
		}
		authorityURL = root
	}
	return signIn, authorityURL, nil
}

func fromEnvironment(load Load) (SignIn, error) {
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
		missing = append(missing, "a credential (AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE)")
	}
	const parts = 3
	switch {
	case len(missing) == parts:
		return nil, &InputError{Name: "environment", Problem: "lacks " + strings.Join(missing, ", "), Err: unsetError{}}
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
	return ClientAssertion(tenantID, clientID, func(context.Context, Request) (string, error) { return FileAssertion(tokenFile) }), nil
}

// unsetError is ErrUnavailable for an environment that has nothing to sign in with.
type unsetError struct{}

func (unsetError) Error() string        { return "set them, or use another credential" }
func (unsetError) Is(target error) bool { return target == ErrUnavailable }

// inEnvironment names the variable that an error of Check is about.
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

// LoadPEM is a Load for PEM files. It needs no password, because it reads no encrypted keys.
func LoadPEM(path, _ string) ([]*x509.Certificate, crypto.Signer, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	if privatekey.Find(data) == privatekey.PKCS12 {
		return nil, nil, errors.New("it is a PKCS #12 file: use EnvironmentCredentialWith(clientcert.Load)")
	}
	return keypair.ParsePEM(data)
}
