package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// certificateService is what this program needs of Intune. *intune.EnterpriseCodeSigningCertificatesService implements it.
type certificateService interface {
	Latest(ctx context.Context, opts ...intune.RequestOption) (*intune.EnterpriseCodeSigningCertificate, error)
	Rotate(ctx context.Context, cert *intune.EnterpriseCodeSigningCertificate, options *intune.RotateOptions, opts ...intune.RequestOption) (*intune.Rotation, error)
}

var _ certificateService = (*intune.EnterpriseCodeSigningCertificatesService)(nil)

// fakeService is a tenant in which Rotate fails.
type fakeService struct{ err error }

func (f fakeService) Latest(context.Context, ...intune.RequestOption) (*intune.EnterpriseCodeSigningCertificate, error) {
	return intune.FromX509(intunetest.NewCertificate("Contoso")), nil
}

func (f fakeService) Rotate(context.Context, *intune.EnterpriseCodeSigningCertificate, *intune.RotateOptions, ...intune.RequestOption) (*intune.Rotation, error) {
	return nil, f.err
}

// renew is the code under test.
func renew(ctx context.Context, service certificateService) string {
	cert, err := service.Latest(ctx)
	if err != nil {
		return err.Error()
	}
	_, err = service.Rotate(ctx, cert, nil)
	switch {
	case errors.As(err, new(*intune.OutcomeUnknownError)):
		return "run it again in a few minutes"
	case errors.Is(err, intune.ErrForbidden):
		return "ask for the permission"
	case err != nil:
		return err.Error()
	}
	return "done"
}

// Test a program with a fake of the service: declare an interface with the methods that you call. A fake can return any error
// of this package.
func Example_fake() {
	for _, err := range []error{
		&intune.APIError{StatusCode: http.StatusForbidden, Code: "Forbidden"},
		&intune.OutcomeUnknownError{Attempts: 1, Err: errors.New("connection reset")},
		fmt.Errorf("%w: it is last year's", intune.ErrNotLatest),
	} {
		fmt.Println(renew(context.Background(), fakeService{err}))
	}
	// Output:
	// ask for the permission
	// run it again in a few minutes
	// the certificate is not the latest: it is last year's
}
