// Bench builds three programs that create the same object at the same server on loopback, and prints what each of them
// costs: net/http and encoding/json by hand, which is the floor, this library, and Microsoft's SDK.
//
//	go run .             # a table to read; the SDK takes minutes to build
//	go run . -markdown   # one for a README
//	go run . -peer=false # without the SDK
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
)

type options struct {
	builds, runs, starts, creates int
	peer, markdown                bool
}

func main() {
	run := bench
	if authority := os.Getenv(serverVariable); authority != "" {
		run = func() error { return serve(authority) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bench() error {
	var opts options
	flag.IntVar(&opts.builds, "builds", 1, "how many `times` each program is built without a cache")
	flag.IntVar(&opts.runs, "runs", 5, "how many `times` everything else is measured; the table shows medians")
	flag.IntVar(&opts.starts, "starts", 10, "how many `times` each program is started in each run")
	flag.IntVar(&opts.creates, "creates", 10000, "how many creates a program does in each run")
	flag.BoolVar(&opts.peer, "peer", true, "compare with Microsoft's SDK, which takes minutes to build")
	flag.BoolVar(&opts.markdown, "markdown", false, "print the table in Markdown")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return opts.compare(ctx, os.Stdout, os.Stderr)
}

// compare builds and runs the programs, and prints the table.
func (o *options) compare(ctx context.Context, out, progress io.Writer) error {
	folder, err := os.MkdirTemp("", "intune-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	programs := newPrograms(folder)
	if !o.peer {
		programs = programs[:2]
	}
	server, err := startServer(ctx, folder)
	if err != nil {
		return err
	}
	defer server.stop()
	certificate := filepath.Join(folder, "contoso.cer")
	if err := writeCertificate(certificate); err != nil {
		return err
	}
	l := load{server: server, certificate: certificate, starts: o.starts, creates: o.creates}
	if err := o.measure(ctx, programs, l, progress); err != nil {
		return err
	}
	return o.print(ctx, out, programs)
}

// measure goes from one program to the next in each step, so that the noise of the machine meets all of them alike.
func (o *options) measure(ctx context.Context, programs []*program, l load, progress io.Writer) error {
	for _, step := range []struct {
		name  string
		times int
		do    func(*program) error
	}{
		{"fetch modules", 1, func(p *program) error { return p.prepare(ctx) }},
		{"build", o.builds, func(p *program) error { return p.buildCold(ctx) }},
		{"weigh", 1, func(p *program) error { return p.weigh(ctx) }},
		{"run", o.runs, func(p *program) error { return errors.Join(p.buildAgain(ctx), p.measure(ctx, l)) }},
	} {
		for i := range step.times {
			for _, p := range programs {
				fmt.Fprintf(progress, "%s %d of %d: %s\n", step.name, i+1, step.times, p.title)
				if err := step.do(p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (o *options) print(ctx context.Context, out io.Writer, programs []*program) error {
	write := writeText
	if o.markdown {
		write = writeMarkdown
	}
	if err := write(out, table(programs)); err != nil {
		return err
	}
	mod, err := thisGoMod(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nMedians of %d runs of %d creates each; cold builds: %d. %s, %s/%s, %d processors, no cgo.\n",
		o.runs, o.creates, o.builds, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, require := range mod.Require {
		if require.Path == peer && o.peer {
			fmt.Fprintf(out, peerNote, require.Version)
		}
	}
	return nil
}

const peerNote = `msgraph-sdk-go is %s. It has no enterpriseCodeSigningCertificates, so it creates mobileAppCategories, which have no
more than a name, and its token is at hand. The other two sign in and upload a certificate.
`
