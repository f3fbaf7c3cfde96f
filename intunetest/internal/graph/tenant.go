package graph

// This file is what a test sees and does behind the service's back.

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/guid"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Reset removes the certificates and the claims challenge, and begins a new quota.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records, s.challenge = nil, ""
	s.requests = window{limit: s.config.QuotaRequests, length: s.config.QuotaWindow}
	s.writes = window{limit: s.config.QuotaWrites, length: s.config.QuotaWindow}
}

// RemoveAll removes the certificates.
func (s *Server) RemoveAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = nil
}

// Certificates returns what the tenant holds, in order of creation.
func (s *Server) Certificates() []*intune.EnterpriseCodeSigningCertificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	certificates := make([]*intune.EnterpriseCodeSigningCertificate, 0, len(s.records))
	for _, r := range s.records {
		certificates = append(certificates, r.at(time.Now()).certificate())
	}
	return certificates
}

// Add puts a certificate, which is Graph's JSON, into the tenant. Unlike a client's, its id and its status count.
func (s *Server) Add(object []byte) (*intune.EnterpriseCodeSigningCertificate, error) {
	r := newRecord(intune.CertificateStatusProvisioned)
	given, err := s.merge(&r, object, true)
	if err == nil {
		err = s.complete(&r, given)
	}
	if err == nil {
		err = r.wantSubject()
	}
	if err != nil {
		return nil, err
	}
	r.contentUntil = r.time("uploadDateTime").Add(s.config.VisibleContent)
	s.mu.Lock()
	defer s.mu.Unlock()
	id := cmp.Or(r.text("id"), guid.New())
	if s.index(id) >= 0 {
		return nil, fmt.Errorf("the tenant has a certificate with the id %q", id)
	}
	r.values["id"] = id
	s.keep(&r)
	r.forget(time.Now())
	return r.certificate(), nil
}

// keep adds a record to the tenant. It is called with the lock held.
func (s *Server) keep(r *record) {
	s.created++
	r.serial = s.created
	s.records = append(s.records, *r)
}

// Change sets the properties of a certificate that an object has, the status permanently.
func (s *Server) Change(id string, object []byte) (*intune.EnterpriseCodeSigningCertificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return nil, exchange.NotFoundError(fmt.Sprintf("no certificate has the id %q", id))
	}
	changed := s.records[i]
	given, err := s.merge(&changed, object, true)
	switch {
	case err != nil:
		return nil, err
	case given["id"], given["content"]:
		return nil, errors.New("the id and the content cannot be changed")
	case given["status"]:
		changed.provisioned = time.Time{}
	}
	s.records[i] = changed
	return changed.at(time.Now()).certificate(), nil
}

// index returns the index of the record with the id, -1 if there is none. It is called with the lock held.
func (s *Server) index(id string) int {
	return slices.IndexFunc(s.records, func(r record) bool { return strings.EqualFold(r.text("id"), id) })
}
