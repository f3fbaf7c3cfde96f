package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const emulatorHelp = `Run an emulator of Microsoft Intune and Microsoft Entra ID, to try things without a tenant. It keeps its certificates in
memory, and stops on Ctrl-C.

The emulator prints environment variables for programs that use it, for this tool and for Microsoft's libraries. A Go program
with intune-go also needs intune.WithBaseURL(os.Getenv("INTUNE_CERT_EMULATOR")). Otherwise it sends the emulator's token to
Microsoft. With --emulator and its URL, intune-cert needs no other settings.

In a browser, the URL shows the settings, the certificates and the latest requests, and has buttons for common faults. Programs
in any language can control the emulator under /_emulator/:
https://github.com/seed-230b9595/intune-go/blob/main/docs/testing.md#control-api

--sample and --write-ca write new files, follow no links, and replace only files that an earlier emulator has written.

With -v, each request is one line on standard error: its method, path and status, who sent it, and its fault.

A --fault is a list of settings. Each request takes the first fault that matches it.

    method=POST          only requests with this method
    token                only requests to Microsoft Entra ID; without it, only requests to Graph
    times=2              this many requests (default 1; all with rate or every)
    rate=0.3             only this share of the requests
    every=3              only every third request
    delay=5s             wait before the request takes effect
    response-delay=5s    wait after the request has taken effect, before the response
    visible-after=20s    the uploaded certificate shows only after this time
    drop=after-commit    lose the connection: before-reading, while-reading or after-reading the request, after-commit (it has
                         taken effect), or in-response
    status=503           respond with this status; the request takes no effect
    aadsts=7000215       with token: respond with this error of Microsoft Entra ID
    committed            with status or aadsts: the request takes effect before the response
    gateway              with status: the response is the HTML page of a gateway, not Graph's
    empty                with status: the response has no body
    retry-after=10       with status or aadsts: the Retry-After, in seconds or as an HTTP date
    location=URL         with status or aadsts: the Location

--config is a JSON file. These are the defaults:

    "tenantId", "tenantDomain", "clientId", "clientSecret": those that the emulator prints
    "clientCertificates": []      files of certificates to sign in with
    "federatedCredentials": []    [{"issuer": …, "subject": …, "audience": …, "keys": […]}] to sign in with: the keys of its JSON Web Key Set
    "people": [{"name": "Contoso Administrator", "userName": "admin@contoso.example"}]
    "permissions": ["DeviceManagementApps.ReadWrite.All"]
    "license": true               false: the tenant has no Intune license
    "declineConsent": false       the user declines the permissions of an application
    "provisioningDelay": "0s"     how long an upload stays notProvisioned; "forever" is possible
    "visibleContent": "0s"        how long an upload shows its content; "forever" is possible
    "namesWithout": []            types of attributes that names do not show, such as "SERIALNUMBER"
    "respelling": false           names and dates are shown differently from how they were sent
    "ownUploadDates": false       uploads have the date of the service, not the one that was sent
    "pageSize": 100               certificates on a page
    "quotaWrites": 100, "quotaRequests": 1000, "quotaWindow": "20s"
    "tokenLifetime": "1h"
    "clockSkew": "0s"             how far the service's clock is ahead
    "tls": false, "hosts": []     serve https, with a certificate for these names too
    "strictGraph": false          reject what Graph tolerates`

const emulatorExample = `  intune-cert emulator --sample sample.cer
  intune-cert rotate sample.cer --delete-old --emulator http://127.0.0.1:8080      # in another terminal

  # The first upload of the other terminal loses its response, and then the service is busy twice:
  intune-cert emulator --fault method=POST,drop=after-commit --fault method=GET,status=503,times=2

  # Certificates stay notProvisioned, so that rotate --delete-old exits with 5, and rotate --wait waits:
  echo '{"provisioningDelay": "10m"}' > slow.json
  intune-cert emulator --config slow.json`

type emulatorCommand struct {
	*app

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
	c := &emulatorCommand{app: a, settings: newChoice(shell, "shell", "powershell", "dotenv", "json")}
	cmd := &cobra.Command{
		Use: "emulator", Short: "Run an emulator to try things without a tenant", Long: emulatorHelp, Example: emulatorExample,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&c.listen, "listen", "127.0.0.1:8080", "the `address` to listen at; port 0 takes a free one")
	flags.BoolVar(&c.hasTLS, "tls", false, "serve https, and write the certificate to trust to the file of --write-ca")
	flags.StringVar(&c.writeCA, "write-ca", "ca.pem", "the `file` that --tls writes")
	flags.StringArrayVar(&c.seeds, "seed", nil, "put the certificate of this `file` into the tenant; can be repeated")
	flags.StringVar(&c.sample, "sample", "", "write a certificate to try with to this `file`, and put its predecessor into the tenant")
	flags.StringArrayVar(&c.faults, "fault", nil, "make a request fail, for example `method=POST,status=503` or rate=0.3,drop=after-commit; can be repeated")
	flags.StringVar(&c.configFile, "config", "", "read how the service behaves from this JSON `file`")
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
	if err := c.print(server); err != nil {
		return err
	}
	c.Remark("The emulator listens at %s. A browser shows its requests there. Enter device codes at %s. Ctrl-C stops it.", server.URL(), devicePage(server))
	<-ctx.Done()
	return nil
}

