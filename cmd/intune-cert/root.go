package main

// This file has the root command: what all commands share, and how one of them is run.

import (
	"context"
	"errors"
	"fmt"
	"io"
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

The flags on this page apply to all commands. Environment variables can set them: INTUNE_CERT_AUTH, INTUNE_CERT_CLOUD,
INTUNE_CERT_OUTPUT, INTUNE_CERT_EMULATOR, INTUNE_CERT_CA and INTUNE_CERT_VERBOSE. Flags take precedence.

Times such as 30d, 36h, 1d12h or 15m are days, hours and minutes.

With --output json, standard output is one JSON document, also after an error. Its "error" then has "kind", "message" and,
if there is one, "nextStep". The kinds: usage, failed, interrupted, outcomeUnknown, notProvisioned, notLatest, duplicate,
ambiguousMatch, signIn, forbidden, notFound, incorrectPassword. "isDeployed" is left out if it is not known. "matchedBy"
says how a record was recognised as the certificate of a file: by its content, uploadDateTime or names.

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
	if wantsJSON(args) { // a mistake may come before the flag is read
		a.flags.output.value = "json"
	}
	root := newRootCommand(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.isReady {
		err = &usageError{err}
	}
	return a.finish(ctx, err)
}

// wantsJSON finds --output among the arguments, whatever the others are, and its environment variable.
func wantsJSON(args []string) bool {
	given := pflag.NewFlagSet("", pflag.ContinueOnError)
	given.ParseErrorsAllowlist.UnknownFlags = true
	given.SetOutput(io.Discard)
	output := given.StringP("output", "o", os.Getenv("INTUNE_CERT_OUTPUT"), "")
	_ = given.Parse(args)
	return *output == "json"
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
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
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
	initBuiltIn(root)
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
	if err == nil {
		err = checkTexts(cmd)
	}
	if err == nil && a.flags.emulator != "" && a.flags.cloud.value != "public" {
		err = errors.New("--cloud and --emulator exclude each other: the emulator is no cloud")
	}
	a.isReady = err == nil
	return err
}

// checkTexts rejects empty texts, which come from variables of a script that are not set, and flags that were taken for the
// value of the flag before them.
func checkTexts(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch text := f.Value.String(); {
		case f.Value.Type() != "string":
		case strings.TrimSpace(text) == "":
			err = fmt.Errorf("the value of --%s is empty", f.Name)
		case strings.HasPrefix(text, "--"):
			err = fmt.Errorf("--%s lacks its value: %s follows it", f.Name, text)
		}
	})
	for _, arg := range cmd.Flags().Args() {
		if strings.TrimSpace(arg) == "" {
			return errors.New("an argument is empty")
		}
	}
	return err
}

// want says which arguments a command takes, one at least: what names one of them.
func want(what string, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s is missing", what)
		case len(args) > most:
			return fmt.Errorf("want one %s, not %d: %s", what, len(args), strings.Join(args, " "))
		}
		return nil
	}
}

// initBuiltIn makes unknown arguments of cobra's own commands an error. cobra only shows help for them.
func initBuiltIn(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "completion":
			command.Long = "Print the script that completes commands and flags in a shell: bash, zsh, fish or powershell. The help of each,\n" +
				`such as "intune-cert completion bash --help", says how to install it.`
			command.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		case "help":
			command.Args = func(_ *cobra.Command, args []string) error {
				_, _, err := root.Find(args)
				return err
			}
		}
	}
}

func (a *app) isJSON() bool { return a.flags.output.value == "json" }
