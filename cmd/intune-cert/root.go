package main

// This file has the root command: what all commands share, and how one of them is run.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const rootHelp = `intune-cert uploads code-signing certificates to Microsoft Intune and replaces them before they expire.

Managed Windows devices trust these certificates for the apps that an organisation signs and sideloads. Intune deploys
only the latest upload.

To sign in, set --auth and these environment variables:

    env              AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH (with
                     AZURE_CLIENT_CERTIFICATE_PASSWORD) or AZURE_FEDERATED_TOKEN_FILE
    cli              none: the account that is signed in with "az login"
    managed-identity AZURE_CLIENT_ID, only for a user-assigned identity
    github           AZURE_TENANT_ID, AZURE_CLIENT_ID; the job needs the permission id-token: write
    azure-pipelines  SYSTEM_ACCESSTOKEN; the task AzureCLI@2 sets the others
    device, browser  AZURE_CLIENT_ID, and AZURE_TENANT_ID unless people of any tenant may sign in
    default          whatever Microsoft's DefaultAzureCredential finds

The application or person needs the permission DeviceManagementApps.ReadWrite.All. "intune-cert check" tells what is
missing.

Environment variables can set the flags of all commands, for example INTUNE_CERT_AUTH=github. Flags take precedence.

Exit codes:

` + exitCodeHelp

// app is one run of the program.
type app struct {
	*terminal

	flags    flags
	isReady  bool // the command line has been understood
	hasShown bool // a result
}

// flags are those of all commands.
type flags struct {
	auth     *choice
	cloud    *choice
	output   *choice
	emulator string
	caFile   string
	verbose  bool
}

// run runs the program and returns its exit code.
func run(ctx context.Context, t *terminal, args []string) int {
	a := &app{terminal: t, flags: newFlags()}
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.isReady {
		err = &usageError{err}
	}
	return a.finish(ctx, err)
}

func newFlags() flags {
	return flags{
		auth:   newChoice("env", "env", "cli", "managed-identity", "github", "azure-pipelines", "device", "browser", "default"),
		cloud:  newChoice("public", "public", "usgov-l4", "usgov-l5", "china"),
		output: newChoice("human", "human", "json"),
	}
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use: "intune-cert", Short: "Keep the code-signing certificate of Microsoft Intune up to date", Long: rootHelp,
		Version: version(), SilenceErrors: true, SilenceUsage: true, DisableAutoGenTag: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
	}
	common := root.PersistentFlags()
	common.Var(a.flags.auth, "auth", "how to sign in: "+a.flags.auth.list())
	common.Var(a.flags.cloud, "cloud", "the cloud of the tenant: "+a.flags.cloud.list())
	common.VarP(a.flags.output, "output", "o", "the form of the output: "+a.flags.output.list())
	common.StringVar(&a.flags.emulator, "emulator", "", "use the emulator at this `URL` instead of Microsoft's cloud")
	common.StringVar(&a.flags.caFile, "ca", "", "also trust the certificate authorities in this PEM `file`")
	common.BoolVarP(&a.flags.verbose, "verbose", "v", false, "log every request to standard error")
	root.AddCommand(
		newRotateCommand(a), newUploadCommand(a),
		newListCommand(a), newGetCommand(a), newFindCommand(a), newExpiringCommand(a),
		newDeleteCommand(a), newInspectCommand(a), newCheckCommand(a), newEmulatorCommand(a), newVersionCommand(a),
	)
	for _, name := range []string{"auth", "cloud", "output"} {
		values, _ := root.PersistentFlags().Lookup(name).Value.(*choice)
		_ = root.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values.allowed, cobra.ShellCompDirectiveNoFileComp))
	}
	return root
}

// prepare takes flags from the environment, and ends the part in which mistakes are wrong usage.
func (a *app) prepare(cmd *cobra.Command) error {
	var err error
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		variable := "INTUNE_CERT_" + strings.ToUpper(f.Name)
		value, isSet := os.LookupEnv(variable)
		if f.Changed || !isSet || value == "" {
			return
		}
		if problem := cmd.Flags().Set(f.Name, value); problem != nil {
			err = errors.Join(err, fmt.Errorf("the environment variable %s: %w", variable, problem))
		}
	})
	a.isReady = err == nil
	return err
}

func (a *app) isJSON() bool { return a.flags.output.value == "json" }
