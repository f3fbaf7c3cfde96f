// Floor creates certificates with net/http and encoding/json alone.
package main

import (
	"context"

	"github.com/seed-230b9595/intune-go/bench/internal/byhand"
	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

func main() {
	measure.Main(func(root string, certificate []byte) (measure.Create, error) {
		client := &byhand.Client{
			HTTP: byhand.NewHTTPClient(), GraphURL: root, AuthorityURL: root,
			TenantID: measure.TenantID, ClientID: measure.ClientID, Secret: measure.Secret,
		}
		return func(ctx context.Context) error {
			_, err := client.Create(ctx, certificate)
			return err
		}, nil
	})
}
