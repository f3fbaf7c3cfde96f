package intune_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestOperationsUnderFaults does what may be repeated under every fault: it succeeds, and has been done once.
func TestOperationsUnderFaults(t *testing.T) {
	name := "CN=Updated"
	operations := map[string]func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error{
		"GET": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			got, err := s.Get(ctx, id)
			if err == nil && got.ID != id {
				return fmt.Errorf("got %v", got)
			}
			return err
		},
		"GET list": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			for cert, err := range s.All(ctx, nil) {
				if err != nil || cert.ID != id {
					return fmt.Errorf("%v: %w", cert, err)
				}
			}
			return nil
		},
		"GET count": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, _ string) error {
			n, err := s.Count(ctx, intune.Filter{})
			if err == nil && n != 1 {
				return fmt.Errorf("counted %d", n)
			}
			return err
		},
		"PATCH": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			got, err := s.Update(ctx, id, &intune.EnterpriseCodeSigningCertificateUpdate{Subject: &name, Clear: []intune.Property{intune.PropertyIssuer}})
			if err == nil && (got.Subject != name || got.Issuer != "") {
				return fmt.Errorf("got %v", got)
			}
			return err
		},
		"DELETE": func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService, id string) error {
			return s.Delete(ctx, id)
		},
	}
	for operation, do := range operations {
		method, _, _ := strings.Cut(operation, " ")
		for _, fault := range postFaults {
			synctest.Test(t, func(t *testing.T) {
				server := memoryServer(t)
				service := server.Client().EnterpriseCodeSigningCertificates()
				cert := exampleCertificate()
				cert.UploadDateTime = time.Time{}
				created, err := service.Create(t.Context(), cert)
				if err != nil {
					t.Fatal(err)
				}
				fault.Method, fault.VisibleAfter = method, 0
				server.Inject(fault)
				if err := do(t.Context(), service, created.ID); err != nil {
					t.Errorf("%s under %+v: %v", operation, fault, err)
				}
				held := server.Certificates()
				switch {
				case method == "DELETE" && len(held) > 0, method != "DELETE" && len(held) != 1:
					t.Errorf("%s under %+v: the tenant holds %v", operation, fault, held)
				case method == "PATCH" && held[0].Subject != name:
					t.Errorf("under %+v: %v was not updated", fault, held[0])
				}
			})
		}
		for status, want := range map[int]error{400: intune.ErrBadRequest, 403: intune.ErrForbidden, 404: intune.ErrNotFound, 409: intune.ErrConflict} {
			server := intunetest.NewServer(t)
			server.Inject(intunetest.Fault{Status: status})
			if err := do(t.Context(), server.Client().EnterpriseCodeSigningCertificates(), anID); !errors.Is(err, want) {
				t.Errorf("%s, %d: got %v", operation, status, err)
			}
		}
	}
}

// predicate is what a filter means, beside the filter.
type predicate func(intune.EnterpriseCodeSigningCertificate) bool

// oddStrings are texts that somebody could misread on the way.
var oddStrings = []string{"", "CN=a", "CN=b", "O'Hara", "50% & more + #1?/=", "Söhne 😀", "a''b", "(", "and", "CN="}

// randomFilter makes a filter and what it means.
func randomFilter(random *rand.Rand, depth int) (intune.Filter, predicate) {
	if depth > 0 && random.IntN(3) > 0 {
		f, p := randomFilter(random, depth-1)
		g, q := randomFilter(random, depth-1)
		switch random.IntN(3) {
		case 0:
			return intune.And(f, g), func(c intune.EnterpriseCodeSigningCertificate) bool { return p(c) && q(c) }
		case 1:
			return intune.Or(f, g), func(c intune.EnterpriseCodeSigningCertificate) bool { return p(c) || q(c) }
		default:
			return intune.Not(f), func(c intune.EnterpriseCodeSigningCertificate) bool { return !p(c) }
		}
	}
	text := oddStrings[random.IntN(len(oddStrings))]
	moment := baseTime.Add(time.Duration(random.IntN(5)) * time.Hour)
	compareText := func(holds func(int) bool) predicate {
		return func(c intune.EnterpriseCodeSigningCertificate) bool { return holds(strings.Compare(c.Subject, text)) }
	}
	compareTime := func(holds func(int) bool) predicate {
		return func(c intune.EnterpriseCodeSigningCertificate) bool {
			return holds(c.ExpirationDateTime.Compare(moment))
		}
	}
	s, e := intune.PropertySubject, intune.PropertyExpirationDateTime
	isEq, isNe := func(c int) bool { return c == 0 }, func(c int) bool { return c != 0 }
	isGt, isGe := func(c int) bool { return c > 0 }, func(c int) bool { return c >= 0 }
	isLt, isLe := func(c int) bool { return c < 0 }, func(c int) bool { return c <= 0 }
	status := intune.CertificateStatusProvisioned
	type pair struct {
		f intune.Filter
		p predicate
	}
	all := []pair{
		{s.Eq(text), compareText(isEq)}, {s.Ne(text), compareText(isNe)},
		{s.StartsWith(text), func(c intune.EnterpriseCodeSigningCertificate) bool { return strings.HasPrefix(c.Subject, text) }},
		{e.Eq(moment), compareTime(isEq)}, {e.Ne(moment), compareTime(isNe)}, {e.Gt(moment), compareTime(isGt)},
		{e.Ge(moment), compareTime(isGe)}, {e.Lt(moment), compareTime(isLt)}, {e.Le(moment), compareTime(isLe)},
		{intune.PropertyStatus.Eq(status), func(c intune.EnterpriseCodeSigningCertificate) bool { return c.Status == status }},
		{intune.PropertyStatus.Ne(status), func(c intune.EnterpriseCodeSigningCertificate) bool { return c.Status != status }},
	}
	chosen := all[random.IntN(len(all))]
	return chosen.f, chosen.p
}

