package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func provisioned(tb testing.TB) *intune.EnterpriseCodeSigningCertificate {
	tb.Helper()
	cert := intune.FromX509(newCertificate(tb))
	cert.Status = intune.CertificateStatusProvisioned
	return cert
}

func TestEnsureCreatesOnceAndThenFinds(t *testing.T) {
	for name, opts := range services {
		synctest.Test(t, func(t *testing.T) {
			service := memoryServer(t, opts...).Client().EnterpriseCodeSigningCertificates()
			cert := provisioned(t)
			var meta intune.Response
			first, isNew, err := service.Ensure(t.Context(), cert, intune.WithResponse(&meta))
			if err != nil || !isNew || meta.MatchedBy != "" || meta.StatusCode != http.StatusCreated {
				t.Fatalf("%s: %v, %v, %v, %+v", name, first, isNew, err, meta)
			}
			time.Sleep(time.Hour)
			again, isNew, err := service.Ensure(t.Context(), cert, intune.WithResponse(&meta))
			if err != nil || isNew || again.ID != first.ID || meta.MatchedBy != "names" {
				t.Errorf("%s: again: %v, %v, %v, %+v", name, again, isNew, err, meta)
			}
		})
	}
}

func TestEnsureNamesDuplicates(t *testing.T) {
	server := intunetest.NewServer(t)
	service := server.Client().EnterpriseCodeSigningCertificates()
	cert := provisioned(t)
	for range 2 {
		if _, err := service.Create(t.Context(), cert); err != nil {
			t.Fatal(err)
		}
	}
	got, isNew, err := service.Ensure(t.Context(), cert)
	held := server.Certificates()
	if duplicate := errorAs[*intune.DuplicateError](t, err); isNew || got.ID != held[0].ID || duplicate.OtherIDs[0] != held[1].ID {
		t.Errorf("got %v, %v, %v", got, isNew, err)
	}
}

func TestEnsureAndReplaceRefuseBadInputBeforeAnythingIsSent(t *testing.T) {
	for name, cert := range map[string]*intune.EnterpriseCodeSigningCertificate{
		"nil": nil, "empty": {}, "private key": {Content: []byte("-----BEGIN PRIVATE KEY-----")}, "nothing to recognise it by": {Content: []byte("content")},
	} {
		w := newWire(t)
		_, _, err := certificates(w).Ensure(t.Context(), cert)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
	_, _, err := certificates(newWire(t)).Ensure(t.Context(), provisioned(t), intune.WithSelect(intune.PropertyID))
	errorAs[*intune.InputError](t, err)
	_, err = certificates(newWire(t)).Replace(t.Context(), "", provisioned(t), nil)
	errorAs[*intune.InputError](t, err)
}

func TestExpiringYieldsTheSoonestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := memoryServer(t, intunetest.WithPageSize(2)).Client().EnterpriseCodeSigningCertificates()
		for _, days := range []int{40, 5, -3, 400, 20} {
			cert := &intune.EnterpriseCodeSigningCertificate{Subject: fmt.Sprintf("CN=%d", days), ExpirationDateTime: time.Now().AddDate(0, 0, days)}
			if _, err := service.Create(t.Context(), cert); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for cert, err := range service.Expiring(t.Context(), 60*24*time.Hour) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, cert.Subject)
		}
		if fmt.Sprint(got) != "[CN=-3 CN=5 CN=20 CN=40]" {
			t.Errorf("got %v", got)
		}
	})
}

// rotation is a tenant with an old certificate, and the one to replace it by: for another key, and with the same names
// and dates, as authorities issue them anew.
func rotation(t *testing.T, opts ...intunetest.ServerOption) (server *intunetest.Server, oldID string, renewed *intune.EnterpriseCodeSigningCertificate) {
	t.Helper()
	old, renewed := provisioned(t), provisioned(t)
	renewed.ExpirationDateTime, old.ExpirationDateTime = old.ExpirationDateTime, renewed.ExpirationDateTime
	server = memoryServer(t, opts...)
	service := server.Client().EnterpriseCodeSigningCertificates()
	for range 2 { // a twin from before the old one, which is none of our business
		created, err := service.Create(t.Context(), old)
		if err != nil {
			t.Fatal(err)
		}
		oldID = created.ID
		time.Sleep(24 * time.Hour)
	}
	return server, oldID, renewed
}

func TestReplaceUploadsTheNewOneThoughNamesAndDatesAreTheSame(t *testing.T) {
	for name, opts := range services {
		for _, deleteOld := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				server, oldID, renewed := rotation(t, opts...)
				service := server.Client().EnterpriseCodeSigningCertificates()
				options := &intune.ReplaceOptions{DeleteOld: deleteOld}
				got, err := service.Replace(t.Context(), oldID, renewed, options)
				if err != nil || got.ID == oldID {
					t.Fatalf("%s: got %v, %v", name, got, err)
				}
				want := 3
				if deleteOld {
					want = 2
				}
				if held := server.Certificates(); len(held) != want || held[len(held)-1].ID != got.ID {
					t.Errorf("%s: the tenant holds %v", name, held)
				}
				again, err := service.Replace(t.Context(), oldID, renewed, options)
				if deleteOld && !errors.Is(err, intune.ErrNotFound) || !deleteOld && (err != nil || again.ID != got.ID) || len(server.Certificates()) != want {
					t.Errorf("%s: once more: %v, %v", name, again, err)
				}
			})
		}
	}
}

