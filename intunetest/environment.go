package intunetest

import "strings"

// Variable is an environment variable, from [Server.Environment].
type Variable struct{ Name, Value string }

// Environment returns the environment variables that make intune-cert use the server, and Microsoft's libraries and
// [intune.EnvironmentCredential] sign in to it. They don't change where [intune.NewClient] sends requests. Without
// [intune.WithBaseURL], it would send the server's token to Microsoft:
//
//	cred, err := intune.EnvironmentCredential()
//	…
//	client, err := intune.NewClient(cred, intune.WithBaseURL(os.Getenv("INTUNE_CERT_EMULATOR")))
func (s *Server) Environment() []Variable {
	variables := []Variable{
		{"AZURE_TENANT_ID", s.config.entra.TenantID},
		{"AZURE_CLIENT_ID", s.config.entra.ClientID},
		{"AZURE_CLIENT_SECRET", s.config.entra.ClientSecret},
		{"AZURE_AUTHORITY_HOST", s.URL()},
		{"INTUNE_CERT_EMULATOR", s.URL()},
	}
	if s.config.TLS && s.config.caFile != "" {
		variables = append(variables, Variable{"INTUNE_CERT_CA", s.config.caFile})
	}
	return variables
}

// Shell returns the command that sets the variable in a POSIX shell.
func (v Variable) Shell() string {
	return "export " + v.Name + "='" + strings.ReplaceAll(v.Value, "'", `'\''`) + "'"
}

// PowerShell returns the command that sets the variable in PowerShell.
func (v Variable) PowerShell() string {
	return "$env:" + v.Name + " = '" + strings.ReplaceAll(v.Value, "'", "''") + "'"
}

// DotEnv returns the variable as a line of a .env file. The value is in single quotation marks, if it contains none,
// because programs agree on what these mean.
func (v Variable) DotEnv() string {
	if !strings.Contains(v.Value, "'") {
		return v.Name + "='" + v.Value + "'"
	}
	return v.Name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`).Replace(v.Value) + `"`
}
