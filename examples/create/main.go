// Create uploads a code-signing certificate to Microsoft Intune and prints what went over the wire and what came back.
//
//	go run ./examples/create                     # nothing set up: an emulator and a certificate made on the spot
//	go run ./examples/create -file contoso.cer   # a certificate of yours: .cer, .pem, .p7b, .pfx, signed .msix, …
//
// The password of a .pfx file comes from CERTIFICATE_PASSWORD, or from the file after -password-file.
//
// With AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set it goes to the real service, and then it needs -file.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

func main() { example.Main("create", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	out, notice := stdout, stdout
	if opts.json {
		out, notice = io.Discard, stderr
	}
	wire := new(recorder)
	target, err := opts.flags.Connect(intune.WithHTTPClient(&http.Client{Transport: wire}))
	if err != nil {
		return err
	}
	defer target.Close()
	if err := target.Need("-file", opts.file); err != nil {
		return err
	}
	loader, err := opts.flags.Loader()
	if err != nil {
		return err
	}
	target.Announce("the certificate goes to", out, notice)
	cert, err := certificate(loader, opts.file, out)
	if err != nil {
		return err
	}
	example.PrintRemarks(notice, cert)
	fmt.Fprintln(out)
	created, err := target.Client.EnterpriseCodeSigningCertificates().Create(ctx, cert.Resource())
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
	flags *example.Flags
	file  string
	json  bool
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	flags := example.NewFlags("create")
	flags.Usage, flags.Hint = usage, "a file goes after -file"
	opts := &options{flags: flags}
	flags.StringVar(&opts.file, "file", "", "the certificate `file`: "+example.FileFormats+"; without it one is made on the spot")
	flags.AddPasswordFile()
	flags.AddThumbprint()
	flags.BoolVar(&opts.json, "json", false, "print only the created object")
	return opts, flags.Parse(args, stdout)
}

const usage = `Usage: create [flags]

Uploads a code-signing certificate to Microsoft Intune: to an emulator, or to the real service where AZURE_TENANT_ID,
AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set. Exits with 0 when done, 1 when refused or failed, 2 on wrong usage.

` + example.PasswordUsage

// certificate loads the file that was named, or one that is made for the occasion, from disk.
func certificate(loader *example.Loader, file string, out io.Writer) (*codesign.Certificate, error) {
	if file == "" {
		made, err := makeFile()
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.Remove(made) }()
		fmt.Fprint(out, "Made a code-signing certificate, valid for 90 days, its key thrown away\n")
		file = made
	}
	cert, err := loader.LoadForUpload(file)
	if err != nil {
		return nil, err
	}
	upload := cert.Resource()
	example.PrintFields(out, "Loaded "+file, [][2]string{
		{"format", string(cert.Format)},
		{"subject", upload.Subject},
		{"issuer", upload.Issuer},
		{"thumbprint", cert.Thumbprint()},
	})
	return cert, nil
}

func printJSON(out io.Writer, cert *intune.EnterpriseCodeSigningCertificate) error {
	object, err := example.Object(cert)
	if err != nil {
		return err
	}
	return example.PrintJSON(out, object)
}

func printReadable(out io.Writer, cert *intune.EnterpriseCodeSigningCertificate) {
	example.PrintFields(out, "Created", [][2]string{
		{"id", cert.ID},
		{"status", string(cert.Status)},
		{"subject", cert.Subject},
		{"issuer", cert.Issuer},
		{"expires", example.Time(cert.ExpirationDateTime)},
		{"uploaded", example.Time(cert.UploadDateTime)},
	})
}
