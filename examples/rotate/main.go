// Rotate puts a new code-signing certificate in the place of an old one in Microsoft Intune.
//
//	go run ./examples/rotate                              # nothing set up: an emulator, an old and a new certificate
//	go run ./examples/rotate -file new.cer -old ID        # upload the new one; the old one stays
//	go run ./examples/rotate -file new.cer -old ID -delete-old
//
// The old certificate is deleted only once devices have the new one. Until then the last command fails and says so; it can
// be run again at any time, and uploads nothing twice. Without -old the certificate that expires first is taken.
//
// A file is anything that holds a certificate: .cer, .pem, .p7b, .pfx, signed .msix, … The password of a .pfx file comes from
// CERTIFICATE_PASSWORD, or from the file after -password-file.
//
// With AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set it goes to the real service, and then it needs -file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

func main() { example.Main("rotate", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	target, err := opts.flags.Connect()
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
	target.Announce("a certificate is replaced in", stdout, stderr)
	service := target.Client.EnterpriseCodeSigningCertificates()
	var cert *intune.EnterpriseCodeSigningCertificate
	if opts.file != "" {
		loaded, err := loader.LoadForUpload(opts.file)
		if err != nil {
			return err
		}
		example.PrintRemarks(stderr, loaded)
		cert = loaded.Resource()
	}
	if target.Emulator != nil {
		made, err := makePair(ctx, service)
		if err != nil {
			return err
		}
		if cert == nil {
			cert = made
		}
	}
	return rotate(ctx, service, cert, opts, stdout)
}

func rotate(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, cert *intune.EnterpriseCodeSigningCertificate, opts *options, out io.Writer) error {
	old, err := findOld(ctx, service, opts)
	if err != nil {
		return err
	}
	if old == nil {
		fmt.Fprintf(out, "Nothing to replace: no certificate expires within %s\n", opts.within)
		return nil
	}
	title := "Old certificate"
	if opts.old == "" {
		title = fmt.Sprintf("Old certificate: -old is not given, so it is the one that expires first within %s", opts.within)
	}
	printCertificate(out, title, old)
	printCertificate(out, "New certificate", cert)
	compare(out, old, cert)

	var meta intune.Response
	rotation, err := service.Rotate(ctx, cert, &intune.RotateOptions{OldID: old.ID, DeleteOld: opts.deleteOld}, intune.WithResponse(&meta))
	if rotation != nil {
		printCertificate(out, describe(&meta), rotation.Certificate)
	}
	switch {
	case errors.Is(err, intune.ErrNotProvisioned):
		fmt.Fprintf(out, "The old certificate stays for now: Intune has not handed the new one to the devices yet, and without the\n"+
			"old one they would refuse the apps that it has signed. Run this again later, with -old %s.\n", old.ID)
	case err != nil:
	case opts.deleteOld:
		fmt.Fprintln(out, "Deleted the old certificate")
	default:
		fmt.Fprintln(out, "The old certificate stays; -delete-old deletes it once the new one is provisioned")
	}
	return err
}

// findOld returns the certificate to replace, nil where none expires soon.
func findOld(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, opts *options) (*intune.EnterpriseCodeSigningCertificate, error) {
	if opts.old != "" {
		return service.Get(ctx, opts.old)
	}
	for cert, err := range service.Expiring(ctx, time.Duration(opts.within)) {
		return cert, err
	}
	return nil, nil
}

// compare says where the new certificate may not do what the old one does.
func compare(out io.Writer, old, renewed *intune.EnterpriseCodeSigningCertificate) {
	if renewed.ExpirationDateTime.Before(old.ExpirationDateTime) {
		fmt.Fprint(out, "Mind: the new certificate expires before the old one\n\n")
	}
	if renewed.Subject != old.Subject {
		fmt.Fprint(out, "Mind: the subjects differ, and that of an MSIX package's certificate must be the Publisher in its manifest\n\n")
	}
}

// describe says how the new certificate came to be there.
func describe(meta *intune.Response) string {
	switch {
	case meta.Reconciled:
		return "Uploaded; the answer was lost, and the certificate recognised by its " + string(meta.MatchedBy)
	case meta.MatchedBy != "":
		return "Uploaded before, and recognised by its " + string(meta.MatchedBy)
	}
	return "Uploaded"
}

func printCertificate(out io.Writer, title string, cert *intune.EnterpriseCodeSigningCertificate) {
	example.PrintFields(out, title, [][2]string{
		{"id", cert.ID},
		{"status", string(cert.Status)},
		{"subject", cert.Subject},
		{"thumbprint", cert.Thumbprint()},
		{"expires", example.Time(cert.ExpirationDateTime)},
	})
	fmt.Fprintln(out)
}
