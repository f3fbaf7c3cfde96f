package intune_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
)

func ids(records []*certificate) []string {
	ids := make([]string, len(records))
	for i, record := range records {
		ids[i] = record.ID
	}
	return ids
}

func TestFindJudgesEachRecord(t *testing.T) {
	const ambiguous = "ambiguous"
	tests := map[string]struct {
		change func(record *certificate)
		want   string // MatchedBy, ambiguous or "" for another certificate
	}{
		"the same names and expiration": {func(*certificate) {}, "names"},
		"equal content":                 {func(r *certificate) { r.Content = []byte("own") }, "content"},
		"equal content, other names":    {func(r *certificate) { r.Content, r.Subject, r.Issuer = []byte("own"), "CN=x", "CN=y" }, "content"},
		"equal content, uploaded years before": {func(r *certificate) {
			r.Content, r.UploadDateTime = []byte("own"), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
		}, "content"},
		"equal content, without a date":         {func(r *certificate) { r.Content, r.UploadDateTime = []byte("own"), time.Time{} }, "content"},
		"other content":                         {func(r *certificate) { r.Content = []byte("other") }, ""},
		"content that is no certificate":        {func(r *certificate) { r.Content = []byte("junk") }, ambiguous},
		"names in another order":                {func(r *certificate) { r.Subject = "C=US,O=Contoso Ltd,CN=contoso" }, "names"},
		"the common name alone":                 {func(r *certificate) { r.Subject, r.SubjectName = "CN=Contoso", "" }, ambiguous},
		"the common name as text":               {func(r *certificate) { r.Subject, r.SubjectName = "Contoso", "" }, ambiguous},
		"a text in the other property":          {func(r *certificate) { r.Subject = "Code signing of Contoso" }, "names"},
		"without an upload date":                {func(r *certificate) { r.UploadDateTime = time.Time{} }, ambiguous},
		"an upload date before the year 2000":   {func(r *certificate) { r.UploadDateTime = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC) }, ambiguous},
		"uploaded five minutes before it began": {func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(-5 * time.Minute) }, "names"},
		"uploaded within a day before it began": {func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(-23 * time.Hour) }, ambiguous},
		"uploaded more than a day before":       {func(r *certificate) { r.UploadDateTime = r.UploadDateTime.Add(-25 * time.Hour) }, ""},
		"expires in the same second":            {func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(900 * time.Millisecond) }, "names"},
		"expires a day later":                   {func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(day) }, ambiguous},
		"expires three days later":              {func(r *certificate) { r.ExpirationDateTime = r.ExpirationDateTime.Add(3 * day) }, ""},
		"without an expiration":                 {func(r *certificate) { r.ExpirationDateTime = time.Time{} }, ambiguous},
		"another organization":                  {func(r *certificate) { r.Subject, r.SubjectName = "CN=Contoso, O=Contoso Inc, C=US", "" }, ""},
		"another common name":                   {func(r *certificate) { r.Subject, r.SubjectName = "CN=Fabrikam, O=Contoso Ltd, C=US", "" }, ""},
		"another issuer":                        {func(r *certificate) { r.Issuer, r.IssuerName = "CN=Fabrikam CA, C=US", "" }, ""},
		"without an issuer":                     {func(r *certificate) { r.Issuer, r.IssuerName = "", "" }, "names"},
	}
	for name, test := range tests {
		virtual(t, func(t *testing.T) {
			time.Sleep(3 * 365 * day)
			cert, other := issue(t), issue(t)
			record := *uploaded(cert, 0)
			record.ID, record.Content = "x", nil
			test.change(&record)
			switch string(record.Content) {
			case "own":
				record.Content = cert.Content
			case "other":
				record.Content = other.Content
			}
			s := &simulation{habits: habits{keepsContent: true, dropsDates: record.UploadDateTime.IsZero()}}
			s.add(&record)
			matches, err := s.process(t).Find(t.Context(), cert)
			got := ""
			if len(matches) > 0 {
				got = string(matches[0].By)
			}
			var doubt *intune.AmbiguousMatchError
			if errors.As(err, &doubt) {
				got += ambiguous
				if !slices.Equal(ids(doubt.Candidates), []string{"x"}) {
					t.Errorf("%s: candidates %v", name, doubt.Candidates)
				}
			}
			if got != test.want || len(matches) > 1 || err != nil && doubt == nil {
				t.Errorf("%s: got %v, %v, want %q", name, matches, err, test.want)
			}
		})
	}
}

func TestFindOrdersByUploadAndTellsDoubtsBesideMatches(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cert := issue(t, tenDaysAgo)
		s := new(simulation)
		for i, ago := range []time.Duration{2 * time.Hour, time.Hour, 3 * time.Hour} {
			record := uploaded(cert, ago)
			record.ID = fmt.Sprint(i)
			s.add(record)
		}
		matches, err := s.process(t).Find(t.Context(), cert)
		if err != nil || len(matches) != 3 || matches[0].Certificate.ID+matches[1].Certificate.ID+matches[2].Certificate.ID != "102" {
			t.Errorf("got %v, %v", matches, err)
		}
		near := *uploaded(cert, 0)
		near.ID, near.ExpirationDateTime = "near", near.ExpirationDateTime.Add(day)
		s.add(&near)
		matches, err = s.process(t).Find(t.Context(), cert)
		if doubt := errorAs[*intune.AmbiguousMatchError](t, err); len(matches) != 3 || !slices.Equal(ids(doubt.Candidates), []string{"near"}) {
			t.Errorf("got %v, %v", matches, err)
		}
		s = new(simulation)
		if matches, err := s.process(t).Find(t.Context(), cert); len(matches) != 0 || err != nil {
			t.Errorf("an empty tenant: got %v, %v", matches, err)
		}
	})
}

