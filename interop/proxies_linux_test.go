package interop_test

// The library behind proxies that it did not write: a certificate is stored once, and errors say who responded.

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// reverseProxies are those that stand in front of a service. The client does not know.
var reverseProxies = map[string]func(*testing.T, route) string{"nginx": nginx, "haproxy": haproxy}

// behind starts an emulator and a proxy before it. Each client that it makes has connections of its own.
func behind(t *testing.T, proxy string, r route) (server *intunetest.Server, client func(...intune.Option) *intune.Client) {
	t.Helper()
	var address *url.URL // of a forward proxy
	var roots []intune.Option
	if start, isReverse := reverseProxies[proxy]; isReverse {
		server = intunetest.NewServer(t, intunetest.WithPageSize(2))
		r.to = strings.TrimPrefix(server.URL(), "http://")
		root := "http://" + start(t, r)
		roots = []intune.Option{intune.WithBaseURL(root), intune.WithAuthorityURL(root)}
	} else {
		server = intunetest.NewServer(t, intunetest.WithPageSize(2), intunetest.WithTLS())
		address = &url.URL{Scheme: "http", Host: squid(t, r), User: url.UserPassword("an-employee", password)}
	}
	return server, func(opts ...intune.Option) *intune.Client {
		transport := intune.NewTransport()
		t.Cleanup(transport.CloseIdleConnections)
		if address != nil {
			transport.Proxy = http.ProxyURL(address)
			transport.TLSClientConfig.RootCAs = x509.NewCertPool()
			transport.TLSClientConfig.RootCAs.AddCert(server.TLSCertificate())
		}
		return server.Client(slices.Concat(opts, roots, []intune.Option{intune.WithHTTPClient(&http.Client{Transport: transport})})...)
	}
}

const password = "the~password~that~must~not~show"

// TestFourCreatesBehindAProxyAreStoredOnceEach: all four lose their responses. Squid's tunnel gives the client no status.
func TestFourCreatesBehindAProxyAreStoredOnceEach(t *testing.T) {
	t.Parallel()
	for _, lost := range []struct {
		name    string
		fault   intunetest.Fault
		timeout time.Duration // of the proxy
		status  int           // that nginx and haproxy give the client; 0 if they may just close the connection
	}{
		{"504 after the commit", intunetest.Fault{ResponseDelay: time.Hour}, time.Second, 504},
		{"late commit", intunetest.Fault{Delay: 1500 * time.Millisecond}, time.Second, 504},
		{"lost connection", intunetest.Fault{Drop: intunetest.DropAfterCommit}, 0, 0},
		{"cut response", intunetest.Fault{Drop: intunetest.DropInResponse}, 0, 201},
		{"504 of another gateway", intunetest.Fault{Status: 504, Gateway: true, Committed: true}, 0, 504},
	} {
		for _, proxy := range []string{"nginx", "haproxy", "squid"} {
			t.Run(lost.name+"/"+proxy, func(t *testing.T) {
				t.Parallel()
				server, client := behind(t, proxy, route{timeout: lost.timeout})
				fault, seen := lost.fault, new(statuses)
				fault.Method, fault.Times = http.MethodPost, 4
				server.Inject(fault)
				var calls sync.WaitGroup
				for range 4 {
					calls.Go(func() {
						patient := intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 10 * time.Second})
						certificates := client(patient, intune.WithMiddleware(seen.ofPosts)).EnterpriseCodeSigningCertificates()
						cert := intune.FromX509(intunetest.NewCertificate(""))
						if created, err := certificates.Create(t.Context(), cert); err != nil || created.Subject != cert.Subject {
							t.Errorf("got %v, want %s: %v", created, cert.Subject, err)
						}
					})
				}
				calls.Wait()
				if stored, left := server.Certificates(), server.Faults(); len(stored) != 4 || len(left) != 0 {
					t.Errorf("%d are stored, and the faults %v have not happened", len(stored), left)
				}
				if _, isReverse := reverseProxies[proxy]; isReverse && lost.status != 0 && !slices.Contains(seen.all, lost.status) {
					t.Errorf("the client saw %d, want %d", seen.all, lost.status)
				}
			})
		}
	}
}

