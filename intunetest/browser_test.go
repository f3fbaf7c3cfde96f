package intunetest_test

// These tests use the pages as people do, in a headless Chromium. They are skipped where there is none.

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// browser is a tab, driven by the DevTools protocol over pipes: https://chromedevtools.github.io/devtools-protocol/.
type browser struct {
	*testing.T

	in      io.Writer
	out     *bufio.Reader
	session string
	calls   int
	loads   int // of pages
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("Chromium is not installed")
	}
	commands, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, results, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--remote-debugging-pipe", "--window-size=1200,1400", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{commands, results} // 3 and 4
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = commands.Close(), results.Close()
	b := &browser{T: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		_ = in.Close()                     // which ends the browser
		_, _ = io.Copy(io.Discard, output) // until its last process has ended, which writes to the folder
		_ = cmd.Wait()
		_ = out.Close()
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	b.session = b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	b.call("Page.enable", nil)
	return b
}

// call calls a method of the protocol, and returns its result.
func (b *browser) call(method string, parameters map[string]any) map[string]any {
	b.Helper()
	b.calls++
	call := map[string]any{"id": b.calls, "method": method, "params": parameters}
	if b.session != "" {
		call["sessionId"] = b.session
	}
	data, err := json.Marshal(call)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		b.Fatal(err)
	}
	for {
		if id, result := b.read(); id == b.calls {
			return result
		}
	}
}

// read reads the result of a call, or an event.
func (b *browser) read() (id int, result map[string]any) {
	b.Helper()
	data, err := b.out.ReadBytes(0)
	if err != nil {
		b.Fatal(err)
	}
	var message struct {
		ID            int
		Method        string
		Result, Error map[string]any
	}
	if err := json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &message); err != nil || message.Error != nil {
		b.Fatalf("%v in %s", err, data)
	}
	if message.Method == "Page.loadEventFired" {
		b.loads++
	}
	return message.ID, message.Result
}

// loading does what makes the browser load another page, and waits for it.
func (b *browser) loading(do func()) {
	b.Helper()
	before := b.loads
	do()
	for b.loads == before {
		b.read()
	}
}

func (b *browser) open(address string) {
	b.Helper()
	b.loading(func() { b.call("Page.navigate", map[string]any{"url": address}) })
}

// eval returns the value of an expression, once it has settled.
func (b *browser) eval(expression string) any {
	b.Helper()
	result := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if result["exceptionDetails"] != nil {
		b.Fatalf("%s: %v", expression, result)
	}
	value, _ := result["result"].(map[string]any)
	return value["value"]
}

// says checks that the page shows a text.
func (b *browser) says(texts ...string) {
	b.Helper()
	shown, _ := b.eval("document.body.innerText").(string)
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			b.Errorf("the page does not show %q: %s", text, shown)
		}
	}
}

// click clicks the button with a text, which leads to another page.
func (b *browser) click(text string) {
	b.Helper()
	b.loading(func() {
		b.eval(`[...document.querySelectorAll("button")].find(b => b.innerText.startsWith(` + "`" + text + "`" + `)).click()`)
	})
}

// screenshot keeps a picture in the folder that INTUNE_SCREENSHOTS names, for whoever wants to look at it.
func (b *browser) screenshot(name string) {
	b.Helper()
	folder := os.Getenv("INTUNE_SCREENSHOTS")
	if folder == "" {
		return
	}
	data, err := base64.StdEncoding.DecodeString(b.call("Page.captureScreenshot", nil)["data"].(string))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), data, 0o600)
	}
	if err != nil {
		b.Error(err)
	}
}

func TestPageInABrowser(t *testing.T) {
	b := newBrowser(t)
	w := newWire(t)
	w.server.Add(&intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso Apps, O=Contoso Ltd, L=Redmond, S=Washington, C=US"})
	w.server.Add(&intune.EnterpriseCodeSigningCertificate{Subject: markup})
	b.open(w.server.URL() + "/")
	b.says(markup+" deployed by Intune", "CN=Contoso Apps", "export AZURE_TENANT_ID='"+intunetest.TenantID+"'", "This page refreshes itself.")
	if title := b.eval("document.title"); title != "Intune emulator" || b.eval(`document.querySelectorAll("script, img").length`) != 0.0 {
		t.Errorf("the title is %v", title)
	}
	b.click("503 for the next request")
	b.says("To come: times=1,status=503")
	w.wantStatus(w.get(certificates), http.StatusServiceUnavailable)
	w.wantStatus(w.get(certificates), http.StatusOK)
	b.click("Lose the response to the next upload")
	b.says("GET "+certificates, "application", "status=503")
	b.screenshot("page")
	b.eval(`document.querySelector("#fault").value = "color=red"`)
	b.click("Inject")
	b.says(`there is no setting "color"`)
	b.screenshot("problem")
	b.click("Reset")
	b.says("None.")
	w.wantStored(0)
	b.screenshot("empty")
}

func TestDeviceCodeInABrowser(t *testing.T) {
	b := newBrowser(t)
	w := newWire(t, withAnn(t))
	code, userCode := w.device()
	b.open(w.server.URL() + "/devicelogin")
	b.says("This is an emulator of Microsoft Entra ID", "Code that the device shows", "Ann <b> (ann@contoso.example)")
	if label := b.eval(`document.querySelector("input").labels[0].innerText`); label != "Code that the device shows" {
		t.Errorf("the label is %v", label)
	}
	b.screenshot("devicelogin")
	b.eval(`document.querySelector("#user_code").value = "WRONG"`)
	b.click("Sign in")
	b.says("AADSTS70018")
	b.open(w.server.URL() + "/devicelogin?user_code=" + userCode)
	b.eval(`document.querySelector("#user_name").value = "ann@contoso.example"`)
	b.click("Sign in")
	b.says("You have signed in at the device")
	w.granted(w.poll(code))
	isAnn := func(r intunetest.Request) bool { return r.Who == "ann@contoso.example" }
	if requests := w.server.Requests(); !slices.ContainsFunc(requests, isAnn) { // the browser may have asked for an icon since
		t.Errorf("Ann has not signed in: %v", requests)
	}
}

// TestOtherWebsitesCannotControlTheEmulator: their pages can use Graph, with a token, but not the control API.
func TestOtherWebsitesCannotControlTheEmulator(t *testing.T) {
	b := newBrowser(t)
	w := newWire(t)
	w.server.Add(&intune.EnterpriseCodeSigningCertificate{Subject: "CN=A"})
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<p>other</p>") }))
	t.Cleanup(other.Close)
	b.open(other.URL)
	listed := b.eval(`fetch("` + w.server.URL() + certificates + `", {headers: {Authorization: "Bearer ` + w.token + `"}}).then(r => r.json()).then(page => page.value[0].subject)`)
	if listed != "CN=A" {
		t.Errorf("Graph responds with %v", listed)
	}
	for _, mode := range []string{"cors", "no-cors"} {
		b.eval(`fetch("` + w.server.URL() + `/_emulator/reset", {method: "POST", mode: "` + mode + `"}).then(r => r.type, e => String(e))`)
	}
	if got := b.eval(`fetch("` + w.server.URL() + `/_emulator/settings").then(r => r.text(), e => "rejected")`); got != "rejected" {
		t.Errorf("the settings are shown: %v", got)
	}
	b.loading(func() {
		b.eval(`document.body.innerHTML = '<form method="post" action="` + w.server.URL() + `/"><button name="action" value="reset">r</button></form>'; document.querySelector("button").click()`)
	})
	b.says("pages of other origins")
	w.wantStored(1)
}