func TestFindWithoutContent(t *testing.T) {
	virtual(t, func(t *testing.T) {
		time.Sleep(3 * 365 * day)
		cert := issue(t)
		s := new(simulation)
		s.add(uploaded(cert, 400*day)) // rules on NotBefore are skipped
		named := *cert
		named.Content = nil
		if matches, err := s.process(t).Find(t.Context(), &named); err != nil || len(matches) != 1 {
			t.Errorf("got %v, %v", matches, err)
		}
	})
	for name, cert := range map[string]*certificate{
		"nil": nil, "empty": {}, "content that is no certificate": {Content: []byte("x")},
		"no issuer": {Subject: "CN=x", ExpirationDateTime: time.Now()}, "no expiration": {Subject: "CN=x", Issuer: "CN=y"},
	} {
		w := newWire(t)
		_, err := certificates(w).Find(t.Context(), cert)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestLatest(t *testing.T) {
	date := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }
	for name, test := range map[string]struct {
		dates      []time.Time
		want       string
		candidates []string
	}{
		"one":            {[]time.Time{date(1)}, "0", nil},
		"several":        {[]time.Time{date(1), date(3), date(2)}, "1", nil},
		"a tie":          {[]time.Time{date(3), date(1), date(3)}, "", []string{"0", "2"}},
		"an earlier tie": {[]time.Time{date(1), date(3), date(1)}, "1", nil},
		"one undated":    {[]time.Time{date(1), {}}, "", []string{"0", "1"}},
		"only undated":   {[]time.Time{{}}, "0", nil},
		"a date ahead":   {[]time.Time{date(1), time.Now().AddDate(0, 0, 2)}, "", []string{"0", "1"}},
	} {
		var listed string
		for i, at := range test.dates {
			listed += fmt.Sprintf(`,{"id":"%d","uploadDateTime":%q}`, i, at.Format(time.RFC3339Nano))
		}
		got, err := certificates(newWire(t, reply(200, `{"value":[`+listed[1:]+`]}`))).Latest(t.Context())
		if test.want != "" {
			if err != nil || got.ID != test.want {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
			continue
		}
		if doubt := errorAs[*intune.AmbiguousMatchError](t, err); got != nil || !slices.Equal(ids(doubt.Candidates), test.candidates) {
			t.Errorf("%s: got %v, %v", name, got, doubt.Candidates)
		}
	}
	if got, err := certificates(newWire(t, reply(200, `{"value":[]}`))).Latest(t.Context()); !errors.Is(err, intune.ErrNotFound) || got != nil {
		t.Errorf("an empty tenant: got %v, %v", got, err)
	}
}

// everyHabit are services of each kind, all of which show enough to recognize an upload.
var everyHabit = map[string]habits{
	"keeps names and dates": {}, "assigns dates": {assignsDates: true}, "respells": {respells: true}, "keeps content": {keepsContent: true},
	"lags": {lag: 5 * time.Second},
}

// TestErrorsNameSomeOfManyRecords: also of a tenant with 10,000 records that tie.
func TestErrorsNameSomeOfManyRecords(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t)
		for range 500 {
			record := s.had(cert, time.Second)
			record.Subject, record.SubjectName = "CN=Contoso", ""
		}
		_, err := s.process(t).Find(t.Context(), cert)
		if errorAs[*intune.AmbiguousMatchError](t, err); len(err.Error()) > 1000 || !strings.Contains(err.Error(), "more") {
			t.Errorf("an error of %d characters: %v", len(err.Error()), err)
		}
	})
}

// TestListingsAreLimited: Find, Latest and Rotate read 64 MiB of a listing, and keep nothing that they do not return.
func TestListingsAreLimited(t *testing.T) {
	const pages = 9
	spaces := strings.Repeat(" ", 8<<20-1000)
	var responses []httpmock.Responder
	for page := range pages {
		link := fmt.Sprintf("https://graph.microsoft.com/beta%s?$skiptoken=%d", path, page)
		responses = append(responses, reply(200, fmt.Sprintf(`{"@odata.nextLink":%q,"value":[{"id":"x","subject":"CN=Contoso"}]%s}`, link, spaces)))
	}
	w := newWire(t, responses...)
	_, err := certificates(w).Rotate(t.Context(), issue(t), nil)
	if problem := errorAs[*intune.ResponseError](t, err); !strings.Contains(problem.Problem, "64 MiB") || len(w.requests) != pages {
		t.Errorf("%v after %d pages", err, len(w.requests))
	}
	small := reply(200, `{"value":[{"id":"x","subject":"CN=Contoso","extra":1}]}`)
	if got, err := certificates(newWire(t, small)).Latest(t.Context()); err != nil || got.AdditionalData != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestIDsThatDifferInCaseAreTwoRecords: ids may be case-sensitive.
func TestIDsThatDifferInCaseAreTwoRecords(t *testing.T) {
	rotating(t, func(t *testing.T) {
		s, cert := new(simulation), issue(t, tenDaysAgo)
		s.had(cert, 9*day).ID = "aGVsbG8"
		s.had(issue(t, ofFabrikam("Fabrikam")), day).ID = "AGVsbG8"
		if got, err := s.process(t).Rotate(t.Context(), cert, &intune.RotateOptions{NewSubject: true}); !errors.Is(err, intune.ErrNotLatest) {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := s.process(t).Latest(t.Context()); err != nil || got.ID != "AGVsbG8" {
			t.Errorf("the latest is %v, %v", got, err)
		}
	})
}
