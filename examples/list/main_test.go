package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/examples/internal/example"
	"github.com/seed-230b9595/intune-go/examples/internal/exampletest"
)

// row is a line of the table, of which it captures the common name.
var row = regexp.MustCompile(`(?m)^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}  (?:notP|p)rovisioned +CN=([\w ]+), O=Contoso Ltd, .* +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  -?\d+$`)

func names(stdout string) (names []string) {
	for _, match := range row.FindAllStringSubmatch(stdout, -1) {
		names = append(names, match[1])
	}
	return names
}

func TestRunWithoutAnythingSetUpPrintsSixCertificates(t *testing.T) {
	stdout := exampletest.MustCall(t, run, nil)
	exampletest.WantPatterns(t, stdout,
		`\AUsing an emulator at http://127\.0\.0\.1:\d+; set AZURE_TENANT_ID`,
		`(?m)^ID +STATUS +SUBJECT +EXPIRES +DAYS LEFT$`,
		`(?m)^\S+  provisioned +CN=Contoso Field Service, O=Contoso Ltd, .* UTC  -5$`,
		`(?m)^\S+  provisioned +CN=Contoso Warehouse, O=Contoso Ltd, .* UTC  20$`,
		`(?m)^\S+  notProvisioned +CN=Contoso Warehouse, O=Contoso Ltd, .* UTC  400$`,
	)
	want := []string{"Contoso Field Service", "Contoso Warehouse", "Contoso Payroll", "Fabrikam Kiosk", "Fabrikam Sideloading", "Contoso Warehouse"}
	if got := names(stdout); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q, in\n%s", got, want, stdout)
	}
}

func TestFlagsFilter(t *testing.T) {
	for _, test := range []struct {
		args string
		want []string
	}{
		{"-status notProvisioned", []string{"Fabrikam Kiosk", "Contoso Warehouse"}},
		{"-subject CN=Fabrikam", []string{"Fabrikam Kiosk", "Fabrikam Sideloading"}},
		{"-subject CN=Adatum", nil},
		{"-expires-within 46d", []string{"Contoso Field Service", "Contoso Warehouse", "Contoso Payroll"}},
		{"-expires-within 504h", []string{"Contoso Field Service", "Contoso Warehouse"}},
		{"-expires-within 0d", []string{"Contoso Field Service"}},
		{"-top 2", []string{"Contoso Field Service", "Contoso Warehouse"}},
		{"-api-version v1.0 -top 1", []string{"Contoso Field Service"}},
		{"-status provisioned -subject CN=Contoso -expires-within 60d -top 2", []string{"Contoso Field Service", "Contoso Warehouse"}},
		{"-status notProvisioned -subject CN=Fabrikam -expires-within 60d", []string{"Fabrikam Kiosk"}},
	} {
		t.Run(test.args, func(t *testing.T) {
			stdout := exampletest.MustCall(t, run, strings.Fields(test.args))
			if got := names(stdout); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q, in\n%s", got, test.want, stdout)
			}
			if strings.HasSuffix(stdout, "\nNo certificates\n") != (test.want == nil) {
				t.Errorf("got\n%s", stdout)
			}
		})
	}
}

