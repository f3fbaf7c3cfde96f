//go:build peer

// Msgraph creates categories of apps with Microsoft's SDK. Its v1.0 has no enterpriseCodeSigningCertificates; a category,
// with a name alone, is the nearest that it creates. The token is at hand from the start.
//
// It takes minutes to compile, so it has a build tag, and only the benchmark gives it.
package main

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

// staticToken is there because azidentity signs in over https alone.
type staticToken string

func (t staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func main() {
	measure.Main(func(root string, _ []byte) (measure.Create, error) {
		address, err := url.Parse(root)
		if err != nil {
			return nil, err
		}
		client, err := msgraph.NewGraphServiceClientWithCredentialsAndHosts(staticToken(measure.Token()), nil, []string{address.Hostname()})
		if err != nil {
			return nil, err
		}
		client.GetAdapter().SetBaseUrl(root + "/v1.0")
		return func(ctx context.Context) error {
			category := models.NewMobileAppCategory()
			name := "Contoso"
			category.SetDisplayName(&name)
			created, err := client.DeviceAppManagement().MobileAppCategories().Post(ctx, category, nil)
			if err == nil && (created == nil || created.GetId() == nil) {
				return errors.New("nothing was created")
			}
			return err
		}, nil
	})
}
