package intunetest

// This file holds the operations on the collection and on one certificate of it. See
// https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func (s *Server) create(c *call, _ options) *answer {
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
	now := time.Now()
	created.ID, created.visible, created.provisioned = newGUID(), now.Add(c.late), now.Add(s.provisioningDelay)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created++
	created.serial = s.created
	s.records = append(s.records, created)
	return s.object(http.StatusCreated, created, c.version, nil)
}

func (s *Server) get(c *call, given options) *answer {
	q, err := newQuery(given)
	if err != nil {
		return c.badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.id)
	if i < 0 {
		return c.notFound()
	}
	return s.object(http.StatusOK, s.records[i].at(time.Now()), c.version, q.selected)
}

// update merges the properties of the request into the certificate, as OData's PATCH does.
func (s *Server) update(c *call, _ options) *answer {
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
	return s.object(http.StatusOK, updated.at(time.Now()), c.version, nil)
}

func (s *Server) remove(c *call, _ options) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.id)
	if i < 0 {
		return c.notFound()
	}
	s.records = slices.Delete(s.records, i, i+1)
	return &answer{status: http.StatusNoContent}
}

// count is the collection's /$count, a bare number.
func (s *Server) count(c *call, given options) *answer {
	q, err := newQuery(given)
	if err != nil {
		return c.badRequest(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	matching := q.match(s.visible())
	return &answer{status: http.StatusOK, contentType: "text/plain", body: []byte(strconv.Itoa(len(matching)))}
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
			visible = append(visible, r.at(now))
		}
	}
	return visible
}

func (s *Server) object(status int, r record, version string, selected []string) *answer {
	object := r.members(selected)
	object["@odata.context"] = s.context(version, selected) + "/$entity"
	return jsonAnswer(status, object)
}

func (s *Server) context(version string, selected []string) string {
	context := s.URL() + "/" + version + "/$metadata#" + collection
	if selected != nil {
		context += "(" + strings.Join(selected, ",") + ")"
	}
	return context
}
