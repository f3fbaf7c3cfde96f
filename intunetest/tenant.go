package intunetest

// This file is how a test reads and changes the tenant directly.

import (
	"encoding/json"
	"fmt"

	intune "github.com/seed-230b9595/intune-go"
)

// Certificates returns the certificates of the tenant, in order of creation.
func (s *Server) Certificates() []*intune.EnterpriseCodeSigningCertificate {
	return s.graph.Certificates()
}

// Add puts a certificate into the tenant, as if it had been uploaded earlier, and returns it as the tenant has it.
// Permissions, the quota and faults do not apply. If ID, UploadDateTime or Status is zero, it becomes a new id, the
// current time or provisioned. Add panics on a certificate that the service would reject, or whose ID already exists.
func (s *Server) Add(cert *intune.EnterpriseCodeSigningCertificate) *intune.EnterpriseCodeSigningCertificate {
	var added *intune.EnterpriseCodeSigningCertificate
	object, err := json.Marshal(cert)
	if err == nil {
		added, err = s.graph.Add(object)
	}
	if err != nil {
		panic(fmt.Sprintf("intunetest: Add: %v", err))
	}
	return added
}

// Reset removes the certificates, injected faults, recorded requests, tokens, codes and the claims challenge, and
// starts a new quota. Settings stay.
func (s *Server) Reset() {
	s.graph.Reset()
	s.entra.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.requests = nil, nil
}

// SetStatus sets the status of a certificate, which then stays as it is. If no certificate has the id, it returns an
// error.
func (s *Server) SetStatus(id string, status intune.CertificateStatus) error {
	changes, err := json.Marshal(map[string]any{"status": status})
	if err == nil {
		_, err = s.graph.Change(id, changes)
	}
	return err
}

// ChallengeClaims makes Graph reject each access token with a claims challenge, unless it was requested with at least
// these claims. claims is a JSON object, such as {"access_token":{"nbf":{"essential":true,"value":"1"}}};
// ChallengeClaims panics on anything else. Each call replaces the claims of the previous one.
func (s *Server) ChallengeClaims(claims string) {
	if err := s.challenge(claims); err != nil {
		panic(fmt.Sprintf("intunetest: %v", err))
	}
}

func (s *Server) challenge(claims string) error {
	var object map[string]any
	if json.Unmarshal([]byte(claims), &object) != nil || object == nil {
		return fmt.Errorf("the claims %q are not a JSON object", claims)
	}
	s.graph.Challenge(claims)
	return nil
}

// ApproveDevice signs in the first user of the tenant at the device that shows the code. Case, spaces and
// hyphens in the code are ignored. If no device is waiting with the code, it returns an error.
func (s *Server) ApproveDevice(userCode string) error {
	return s.entra.Decide(userCode, "", true)
}

// DeclineDevice is like [Server.ApproveDevice], but the user declines to sign in.
func (s *Server) DeclineDevice(userCode string) error {
	return s.entra.Decide(userCode, "", false)
}

// FederatedAssertion returns a token as an issuer outside Microsoft Entra ID signs it, valid for an hour, for the first
// [WithFederatedCredential] without a key. Each entry in claims replaces a claim; nil removes it. FederatedAssertion
// panics if no such credential is registered.
func (s *Server) FederatedAssertion(claims map[string]any) string {
	return s.entra.FederatedAssertion(claims)
}
