// Bulk uploads all certificate files of a folder to Microsoft Intune, several at a time.
//
//	go run ./examples/bulk                # nothing set up: an emulator and a folder with twelve certificates
//	go run ./examples/bulk -dir certs     # a folder of yours: its .cer, .crt, .der and .pem files, DER or PEM
//
// With AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET set it goes to the real service, and then it needs -dir.
// Every run uploads every file: before the next one, move away what has been created.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

func main() { example.Main("bulk", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	requests := new(atomic.Int64)
	target, err := opts.flags.Connect(intune.WithMiddleware(counting(requests)))
	if err != nil {
		return err
	}
	defer target.Close()
	if err := target.Need("-dir", opts.dir); err != nil {
		return err
	}
	target.Announce("the certificates go to", stdout, stderr)
	dir := opts.dir
	if dir == "" {
		made, err := makeFolder()
		defer func() { _ = os.RemoveAll(made) }()
		if err != nil {
			return err
		}
		fmt.Fprint(stdout, "Made a folder with twelve code-signing certificates\n\n")
		dir = made
	}
	files, err := certificateFiles(dir)
	if err != nil {
		return err
	}
	report := newReport(stdout, len(files))
	upload(ctx, target.Client.EnterpriseCodeSigningCertificates(), files, &opts.bulk, report)
	return report.finish(requests.Load(), ctx.Err())
}

// upload creates a certificate from each file. A file is read when its turn comes.
func upload(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, files []string, options *intune.BulkOptions, report *report) {
	unreadable := make(map[int]error)
	certs := func(yield func(*intune.EnterpriseCodeSigningCertificate) bool) {
		for i, file := range files {
			cert, err := example.Load(file)
			if err != nil {
				unreadable[i] = err
			}
			if !yield(intune.FromX509(cert)) { // of nil it is nil, which fails without a request
				return
			}
		}
	}
	for i, result := range service.CreateAll(ctx, certs, options) {
		report.add(filepath.Base(files[i]), result, unreadable[i])
	}
}

// counting counts the requests to Microsoft Graph, all attempts and all looks for a lost certificate included.
func counting(requests *atomic.Int64) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			requests.Add(1)
			return next.RoundTrip(req)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// certificateFiles returns the certificate files of a folder by their names, sorted.
func certificateFiles(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		suffix := strings.ToLower(filepath.Ext(entry.Name()))
		if !entry.IsDir() && slices.Contains([]string{".cer", ".crt", ".der", ".pem"}, suffix) {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: holds no .cer, .crt, .der or .pem file", dir)
	}
	return files, nil
}

type options struct {
	flags *example.Flags
	dir   string
	bulk  intune.BulkOptions
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	flags := example.NewFlags("bulk")
	flags.Usage, flags.Hint = usage, "a folder goes after -dir"
	opts := &options{flags: flags}
	flags.StringVar(&opts.dir, "dir", "", "the `folder` of the certificate files; without it one is made on the spot")
	flags.IntVar(&opts.bulk.Concurrency, "concurrency", 4, "how `many` uploads at once")
	flags.BoolVar(&opts.bulk.StopOnError, "stop-on-error", false, "start nothing new after a failure")
	if err := flags.Parse(args, stdout); err != nil {
		return nil, err
	}
	if opts.bulk.Concurrency < 1 {
		return nil, example.Usagef("-concurrency %d is less than one", opts.bulk.Concurrency)
	}
	return opts, nil
}

const usage = `Usage: bulk [flags]

Uploads the certificate files of a folder to Microsoft Intune: to an emulator, or to the real service where
AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set. Exits with 0 when all are done, 1 when any failed, 2 on
wrong usage.

`
