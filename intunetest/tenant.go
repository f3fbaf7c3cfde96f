package intunetest

// This file is what a test sees and does behind the service's back.

import (
	"encoding/json"
	"fmt"

	intune "github.com/seed-230b9595/intune-go"
)

// Certificates returns the certificates of the tenant, in order of creation.
func (s *Server) Certificates() []*intune.EnterpriseCodeSigningCertificate {
	return s.graph.Certificates()
}

// Add puts a certificate into the tenant, as if it had been uploaded earlier, and returns it as the tenant has it. No
// permission, quota or fault applies. A zero ID, UploadDateTime and Status become a new id, now and provisioned. Add
// panics on a certificate that the service would reject, or whose ID the tenant has already.
func (s *Server) Add(cert *intune.EnterpriseCodeSigningCertificate) *intune.EnterpriseCodeSigningCertificate {
	object, err := json.Marshal(cert)
	if err != nil {
		panic(fmt.Sprintf("intunetest: Add: %v", err))
	}
	added, err := s.graph.Add(object)
	if err != nil {
		panic(fmt.Sprintf("intunetest: Add: %v", err))
	}
	return added
}

// Reset removes the certificates, injected faults, recorded requests, tokens, codes and the claims challenge, and begins a
// new quota. Settings stay.
func (s *Server) Reset() {
	s.graph.Reset()
	s.entra.Reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.requests, s.unknown = nil, nil, 0
}

// SetStatus sets the status of a certificate, which then stays as it is. The error says that no certificate has the id.
func (s *Server) SetStatus(id string, status intune.CertificateStatus) error {
	changes, err := json.Marshal(map[string]any{"status": status})
	if err == nil {
		_, err = s.graph.Change(id, changes)
	}
	return asOwnError(err)
}

func asOwnError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("intunetest: %w", err)
}

// ChallengeClaims makes Graph reject each access token with a claims challenge, unless it was asked for with these
// claims, and perhaps more. Claims are a JSON object, such as {"access_token":{"nbf":{"essential":true,"value":"1"}}};
// ChallengeClaims panics on anything else. The claims of the last call count.
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

// ApproveDevice signs the first of the people in at the device that shows the code. Case, spaces and hyphens in the code do
// not matter. The error says that no device waits with it.
func (s *Server) ApproveDevice(userCode string) error {
	return asOwnError(s.entra.Decide(userCode, "", true))
}

// DeclineDevice makes the first of the people decline to sign in at the device that shows the code.
func (s *Server) DeclineDevice(userCode string) error {
	return asOwnError(s.entra.Decide(userCode, "", false))
}

// FederatedAssertion returns a token as an issuer outside Microsoft Entra ID signs it, valid for an hour, for the first
// WithFederatedCredential without a key. Each of claims replaces one, and nil removes it. FederatedAssertion panics if
// no such credential is registered.
func (s *Server) FederatedAssertion(claims map[string]any) string {
	return s.entra.FederatedAssertion(claims)
}
