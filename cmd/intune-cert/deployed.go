package main

// This file finds the certificate that Intune deploys, and the ids that a shell completes.

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

// deployedID returns the id of the certificate that Intune deploys, "" if there is none or that is unclear.
func (a *app) deployedID(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService) (string, error) {
	id, err := a.latestID(ctx, service)
	if errors.Is(err, errNoneDeployed) {
		return "", nil
	}
	return id, err
}

var errNoneDeployed = errors.New("Intune deploys no certificate") //nolint:staticcheck // a name

// latestID is deployedID with errNoneDeployed if the tenant is empty. A listing that fails with a 404 does not show that.
func (a *app) latestID(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService) (string, error) {
	latest, err := service.Latest(ctx)
	switch {
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		a.Remark("The upload dates do not show which certificate Intune deploys.")
		return "", nil
	case errors.Is(err, intune.ErrNotFound) && !errors.As(err, new(*intune.APIError)):
		return "", errNoneDeployed
	case err != nil:
		return "", err
	}
	return latest.ID, nil
}

// deployedIfKnown is deployedID for a command that has done its work: it is not worth a long wait.
func (a *app) deployedIfKnown(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService) string {
	const longest = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	id, _ := a.deployedID(ctx, service)
	return id
}

// completeIDs completes the ids of the tenant. Without a sign-in, and after two seconds, there are none.
func (a *app) completeIDs(cmd *cobra.Command, args []string, _ string) (ids []string, _ cobra.ShellCompDirective) {
	const longest = 2 * time.Second
	a.isCompleting = true
	ctx, cancel := context.WithTimeout(cmd.Context(), longest)
	defer cancel()
	service, err := a.connect(ctx, "Completing")
	if err != nil || len(args) > 0 && cmd.Name() == "get" {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer a.Progress.Stop()
	for cert, err := range service.All(ctx, nil) {
		if err != nil {
			break
		}
		r := newRecord(cert, "")
		ids = append(ids, cobra.CompletionWithDesc(cert.ID, r.Subject+", expires "+r.expires()))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
