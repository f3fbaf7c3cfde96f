package intunetest

// This file holds the operations on the collection and on one certificate of it. See
// https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.

import (
	"net/http"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func (s *Server) create(c *call) *answer {
	if refusal := c.wantJSON(); refusal != nil {
		return refusal
	}
	created, err := s.takeIn(record{ODataType: odataType, Status: intune.CertificateStatusNotProvisioned}, c.body)
	if err == nil {
		err = created.wantSubject()
	}
	if err != nil {
		return c.badRequest(err)
	}
	created.ID, created.visible = newGUID(), time.Now().Add(c.late)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, created)
	return s.object(http.StatusCreated, created, c.version)
}

func (s *Server) get(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.id)
	if i < 0 {
		return c.notFound()
	}
	return s.object(http.StatusOK, s.records[i], c.version)
}

// update merges the properties of the request into the certificate, as OData's PATCH does.
func (s *Server) update(c *call) *answer {
	if refusal := c.wantJSON(); refusal != nil {
		return refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.id)
	if i < 0 {
		return c.notFound()
	}
	updated, err := s.takeIn(s.records[i], c.body)
	if err != nil {
		return c.badRequest(err)
	}
	s.records[i] = updated
	return s.object(http.StatusOK, updated, c.version)
}

func (s *Server) remove(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.id)
	if i < 0 {
		return c.notFound()
	}
	s.records = slices.Delete(s.records, i, i+1)
	return &answer{status: http.StatusNoContent}
}

func (s *Server) list(c *call) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := []map[string]any{}
	for _, r := range s.visible() {
		value = append(value, r.members())
	}
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.context": s.context(c.version), "value": value})
}

func (c *call) wantJSON() (refusal *answer) {
	if isMediaType(c.Request, "application/json") {
		return nil
	}
	return graphError(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content type must be application/json.", c.ids)
}

// find returns the index of the record with the id, -1 where none shows. It is called with the lock held.
func (s *Server) find(id string) int {
	now := time.Now()
	return slices.IndexFunc(s.records, func(r record) bool { return r.shows(now) && strings.EqualFold(r.ID, id) })
}

// visible are the records that show by now, in order of creation. It is called with the lock held.
func (s *Server) visible() []record {
	now := time.Now()
	visible := []record{}
	for _, r := range s.records {
		if r.shows(now) {
			visible = append(visible, r)
		}
	}
	return visible
}

func (s *Server) object(status int, r record, version string) *answer {
	object := r.members()
	object["@odata.context"] = s.context(version) + "/$entity"
	return jsonAnswer(status, object)
}

func (s *Server) context(version string) string {
	return s.URL() + "/" + version + "/$metadata#" + collection
}