func TestFlagsBecomeOneQuery(t *testing.T) {
	opts, err := parseOptions(strings.Fields("-status provisioned -subject CN=O'Neill -expires-within 60d -top 7"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	query := opts.query(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	const want = "status eq 'provisioned' and startswith(subject,'CN=O''Neill') and expirationDateTime le 2026-04-30T00:00:00Z"
	if got := query.Filter.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	order := []intune.Order{intune.PropertyExpirationDateTime.Ascending()}
	if query.Top != 7 || !slices.Equal(query.OrderBy, order) {
		t.Errorf("got %+v", query)
	}
	if opts, err = parseOptions(nil, io.Discard); err != nil || opts.query(time.Now()).Filter != (intune.Filter{}) {
		t.Errorf("without flags the filter is not empty, or %v", err)
	}
}

func TestDaysLeftAreWholeDays(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]string{
		0: "0", 23 * time.Hour: "0", 24 * time.Hour: "1", -time.Second: "-1", -25 * time.Hour: "-2",
	} {
		var out bytes.Buffer
		if err := printTable(&out, []*intune.EnterpriseCodeSigningCertificate{{ID: "1", ExpirationDateTime: now.Add(left)}}, now); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out.String(), " UTC  "+want+"\n") {
			t.Errorf("%v: want %s days in\n%s", left, want, &out)
		}
	}
}

func TestJSONPrintsAnArrayAlone(t *testing.T) {
	for args, want := range map[string]int{"-json": 6, "-json -subject CN=Adatum": 0} {
		stdout := exampletest.MustCall(t, run, strings.Fields(args))
		var objects []struct{ ID, Subject, Status, ExpirationDateTime string }
		if err := json.Unmarshal([]byte(stdout), &objects); err != nil || objects == nil || len(objects) != want {
			t.Fatalf("%s: got %d objects, want %d; %v in\n%s", args, len(objects), want, err, stdout)
		}
		for _, object := range objects {
			if object.ID == "" || object.Subject == "" || object.Status == "" || object.ExpirationDateTime == "" {
				t.Errorf("%s: got %+v", args, object)
			}
		}
	}
}

func TestWrongUsage(t *testing.T) {
	exampletest.CheckMisuse(t, run, []exampletest.Misuse{
		{Args: []string{"provisioned"}, Want: `unexpected argument "provisioned"; a filter goes after -status`},
		{Args: []string{"-status", "revoked"}, Want: `-status "revoked" is neither`},
		{Args: []string{"-status", ""}, Want: "-status is empty"},
		{Args: []string{"-subject", ""}, Want: "-subject is empty"},
		{Args: []string{"-expires-within", "soon"}, Want: "neither days, such as 60d, nor a duration"},
		{Args: []string{"-expires-within", "-1d"}, Want: "is negative"},
		{Args: []string{"-top", "-1"}, Want: "-top -1 is negative"},
		{Env: []string{"AZURE_CLIENT_SECRET=s3cret"}, Want: "lacks AZURE_TENANT_ID, AZURE_CLIENT_ID; -emulator does without"},
	})
}

func TestHelpDescribesTheFlags(t *testing.T) {
	exampletest.CheckHelp(t, run, "-status", "-subject", "-expires-within", "-top", "-json")
}

func TestEmulatorStandsOverTheEnvironment(t *testing.T) {
	stdout := exampletest.MustCall(t, run, []string{"-emulator"}, exampletest.Complete()...)
	if len(names(stdout)) != 6 {
		t.Errorf("got\n%s", stdout)
	}
}

func TestEnvironmentLeadsToTheRealService(t *testing.T) {
	stdout, stderr, err := exampletest.Call(t, run, nil, exampletest.Refusing(t)...)
	if !errors.As(err, new(*intune.AuthError)) || errors.As(err, new(example.UsageError)) {
		t.Errorf("got %v, want a refused sign-in", err)
	}
	exampletest.WantPatterns(t, stderr, `\AUsing the REAL service, cloud Public: the certificates are read from the tenant [-0-9a-f]{36}\.\n\z`)
	if stdout != "" {
		t.Errorf("stdout is %q", stdout)
	}
}

func TestInterruptEndsTheCall(t *testing.T) {
	exampletest.CheckInterrupt(t, run, "-emulator")
}

func TestExitCodes(t *testing.T) {
	exampletest.CheckExits(t, "list", []exampletest.Exit{
		{Args: []string{"-emulator", "-json"}, Want: 0},
		{Args: []string{"-help"}, Want: 0},
		{Args: []string{"-nonsense"}, Want: 2},
		{Args: []string{"provisioned"}, Want: 2},
	})
}