// statuses are those that clients see.
type statuses struct {
	mu  sync.Mutex
	all []int
}

// ofPosts is a middleware.
func (s *statuses) ofPosts(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && req.Method == http.MethodPost {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.all = append(s.all, resp.StatusCode)
		}
		return resp, err
	})
}

// hasty gives up at the first failure.
var hasty = intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1})

// TestErrorNamesTheProxyInFrontOfADeadService: haproxy does not name itself.
func TestErrorNamesTheProxyInFrontOfADeadService(t *testing.T) {
	t.Parallel()
	for proxy, want := range map[string]string{
		"nginx":   "502 Bad Gateway: the response is not from Microsoft Graph; it may be from a gateway (from nginx/",
		"haproxy": "503 Service Unavailable: the response is not from Microsoft Graph; it may be from a gateway",
		"squid":   "the proxy 127.",
	} {
		t.Run(proxy, func(t *testing.T) {
			t.Parallel()
			server, client := behind(t, proxy, route{})
			signedIn := client(hasty)
			if _, err := signedIn.EnterpriseCodeSigningCertificates().List(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			server.Close()
			signedIn.CloseIdleConnections()
			_, err := signedIn.EnterpriseCodeSigningCertificates().List(t.Context(), nil)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v, want %s", err, want)
			}
			_, err = client(hasty).EnterpriseCodeSigningCertificates().List(t.Context(), nil)
			if err == nil || !strings.Contains(err.Error(), " 127.") || !strings.Contains(err.Error(), want[:3]) || strings.Contains(err.Error(), password) {
				t.Errorf("sign-in: got %v", err)
			}
		})
	}
}

// TestListingBehindAProxy follows nextLinks, which the service makes of the Host that it sees.
func TestListingBehindAProxy(t *testing.T) {
	t.Parallel()
	for _, proxy := range []string{"nginx", "haproxy", "squid"} {
		for _, host := range []string{"", "inside.example"} {
			t.Run(proxy+" "+host, func(t *testing.T) {
				t.Parallel()
				server, client := behind(t, proxy, route{host: host})
				for range 5 {
					server.Add(intune.FromX509(intunetest.NewCertificate("")))
				}
				c, count := client(hasty), 0
				var err error
				for _, err = range c.EnterpriseCodeSigningCertificates().All(t.Context(), nil) {
					count++
				}
				switch isHidden := host != "" && proxy != "squid"; {
				case !isHidden && (err != nil || count != 5):
					t.Errorf("%d listed: %v", count, err)
				case isHidden && (err == nil || !strings.Contains(err.Error(), "leads to http://inside.example, not to http://127.")):
					t.Errorf("%d listed: %v", count, err)
				}
			})
		}
	}
}

// TestRotateHealsWhatAProxyHasRepeated: a proxy that sends a POST again by itself stores two records behind a clean 201.
func TestRotateHealsWhatAProxyHasRepeated(t *testing.T) {
	t.Parallel()
	server, client := behind(t, "haproxy", route{rules: "retries 1\n\tretry-on all-retryable-errors"})
	server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})
	certificates := client().EnterpriseCodeSigningCertificates()
	cert := intune.FromX509(intunetest.NewCertificate(""))
	if _, err := certificates.Create(t.Context(), cert); err != nil || len(server.Certificates()) != 2 {
		t.Fatalf("%d are stored: %v", len(server.Certificates()), err)
	}
	rotation, err := certificates.Rotate(t.Context(), cert, &intune.RotateOptions{DeleteOld: true})
	if err != nil || rotation.Created || len(rotation.Deleted) != 1 || len(server.Certificates()) != 1 {
		t.Errorf("%d are stored, %+v: %v", len(server.Certificates()), rotation, err)
	}
}
