package docs_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestTimeToTheTruth measures the table of docs/exactly-once.md in virtual time, with the default policy.
func TestTimeToTheTruth(t *testing.T) {
	t.Chdir(root)
	post := func(fault intunetest.Fault) []intunetest.Fault {
		fault.Method = http.MethodPost
		return []intunetest.Fault{fault}
	}
	always := func(fault intunetest.Fault) (faults []intunetest.Fault) {
		for range 4 {
			faults = append(faults, post(fault)...)
		}
		return faults
	}
	tests := []struct {
		what   string
		faults []intunetest.Fault
	}{
		{"nothing goes wrong", nil},
		{"stored, then a gateway's 504", post(intunetest.Fault{Status: 504, Gateway: true, Committed: true})},
		{"stored, then the connection is reset", post(intunetest.Fault{Drop: intunetest.DropAfterCommit})},
		{"stored, then half of the response", post(intunetest.Fault{Drop: intunetest.DropInResponse})},
		{"stored, then `101 Switching Protocols`", post(intunetest.Fault{Status: 101, Committed: true})},
		{"stored, then silence", post(intunetest.Fault{ResponseDelay: time.Hour})},
		{"stored, and visible only 10 s after the 504", post(intunetest.Fault{Status: 504, Gateway: true, Committed: true, VisibleAfter: 10 * time.Second})},
		{"not stored, one 504", post(intunetest.Fault{Status: 504, Gateway: true})},
		{"not stored, always 500", always(intunetest.Fault{Status: 500})},
		{"not stored, always silence", always(intunetest.Fault{Delay: time.Hour, Status: 500})},
		{"rejected with 429 and Retry-After: 5", post(intunetest.Fault{Status: 429, RetryAfter: "5"})},
	}
	page, err := os.ReadFile("docs/exactly-once.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		var row string
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
			server.Inject(test.faults...)
			client := server.Client()
			if err := client.Do(t.Context(), http.MethodGet, "/deviceAppManagement/enterpriseCodeSigningCertificates", nil, nil); err != nil {
				t.Fatal(err) // signs in
			}
			signedIn := len(server.Requests())
			began := time.Now()
			_, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"})
			posts, gets := 0, 0
			for _, req := range server.Requests()[signedIn:] {
				if req.Method == http.MethodPost {
					posts++
				} else {
					gets++
				}
			}
			result := "the certificate"
			if errors.As(err, new(*intune.OutcomeUnknownError)) {
				result = "`*OutcomeUnknownError`"
			} else if err != nil {
				result = err.Error()
			}
			row = fmt.Sprintf("| %s | %d POST, %d GET | %v | %s |", test.what, posts, gets, time.Since(began).Round(100*time.Millisecond), result)
		})
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/exactly-once.md lacks the row\n%s", row)
		}
	}
}
