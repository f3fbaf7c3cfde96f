package main

import (
	"cmp"
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

type versionResult struct {
	outcome

	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	Date      string `json:"date,omitempty"` // of the commit
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs, Example: "  intune-cert version --output json",
		RunE: a.does(func(context.Context, []string) (result, error) { return build(), nil }),
	}
}

func (r *versionResult) human(out *console.Writer) {
	out.Printf("intune-cert %s %s %s\n", r.Version, r.GoVersion, r.Platform)
	field(out, "commit", r.Commit)
	field(out, "date", r.Date)
}

// build describes the program. The go command knows the commit if it builds in a clone.
func build() *versionResult {
	r := &versionResult{Version: "(devel)", GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return r
	}
	r.Version = cmp.Or(info.Main.Version, r.Version)
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			r.Commit = setting.Value
		case "vcs.time":
			r.Date = setting.Value
		}
	}
	return r
}
