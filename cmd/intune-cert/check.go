package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/internal/guid"
)

const checkHelp = `Check whether the other commands can work: sign-in, the tenant's Intune license, and the permissions to read and to write. The
output names the tenant and the application, and says what to do if something is missing.

Nothing is changed. The permission to write is checked with an update of a certificate that does not exist.`

const (
	passed      = "passed"
	notPassed   = "failed"
	undecidable = "unknown" // something before it failed, or the response was unexpected
)

type check struct {
	Name     string `json:"name"`   // signIn, license, read, write
	Status   string `json:"status"` // passed, failed, unknown
	Message  string `json:"message,omitempty"`
	NextStep string `json:"nextStep,omitempty"`
}

type checkResult struct {
	outcome
	identity

	Checks []*check `json:"checks"`
}

func newCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check sign-in, permissions and license", Long: checkHelp, Args: cobra.NoArgs,
		Example: "  intune-cert check\n  intune-cert check --auth github --output json",
		RunE:    a.does(func(ctx context.Context, _ []string) (result, error) { return a.check(ctx) }),
	}
}

func (a *app) check(ctx context.Context) (result, error) {
	client, err := a.newClient(ctx, "Checking")
	if err == nil {
		_, err = client.EnterpriseCodeSigningCertificates().List(ctx, &intune.ListOptions{Top: 1})
	}
	if ctx.Err() != nil {
		return nil, cmp.Or(err, ctx.Err())
	}
	what := whatIsMissing(err)
	if isUnreachable(err) {
		err = fmt.Errorf("Microsoft Graph is not reachable: %w", err) //nolint:staticcheck // a name
	}
	if err == nil {
		what = "write"
		if err = updateNothing(ctx, client); err == nil || errors.Is(err, intune.ErrNotFound) {
			what, err = "", nil
		}
	}
	return newCheckResult(a.identity, what, err, a.explain(ctx, err)), err
}

// updateNothing updates a certificate that does not exist. The service checks the permission first.
func updateNothing(ctx context.Context, client *intune.Client) error {
	body := map[string]string{"@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate"}
	return client.Do(ctx, http.MethodPatch, "/deviceAppManagement/enterpriseCodeSigningCertificates/"+guid.New(), body, nil)
}

// whatIsMissing returns which check a listing has failed.
func whatIsMissing(err error) string {
	var rejection *intune.APIError
	switch {
	case err == nil:
		return ""
	case isUnlicensed(err):
		return "license"
	case isUnreachable(err):
		return "read"
	case !errors.As(err, &rejection) && !errors.As(err, new(*intune.ResponseError)),
		errors.Is(err, intune.ErrUnauthorized) && !errors.Is(err, intune.ErrForbidden):
		return "signIn"
	}
	return "read"
}

// isUnreachable reports whether Microsoft Graph, to which only a signed-in client sends, was not reached.
func isUnreachable(err error) bool {
	var failed *url.Error
	return errors.As(err, &failed) && strings.Contains(failed.URL, "/deviceAppManagement/")
}

// newCheckResult says what has passed before a check failed. A listing does not show whether there is a license if the
// permission to read is missing.
func newCheckResult(who identity, failedCheck string, err error, f *failure) *checkResult {
	r := &checkResult{identity: who}
	status := passed
	for _, name := range []string{"signIn", "license", "read", "write"} {
		c := &check{Name: name, Status: status}
		r.Checks = append(r.Checks, c)
		if name != failedCheck {
			continue
		}
		c.Status, c.Message, c.NextStep, status = undecidable, f.Message, f.NextStep, undecidable
		if name == "signIn" || name == "license" || errors.Is(err, intune.ErrForbidden) {
			c.Status = notPassed
		}
		if name == "read" {
			r.Checks[1].Status = undecidable
		}
	}
	return r
}

func (r *checkResult) human(out *console.Writer) {
	field(out, "tenant", r.TenantID)
	field(out, "application", r.ApplicationID)
	field(out, "user", r.User)
	titles := map[string]string{"signIn": "sign-in", "license": "license", "read": "permission to read", "write": "permission to write"}
	statuses := map[string]console.Styled{passed: out.Styled(console.Green, passed), notPassed: out.Styled(console.Red, notPassed), undecidable: out.Styled(console.Yellow, undecidable)}
	for _, c := range r.Checks {
		out.Printf("%s %s\n", statuses[c.Status]+console.Styled("       "[len(c.Status):]), titles[c.Name])
	}
}
