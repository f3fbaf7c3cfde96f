// List prints the code-signing certificates of a tenant of Microsoft Intune, those that expire first at the top.
//
//	go run ./examples/list                                          # nothing set up: an emulator with six certificates
//	go run ./examples/list -expires-within 60d -status provisioned  # those that devices use and that need replacing
//
// With AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set it reads from the real service, and changes nothing.
package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

func main() { example.Main("list", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	out := stdout
	if opts.json {
		out = io.Discard
	}
	target, err := opts.flags.Connect()
	if err != nil {
		return err
	}
	defer target.Close()
	target.Announce("the certificates are read from", out, stderr)
	service := target.Client.EnterpriseCodeSigningCertificates()
	if target.Emulator != nil {
		if err := seed(ctx, service); err != nil {
			return err
		}
	}
	var certs []*intune.EnterpriseCodeSigningCertificate
	for cert, err := range service.All(ctx, opts.query(time.Now())) {
		if err != nil {
			return err
		}
		certs = append(certs, cert)
	}
	if opts.json {
		return printJSON(stdout, certs)
	}
	return printTable(stdout, certs, time.Now())
}

// query asks for what the flags say. Filters and order are typed, so that what the service cannot do does not compile.
func (o *options) query(now time.Time) *intune.ListOptions {
	var filters []intune.Filter
	if o.status != "" {
		filters = append(filters, intune.PropertyStatus.Eq(o.status))
	}
	if o.subject != "" {
		filters = append(filters, intune.PropertySubject.StartsWith(o.subject))
	}
	if o.flags.IsSet("expires-within") {
		filters = append(filters, intune.PropertyExpirationDateTime.Le(now.Add(time.Duration(o.expiresWithin))))
	}
	return &intune.ListOptions{
		Filter:  intune.And(filters...), // of none: all certificates
		OrderBy: []intune.Order{intune.PropertyExpirationDateTime.Ascending()},
		Top:     o.top,
	}
}

func printTable(out io.Writer, certs []*intune.EnterpriseCodeSigningCertificate, now time.Time) error {
	if len(certs) == 0 {
		fmt.Fprintln(out, "No certificates")
		return nil
	}
	lines := []string{"ID\tSTATUS\tSUBJECT\tEXPIRES\tDAYS LEFT\n"}
	for _, cert := range certs {
		daysLeft := math.Floor(cert.ExpirationDateTime.Sub(now).Hours() / 24)
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%.0f\n",
			cert.ID, cert.Status, example.Printable(cert.Subject), example.Time(cert.ExpirationDateTime), daysLeft))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(table, strings.Join(lines, "")); err != nil {
		return err
	}
	return table.Flush()
}

func printJSON(out io.Writer, certs []*intune.EnterpriseCodeSigningCertificate) error {
	objects := make([]map[string]any, 0, len(certs))
	for _, cert := range certs {
		object, err := example.Object(cert)
		if err != nil {
			return err
		}
		objects = append(objects, object)
	}
	return example.PrintJSON(out, objects)
}
