// Bulk uploads all certificate files of a folder to Microsoft Intune, several at a time.
//
//	go run ./examples/bulk                # nothing set up: an emulator and a folder with twelve certificates
//	go run ./examples/bulk -dir certs     # a folder of yours: its .cer, .pem, .p7b, .pfx, signed .msix files, …
//
// The password of .pfx files, one for all, comes from CERTIFICATE_PASSWORD, or from the file after -password-file.
// A certificate that several files hold, such as packages that it has signed, is uploaded once.
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
	loader, err := opts.flags.Loader()
	if err != nil {
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
	upload(ctx, target.Client.EnterpriseCodeSigningCertificates(), loader, files, &opts.bulk, report)
	return report.finish(requests.Load(), ctx.Err())
}

// upload creates the certificate of each file. A file is read when its turn comes.
func upload(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, loader *example.Loader, files []string, options *intune.CreateAllOptions, report *report) {
	var started []string              // the names of the files, by the index of CreateAll
	unreadable := make(map[int]error) // by the same
	holders := make(map[string]string)
	certs := func(yield func(*intune.EnterpriseCodeSigningCertificate) bool) {
		for _, file := range files {
			name := filepath.Base(file)
			cert, err := loader.LoadForUpload(file)
			var resource *intune.EnterpriseCodeSigningCertificate // nil fails without a request
			if err != nil {
				unreadable[len(started)] = err
			} else if holder, again := holders[cert.Thumbprint()]; again {
				report.skip(name, holder)
				continue
			} else {
				holders[cert.Thumbprint()] = name
				report.remark(name, example.Remarks(cert))
				resource = cert.Resource()
			}
			started = append(started, name)
			if !yield(resource) {
				return
			}
		}
	}
	for i, result := range service.CreateAll(ctx, certs, options) {
		report.add(started[i], result, unreadable[i])
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

// suffixes are those of files that hold certificates, and of packages. Programs and libraries are left out: a folder of them
// is seldom meant.
var suffixes = []string{
	".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".pfx", ".p12",
	".msix", ".appx", ".msixbundle", ".appxbundle",
}

// certificateFiles returns the certificate files of a folder by their names, sorted.
func certificateFiles(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !slices.Contains(suffixes, strings.ToLower(filepath.Ext(path))) {
			continue
		}
		if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() { // a missing one is reported when its turn comes
			files = append(files, path)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: holds no file that ends in %s", dir, strings.Join(suffixes, ", "))
	}
	return files, nil
}

type options struct {
	flags *example.Flags
	dir   string
	bulk  intune.CreateAllOptions
}

func parseOptions(args []string, stdout io.Writer) (*options, error) {
	flags := example.NewFlags("bulk")
	flags.Usage, flags.Hint = usage, "a folder goes after -dir"
	opts := &options{flags: flags}
	flags.StringVar(&opts.dir, "dir", "", "the `folder` of the certificate files; without it one is made on the spot")
	flags.AddPasswordFile()
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

Uploads the certificates of a folder to Microsoft Intune: to an emulator, or to the real service where AZURE_TENANT_ID,
AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are set. Exits with 0 when all are done, 1 when any failed, 2 on wrong usage.

Reads files that end in .cer, .crt, .der, .pem, .p7b, .p7c, .pfx or .p12, and signed packages: .msix, .appx, .msixbundle and
.appxbundle. A certificate that several of them hold is uploaded once.

` + example.PasswordUsage
