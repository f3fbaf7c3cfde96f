// Intune creates certificates with this library.
package main

import (
	"context"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

func main() {
	measure.Main(func(root string, certificate []byte) (measure.Create, error) {
		client, err := intune.NewClient(
			intune.ClientSecretCredential(measure.TenantID, measure.ClientID, measure.Secret),
			intune.WithBaseURL(root), intune.WithAuthorityURL(root),
			intune.WithQuota(), // the service's, which would be what is measured
		)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			_, err := client.EnterpriseCodeSigningCertificates().Create(ctx, &intune.EnterpriseCodeSigningCertificate{Content: certificate})
			return err
		}, nil
	})
}
