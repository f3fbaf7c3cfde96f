package rotatemodel

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestRotateByProcessesAtOnce: one record in the end, if what is old is deleted, and never none.
func TestRotateByProcessesAtOnce(t *testing.T) {
	rounds := max(20, modelRuns(t)/100)
	for _, processes := range []int{2, 3} {
		for _, options := range []intune.RotateOptions{{}, {DeleteOld: true}} {
			t.Run(fmt.Sprintf("%d processes, DeleteOld %v", processes, options.DeleteOld), func(t *testing.T) {
				t.Parallel()
				for range rounds / 2 {
					rotateAtOnce(t, processes, options, alone)
					if uploads := rotateAtOnce(t, processes, options, untilAllHaveListed(processes)); uploads != processes {
						t.Errorf("%d uploads, want one by each process, because none has seen another's", uploads)
					}
				}
			})
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func alone(next http.RoundTripper) http.RoundTripper { return next }

// untilAllHaveListed returns a middleware that lets each process upload only when all have listed the tenant.
func untilAllHaveListed(processes int) func(http.RoundTripper) http.RoundTripper {
	var listing sync.WaitGroup
	listing.Add(processes)
	return func(next http.RoundTripper) http.RoundTripper {
		var first sync.Once
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			first.Do(func() {
				listing.Done()
				listing.Wait()
			})
			return resp, err
		})
	}
}

// rotateAtOnce lets processes rotate at once over a real socket, and then a last one. It returns how many uploads there
// were.
func rotateAtOnce(t *testing.T, processes int, options intune.RotateOptions, middleware func(http.RoundTripper) http.RoundTripper) (uploads int) {
	t.Helper()
	server, err := intunetest.Start(intunetest.WithoutQuota())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	old := intune.FromX509(intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(-300 * 24 * time.Hour) }))
	old.UploadDateTime = time.Now().Add(-300 * 24 * time.Hour)
	server.Add(old)
	rotate := func(middleware func(http.RoundTripper) http.RoundTripper) (*intune.Rotation, error) {
		policy := intune.RetryPolicy{MinDelay: time.Millisecond, ReconcileWindow: time.Second}
		client := server.Client(intune.WithRetry(policy), intune.WithMiddleware(middleware))
		return client.EnterpriseCodeSigningCertificates().Rotate(t.Context(), cert, &options)
	}
	count := func() (n int) {
		for _, held := range server.Certificates() {
			if held.ExpirationDateTime.Equal(cert.ExpirationDateTime) {
				n++
			}
		}
		return n
	}
	errs := make(chan error, processes)
	for range processes {
		go func() {
			_, err := rotate(middleware)
			errs <- err
		}()
	}
	for range processes {
		if err := <-errs; err != nil && !errors.As(err, new(*intune.AmbiguousMatchError)) {
			t.Error(err)
		}
		if count() == 0 {
			t.Error("a process has ended, and the certificate is not there")
		}
	}
	for _, request := range server.Requests() {
		if request.Method == http.MethodPost && strings.HasSuffix(request.URL, "/enterpriseCodeSigningCertificates") {
			uploads++
		}
	}
	got, err := rotate(alone)
	want := uploads + 1
	if options.DeleteOld {
		want = 1
	}
	if left := len(server.Certificates()); err != nil || left != want || count() == 0 || got.Certificate == nil {
		t.Errorf("%d records, want %d; got %+v, %v", left, want, got, err)
	}
	return uploads
}
