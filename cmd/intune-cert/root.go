package main

// This file has the root command: what all commands share, and how one of them is run.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

// app is one run of the program.
type app struct {
	*console.Terminal

	cmd          *cobra.Command // that runs
	flags        flags
	loader       loader
	envErr       error // what is wrong with the environment variables of flags
	isReady      bool  // the command line has been understood
	isCompleting bool  // a shell asks, so nobody can be prompted
	identity     identity
	result       result // nil if there is none
}

// flags are those of all commands.
type flags struct {
	auth     *choice
	cloud    *choice
	output   *choice
	emulator string
	caFile   string
	account  string
	verbose  bool
}

// run runs the program and returns its exit code.
func run(ctx context.Context, t *console.Terminal, args []string) int {
	a, root := newApp(t)
	_ = a.flags.output.Set(outputIn(args)) // a mistake may come before the flag is read
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.isReady && !errors.As(err, new(*usageError)) {
		err = &usageError{err, seeHelp}
	}
	return a.finish(ctx, err)
}

// newApp returns a run of the program, and its root command.
func newApp(t *console.Terminal) (*app, *cobra.Command) {
	a := &app{Terminal: t, loader: loader{Terminal: t}, flags: flags{
		auth:   newChoice("env", "env", "cli", "managed-identity", "github", "azure-pipelines", "device", "browser", "default"),
		cloud:  newChoice("public", "public", "usgov-l4", "usgov-l5", "china"),
		output: newChoice("human", "human", "json", "yaml", "csv"),
	}}
	root := newRootCommand(a)
	a.cmd = root
	a.addCommonFlags(root)
	initBuiltIn(root)
	return a, root
}

func newRootCommand(a *app) *cobra.Command {
	showsVersion := false
	root := &cobra.Command{
		Use: "intune-cert", Short: "Keep the code-signing certificate of Microsoft Intune up to date", Long: rootHelp, Example: quickStart,
		SilenceErrors: true, SilenceUsage: true, DisableAutoGenTag: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showsVersion {
				a.result = build()
				return nil
			}
			return cmd.Help()
		},
	}
	root.Args = func(_ *cobra.Command, args []string) error { return unknownCommand(root, args) }
	root.Flags().BoolVar(&showsVersion, "version", false, "print the version")
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if errors.As(err, new(*pflag.InvalidValueError)) {
			return &usageError{err: err}
		}
		return err
	})
	add := func(group, title string, commands ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: group, Title: title + ":"})
		for _, command := range commands {
			command.GroupID = group
			root.AddCommand(command)
		}
	}
	add("rotate", "Rotate", newRotateCommand(a), newUploadCommand(a))
	add("look", "Look", newCheckCommand(a), newListCommand(a), newGetCommand(a), newFindCommand(a), newExpiringCommand(a), newInspectCommand(a))
	add("change", "Change", newDeleteCommand(a), newLogoutCommand(a))
	add("try", "Try", newEmulatorCommand(a))
	root.AddCommand(newVersionCommand(a))
	root.AddCommand(newTopics()...)
	return root
}

// addCommonFlags adds the flags of all commands. Environment variables set their defaults.
func (a *app) addCommonFlags(root *cobra.Command) {
	common := root.PersistentFlags()
	common.Var(a.flags.auth, "auth", "how to sign in: "+a.flags.auth.list())
	common.Var(a.flags.cloud, "cloud", "the cloud of the tenant: "+a.flags.cloud.list())
	common.VarP(a.flags.output, "output", "o", "the form of the output: "+a.flags.output.list())
	common.StringVar(&a.flags.emulator, "emulator", "", "use the emulator at this `URL` instead of Microsoft's cloud")
	common.StringVar(&a.flags.caFile, "ca", "", "also trust the certificate authorities in this PEM `file`")
	common.StringVar(&a.flags.account, "account", "", "keep the sign-in of --auth device or browser under this `name`, such as ada@contoso.com")
	common.BoolVarP(&a.flags.verbose, "verbose", "v", false, "log every request to standard error")
	common.VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(variableOf(f))
		if value == "" {
			return
		}
		if err := f.Value.Set(value); err != nil {
			a.envErr = errors.Join(a.envErr, fmt.Errorf("the environment variable %s: %w", variableOf(f), err))
			return
		}
		f.DefValue = f.Value.String()
	})
	for name, values := range map[string]*choice{"auth": a.flags.auth, "cloud": a.flags.cloud, "output": a.flags.output} {
		_ = root.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values.allowed, cobra.ShellCompDirectiveNoFileComp))
	}
}

const variablePrefix = "INTUNE_CERT_"

func variableOf(f *pflag.Flag) string { return variablePrefix + strings.ToUpper(f.Name) }

// does keeps the result of a command, which finish shows.
func (a *app) does(command func(ctx context.Context, args []string) (result, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		a.result, err = command(cmd.Context(), args)
		return err
	}
}

// outputIn finds --output among the arguments, whatever the others are.
func outputIn(args []string) string {
	given := pflag.NewFlagSet("", pflag.ContinueOnError)
	given.ParseErrorsAllowlist.UnknownFlags = true
	given.Usage = func() {}
	output := given.StringP("output", "o", "", "")
	_ = given.Parse(args)
	return *output
}

// prepare ends the part in which mistakes are wrong usage.
func (a *app) prepare(cmd *cobra.Command) error {
	a.cmd = cmd
	a.remarkOnVariables(cmd)
	err := cmp.Or(a.envErr, checkTexts(cmd))
	switch output := a.flags.output.value; {
	case err != nil:
	case a.flags.emulator != "" && a.flags.cloud.value != "public":
		err = fmt.Errorf("%s and %s cannot be combined: the emulator is not in a cloud", a.nameOf("cloud"), a.nameOf("emulator"))
	case output == "csv" && cmd.Annotations["csv"] == "":
		err = errors.New("--output csv is for list, get, find and expiring")
	}
	if a.isReady = err == nil; !a.isReady {
		return &usageError{err: err}
	}
	return nil
}

// remarkOnVariables names variables that set nothing, because they are misspelled.
func (a *app) remarkOnVariables(cmd *cobra.Command) {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		flag, isOurs := strings.CutPrefix(strings.ToUpper(name), variablePrefix)
		if isOurs && value != "" && name != passwordVariable && cmd.Root().PersistentFlags().Lookup(strings.ToLower(flag)) == nil {
			a.Remark("The environment variable %s has no effect: intune-cert does not know it.", name)
		}
	}
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

// unknownCommand rejects arguments of the root command.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	next := "To see the commands, run" + onItsLine("intune-cert help")
	if similar := root.SuggestionsFor(args[0]); len(similar) > 0 {
		next = "Did you mean " + strings.Join(similar, " or ") + "?"
	}
	return &advisedError{err: fmt.Errorf("there is no command %q", args[0]), next: next}
}

// remark prints a message before a command does its work, except while a shell completes a command line.
func (a *app) remark(format string, args ...any) {
	if !a.isCompleting {
		a.Remark(format, args...)
	}
}

func (a *app) isHuman() bool { return a.flags.output.value == "human" }
