package graph

// This file holds the operations on the collection and on one certificate of it.

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/guid"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

func (s *Server) create(c *call, _ *query) *exchange.Response {
	if rejection := c.wantJSON(); rejection != nil {
		return rejection
	}
	created, err := s.takeIn(newRecord(intune.CertificateStatusNotProvisioned), c.body)
	if err == nil {
		err = created.wantSubject()
	}
	if err != nil {
		return c.badRequest(err)
	}
	now := time.Now()
	created.values["id"] = guid.New()
	created.visible, created.provisioned = now.Add(c.late), now.Add(s.config.ProvisioningDelay)
	s.keep(&created)
	created.forget(now)
	return c.object(http.StatusCreated, created, nil)
}

func (s *Server) get(c *call, q *query) *exchange.Response {
	return c.object(http.StatusOK, s.records[c.at].at(time.Now()), q.selected)
}

// update merges the properties of the request into the certificate, as OData's PATCH does.
func (s *Server) update(c *call, _ *query) *exchange.Response {
	if rejection := c.wantJSON(); rejection != nil {
		return rejection
	}
	updated, err := s.takeIn(s.records[c.at], c.body)
	if err != nil {
		return c.badRequest(err)
	}
	s.records[c.at] = updated
	return c.object(http.StatusOK, updated.at(time.Now()), nil)
}

func (s *Server) remove(c *call, _ *query) *exchange.Response {
	s.records = slices.Delete(s.records, c.at, c.at+1)
	return &exchange.Response{Status: http.StatusNoContent}
}

// count is the collection's /$count, a bare number.
func (s *Server) count(_ *call, q *query) *exchange.Response {
	matching := q.match(s.visible())
	return &exchange.Response{Status: http.StatusOK, ContentType: "text/plain", Body: []byte(strconv.Itoa(len(matching)))}
}

// find returns the index of the record with the id, -1 if none can be seen. It is called with the lock held.
func (s *Server) find(id string) int {
	now := time.Now()
	return slices.IndexFunc(s.records, func(r record) bool { return r.shows(now) && strings.EqualFold(r.text("id"), id) })
}

// visible are the records that can be seen by now, in order of creation. It is called with the lock held.
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

// object is the response with one certificate.
func (c *call) object(status int, r record, selected []string) *exchange.Response {
	members := r.members(selected, c.metadata)
	if c.metadata != metadataNone {
		members["@odata.context"] = c.context(selected) + "/$entity"
	}
	return c.json(status, members)
}

// context is the address of the description of what a response holds.
func (c *call) context(selected []string) string {
	context := c.origin + "/" + c.resource.version + "/$metadata#" + singleton + "/" + collection
	if selected != nil {
		context += "(" + strings.Join(selected, ",") + ")"
	}
	return context
}
