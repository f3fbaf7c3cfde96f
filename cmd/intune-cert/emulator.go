package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const emulatorHelp = `Run an emulator of Microsoft Intune and Microsoft Entra ID, to try things without a tenant. It keeps its certificates in
memory, and stops on Ctrl-C.

Standard output has the environment variables that programs need to use it, for this tool and for Microsoft's libraries.
With no AZURE_* variables set, intune-cert signs in to it by itself.

A fault is a list of settings: method, token, delay, response-delay, visible-after, drop (before-reading, while-reading,
after-reading, after-commit, in-response), status, retry-after, location, gateway, committed and times. Each request meets
the first fault that fits it, once.`

const emulatorExample = `  intune-cert emulator --sample contoso.cer
  intune-cert rotate contoso.cer --delete-old --emulator http://127.0.0.1:8080      # in another terminal

  intune-cert emulator --fault method=POST,drop=after-commit --fault method=GET,status=503,times=2`

type emulatorCommand struct {
	*app

	loader     loader
	listen     string
	hasTLS     bool
	writeCA    string
	seeds      []string
	sample     string
	faults     []string
	configFile string
	settings   *choice
}

func newEmulatorCommand(a *app) *cobra.Command {
	shell := "shell"
	if runtime.GOOS == "windows" {
		shell = "powershell"
	}
	c := &emulatorCommand{app: a, loader: loader{terminal: a.terminal}, settings: newChoice(shell, "shell", "powershell", "json")}
	cmd := &cobra.Command{
		Use: "emulator", Short: "Run an emulator to try things without a tenant", Long: emulatorHelp, Example: emulatorExample,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&c.listen, "listen", "127.0.0.1:8080", "the `address` to listen at; port 0 takes a free one")
	flags.BoolVar(&c.hasTLS, "tls", false, "serve https, and write the certificate to trust to ca.pem")
	flags.StringVar(&c.writeCA, "write-ca", "ca.pem", "the `file` that --tls writes")
	flags.StringArrayVar(&c.seeds, "seed", nil, "put the certificate of this `file` or folder into the tenant; can be repeated")
	flags.StringVar(&c.sample, "sample", "", "write a certificate to try with to this `file`, and put its predecessor into the tenant")
	flags.StringArrayVar(&c.faults, "fault", nil, "let a request fail, for example `method=POST,status=503`; can be repeated")
	flags.StringVar(&c.configFile, "config", "", "read the settings of intunetest.Config from this JSON `file`")
	flags.Var(c.settings, "settings", "the form of the environment variables: "+c.settings.list())
	c.loader.addFlags(cmd)
	return cmd
}

func (c *emulatorCommand) run(ctx context.Context) error {
	faults, err := parseFaults(c.faults)
	if err != nil {
		return err
	}
	server, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := c.seed(ctx, server); err != nil {
		return err
	}
	server.Inject(faults...)
	settings, err := c.newSettings(server)
	if err != nil {
		return err
	}
	if err := c.print(settings); err != nil {
		return err
	}
	c.remark("The emulator listens at %s. Device codes can be entered at %s. Ctrl-C stops it.", settings.URL, settings.DevicePage)
	<-ctx.Done()
	return nil
}

func (c *emulatorCommand) start(ctx context.Context) (*intunetest.Server, error) {
	config := intunetest.DefaultConfig()
	if c.configFile != "" {
		data, err := os.ReadFile(c.configFile)
		if err != nil {
			return nil, fmt.Errorf("--config: %w", err)
		}
		if err := json.Unmarshal(data, &config); err != nil {
			return nil, usagef("--config %s: %w", c.configFile, err)
		}
	}
	config.TLS = config.TLS || c.hasTLS
	host, _, err := net.SplitHostPort(c.listen)
	if err != nil {
		return nil, usagef("--listen: %w", err)
	}
	if host != "" {
		config.Hosts = append(config.Hosts, host)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return nil, &advisedError{err, "Choose another address with --listen, for example 127.0.0.1:0 for a free port."}
	}
	return intunetest.Start(intunetest.WithConfig(config), intunetest.WithListener(listener))
}

// seed puts certificates into the tenant.
func (c *emulatorCommand) seed(ctx context.Context, server *intunetest.Server) error {
	files, _, err := expand(c.seeds)
	if err != nil {
		return fmt.Errorf("--seed: %w", err)
	}
	var seeds []*intune.EnterpriseCodeSigningCertificate
	for _, file := range files {
		cert, err := c.loader.load(ctx, file)
		if err != nil {
			return fmt.Errorf("--seed: %w", err)
		}
		seeds = append(seeds, cert.Resource())
	}
	if c.sample != "" {
		old, err := c.writeSample()
		if err != nil {
			return fmt.Errorf("--sample: %w", err)
		}
		seeds = append(seeds, intune.FromX509(old))
	}
	service := server.Client().EnterpriseCodeSigningCertificates()
	for _, seed := range seeds {
		if _, err := service.Create(ctx, seed, intune.WithExpiredAllowed()); err != nil {
			return err
		}
	}
	return nil
}

// writeSample writes a new certificate, and returns the one that it replaces.
func (c *emulatorCommand) writeSample() (old *x509.Certificate, err error) {
	const name, daysLeft, daysSince = "Contoso Apps", 20, 380
	old = intunetest.NewCertificate(name, func(cert *x509.Certificate) {
		cert.NotBefore, cert.NotAfter = cert.NotBefore.AddDate(0, 0, -daysSince), cert.NotBefore.AddDate(0, 0, daysLeft)
	})
	return old, writePEM(c.sample, intunetest.NewCertificate(name))
}

func writePEM(file string, cert *x509.Certificate) error {
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	return os.WriteFile(file, data, 0o644) //nolint:gosec // a public certificate
}

// settings are what a program needs to use the emulator.
type settings struct {
	URL         string            `json:"url"`
	DevicePage  string            `json:"devicePage"` // where a person enters the code of a device
	CAFile      string            `json:"caFile,omitempty"`
	Environment map[string]string `json:"environment"`
}

func (c *emulatorCommand) newSettings(server *intunetest.Server) (*settings, error) {
	s := &settings{URL: server.URL(), DevicePage: server.URL() + "/devicelogin", Environment: map[string]string{
		"AZURE_TENANT_ID": intunetest.TenantID, "AZURE_CLIENT_ID": intunetest.ClientID, "AZURE_CLIENT_SECRET": intunetest.ClientSecret,
		"AZURE_AUTHORITY_HOST": server.URL(), "INTUNE_CERT_EMULATOR": server.URL(),
	}}
	if cert := server.TLSCertificate(); cert != nil {
		file, err := filepath.Abs(c.writeCA)
		if err != nil {
			return nil, err
		}
		if err := writePEM(file, cert); err != nil {
			return nil, fmt.Errorf("--write-ca: %w", err)
		}
		s.CAFile = file
		s.Environment["INTUNE_CERT_CA"] = file
	}
	return s, nil
}

// print writes the settings in the form that --settings says.
func (c *emulatorCommand) print(s *settings) error {
	if c.isJSON() || c.settings.value == "json" {
		c.hasShown = true
		return c.showJSON(s, nil)
	}
	form, quote := "export %s=%s\n", func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	if c.settings.value == "powershell" {
		form, quote = "$env:%s = %s\n", func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	}
	for _, name := range []string{
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_AUTHORITY_HOST", "INTUNE_CERT_EMULATOR", "INTUNE_CERT_CA",
	} {
		if value, isSet := s.Environment[name]; isSet {
			write(c.out, form, name, quote(value))
		}
	}
	return nil
}