func TestReplaceKeepsTheOldOneUntilTheNewOneIsProvisioned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, oldID, renewed := rotation(t)
		renewed.Status = ""
		service := server.Client().EnterpriseCodeSigningCertificates()
		options := &intune.ReplaceOptions{DeleteOld: true}
		got, err := service.Replace(t.Context(), oldID, renewed, options)
		if !errors.Is(err, intune.ErrNotProvisioned) || got == nil || len(server.Certificates()) != 3 {
			t.Fatalf("got %v, %v", got, err)
		}
		status := intune.CertificateStatusProvisioned
		if _, err := service.Update(t.Context(), got.ID, &intune.EnterpriseCodeSigningCertificateUpdate{Status: &status}); err != nil {
			t.Fatal(err)
		}
		again, err := service.Replace(t.Context(), oldID, renewed, options)
		if err != nil || again.ID != got.ID || len(server.Certificates()) != 2 {
			t.Errorf("once it is: %v, %v; the tenant holds %v", again, err, server.Certificates())
		}
	})
}

func TestReplaceOfAnUnknownIDChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _, renewed := rotation(t)
		_, err := server.Client().EnterpriseCodeSigningCertificates().Replace(t.Context(), anID, renewed, &intune.ReplaceOptions{DeleteOld: true})
		if !errors.Is(err, intune.ErrNotFound) || len(server.Certificates()) != 2 {
			t.Errorf("got %v; the tenant holds %v", err, server.Certificates())
		}
	})
}

func TestReplaceLeavesDuplicatesOfTheNewOneToThePeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, oldID, renewed := rotation(t)
		service := server.Client().EnterpriseCodeSigningCertificates()
		for range 2 {
			if _, err := service.Create(t.Context(), renewed); err != nil {
				t.Fatal(err)
			}
		}
		_, err := service.Replace(t.Context(), oldID, renewed, &intune.ReplaceOptions{DeleteOld: true})
		if errorAs[*intune.DuplicateError](t, err); len(server.Certificates()) != 4 {
			t.Errorf("the tenant holds %v", server.Certificates())
		}
	})
}

// TestReplaceAfterACrashAtAnyPoint breaks a run off at each of its requests, before the service has seen it or after it
// has carried it out, and lets another process run it again: the tenant ends with the new certificate, once, and without
// the old one.
func TestReplaceAfterACrashAtAnyPoint(t *testing.T) {
	crashed := false
	for request := 1; ; request++ {
		finished := false
		for _, afterwards := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				server, oldID, renewed := rotation(t)
				ctx, crash := context.WithCancel(t.Context())
				defer crash()
				n := 0
				dying := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
					if n++; n == request && !afterwards {
						crash()
					}
					resp, err := next.RoundTrip(req)
					if n == request && afterwards {
						crash()
					}
					return resp, err
				})
				options := &intune.ReplaceOptions{DeleteOld: true}
				_, err := server.Client(dying).EnterpriseCodeSigningCertificates().Replace(ctx, oldID, renewed, options)
				finished = n < request
				crashed = crashed || err != nil
				got, err := server.Client().EnterpriseCodeSigningCertificates().Replace(t.Context(), oldID, renewed, options)
				held := server.Certificates()
				if err != nil && !errors.Is(err, intune.ErrNotFound) || len(held) != 2 || held[0].ID == oldID || held[1].ID == oldID {
					t.Errorf("crash at request %d, afterwards %v: %v, %v; the tenant holds %v", request, afterwards, got, err, held)
				}
			})
		}
		if finished {
			break
		}
	}
	if !crashed {
		t.Error("no run was broken off")
	}
}

func TestEnsureOfOneClientIsDoneOnceHoweverManyCallIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		inject(server, intunetest.Fault{Delay: time.Second}, intunetest.Fault{Delay: time.Second})
		service, cert := server.Client().EnterpriseCodeSigningCertificates(), provisioned(t)
		created := make(chan bool)
		for range 4 {
			go func() {
				_, isNew, err := service.Ensure(t.Context(), cert)
				if err != nil {
					t.Error(err)
				}
				created <- isNew
			}()
		}
		n := 0
		for range 4 {
			if <-created {
				n++
			}
		}
		if n != 1 || len(server.Certificates()) != 1 {
			t.Errorf("%d have created it; the tenant holds %v", n, server.Certificates())
		}
	})
}

func TestReplaceRefusesDatesThatALaterRunCouldNotTellApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, oldID, renewed := rotation(t)
		renewed.UploadDateTime = time.Now().AddDate(-1, 0, 0)
		_, err := server.Client().EnterpriseCodeSigningCertificates().Replace(t.Context(), oldID, renewed, nil)
		if errorAs[*intune.InputError](t, err); len(server.Certificates()) != 2 {
			t.Errorf("the tenant holds %v", server.Certificates())
		}
	})
}

func TestReplaceSendsTheCallersHeadersWithEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, oldID, renewed := rotation(t)
		before := len(server.Requests())
		var meta intune.Response
		service := server.Client().EnterpriseCodeSigningCertificates()
		if _, err := service.Replace(t.Context(), oldID, renewed, &intune.ReplaceOptions{DeleteOld: true}, intune.WithHeader("X-Run", "1"), intune.WithResponse(&meta)); err != nil {
			t.Fatal(err)
		}
		for _, req := range server.Requests()[before+1:] { // after the one for the token
			if req.Header.Get("X-Run") != "1" {
				t.Errorf("%s %s goes without", req.Method, req.URL)
			}
		}
		if meta.StatusCode != http.StatusCreated {
			t.Errorf("the response is that of a %d, want the create's", meta.StatusCode)
		}
		if _, err := service.Replace(t.Context(), oldID, renewed, nil, intune.WithResponse(&meta)); !errors.Is(err, intune.ErrNotFound) || meta.StatusCode != http.StatusNotFound {
			t.Errorf("%v, response %+v", err, meta)
		}
	})
}
