package main

// This file has the help of the whole program: the root command's page, the topics, and cobra's own commands.

import "github.com/spf13/cobra"

const rootHelp = `Upload code-signing certificates to Microsoft Intune, and replace them before they expire. Managed Windows devices trust these
certificates for the apps that an organization signs and sideloads. Intune deploys only the latest upload.

Environment variables such as INTUNE_CERT_AUTH can also set the flags that all commands have. Periods of time are written as
30d, 36h, 1d12h or 15m, for days, hours and minutes.`

const quickStart = `  intune-cert emulator --sample sample.cer     # an emulated tenant to try things with, and a new certificate for it
  intune-cert rotate sample.cer --emulator http://127.0.0.1:8080               # in another terminal
  intune-cert check                            # your own tenant: see "intune-cert help signin"`

const signInHelp = `--auth says how to sign in. These environment variables go with it:

    env              AZURE_TENANT_ID, AZURE_CLIENT_ID and one of:
                     AZURE_CLIENT_SECRET
                     AZURE_CLIENT_CERTIFICATE_PATH, with AZURE_CLIENT_CERTIFICATE_PASSWORD
                     AZURE_FEDERATED_TOKEN_FILE
                     AZURE_AUTHORITY_HOST, only to replace https://login.microsoftonline.com
    cli              none: the account that is signed in with "az login"
    managed-identity AZURE_CLIENT_ID, only for a user-assigned identity
    github           AZURE_TENANT_ID, AZURE_CLIENT_ID; the job needs the permission id-token: write
    azure-pipelines  SYSTEM_ACCESSTOKEN; the task AzureCLI@2 sets the others
    device, browser  AZURE_CLIENT_ID; AZURE_TENANT_ID unless users of any tenant may sign in
    default          those of Microsoft's DefaultAzureCredential

The application or user needs the permission DeviceManagementApps.ReadWrite.All. "intune-cert check" reports what is missing.

With --auth device or browser, the keyring of your operating system keeps the sign-in, for the tenant in AZURE_TENANT_ID. If
you use several accounts, name each with --account. Without a tenant and without --account, the keyring keeps nothing.
"intune-cert logout" removes the sign-in.

With --emulator, the tool gets its sign-in from the emulator. It sends no other secret, and ignores --auth except for device
and browser.`

const jsonHelp = `With --output json or yaml, standard output is one document. After an error, "error" has "kind", "message" and, if there is
something to do, "nextStep". Messages and progress go to standard error.

Kinds: usage, failed, interrupted, outcomeUnknown, notProvisioned, notLatest, otherSubject, duplicate, ambiguousMatch, signIn,
forbidden, license, notFound, incorrectPassword.

A certificate has the property names of Microsoft Graph. In addition:

    daysLeft         whole days until it expires, negative afterwards
    thumbprint       SHA-1, if the service shows the content
    isDeployed       whether Intune deploys it; omitted if that is unclear
    matchedBy        how it was recognized as the certificate of a file: content, uploadDateTime or names

Dates that the service does not show are null. Lists are never null. "wouldCreate" and "wouldDelete" of rotate are false and
empty unless it is a dry run. Characters that could control a terminal are escaped.

--output csv is for list, get, find and expiring. An apostrophe precedes text that a spreadsheet would take for a formula.`

const exitCodeHelp = `    0    done, even if a later run has something left to delete
    1    failed, completely or in part; or a file cannot be used
    2    wrong usage: a mistake in the command line or in an INTUNE_CERT_* variable
    3    a certificate expires, or Intune deploys none (only "expiring")
    4    an upload may have succeeded: its outcome is unknown
    5    the new certificate was not provisioned in time
    6    the certificate is not the latest, or Intune deploys one with another subject
    130  interrupted, with no upload under way`

// newTopics are pages of help that are no commands.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "signin", Short: "How to sign in", Long: signInHelp},
		{Use: "json", Short: "Output for programs: JSON, YAML, CSV", Long: jsonHelp},
		{Use: "exit-codes", Short: "What the exit code says", Long: exitCodeHelp},
	}
}

// initBuiltIn makes unknown arguments of cobra's own commands an error. cobra only shows help for them.
func initBuiltIn(root *cobra.Command) {
	root.SuggestionsMinimumDistance = 2
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "completion":
			command.Short = "Print the script that completes commands in a shell"
			command.Long = "Print the script that completes commands, flags and ids in a shell. The help of each shell, such as\n" +
				`"intune-cert completion bash --help", says how to install it.`
			command.Example = "  source <(intune-cert completion bash)"
			command.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		case "help":
			command.Args = func(_ *cobra.Command, args []string) error {
				if found, _, err := root.Find(args); err != nil || found == root {
					return unknownCommand(root, args)
				}
				return nil
			}
		}
	}
}
