// The command intune-cert keeps the code-signing certificate of a Microsoft Intune tenant up to date, for people and
// scripts that do not write Go. docs/intune-cert.md describes its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

func main() {
	cobra.EnableCommandSorting = false // the groups are in the order of a year
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program immediately
	os.Exit(run(ctx, console.New(), os.Args[1:]))
}
