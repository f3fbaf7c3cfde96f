package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/guid"
)

const checkHelp = `Check whether the other commands can work: sign-in, the tenant's Intune license, and the permission to read and to write. For
what is missing, the output says what to do.

Nothing is changed. The permission to write is checked with an update of a certificate that does not exist.`

const (
	passed      = "passed"
	notPassed   = "failed"
	undecidable = "unknown" // something before it failed, or the service gave an unexpected response
)

type check struct {
	Name     string `json:"name"`   // signIn, license, read, write
	Status   string `json:"status"` // passed, failed, unknown
	Message  string `json:"message,omitempty"`
	NextStep string `json:"nextStep,omitempty"`
}

type checkResult struct {
	outcome

	Checks []*check `json:"checks"`
}

func newCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check sign-in, permission and license", Long: checkHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context()) },
	}
}

func (a *app) check(ctx context.Context) error {
	p := a.newProgress("Checking")
	defer p.stop()
	result := newCheckResult()
	client, err := a.newClient(p)
	if err == nil {
		_, err = client.EnterpriseCodeSigningCertificates().List(ctx, &intune.ListOptions{Top: 1})
		result.judgeRead(a.advise(err))
	} else {
		result.judgeRead(err)
	}
	if err == nil {
		err = updateNothing(ctx, client)
		result.judgeWrite(a.advise(err))
	}
	p.stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := a.show(ctx, result, nil); err != nil || result.hasPassed() {
		return err
	}
	return &exitError{exitFailed}
}

// updateNothing updates a certificate that does not exist. The service checks the permission first.
func updateNothing(ctx context.Context, client *intune.Client) error {
	path := "/deviceAppManagement/enterpriseCodeSigningCertificates/" + guid.New()
	body := map[string]string{"@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate"}
	return client.Do(ctx, http.MethodPatch, path, body, nil)
}

func newCheckResult() *checkResult {
	result := new(checkResult)
	for _, name := range []string{"signIn", "license", "read", "write"} {
		result.Checks = append(result.Checks, &check{Name: name, Status: undecidable})
	}
	return result
}

func (r *checkResult) check(name string) *check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return new(check)
}

// judgeRead says what a listing tells.
func (r *checkResult) judgeRead(err error) {
	var rejection *intune.APIError
	switch {
	case err == nil:
		r.check("signIn").Status, r.check("license").Status, r.check("read").Status = passed, passed, passed
	case !errors.As(err, &rejection) && !errors.As(err, new(*intune.ResponseError)):
		r.check("signIn").fail(err, `Check the network and the settings of the sign-in. "intune-cert --help" lists them.`)
	case rejection != nil && strings.Contains(strings.ToLower(rejection.Message), "not applicable to target tenant"):
		r.check("signIn").Status = passed
		r.check("license").fail(err, "Assign an Intune license in the tenant, and try again some minutes later.")
	case errors.Is(err, intune.ErrUnauthorized) && !errors.Is(err, intune.ErrForbidden):
		r.check("signIn").fail(err, "The service rejects the token. Check that --cloud is the cloud of the tenant.")
	default:
		r.check("signIn").Status = passed
		r.check("read").judge(err)
	}
}

// judgeWrite says what the update of a certificate that does not exist tells.
func (r *checkResult) judgeWrite(err error) {
	if errors.Is(err, intune.ErrNotFound) {
		r.check("write").Status = passed
		return
	}
	r.check("write").judge(err)
}

// judge distinguishes a missing permission from an unexpected response.
func (c *check) judge(err error) {
	switch {
	case errors.Is(err, intune.ErrForbidden):
		c.fail(err, permissionAdvice)
	case err != nil:
		c.Message = messageOf(err)
		c.NextStep = "Try again later. " + supportAdvice
	}
}

func (c *check) fail(err error, next string) {
	c.Status, c.Message, c.NextStep = notPassed, messageOf(err), cmp.Or(adviceOf(err), nextStep(err), next)
}

func (r *checkResult) hasPassed() bool {
	for _, c := range r.Checks {
		if c.Status != passed {
			return false
		}
	}
	return true
}

func (r *checkResult) human(w *page) {
	titles := map[string]string{"signIn": "sign-in", "license": "license", "read": "permission to read", "write": "permission to write"}
	for _, c := range r.Checks {
		status := w.green("passed ")
		switch c.Status {
		case notPassed:
			status = w.red("failed ")
		case undecidable:
			status = w.yellow("unknown")
		}
		w.line("%s  %s", status, titles[c.Name])
		for _, text := range []string{c.Message, c.NextStep} {
			const indent = 9
			if text == "" {
				continue
			}
			for _, line := range wrap(text, w.width-indent) {
				w.line("%*s%s", indent, "", line)
			}
		}
	}
}
