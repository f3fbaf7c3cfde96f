package intunetest_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// schema is the type in Microsoft Graph's CSDL (msgraph-metadata, schemas/v1.0-Prod.csdl): the form of each property's
// JSON, and whether it may be null.
var schema = map[string]struct {
	form     *regexp.Regexp
	nullable bool
}{
	"id":                 {regexp.MustCompile(`.`), false},
	"content":            {regexp.MustCompile(`^[A-Za-z0-9+/_-]*=*$`), true},
	"status":             {regexp.MustCompile(`^(notProvisioned|provisioned)$`), false},
	"subjectName":        {regexp.MustCompile(``), true},
	"subject":            {regexp.MustCompile(``), true},
	"issuerName":         {regexp.MustCompile(``), true},
	"issuer":             {regexp.MustCompile(``), true},
	"expirationDateTime": {dateTimeOffset, false},
	"uploadDateTime":     {dateTimeOffset, false},
}

// dateTimeOffset is Edm.DateTimeOffset with the precision of .NET.
var dateTimeOffset = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$`)

// wantSchema checks an object of the type. Annotations may stand in it, and with $select properties may be missing.
func wantSchema(t *testing.T, object map[string]any, isWhole bool) {
	t.Helper()
	for name, value := range object {
		property, known := schema[name]
		text, isText := value.(string)
		switch {
		case strings.HasPrefix(name, "@odata."):
		case !known:
			t.Errorf("%s is no property of the type", name)
		case value == nil && !property.nullable:
			t.Errorf("%s is null", name)
		case value != nil && (!isText || !property.form.MatchString(text)):
			t.Errorf("%s is %v", name, value)
		}
	}
	for name := range schema {
		if _, isThere := object[name]; isWhole && !isThere {
			t.Errorf("%s is missing in %v", name, object)
		}
	}
}

func TestResponsesConformToTheSchema(t *testing.T) {
	content := base64.StdEncoding.EncodeToString(intunetest.NewCertificate("Contoso").Raw)
	bodies := []string{
		minimal, example, `{"content":"` + content + `"}`, `{"content":"` + content + `","subject":null,"issuer":""}`,
		`{"subject":"CN=A","expirationDateTime":"9999-12-31T23:59:59.9999999Z","uploadDateTime":"0001-01-01T00:00Z"}`,
		`{"subjectName":"CN=A","uploadDateTime":"2026-01-02T03:04:05.67890123-14:00"}`,
	}
	for _, opts := range [][]intunetest.ServerOption{
		nil, {intunetest.WithRespelling()}, {intunetest.WithOwnUploadDates()}, {intunetest.WithStrictGraph()}, {intunetest.WithProvisioningDelay(0)},
	} {
		w := newWire(t, opts...)
		for _, body := range bodies {
			a := w.create(body)
			w.wantStatus(a, http.StatusCreated)
			created := w.object(a)
			wantSchema(t, created, true)
			item := certificates + "/" + created["id"].(string)
			wantSchema(t, w.object(w.get(item)), true)
			updated := w.update(item, `{"issuer":"CN=B","subject":null,"expirationDateTime":"2027-01-01T00:00:00.5Z"}`)
			w.wantStatus(updated, http.StatusOK)
			wantSchema(t, w.object(updated), true)
		}
		for _, level := range []string{"none", "minimal", "full"} {
			w.wantPageSchema(w.send(http.MethodGet, certificates, "", "Accept: application/json;odata.metadata="+level), len(bodies), true)
		}
		w.wantPageSchema(w.get(certificates+"?$select=id,content,uploadDateTime&$count=true&$top=2"), 2, false)
	}
}

func (w *wire) wantPageSchema(a response, size int, isWhole bool) {
	w.Helper()
	value, page := w.page(a)
	if len(value) != size {
		w.Errorf("got %s", a.body)
	}
	for _, object := range value {
		wantSchema(w.T, object, isWhole)
	}
	for name := range page {
		if !slices.Contains([]string{"@odata.context", "@odata.count", "@odata.nextLink", "value"}, name) {
			w.Errorf("%s is in a page", name)
		}
	}
}
