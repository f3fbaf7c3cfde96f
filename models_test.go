package intune_test

import (
	"bytes"
	"fmt"
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

func TestModelNeverPrintsItsContent(t *testing.T) {
	cert := exampleCertificate()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "pointer", cert, "value", *cert)
	for _, printed := range []string{
		fmt.Sprintf("%v %+v %#v %s %q", cert, cert, cert, cert, cert), fmt.Sprintf("%v %+v %#v", *cert, *cert, *cert), log.String(),
	} {
		for _, content := range []string{"Y29udGVudA", "99 111 110", "0x63, 0x6f", "63 6f 6e"} {
			if strings.Contains(printed, content) {
				t.Errorf("the content shows in %s", printed)
			}
		}
		if !strings.Contains(printed, "Subject value") {
			t.Errorf("the subject does not show in %s", printed)
		}
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
