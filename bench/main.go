// Bench builds three programs that create the same object at the same server on loopback, and prints what each of them
// costs: net/http and encoding/json by hand, which is the floor, this library, and Microsoft's SDK.
//
//	go run .             # a table in Markdown; the SDK takes minutes to build
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
	"runtime"
)

type options struct {
	runs, starts, creates int
	peer                  bool
}

func main() {
	var opts options
	flag.IntVar(&opts.runs, "runs", 5, "how many `times` everything but a cold build is measured; the table shows medians")
	flag.IntVar(&opts.starts, "starts", 10, "how many `times` each program is started in each run")
	flag.IntVar(&opts.creates, "creates", 10000, "how many creates a program does in each run")
	flag.BoolVar(&opts.peer, "peer", true, "compare with Microsoft's SDK, which takes minutes to build")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := opts.compare(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
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
	if err := o.measure(ctx, programs, folder, progress); err != nil {
		return err
	}
	writeMarkdown(out, table(programs))
	fmt.Fprintf(out, "\nMedians of %d runs of %d creates each; one cold build. %s, %s/%s, %d processors, no cgo.\n",
		o.runs, o.creates, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	return nil
}

// measure goes from one program to the next in each step, so that the noise of the machine meets all of them alike. The server
// is in this process, which does nothing else while a program runs.
func (o *options) measure(ctx context.Context, programs []*program, folder string, progress io.Writer) error {
	l, stop, err := startServer(folder)
	defer stop()
	if err != nil {
		return err
	}
	for _, step := range []struct {
		name  string
		times int
		do    func(*program) error
	}{
		{"fetch modules", 1, func(p *program) error { return p.prepare(ctx) }},
		{"build", 1, func(p *program) error { return p.buildCold(ctx) }},
		{"weigh", 1, func(p *program) error { return p.weigh(ctx) }},
		{"run", o.runs, func(p *program) error { return errors.Join(p.buildAgain(ctx), p.measure(ctx, l, o)) }},
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
