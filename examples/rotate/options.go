package main

import (
	"io"
	"time"

	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

type options struct {
	flags     *example.Flags
	old       string
	file      string
	deleteOld bool
	within    example.Duration
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	flags := example.NewFlags("rotate")
	flags.Usage, flags.Hint = usage, "an id goes after -old, and a file after -file"
	opts := &options{flags: flags, within: example.Duration(60 * 24 * time.Hour)}
	flags.StringVar(&opts.old, "old", "", "the `id` of the certificate to replace; without it the one that expires first")
	flags.StringVar(&opts.file, "file", "", "the `file` of the new certificate: "+example.FileFormats+"; without it one is made on the spot")
	flags.AddPasswordFile()
	flags.AddThumbprint()
	flags.BoolVar(&opts.deleteOld, "delete-old", false, "delete the old certificate once the new one is provisioned")
	flags.Var(&opts.within, "within", "without -old: replace only what expires within this `time`, such as 60d or 36h")
	if err := flags.Parse(args, stdout); err != nil {
		return nil, err
	}
	if opts.old != "" && flags.IsSet("within") {
		return nil, example.Usagef("-within chooses the old certificate, and so does -old: give one of them")
	}
	return opts, nil
}

const usage = `Usage: rotate [flags]

Puts a new code-signing certificate in the place of an old one in Microsoft Intune: in an emulator, or in the real service
where AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set. Exits with 0 when done, 1 when refused or failed, 2
on wrong usage.

` + example.PasswordUsage
