package interop_test

// The Go SDK for Microsoft Graph consists of generated code on two libraries, which these tests use with a model of their
// own: the generated code alone takes minutes to compile.

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	graphcore "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const collectionPath = "/deviceAppManagement/enterpriseCodeSigningCertificates"

// certificate is the resource as generated code has it, with the properties that the tests need.
type certificate struct {
	id, subject, status *string
	content             []byte
	expiration          *time.Time
}

func newCertificateModel(serialization.ParseNode) (serialization.Parsable, error) {
	return new(certificate), nil
}

func (c *certificate) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{
		"id":      func(n serialization.ParseNode) (err error) { c.id, err = n.GetStringValue(); return err },
		"subject": func(n serialization.ParseNode) (err error) { c.subject, err = n.GetStringValue(); return err },
		"status":  func(n serialization.ParseNode) (err error) { c.status, err = n.GetStringValue(); return err },
		"expirationDateTime": func(n serialization.ParseNode) (err error) {
			c.expiration, err = n.GetTimeValue()
			return err
		},
	}
}

func (c *certificate) Serialize(w serialization.SerializationWriter) error {
	return errors.Join(w.WriteStringValue("subject", c.subject), w.WriteByteArrayValue("content", c.content),
		w.WriteTimeValue("expirationDateTime", c.expiration))
}

// certificatePage is a page of certificates.
type certificatePage struct {
	value    []*certificate
	nextLink *string
}

func newCertificatePage(serialization.ParseNode) (serialization.Parsable, error) {
	return new(certificatePage), nil
}

// GetValue and GetOdataNextLink are what PageIterator looks for.
func (p *certificatePage) GetValue() []*certificate  { return p.value }
func (p *certificatePage) GetOdataNextLink() *string { return p.nextLink }

func (p *certificatePage) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{
		"@odata.nextLink": func(n serialization.ParseNode) (err error) { p.nextLink, err = n.GetStringValue(); return err },
		"value": func(n serialization.ParseNode) error {
			values, err := n.GetCollectionOfObjectValues(newCertificateModel)
			for _, value := range values {
				p.value = append(p.value, value.(*certificate))
			}
			return err
		},
	}
}

func (p *certificatePage) Serialize(serialization.SerializationWriter) error { return nil }

// odataError is Graph's error as generated code has it.
type odataError struct {
	abstractions.ApiError

	code, message *string
}

func newODataError(serialization.ParseNode) (serialization.Parsable, error) {
	return &odataError{ApiError: *abstractions.NewApiError()}, nil
}

func (e *odataError) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{
		"error": func(n serialization.ParseNode) error {
			_, err := n.GetObjectValue(func(serialization.ParseNode) (serialization.Parsable, error) { return (*mainError)(e), nil })
			return err
		},
	}
}

func (e *odataError) Serialize(serialization.SerializationWriter) error { return nil }

type mainError odataError

func (e *mainError) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{
		"code":    func(n serialization.ParseNode) (err error) { e.code, err = n.GetStringValue(); return err },
		"message": func(n serialization.ParseNode) (err error) { e.message, err = n.GetStringValue(); return err },
	}
}

func (e *mainError) Serialize(serialization.SerializationWriter) error { return nil }

// sdk is a request adapter with the default middleware of the Graph SDK, signed in by azidentity.
type sdk struct {
	*graphcore.GraphRequestAdapterBase
	*testing.T
}

func newSDK(t *testing.T, server *intunetest.Server, cred azcore.TokenCredential) *sdk {
	t.Helper()
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory {
		return jsonserialization.NewJsonSerializationWriterFactory()
	})
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory {
		return jsonserialization.NewJsonParseNodeFactory()
	})
	// The emulator is not one of the hosts to which the SDK sends tokens by default.
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(cred,
		[]string{"https://graph.microsoft.com/.default"}, []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	options := graphcore.GraphClientOptions{GraphServiceVersion: "beta", GraphServiceLibraryVersion: "0.0.0"}
	middleware := graphcore.GetDefaultMiddlewaresWithOptions(&options)
	httpClient := &http.Client{Transport: khttp.NewCustomTransportWithParentTransport(server.HTTPClient().Transport, middleware...)}
	adapter, err := graphcore.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, options, nil, nil, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(server.URL() + "/beta")
	return &sdk{adapter, t}
}

// request is a request as generated code makes it.
func (s *sdk) request(method abstractions.HttpMethod, path string, body serialization.Parsable) *abstractions.RequestInformation {
	s.Helper()
	info := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, "{+baseurl}"+path,
		map[string]string{"baseurl": s.GetBaseUrl()})
	info.Headers.TryAdd("Accept", "application/json")
	if body != nil {
		if err := info.SetContentFromParsable(s.Context(), s.GraphRequestAdapterBase, "application/json", body); err != nil {
			s.Fatal(err)
		}
	}
	return info
}

var errorMapping = abstractions.ErrorMappings{"XXX": newODataError}

func (s *sdk) send(ctx context.Context, info *abstractions.RequestInformation, model serialization.ParsableFactory) (serialization.Parsable, error) {
	return s.Send(ctx, info, model, errorMapping)
}

