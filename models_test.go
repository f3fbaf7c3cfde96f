package intune_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func TestFromX509(t *testing.T) {
	cert := newCertificate(t)
	got := intune.FromX509(cert)
	const name = "CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US"
	want := &intune.EnterpriseCodeSigningCertificate{
		Content: cert.Raw, SubjectName: name, Subject: name, IssuerName: name, Issuer: name, ExpirationDateTime: cert.NotAfter,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	back, err := got.X509()
	if err != nil || !back.Equal(cert) {
		t.Errorf("X509: got %v, %v", back, err)
	}
	if intune.FromX509(nil) != nil {
		t.Error("FromX509(nil) is not nil")
	}
}

func TestX509NeedsACertificate(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("content")} {
		if cert, err := (&intune.EnterpriseCodeSigningCertificate{Content: content}).X509(); err == nil {
			t.Errorf("%q: got %v, want an error", content, cert)
		} else {
			errorAs[*intune.InputError](t, err)
		}
	}
}

func TestThumbprintIsAsWindowsShowsIt(t *testing.T) {
	cert := intune.EnterpriseCodeSigningCertificate{Content: []byte("content")}
	if got, want := cert.Thumbprint(), "040F06FD774092478D450774F5BA30C5DA78ACC8"; got != want { // sha1sum
		t.Errorf("got %s, want %s", got, want)
	}
	if got := new(intune.EnterpriseCodeSigningCertificate).Thumbprint(); got != "" {
		t.Errorf("without content: got %q", got)
	}
}

// TestContentIsNeverPrinted: of what holds certificates, fmt and slog print which ones.
func TestContentIsNeverPrinted(t *testing.T) {
	cert := exampleCertificate()
	cert.ID = "Subject value"
	for _, value := range []any{
		*cert, cert, intune.Match{Certificate: cert},
		intune.CertificatePage{Value: []*intune.EnterpriseCodeSigningCertificate{cert}}, &intune.CertificatePage{Value: []*intune.EnterpriseCodeSigningCertificate{cert}},
		&intune.Rotation{Certificate: cert, Previous: cert, Old: []*intune.EnterpriseCodeSigningCertificate{cert}},
		intune.EnterpriseCodeSigningCertificateUpdate{Content: cert.Content, Subject: &cert.Subject},
		&intune.EnterpriseCodeSigningCertificateUpdate{Content: cert.Content, Subject: &cert.Subject},
	} {
		printed := fmt.Sprintf("%v %+v %#v %s %q", value, value, value, value, value)
		for _, handler := range []func(io.Writer) slog.Handler{
			func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
			func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		} {
			var log bytes.Buffer
			slog.New(handler(&log)).Info("x", "value", value)
			if !strings.Contains(log.String(), "Subject value") {
				t.Errorf("the subject does not show in %s", log.String())
			}
			printed += log.String()
		}
		for _, content := range []string{"Y29udGVudA", "99 111 110", "0x63, 0x6f", "63 6f 6e", `"content"`} {
			if strings.Contains(printed, content) {
				t.Errorf("%T: the content shows in %s", value, printed)
			}
		}
	}
}

func TestUpdateSaysWhatItChanges(t *testing.T) {
	update := intune.EnterpriseCodeSigningCertificateUpdate{
		Content: []byte("content"), Status: new(intune.CertificateStatusProvisioned), Subject: new(""), Issuer: new("CN=\u202eCA"),
		UploadDateTime: new(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), Clear: []intune.Property{intune.PropertySubjectName, nil},
	}
	const want = `enterpriseCodeSigningCertificateUpdate thumbprint="040F06FD774092478D450774F5BA30C5DA78ACC8" status="provisioned" subject="" ` +
		`issuer="CN=CA" uploadDateTime="2026-01-02T03:04:05Z" clear="subjectName,<nil>"`
	if got := update.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSameCertificate(t *testing.T) {
	expires := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	parsed := newCertificate(t)
	own, other := intune.FromX509(parsed), intune.FromX509(newCertificate(t))
	type record = intune.EnterpriseCodeSigningCertificate
	shown := func(changes ...func(*record)) *record {
		r := *own
		r.ID, r.Content, r.Status, r.UploadDateTime = "x", nil, intune.CertificateStatusProvisioned, expires
		for _, change := range changes {
			change(&r)
		}
		return &r
	}
	for _, test := range []struct {
		name string
		a, b *record
		want bool
	}{
		{"itself", own, own, true},
		{"ids, dates and status do not count", own, shown(), true},
		{"names in another order", own, shown(func(r *record) { r.Subject = "C=US,O=Contoso Ltd,CN=Contoso" }), true},
		{"other content", own, other, false},
		{"equal content, other names", own, shown(func(r *record) { r.Content, r.Subject, r.Issuer = own.Content, "CN=x", "CN=y" }), true},
		{"another subject", own, shown(func(r *record) { r.Subject, r.SubjectName = "CN=Fabrikam", "" }), false},
		{"another issuer", own, shown(func(r *record) { r.Issuer, r.IssuerName = "CN=Fabrikam", "" }), false},
		{"another expiration", own, shown(func(r *record) { r.ExpirationDateTime = expires.Add(time.Minute) }), false},
		{"no expiration", own, shown(func(r *record) { r.ExpirationDateTime = time.Time{} }), true},
		{"nothing to compare", own, new(record), false},
		{"two of nothing", new(record), new(record), false},
		{"nil", own, nil, false},
	} {
		if got, reverse := test.a.SameCertificate(test.b), test.b.SameCertificate(test.a); got != test.want || reverse != test.want {
			t.Errorf("%s: got %v, and %v the other way round, want %v", test.name, got, reverse, test.want)
		}
	}
}
