package intunetest

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	permissionReadWrite    = "DeviceManagementApps.ReadWrite.All"
	permissionRead         = "DeviceManagementApps.Read.All"
	permissionConfigurable = "DeviceManagementConfiguration.ReadWrite.All"

	collection = "deviceAppManagement/enterpriseCodeSigningCertificates"
	odataType  = "#microsoft.graph.enterpriseCodeSigningCertificate"
)

// graph answers a request to Microsoft Graph.
func (s *Server) graph(r *http.Request, body []byte, late time.Duration, ids ids) *answer {
	if refusal := s.authorize(r, ids); refusal != nil {
		return refusal
	}
	if !acceptsJSON(r) {
		return graphError(http.StatusNotAcceptable, "NotAcceptable", "The service answers in application/json alone.", ids)
	}
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	id, isItem := strings.CutPrefix(path, collection+"/")
	switch {
	case version != string(intune.Beta) && version != string(intune.V1):
		return graphError(http.StatusNotFound, "BadRequest", "Invalid version: "+version, ids)
	case path != collection && !isItem:
		return graphError(http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", path), ids)
	case r.URL.RawQuery != "":
		return graphError(http.StatusNotImplemented, "NotImplemented", "The emulator does not know query options.", ids)
	case r.Method == http.MethodPost && !isItem:
		return s.create(r, body, version, late, ids)
	case r.Method == http.MethodGet && isItem:
		return s.get(id, version, ids)
	case r.Method == http.MethodGet:
		return s.list(version)
	}
	return graphError(http.StatusMethodNotAllowed, "BadRequest", "The method is not supported for this resource.", ids)
}

// authorize checks the bearer token and what it permits.
func (s *Server) authorize(r *http.Request, ids ids) *answer {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	granted, known := s.tokens[token]
	s.mu.Unlock()
	unauthorized := func(message string) *answer {
		a := graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", message, ids)
		a.setHeader("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`)
		return a
	}
	switch {
	case !isBearer || token == "":
		return unauthorized("Access token is empty.")
	case !known:
		return unauthorized("CompactToken parsing failed with error code: 80049217")
	case !time.Now().Before(granted.expires):
		return unauthorized("Lifetime validation failed, the token is expired.")
	case !slices.Contains(graphResources, granted.resource):
		return unauthorized("Access token validation failure. Invalid audience.")
	}
	sufficient := []string{permissionReadWrite, permissionConfigurable}
	if r.Method == http.MethodGet {
		sufficient = append(sufficient, permissionRead)
	}
	if slices.ContainsFunc(granted.permissions, func(name string) bool { return slices.Contains(sufficient, name) }) {
		return nil
	}
	return intuneError(http.StatusForbidden, "Forbidden", "Application is not authorized to perform this operation. "+
		"Application must have one of the following scopes: "+strings.Join(sufficient, ", "), ids)
}

func acceptsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, "application/json") || strings.Contains(accept, "*/*")
}

func (s *Server) create(r *http.Request, body []byte, version string, late time.Duration, ids ids) *answer {
	if !isMediaType(r, "application/json") {
		return graphError(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content type must be application/json.", ids)
	}
	created, err := newRecord(body)
	if err != nil {
		return graphError(http.StatusBadRequest, "BadRequest", err.Error(), ids)
	}
	s.finish(&created)
	created.visible = time.Now().Add(late)
	s.mu.Lock()
	s.records = append(s.records, created)
	s.mu.Unlock()
	return s.object(http.StatusCreated, created, version)
}

func (s *Server) get(id, version string, ids ids) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.visible() {
		if strings.EqualFold(r.ID, id) {
			return s.object(http.StatusOK, r, version)
		}
	}
	return intuneError(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("Resource '%s' does not exist.", id), ids)
}

func (s *Server) list(version string) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return jsonAnswer(http.StatusOK, struct {
		Context string   `json:"@odata.context"`
		Value   []record `json:"value"`
	}{s.context(version), s.visible()})
}

// visible are the records that show by now. It is called with the lock held.
func (s *Server) visible() []record {
	now := time.Now()
	visible := []record{}
	for _, r := range s.records {
		if !r.visible.After(now) {
			visible = append(visible, r)
		}
	}
	return visible
}

func (s *Server) object(status int, r record, version string) *answer {
	return jsonAnswer(status, struct {
		Context string `json:"@odata.context"`
		record
	}{s.context(version) + "/$entity", r})
}

func (s *Server) context(version string) string {
	return s.URL() + "/" + version + "/$metadata#" + collection
}