// create uploads a certificate.
func (s *sdk) create(name string) *certificate {
	s.Helper()
	cert := intunetest.NewCertificate(name)
	created, err := s.send(s.Context(), s.request(abstractions.POST, collectionPath, &certificate{content: cert.Raw, expiration: &cert.NotAfter}), newCertificateModel)
	if err != nil {
		s.Fatal(err)
	}
	return created.(*certificate)
}

func startSDK(t *testing.T, opts ...intunetest.ServerOption) (*sdk, *intunetest.Server) {
	t.Helper()
	server := intunetest.NewServer(t, append(opts, intunetest.WithTLS())...)
	return newSDK(t, server, secretCredential(t, server, intunetest.ClientSecret)), server
}

func TestGraphSDKManagesCertificates(t *testing.T) {
	s, server := startSDK(t)
	created := s.create("Contoso")
	if created.id == nil || *created.status != "notProvisioned" || created.expiration == nil {
		t.Fatalf("created %+v", created)
	}
	requests := server.Requests()
	if got := requests[len(requests)-1].Header.Get("Content-Encoding"); got != "gzip" {
		t.Errorf("the upload was encoded with %q: the test does not show that compressed bodies are read", got)
	}
	item := collectionPath + "/" + *created.id
	read, err := s.send(t.Context(), s.request(abstractions.GET, item, nil), newCertificateModel)
	if err != nil || *read.(*certificate).status != "provisioned" || *read.(*certificate).subject != *created.subject {
		t.Errorf("read %+v, %v", read, err)
	}
	renamed := "CN=Fabrikam"
	updated, err := s.send(t.Context(), s.request(abstractions.PATCH, item, &certificate{subject: &renamed}), newCertificateModel)
	if err != nil || *updated.(*certificate).subject != renamed {
		t.Errorf("updated %+v, %v", updated, err)
	}
	if err := s.SendNoContent(t.Context(), s.request(abstractions.DELETE, item, nil), errorMapping); err != nil {
		t.Error(err)
	}
	_, err = s.send(t.Context(), s.request(abstractions.GET, item, nil), newCertificateModel)
	if missing, ok := errors.AsType[*odataError](err); !ok || missing.ResponseStatusCode != http.StatusNotFound || *missing.code != "ResourceNotFound" {
		t.Errorf("got %v of the deleted certificate", err)
	}
}

func TestGraphSDKRetriesWhatIsThrottled(t *testing.T) {
	s, server := startSDK(t)
	server.Inject(intunetest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"})
	if _, err := s.send(t.Context(), s.request(abstractions.GET, collectionPath, nil), newCertificatePage); err != nil {
		t.Error(err)
	}
}

func TestGraphSDKIteratesOverPages(t *testing.T) {
	s, _ := startSDK(t, intunetest.WithPageSize(3))
	want := make(map[string]bool)
	for range 7 {
		want[*s.create("").id] = true
	}
	first, err := s.send(t.Context(), s.request(abstractions.GET, collectionPath+"?%24top=2", nil), newCertificatePage)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(first.(*certificatePage).value); got != 2 {
		t.Errorf("the first page holds %d", got)
	}
	iterator, err := graphcore.NewPageIterator[*certificate](first, s.GraphRequestAdapterBase, newCertificatePage)
	if err != nil {
		t.Fatal(err)
	}
	err = iterator.Iterate(t.Context(), func(cert *certificate) bool {
		delete(want, *cert.id)
		return true
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%v, and these were not on any page: %v", err, want)
	}
}

func TestGraphSDKSendsBatches(t *testing.T) {
	s, server := startSDK(t)
	cert := intunetest.NewCertificate("Contoso")
	batch := graphcore.NewBatchRequest(s.GraphRequestAdapterBase)
	upload, err := batch.AddBatchRequestStep(*s.request(abstractions.POST, collectionPath, &certificate{content: cert.Raw}))
	if err != nil {
		t.Fatal(err)
	}
	list, err := batch.AddBatchRequestStep(*s.request(abstractions.GET, collectionPath, nil))
	if err != nil {
		t.Fatal(err)
	}
	list.DependsOnItem(upload)
	missing, err := batch.AddBatchRequestStep(*s.request(abstractions.DELETE, collectionPath+"/missing", nil))
	if err != nil {
		t.Fatal(err)
	}
	responses, err := batch.Send(t.Context(), s.GraphRequestAdapterBase)
	if err != nil {
		t.Fatal(err)
	}
	created, err := graphcore.GetBatchResponseById[*certificate](responses, *upload.GetId(), newCertificateModel)
	if err != nil || *created.id != server.Certificates()[0].ID {
		t.Errorf("created %+v, %v", created, err)
	}
	listed, err := graphcore.GetBatchResponseById[*certificatePage](responses, *list.GetId(), newCertificatePage)
	if err != nil || len(listed.value) != 1 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	if status := responses.GetResponseById(*missing.GetId()).GetStatus(); status == nil || *status != http.StatusNotFound {
		t.Errorf("the missing certificate was deleted with %v", status)
	}
}
