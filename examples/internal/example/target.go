package example

import (
	"fmt"
	"io"
	"os"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// Target is what a program talks to.
type Target struct {
	Client   *intune.Client
	Emulator *intunetest.Server // in this process; nil where the target is the real service

	cloud intune.Cloud
}

// Connect returns the real service where AZURE_* is set and -emulator is not given, else an emulator in this process.
func (f *Flags) Connect(opts ...intune.Option) (*Target, error) {
	opts = append([]intune.Option{
		intune.WithAPIVersion(f.Version), intune.WithCloud(f.Cloud), intune.WithUserAgent("intune-go-example/" + f.Name()),
	}, opts...)
	if f.Emulator || !environmentIsSet() {
		server, err := intunetest.Start()
		if err != nil {
			return nil, err
		}
		return &Target{Client: server.Client(opts...), Emulator: server, cloud: f.Cloud}, nil
	}
	cred, err := intune.EnvironmentCredentialWith(clientcert.Load)
	if err != nil {
		return nil, Usagef("%w; -emulator does without", err)
	}
	client, err := intune.NewClient(cred, opts...)
	if err != nil {
		return nil, UsageError{err}
	}
	return &Target{Client: client, cloud: f.Cloud}, nil
}

func environmentIsSet() bool {
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE",
	} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// Close closes the emulator, and the connections.
func (t *Target) Close() {
	t.Client.CloseIdleConnections()
	if t.Emulator != nil {
		t.Emulator.Close()
	}
}

// Need is a UsageError where the real service needs a flag that was not given.
func (t *Target) Need(flag, value string) error {
	if t.Emulator != nil || value != "" {
		return nil
	}
	return Usagef("the real service needs %s: what is made on the spot is no use there; -emulator does without", flag)
}

// Announce says what the target is: an emulator to quiet, or the real service, and what happens to its tenant, to loud.
func (t *Target) Announce(what string, quiet, loud io.Writer) {
	if t.Emulator != nil {
		fmt.Fprintf(quiet, "Using an emulator at %s; set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET for the real service.\n\n", t.Emulator.URL())
		return
	}
	fmt.Fprintf(loud, "Using the REAL service, cloud %s: %s the tenant %s.\n", t.cloud, what, os.Getenv("AZURE_TENANT_ID"))
}
