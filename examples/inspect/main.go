// Inspect prints what a file with a code-signing certificate holds, what is wrong with it, and whether it is in Microsoft
// Intune already.
//
//	go run ./examples/inspect                            # nothing set up: a certificate made on the spot
//	go run ./examples/inspect -file contoso.msix         # a file of yours: .cer, .pem, .p7b, .pfx, signed .msix, .exe, …
//	go run ./examples/inspect -file contoso.pfx -check   # and look for it in the tenant
//
// The password of a .pfx file comes from CERTIFICATE_PASSWORD, or from the file after -password-file.
//
// It signs in for -check alone: where AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set, at the real service,
// where it changes nothing, and then it needs -file.
package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

func main() { example.Main("inspect", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	out := stdout
	if opts.json {
		out = io.Discard
	}
	var target *example.Target
	if opts.check {
		if target, err = opts.flags.Connect(); err != nil {
			return err
		}
		defer target.Close()
		if err := target.Need("-file", opts.file); err != nil {
			return err
		}
		target.Announce("the certificate is looked for in", out, stderr)
	}
	cert, err := certificate(opts, out)
	if err != nil {
		return err
	}
	report := describe(opts.file, cert, time.Now())
	report.print(out)
	if opts.check {
		service := target.Client.EnterpriseCodeSigningCertificates()
		if opts.file == "" { // which is at an emulator, with nothing in it
			if _, err := service.Create(ctx, cert.Resource()); err != nil {
				return err
			}
			fmt.Fprintln(out, "\nUploaded it to the emulator, so that there is something to find")
		}
		if report.Tenant, err = lookUp(ctx, service, cert.Resource()); err != nil {
			return err
		}
		report.Tenant.print(out)
	}
	if opts.json {
		if err := example.PrintJSON(stdout, report); err != nil {
			return err
		}
	}
	return report.refusal()
}

type options struct {
	flags *example.Flags
	file  string
	check bool
	json  bool
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	flags := example.NewFlags("inspect")
	flags.Usage, flags.Hint = usage, "a file goes after -file"
	opts := &options{flags: flags}
	flags.StringVar(&opts.file, "file", "", "the certificate `file`: "+example.FileFormats+"; without it one is made on the spot")
	flags.AddPasswordFile()
	flags.AddThumbprint()
	flags.BoolVar(&opts.check, "check", false, "look whether the certificate is in the tenant; -cloud, -api-version and -emulator are for this alone")
	flags.BoolVar(&opts.json, "json", false, "print a JSON object")
	return opts, flags.Parse(args, stdout)
}

const usage = `Usage: inspect [flags]

Prints what a file with a code-signing certificate holds, and what is wrong with the certificate. With -check it also looks
for it in Microsoft Intune: in an emulator, or in the real service where AZURE_TENANT_ID, AZURE_CLIENT_ID and
AZURE_CLIENT_SECRET are set. It changes nothing there. Exits with 0 when done, in the tenant or not, 1 when refused or failed
or where the certificate cannot be uploaded, 2 on wrong usage.

` + example.PasswordUsage

// certificate loads the file that was named, or makes a certificate that is due to be replaced.
func certificate(opts *options, out io.Writer) (*codesign.Certificate, error) {
	if opts.file != "" {
		loader, err := opts.flags.Loader()
		if err != nil {
			return nil, err
		}
		return loader.Load(opts.file)
	}
	now := time.Now()
	made, err := example.MakeCertificate("intune-go example (safe to delete)", now.AddDate(-1, 0, 0), now.AddDate(0, 0, 20))
	if err != nil {
		return nil, err
	}
	fmt.Fprint(out, "Made a code-signing certificate, its key thrown away; -file takes one of yours\n\n")
	return codesign.Parse(made.Raw)
}
