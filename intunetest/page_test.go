package intunetest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const markup = `CN=<script>document.title="owned"</script><img src=x onerror=alert(1)>"'&`

// press sends a form of the page.
func (w *wire) press(form url.Values, headers ...string) response {
	w.Helper()
	return w.post("/", form.Encode(), append([]string{"Origin: " + w.server.URL()}, headers...)...)
}

func TestPageShowsTheTenant(t *testing.T) {
	w := newWire(t)
	w.server.Add(&intune.EnterpriseCodeSigningCertificate{Subject: "CN=Old", UploadDateTime: time.Now().Add(-time.Hour)})
	w.server.Add(&intune.EnterpriseCodeSigningCertificate{Subject: markup})
	w.server.Inject(intunetest.Fault{Status: 503})
	w.get(certificates + "?$filter=<b>")
	a := w.send(http.MethodGet, "/", "", "Authorization:")
	w.wantStatus(a, http.StatusOK)
	for _, want := range []string{
		"<bdi>CN=&lt;script&gt;", "deployed by Intune</strong>", "<bdi>CN=Old</bdi></td>", "status=503", "?$filter=&lt;b&gt;",
		"export AZURE_CLIENT_ID=&#39;" + intunetest.ClientID, "$env:AZURE_TENANT_ID", `http-equiv="refresh"`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page does not have %s: %s", want, a.body)
		}
	}
	if strings.Contains(a.body, "<script") || strings.Contains(a.body, "<img") || a.header.Get("Content-Security-Policy") == "" {
		t.Errorf("got %v %s", a.header, a.body)
	}
	if paused := w.send(http.MethodGet, "/?pause=1", ""); strings.Contains(paused.body, "http-equiv") {
		t.Error("it refreshes although it is paused")
	}
	if got := len(w.server.Requests()); got != 2 {
		t.Errorf("%d requests are recorded, and the page is none of them", got)
	}
}

func TestPageHasButtons(t *testing.T) {
	w := newWire(t)
	w.server.Add(&intune.EnterpriseCodeSigningCertificate{Subject: "CN=A"})
	w.wantStatus(w.press(url.Values{"fault": {"method=POST,drop=after-commit"}}), http.StatusSeeOther)
	if got := w.server.Faults(); len(got) != 1 || got[0].Drop != intunetest.DropAfterCommit {
		t.Errorf("got %v", got)
	}
	a := w.press(url.Values{"fault": {"color=<b>"}})
	if w.wantStatus(a, http.StatusBadRequest); !strings.Contains(a.body, "there is no setting &#34;color&#34;") {
		t.Errorf("got %s", a.body)
	}
	w.wantStatus(w.press(url.Values{"action": {"clear"}}), http.StatusSeeOther)
	if got := w.server.Faults(); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	w.wantStored(1)
	for _, header := range []string{"Origin: http://phishing.test", "Origin: null", "Host: phishing.test", "Sec-Fetch-Site: cross-site"} {
		w.wantStatus(w.press(url.Values{"action": {"reset"}}, header), http.StatusForbidden)
	}
	w.wantStored(1)
	w.wantStatus(w.press(url.Values{"action": {"reset"}}), http.StatusSeeOther)
	w.wantStored(0)
	w.wantStatus(w.send(http.MethodGet, "/", "", "Host: phishing.test"), http.StatusForbidden)
	w.wantStatus(w.send(http.MethodGet, "/", "", "Sec-Fetch-Site: cross-site"), http.StatusOK) // a link
}

func TestEnvironmentIsQuoted(t *testing.T) {
	v := intunetest.Variable{Name: "A", Value: `it's "$x" \`}
	for got, want := range map[string]string{
		v.Shell(): `export A='it'\''s "$x" \'`, v.PowerShell(): `$env:A = 'it''s "$x" \'`, v.DotEnv(): `A="it's \"\$x\" \\"`,
		intunetest.Variable{Name: "A", Value: `"$x" \`}.DotEnv(): `A='"$x" \'`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
