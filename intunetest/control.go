package intunetest

// This file is the control API: what a test in Go does with a Server, for programs in other languages, as JSON over HTTP.

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

const controlPath = "/_emulator/"

// newControl returns the handler of the paths that begin with controlPath, and of the page for people. A request that
// succeeds without a result is responded to with a 204, one that fails with {"error": "…"}.
func (s *Server) newControl() http.Handler {
	mux := http.NewServeMux()
	for pattern, operation := range map[string]func(*http.Request) (status int, result any, err error){
		"GET health":              s.health,
		"GET settings":            s.settings,
		"GET requests":            s.listRequests,
		"DELETE requests":         does(s.ClearRequests),
		"GET faults":              func(*http.Request) (int, any, error) { return http.StatusOK, s.Faults(), nil },
		"POST faults":             s.injectFaults,
		"DELETE faults":           does(s.ClearFaults),
		"GET certificates":        s.listCertificates,
		"POST certificates":       s.addCertificate,
		"DELETE certificates":     does(s.graph.RemoveAll),
		"PATCH certificates/{id}": s.changeCertificate,
		"POST challenge":          s.challengeClaims,
		"POST devices/{code}":     s.decideDevice,
		"POST reset":              does(s.Reset),
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+controlPath+path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, graph.MaxBody)
			switch status, result, err := operation(r); {
			case err != nil:
				replyError(w, status, err.Error())
			case result == nil:
				w.WriteHeader(http.StatusNoContent)
			default:
				reply(w, status, result)
			}
		})
	}
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("POST /{$}", s.home)
	return s.guarded(mux)
}

// does is an operation without a result.
func does(do func()) func(*http.Request) (int, any, error) {
	return func(*http.Request) (int, any, error) {
		do()
		return http.StatusNoContent, nil, nil
	}
}

func (s *Server) health(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]string{"status": "ok"}, nil
}

func (s *Server) settings(r *http.Request) (int, any, error) {
	root := s.scheme() + "://" + r.Host // which guarded has checked, and by which the client reaches the server
	return http.StatusOK, map[string]string{
		"emulator": "intune-cert", "graphUrl": root, "authorityUrl": root,
		"tenantId": s.config.TenantID, "clientId": s.config.ClientID, "clientSecret": s.config.ClientSecret,
	}, nil
}

func (s *Server) listRequests(*http.Request) (int, any, error) {
	type request struct {
		Time   time.Time   `json:"time"`
		Method string      `json:"method"`
		URL    string      `json:"url"`
		Header http.Header `json:"header"`
		Body   string      `json:"body,omitempty"`
		Status int         `json:"status"`
		Who    string      `json:"who,omitempty"`
		Fault  Fault       `json:"fault,omitzero"`
	}
	requests := []request{}
	for _, r := range s.Requests() {
		requests = append(requests, request{r.Time, r.Method, r.URL, r.Header, string(r.Body), r.Status, r.Who, r.Fault})
	}
	return http.StatusOK, requests, nil
}

// injectFaults takes one fault or an array.
func (s *Server) injectFaults(r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	faults := make([]Fault, 1)
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		err = json.Unmarshal(body, &faults)
	} else {
		err = faults[0].UnmarshalJSON(body)
	}
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	s.Inject(faults...)
	return http.StatusCreated, s.Faults(), nil
}

func (s *Server) listCertificates(*http.Request) (int, any, error) {
	return http.StatusOK, map[string][]*intune.EnterpriseCodeSigningCertificate{"value": s.Certificates()}, nil
}

func (s *Server) addCertificate(r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	added, err := s.graph.Add(body)
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	return http.StatusCreated, added, nil
}

func (s *Server) changeCertificate(r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return http.StatusBadRequest, nil, err
	}
	changed, err := s.graph.Change(r.PathValue("id"), body)
	switch {
	case errors.Is(err, graph.ErrNoCertificate):
		return http.StatusNotFound, nil, err
	case err != nil:
		return http.StatusBadRequest, nil, err
	}
	return http.StatusOK, changed, nil
}

func (s *Server) challengeClaims(r *http.Request) (int, any, error) {
	var body struct{ Claims string }
	if err := decode(r, &body); err != nil {
		return http.StatusBadRequest, nil, err
	}
	return http.StatusBadRequest, nil, s.challenge(body.Claims)
}

func (s *Server) decideDevice(r *http.Request) (int, any, error) {
	var body struct {
		Approve  *bool
		UserName string
	}
	if err := decode(r, &body); err != nil {
		return http.StatusBadRequest, nil, err
	}
	if body.Approve == nil {
		return http.StatusBadRequest, nil, errors.New(`want {"approve": true} or {"approve": false}`)
	}
	return http.StatusNotFound, nil, s.entra.Decide(r.PathValue("code"), body.UserName, *body.Approve)
}

func decode(r *http.Request, into any) error {
	strict := json.NewDecoder(r.Body)
	strict.DisallowUnknownFields()
	return plainJSONError(strict.Decode(into))
}