var baseTime = time.Date(2027, 1, 1, 0, 0, 0, 123456700, time.UTC)

// TestFiltersMeanWhatTheySay sends random filters through the emulator's parser: it and the meaning of each filter agree
// on every record.
func TestFiltersMeanWhatTheySay(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithoutQuota(), intunetest.WithPageSize(7))
	service := server.Client(intune.WithQuota()).EnterpriseCodeSigningCertificates()
	for i := range 40 {
		cert := &intune.EnterpriseCodeSigningCertificate{
			SubjectName: "CN=any", Subject: oddStrings[1+i%(len(oddStrings)-1)], ExpirationDateTime: baseTime.Add(time.Duration(i%5) * time.Hour),
		}
		if i%3 == 0 {
			cert.Status = intune.CertificateStatusProvisioned
		}
		if _, err := service.Create(t.Context(), cert); err != nil {
			t.Fatal(err)
		}
	}
	held := server.Certificates()
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		filter, means := randomFilter(random, 4)
		var want, got []string
		for _, cert := range held {
			if means(cert) {
				want = append(want, cert.ID)
			}
		}
		for cert, err := range service.All(t.Context(), &intune.ListOptions{Filter: filter}) {
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			got = append(got, cert.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: got %d records, want %d", filter, len(got), len(want))
		}
		if n, err := service.Count(t.Context(), filter); err != nil || int(n) != len(want) {
			t.Fatalf("%s: counted %d, %v", filter, n, err)
		}
	}
}

func TestListOptionsEndToEnd(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithPageSize(3))
	service := server.Client().EnterpriseCodeSigningCertificates()
	for i := range 10 {
		cert := &intune.EnterpriseCodeSigningCertificate{Subject: fmt.Sprintf("CN=%d", 9-i), Issuer: fmt.Sprintf("CN=%d", i%2)}
		if _, err := service.Create(t.Context(), cert); err != nil {
			t.Fatal(err)
		}
	}
	options := &intune.ListOptions{
		OrderBy: []intune.Order{intune.PropertyIssuer.Descending(), intune.PropertySubject.Ascending()},
		Select:  []intune.Property{intune.PropertyID, intune.PropertySubject}, Skip: 1, Top: 6,
	}
	var got []string
	for cert, err := range service.All(t.Context(), options) {
		if err != nil {
			t.Fatal(err)
		}
		if cert.Issuer != "" || cert.ID == "" {
			t.Errorf("got %v, want the id and the subject alone", cert)
		}
		got = append(got, cert.Subject)
	}
	if want := "[CN=2 CN=4 CN=6 CN=8 CN=1 CN=3]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	page, err := service.List(t.Context(), &intune.ListOptions{Count: true})
	if err != nil || len(page.Value) != 3 || *page.Count != 10 || page.NextLink == "" {
		t.Errorf("got %+v, %v", page, err)
	}
	one, err := service.Get(t.Context(), page.Value[0].ID, intune.WithSelect(intune.PropertyStatus))
	if err != nil || one.Subject != "" || one.Status == "" || one.ID != page.Value[0].ID {
		t.Errorf("got %v, %v", one, err)
	}
	if _, err := service.List(t.Context(), &intune.ListOptions{Filter: intune.RawFilter("endswith(subject,'1')")}); !errors.Is(err, intune.ErrBadRequest) {
		t.Errorf("what the service does not support: got %v", err)
	}
}

// manyCerts is an input of n certificates with subjects of their own.
func manyCerts(n int) iter.Seq[*intune.EnterpriseCodeSigningCertificate] { return numberedCerts(n, -1) }

// TestCreateAllWithinTheQuota: 250 creates meet no refusal, and take hardly longer than the quota makes them.
func TestCreateAllWithinTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		began := time.Now()
		for index, result := range server.Client().EnterpriseCodeSigningCertificates().CreateAll(t.Context(), manyCerts(250), &intune.CreateAllOptions{Concurrency: 16}) {
			if result.Err != nil || result.Response.Attempts != 1 {
				t.Errorf("%d: %v after %d attempts", index, result.Err, result.Response.Attempts)
			}
		}
		took := time.Since(began)
		for _, req := range server.Requests() {
			if req.Status == http.StatusTooManyRequests {
				t.Error("a request was refused")
			}
		}
		const least = 40 * time.Second // 100 at once, 100 after 20 s, 50 after 40 s
		if len(server.Certificates()) != 250 || took > least*105/100 {
			t.Errorf("%d held after %v, want 250 after at most %v", len(server.Certificates()), took, least*105/100)
		}
	})
}

// TestCreateAllBeyondTheQuota: without the limiter, the refusals are honoured, and nothing is lost or duplicated.
func TestCreateAllBeyondTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		client := server.Client(intune.WithQuota(), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 10}))
		for index, result := range client.EnterpriseCodeSigningCertificates().CreateAll(t.Context(), manyCerts(250), &intune.CreateAllOptions{Concurrency: 16}) {
			if result.Err != nil {
				t.Errorf("%d: %v", index, result.Err)
			}
		}
		subjects := make(map[string]bool)
		for _, cert := range server.Certificates() {
			subjects[cert.Subject] = true
		}
		refused := 0
		for _, req := range server.Requests() {
			if req.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		if len(server.Certificates()) != 250 || len(subjects) != 250 || refused == 0 {
			t.Errorf("%d held, %d different, %d refused", len(server.Certificates()), len(subjects), refused)
		}
	})
}
