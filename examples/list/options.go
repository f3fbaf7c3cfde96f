package main

import (
	"io"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

type options struct {
	flags         *example.Flags
	status        intune.CertificateStatus
	subject       string
	expiresWithin example.Duration
	top           int
	json          bool
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	flags := example.NewFlags("list")
	flags.Usage, flags.Hint = usage, "a filter goes after -status, -subject or -expires-within"
	opts := &options{flags: flags}
	flags.StringVar((*string)(&opts.status), "status", "", "only those of this `status`: provisioned or notProvisioned")
	flags.StringVar(&opts.subject, "subject", "", "only those whose subject begins with this `prefix`, such as CN=Contoso")
	flags.Var(&opts.expiresWithin, "expires-within",
		"only those that expire within this `time` or have expired: 60d, 36h; 0d for those that have expired")
	flags.IntVar(&opts.top, "top", 0, "no more than this `number`; 0 for all")
	flags.BoolVar(&opts.json, "json", false, "print a JSON array")
	if err := flags.Parse(args, stdout); err != nil {
		return nil, err
	}
	switch opts.status {
	case "", intune.CertificateStatusProvisioned, intune.CertificateStatusNotProvisioned:
	default:
		return nil, example.Usagef("-status %q is neither provisioned nor notProvisioned", opts.status)
	}
	if opts.top < 0 {
		return nil, example.Usagef("-top %d is negative", opts.top)
	}
	return opts, nil
}

const usage = `Usage: list [flags]

Prints the code-signing certificates of Microsoft Intune, those that expire first at the top: of an emulator, or of the
real service where AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set. It changes nothing there. Exits with 0
when done, 1 when refused or failed, 2 on wrong usage.

`
