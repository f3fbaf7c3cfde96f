package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
)

const expiringHelp = `List the certificates that have expired or expire within a period, soonest first. The exit code is 3 if there are any, 0 if
there are none, and another code if the tenant could not be reached. --within 0d lists only those that have expired.

With --deployed, only the certificate that Intune deploys counts. If there is none, the exit code is 3, too, and --output json has
"noneDeployed". Without --deployed, the command reports a replaced certificate until that is deleted.`

const expiringExample = `  intune-cert expiring --deployed --within 60d || notify "The code-signing certificate of Intune expires, is missing, or cannot be checked"`

func newExpiringCommand(a *app) *cobra.Command {
	within, onlyDeployed := duration{30 * day, "30d"}, false
	cmd := &cobra.Command{
		Use: "expiring", Short: "Exit with 3 if a certificate expires soon, for monitors", Long: expiringHelp, Example: expiringExample,
		Args: cobra.NoArgs, Annotations: hasCSV,
		RunE: a.does(func(ctx context.Context, _ []string) (result, error) {
			return a.expiring(ctx, within.value, onlyDeployed)
		}),
	}
	cmd.Flags().Var(&within, "within", "how long from now, for example 60d or 12h")
	cmd.Flags().BoolVar(&onlyDeployed, "deployed", false, "only the certificate that Intune deploys")
	return cmd
}

func (a *app) expiring(ctx context.Context, within time.Duration, onlyDeployed bool) (result, error) {
	service, err := a.connect(ctx, "Checking")
	if err != nil {
		return nil, err
	}
	deployed, err := a.latestID(ctx, service)
	switch {
	case errors.Is(err, errNoneDeployed) && onlyDeployed:
		return &listResult{Certificates: []*record{}, NoneDeployed: true, none: errNoneDeployed.Error() + "."}, errExpires
	case err != nil && !errors.Is(err, errNoneDeployed):
		return nil, err
	}
	err = nil
	certs := []*intune.EnterpriseCodeSigningCertificate{}
	for cert, err := range service.Expiring(ctx, within) {
		if err != nil {
			return nil, err
		}
		if !onlyDeployed || deployed == "" || cert.ID == deployed {
			certs = append(certs, cert)
		}
	}
	if len(certs) > 0 {
		err = errExpires
	}
	return &listResult{Certificates: newRecords(certs, deployed), none: "No certificate expires within this time."}, err
}