func parseFaults(texts []string) ([]intunetest.Fault, error) {
	var faults []intunetest.Fault
	for _, text := range texts {
		fault, err := intunetest.ParseFault(text)
		if err != nil {
			return nil, usagef("--fault %s: %w", text, err)
		}
		faults = append(faults, fault)
	}
	return faults, nil
}

func (c *emulatorCommand) start(ctx context.Context) (*intunetest.Server, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return nil, &advisedError{err: err, next: "Choose another address with --listen, for example 127.0.0.1:0 for a free port."}
	}
	if address, err := netip.ParseAddrPort(listener.Addr().String()); err != nil || !address.Addr().IsLoopback() {
		c.Remark("Warning: the emulator is open to the network at %s: anyone who can reach it can read and change everything in it.", c.listen)
	}
	server, err := intunetest.Start(append(options, intunetest.WithListener(listener))...)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "intunetest: "))
	}
	return server, nil
}

// options are those of the file of --config, and then those of the flags.
func (c *emulatorCommand) options() (options []intunetest.ServerOption, err error) {
	if c.configFile != "" {
		settings, err := intunetest.LoadSettings(c.configFile)
		if err != nil {
			return nil, &advisedError{err: fmt.Errorf("--config: %w", err), next: "For the settings and an example, run" + onItsLine("intune-cert emulator --help")}
		}
		options = append(options, settings)
	}
	caFile, err := filepath.Abs(c.writeCA)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(c.listen)
	if err != nil {
		return nil, usagef("--listen: %w", err)
	}
	options = append(options, intunetest.WithCAFile(caFile))
	if host != "" {
		options = append(options, intunetest.WithHosts(host))
	}
	if c.hasTLS {
		options = append(options, intunetest.WithTLS())
	}
	if c.flags.verbose {
		options = append(options, intunetest.WithRequestLog(c.log))
	}
	return options, nil
}

// log writes a request on one line.
func (c *emulatorCommand) log(r intunetest.Request) {
	line := fmt.Sprintf("%s %s %d", r.Method, r.URL, r.Status)
	if r.Status == 0 {
		line = fmt.Sprintf("%s %s -", r.Method, r.URL)
	}
	if r.Who != "" {
		line += " " + r.Who
	}
	if fault := r.Fault.String(); fault != "" {
		line += " fault: " + fault
	}
	c.Remark("%s", line)
}

// seed puts certificates into the tenant.
func (c *emulatorCommand) seed(ctx context.Context, server *intunetest.Server) error {
	files, err := expand(c.seeds)
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
	for _, seed := range seeds {
		server.Add(seed)
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

// writePEM writes a certificate to a new file. The file of an earlier emulator, which has the same issuer, it removes
// before. It follows no link.
func writePEM(file string, cert *x509.Certificate) error {
	if info, err := os.Lstat(file); err == nil {
		earlier, err := codesign.Load(file)
		if err != nil || !info.Mode().IsRegular() || !bytes.Equal(earlier.Leaf.RawIssuer, cert.RawIssuer) || len(earlier.Chain) > 0 {
			return &advisedError{err: fmt.Errorf("%s exists, and was not written by the emulator", file), next: "Choose the name of a new file."}
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a public certificate
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), f.Close())
}

// settings are what a program needs to use the emulator.
type settings struct {
	URL         string            `json:"url"`
	DevicePage  string            `json:"devicePage"` // where a person enters the code of a device
	CAFile      string            `json:"caFile,omitempty"`
	Environment map[string]string `json:"environment"`
}

func devicePage(server *intunetest.Server) string { return server.URL() + "/devicelogin" }

// print writes the settings in the form that --settings says, and the file of --write-ca.
func (c *emulatorCommand) print(server *intunetest.Server) error {
	s := &settings{URL: server.URL(), DevicePage: devicePage(server), Environment: make(map[string]string)}
	form := map[string]func(intunetest.Variable) string{
		"shell": intunetest.Variable.Shell, "powershell": intunetest.Variable.PowerShell, "dotenv": intunetest.Variable.DotEnv,
	}[c.settings.value]
	lines := ""
	for _, variable := range server.Environment() {
		s.Environment[variable.Name] = variable.Value
		if form != nil {
			lines += form(variable) + "\n"
		}
	}
	if cert := server.TLSCertificate(); cert != nil {
		s.CAFile = s.Environment["INTUNE_CERT_CA"]
		if err := writePEM(s.CAFile, cert); err != nil {
			return fmt.Errorf("--write-ca: %w", err)
		}
	}
	if form == nil || !c.isHuman() {
		return c.showDocument(s)
	}
	_, err := c.Out.Write([]byte(lines))
	return err
}