// record is a certificate as the service keeps and shows it.
type record struct {
	ODataType          string                   `json:"@odata.type"`
	ID                 string                   `json:"id"`
	Content            *string                  `json:"content"` // null once the service has taken it
	Status             intune.CertificateStatus `json:"status"`
	SubjectName        string                   `json:"subjectName"`
	Subject            string                   `json:"subject"`
	IssuerName         string                   `json:"issuerName"`
	Issuer             string                   `json:"issuer"`
	ExpirationDateTime time.Time                `json:"expirationDateTime"`
	UploadDateTime     time.Time                `json:"uploadDateTime"`

	visible time.Time // when it begins to show
}

// nullable says which properties a request may have, and whether they may be null.
var nullable = map[string]bool{
	"@odata.type": false, "content": true, "status": false, "subjectName": true, "subject": true, "issuerName": true,
	"issuer": true, "expirationDateTime": false, "uploadDateTime": false,
}

// newRecord takes a certificate in, or says why the service would not.
func newRecord(body []byte) (record, error) {
	var given map[string]json.RawMessage
	r := record{ODataType: odataType, Status: intune.CertificateStatusNotProvisioned}
	if err := cmp.Or(json.Unmarshal(body, &given), json.Unmarshal(body, &r)); err != nil {
		return record{}, fmt.Errorf("the request body is not an enterpriseCodeSigningCertificate: %w", err)
	}
	for name, value := range given {
		mayBeNull, known := nullable[name]
		switch {
		case name == "id":
			return record{}, fmt.Errorf("the property 'id' is read-only")
		case !known:
			return record{}, fmt.Errorf("the property '%s' does not exist on the type", name)
		case !mayBeNull && string(value) == "null":
			return record{}, fmt.Errorf("the property '%s' is not nullable", name)
		}
	}
	switch {
	case r.ODataType != odataType:
		return record{}, fmt.Errorf("the type '%s' does not fit the collection", r.ODataType)
	case r.Status != intune.CertificateStatusNotProvisioned && r.Status != intune.CertificateStatusProvisioned:
		return record{}, fmt.Errorf("'%s' is not a certificateStatus", r.Status)
	}
	if r.Content != nil {
		if err := r.fillIn(*r.Content); err != nil {
			return record{}, err
		}
	}
	if r.Subject == "" && r.SubjectName == "" {
		return record{}, fmt.Errorf("the certificate has neither content that can be read nor a subject")
	}
	r.ID, r.Content = newGUID(), nil
	return r, nil
}

// finish does to a record what the service does of its own accord.
func (s *Server) finish(r *record) {
	if r.UploadDateTime.IsZero() || s.datesUploads {
		r.UploadDateTime = s.now().Truncate(100 * time.Nanosecond)
	}
	if !s.respells {
		return
	}
	for _, name := range []*string{&r.SubjectName, &r.Subject, &r.IssuerName, &r.Issuer} {
		*name = respell(*name)
	}
	r.ExpirationDateTime = r.ExpirationDateTime.UTC().Truncate(time.Second)
	r.UploadDateTime = r.UploadDateTime.UTC().Truncate(time.Second)
}

// respell turns a name of Windows' into one of OpenSSL's, as far as it is without quotation marks.
func respell(name string) string {
	parts := strings.Split(name, ", ")
	if len(parts) < 2 || strings.ContainsAny(name, `"+`) {
		return name
	}
	slices.Reverse(parts)
	for i, part := range parts {
		if state, ok := strings.CutPrefix(part, "S="); ok {
			parts[i] = "ST=" + state
		}
	}
	return strings.Join(parts, ",")
}

// fillIn reads the properties that the request left out from the certificate. Content that is none, as in the example
// of the reference, is taken as it is.
func (r *record) fillIn(content string) error {
	der, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return fmt.Errorf("the property 'content' is not base64: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	read := intune.FromX509(cert)
	r.SubjectName = cmp.Or(r.SubjectName, read.SubjectName)
	r.Subject = cmp.Or(r.Subject, read.Subject)
	r.IssuerName = cmp.Or(r.IssuerName, read.IssuerName)
	r.Issuer = cmp.Or(r.Issuer, read.Issuer)
	r.ExpirationDateTime = cmp.Or(r.ExpirationDateTime, read.ExpirationDateTime)
	return nil
}

func (r *record) certificate() intune.EnterpriseCodeSigningCertificate {
	return intune.EnterpriseCodeSigningCertificate{
		ID: r.ID, Status: r.Status,
		SubjectName: r.SubjectName, Subject: r.Subject, IssuerName: r.IssuerName, Issuer: r.Issuer,
		ExpirationDateTime: r.ExpirationDateTime, UploadDateTime: r.UploadDateTime,
	}
}
