// Create uploads a code-signing certificate to Microsoft Intune and prints what went over the wire and what came back.
//
//	go run ./examples/create                     # nothing set up: an emulator and a certificate made on the spot
//	go run ./examples/create -file contoso.cer   # a certificate of yours, DER or PEM
//
// With AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set it goes to the real service, and then it needs -file.
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		os.Exit(exitDone)
	}
	fmt.Fprintln(os.Stderr, "create:", err)
	if errors.As(err, new(usageError)) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	out := stdout
	if opts.json {
		out = io.Discard
	}
	wire := new(recorder)
	client, closeTarget, err := connect(opts, wire, out)
	if err != nil {
		return err
	}
	defer closeTarget()
	cert, err := certificate(opts, out)
	if err != nil {
		return err
	}
	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert)
	wire.print(out)
	if err != nil {
		return err
	}
	if opts.json {
		return printJSON(stdout, created)
	}
	printReadable(out, created)
	return nil
}

type options struct {
	file     string
	cloud    intune.Cloud
	version  intune.APIVersion
	emulator bool
	json     bool
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	opts := new(options)
	flags := flag.NewFlagSet("create", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	cloud := flags.String("cloud", "public", "the `cloud` of the tenant: public, usgov-l4, usgov-l5 or china")
	version := flags.String("api-version", "beta", "the `version` of Microsoft Graph: beta or v1.0")
	flags.StringVar(&opts.file, "file", "", "the certificate `file`, DER or PEM; without it one is made on the spot")
	flags.BoolVar(&opts.emulator, "emulator", false, "use the emulator even where AZURE_* is set")
	flags.BoolVar(&opts.json, "json", false, "print only the created object")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, usage)
			flags.SetOutput(stdout)
			flags.PrintDefaults()
			return nil, err
		}
		return nil, usageError{fmt.Errorf("%w; -h tells more", err)}
	}
	clouds := map[string]intune.Cloud{
		"public": intune.Public, "usgov-l4": intune.USGovernmentL4, "usgov-l5": intune.USGovernmentL5, "china": intune.China,
		"usgovernmentl4": intune.USGovernmentL4, "usgovernmentl5": intune.USGovernmentL5,
	}
	var known bool
	switch opts.cloud, known = clouds[strings.ToLower(*cloud)]; {
	case opts.file == "" && isSet(flags, "file"):
		return nil, usageError{errors.New("-file is empty")}
	case flags.NArg() > 0:
		return nil, usageError{fmt.Errorf("unexpected argument %q; a file goes after -file", flags.Arg(0))}
	case !known:
		return nil, usageError{fmt.Errorf("-cloud %q is none of public, usgov-l4, usgov-l5 and china", *cloud)}
	case *version != string(intune.Beta) && *version != string(intune.V1):
		return nil, usageError{fmt.Errorf("-api-version %q is neither beta nor v1.0", *version)}
	}
	opts.version = intune.APIVersion(*version)
	return opts, nil
}

const usage = `Usage: create [flags]

Uploads a code-signing certificate to Microsoft Intune: to an emulator, or to the real service where AZURE_TENANT_ID,
AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set. Exits with 0 when done, 1 when refused or failed, 2 on wrong usage.

`

func isSet(flags *flag.FlagSet, name string) (set bool) {
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// certificate loads the file that was named, or one that is made for the occasion, from disk.
func certificate(opts *options, out io.Writer) (*intune.EnterpriseCodeSigningCertificate, error) {
	file := opts.file
	if file == "" {
		made, err := makeCertificate()
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.Remove(made) }()
		fmt.Fprint(out, "Made a code-signing certificate, valid for a day, its key thrown away\n")
		file = made
	}
	cert, err := load(file)
	if err != nil {
		return nil, err
	}
	upload := intune.FromX509(cert)
	fmt.Fprintf(out, "Loaded %s\n  subject     %s\n  issuer      %s\n  thumbprint  %s\n\n", file, upload.Subject, upload.Issuer, upload.Thumbprint())
	return upload, nil
}

func load(file string) (*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s: holds a PEM %s, not a CERTIFICATE", file, block.Type)
		}
		data = block.Bytes
	}
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("%s: not a certificate in DER or PEM: %w", file, err)
	}
	return cert, nil
}

// printJSON prints the object with its id, which is not part of what the library would send.
func printJSON(out io.Writer, cert *intune.EnterpriseCodeSigningCertificate) error {
	data, err := json.Marshal(cert)
	if err != nil {
		return err
	}
	object := make(map[string]any)
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object["id"] = cert.ID
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object)
}

func printReadable(out io.Writer, cert *intune.EnterpriseCodeSigningCertificate) {
	const layout = "2006-01-02 15:04:05 MST"
	fmt.Fprintln(out, "Created")
	for _, line := range [][2]string{
		{"id", cert.ID},
		{"status", string(cert.Status)},
		{"subject", cert.Subject},
		{"issuer", cert.Issuer},
		{"expires", cert.ExpirationDateTime.UTC().Format(layout)},
		{"uploaded", cert.UploadDateTime.UTC().Format(layout)},
	} {
		fmt.Fprintf(out, "  %-9s %s\n", line[0], line[1])
	}
}
