package intune

// This file has the credentials with which an application signs in as itself.

import (
	"context"
	"crypto"
	"crypto/x509"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

// ClientSecretCredential signs in an application with a client secret. tenantID is the tenant's GUID or one of its
// domain names.
//
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
func ClientSecretCredential(tenantID, clientID, secret string) Credential {
	return signIn{entra.ClientSecret(tenantID, clientID, secret)}
}

// ClientCertificateCredential signs in an application with a certificate that is registered with it. chain begins with
// that certificate. Any issuers that follow are sent too, as sign-in by subject name and issuer requires. key signs a
// new assertion for every token and may be in a hardware module or a key vault. It must be an RSA key, because
// Microsoft Entra ID accepts no other kind. Package clientcert reads both from a PEM or PKCS #12 file.
//
// See https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func ClientCertificateCredential(tenantID, clientID string, chain []*x509.Certificate, key crypto.Signer) Credential {
	return signIn{entra.ClientCertificate(tenantID, clientID, chain, key)}
}

// ClientAssertionCredential signs in an application with assertions from another issuer that it trusts (workload
// identity federation). It calls assertion for every token. [GitHubActionsAssertion], [AzurePipelinesAssertion] and
// [FileAssertion] are ready to use.
//
// See https://learn.microsoft.com/entra/workload-id/workload-identity-federation.
func ClientAssertionCredential(tenantID, clientID string, assertion AssertionFunc) Credential {
	if assertion == nil {
		return signIn{entra.ClientAssertion(tenantID, clientID, nil)}
	}
	return signIn{entra.ClientAssertion(tenantID, clientID, func(ctx context.Context, req entra.Request) (string, error) {
		return assertion(ctx, TokenRequest(req))
	})}
}

// AssertionFunc returns an assertion about the application: a JWT, signed by an issuer that the application trusts. req
// describes the token that the assertion is for. Its HTTPClient reaches issuers through the client's own transport. An
// error that wraps [ErrCredentialUnavailable] makes [ChainedCredential] try the next credential.
type AssertionFunc func(ctx context.Context, req TokenRequest) (string, error)

// FileAssertion reads the assertion from a file. It does so for every token, because Kubernetes and other platforms
// replace the file before the assertion expires. The file must be a regular file of at most 1 MiB. If it does not
// exist, the error wraps [ErrCredentialUnavailable].
func FileAssertion(path string) AssertionFunc {
	return func(context.Context, TokenRequest) (string, error) {
		assertion, err := entra.FileAssertion(path)
		return assertion, signInError(err)
	}
}

// GitHubActionsAssertion requests the job's assertion from GitHub Actions. The job needs the permission id-token:
// write. audience must be that of the federated credential; "" is the default of Microsoft Entra ID in the client's
// cloud: api://AzureADTokenExchange, api://AzureADTokenExchangeUSGov or api://AzureADTokenExchangeChina. Outside GitHub
// Actions, and without the permission, the error wraps [ErrCredentialUnavailable].
//
// See https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect.
func GitHubActionsAssertion(audience string) AssertionFunc {
	return func(ctx context.Context, req TokenRequest) (string, error) {
		assertion, err := entra.GitHubActionsAssertion(ctx, entra.Request(req), audience)
		return assertion, named("request an assertion from GitHub Actions", signInError(err))
	}
}

// AzurePipelinesAssertion requests the assertion of a service connection, given by its id, from Azure DevOps.
// systemAccessToken is the job's $(System.AccessToken), which a task gets only if you map it to an environment
// variable. Outside Azure Pipelines, the error wraps [ErrCredentialUnavailable].
//
// See https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create.
func AzurePipelinesAssertion(serviceConnectionID, systemAccessToken string) AssertionFunc {
	return func(ctx context.Context, req TokenRequest) (string, error) {
		assertion, err := entra.AzurePipelinesAssertion(ctx, entra.Request(req), serviceConnectionID, systemAccessToken)
		return assertion, named("request an assertion from Azure Pipelines", signInError(err))
	}
}

// EnvironmentCredential signs in an application with settings from environment variables. It reads AZURE_TENANT_ID and
// AZURE_CLIENT_ID, and the first of these that is set, in the order of Microsoft's libraries:
//
//	AZURE_CLIENT_SECRET            see ClientSecretCredential
//	AZURE_CLIENT_CERTIFICATE_PATH  see ClientCertificateCredential: a PEM file with certificate and key, at most 1 MiB
//	AZURE_FEDERATED_TOKEN_FILE     see ClientAssertionCredential and FileAssertion
//
// AZURE_AUTHORITY_HOST, if set, is the Microsoft Entra root; [WithAuthorityURL] takes precedence over it. It doesn't change
// the Graph root, to which tokens are sent: see [WithCloud] and [WithBaseURL]. If the certificate file contains a chain, it
// is sent. Other variables of Microsoft's libraries are ignored. If variables are missing, the error is an [*InputError]
// that names all of them. It wraps [ErrCredentialUnavailable] if none is set.
//
// If AZURE_CLIENT_CERTIFICATE_PATH names a PKCS #12 file, use [EnvironmentCredentialWith] and clientcert.Load.
func EnvironmentCredential() (Credential, error) { return EnvironmentCredentialWith(entra.LoadPEM) }

// EnvironmentCredentialWith is like [EnvironmentCredential], but calls load to read the file at
// AZURE_CLIENT_CERTIFICATE_PATH, with the password from AZURE_CLIENT_CERTIFICATE_PASSWORD. clientcert.Load reads PEM
// and PKCS #12.
func EnvironmentCredentialWith(load func(path, password string) ([]*x509.Certificate, crypto.Signer, error)) (Credential, error) {
	way, host, err := entra.Environment(load)
	if err != nil {
		return nil, signInError(err)
	}
	return &environment{signIn{way}, host}, nil
}

type environment struct {
	signIn

	host string
}

func (c *environment) authorityURL() string { return c.host }
