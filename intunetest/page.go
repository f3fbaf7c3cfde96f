package intunetest

// This file is the page for people at the root of the server.

import (
	"bytes"
	_ "embed" // for page.html
	"html/template"
	"net/http"
	"slices"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("").Funcs(template.FuncMap{"utc": shownTime}).Parse(pageHTML))

// home shows the page, and does what its buttons say.
func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	var problem string
	if r.Method == http.MethodPost {
		err := s.press(r)
		if err == nil {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		problem = err.Error()
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, s.describe(problem, r.URL.Query().Get("pause") == "")); err != nil {
		replyError(w, http.StatusInternalServerError, err.Error())
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	if problem != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(page.Bytes())
}

// press does what a button says.
func (s *Server) press(r *http.Request) error {
	switch r.PostFormValue("action") {
	case "reset":
		s.Reset()
		return nil
	case "clear":
		s.ClearFaults()
		return nil
	}
	fault, err := ParseFault(r.PostFormValue("fault"))
	if err != nil {
		return err
	}
	s.Inject(fault)
	return nil
}

// shownPage has the data of the page.
type shownPage struct {
	Tenant       string // its domain
	Application  string // its id
	Refreshes    bool
	Problem      string
	Certificates []*intune.EnterpriseCodeSigningCertificate
	Deployed     string // the id of the one that Intune deploys, "" if that is not clear
	Faults       []Fault
	Requests     []Request
	Environment  []Variable
}

func (s *Server) describe(problem string, refreshes bool) shownPage {
	certificates, requests := s.Certificates(), s.Requests()
	slices.SortStableFunc(certificates, func(a, b *intune.EnterpriseCodeSigningCertificate) int {
		return b.UploadDateTime.Compare(a.UploadDateTime)
	})
	const most = 50
	requests = requests[max(0, len(requests)-most):]
	slices.Reverse(requests)
	page := shownPage{
		Tenant: s.config.entra.Domain, Application: s.config.entra.ClientID, Refreshes: refreshes && problem == "", Problem: problem,
		Certificates: certificates, Faults: s.Faults(), Requests: requests, Environment: s.Environment(),
	}
	if len(certificates) == 1 || len(certificates) > 1 && certificates[0].UploadDateTime.After(certificates[1].UploadDateTime) {
		page.Deployed = certificates[0].ID
	}
	return page
}

func shownTime(t time.Time) string {
	if t.IsZero() {
		return "not set"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
