package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

type settingsJSON struct {
	URL, DevicePage, CAFile string
	Environment             map[string]string
}

// emulator starts the emulator of the program and returns its settings.
func (f *fixture) emulator(args ...string) (*running, settingsJSON) {
	f.t.Helper()
	r := f.start(append([]string{"emulator", "--listen", "127.0.0.1:0", "-o", "json"}, args...)...)
	f.t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	eventually(f.t, "it starts", func() bool {
		return strings.Contains(r.stderr.String(), "Ctrl-C stops it.") && json.Valid([]byte(r.stdout.String()))
	})
	var settings settingsJSON
	if err := json.Unmarshal([]byte(r.stdout.String()), &settings); err != nil {
		f.t.Fatal(err)
	}
	return r, settings
}

func TestEmulatorServesTheOtherCommands(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("seeds/a.cer", intunetest.NewCertificate("A"))
	r, settings := f.emulator("--tls", "--write-ca", "emulator.pem", "--seed", "seeds/*.cer", "--sample", "new.cer")
	if settings.CAFile != settings.Environment["INTUNE_CERT_CA"] || settings.DevicePage != settings.URL+"/devicelogin" {
		t.Errorf("got %+v", settings)
	}
	for name, value := range settings.Environment {
		f.env = append(f.env, name+"="+value)
	}
	listed := decoded[listJSON](f.run("list", "-o", "json").exits(0))
	if len(listed.Certificates) != 2 {
		t.Errorf("got %+v", listed)
	}
	rotated := decoded[rotateJSON](f.run("rotate", "new.cer", "--delete-old", "--overlap", "0", "-o", "json").exits(0))
	if len(rotated.Deleted) != 1 || !rotated.Created {
		t.Errorf("got %+v", rotated)
	}
	resp, err := f.HTTPClient().Get(f.URL() + "/devicelogin") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if page, _ := io.ReadAll(resp.Body); !strings.Contains(string(page), "user_code") {
		t.Errorf("the page for device codes is %s", page)
	}
	r.interrupt().exits(0)
}

// TestRotateInTheEmulatorInTwoCommands is what the README promises a new user.
func TestRotateInTheEmulatorInTwoCommands(t *testing.T) {
	f := newFixture(t)
	_, settings := f.emulator("--sample", "sample.cer")
	f.env = f.env[:len(f.env)-2] // no settings, except those on the command line
	f.run("rotate", "sample.cer", "--delete-old", "--overlap", "0", "--emulator", settings.URL).exits(0).prints("Uploaded sample.cer", ": deleted\n")
}

func TestEmulatorFaultsAndConfig(t *testing.T) {
	f := newFixture(t)
	f.write("config.json", []byte(`{"provisioningDelay": "1h"}`))
	_, settings := f.emulator("--sample", "new.cer", "--config", "config.json",
		"--fault", "method=POST,drop=after-commit,times=1", "--fault", "method=GET,status=503,gateway")
	f.env = append(f.env, "INTUNE_CERT_EMULATOR="+settings.URL)
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "0").exits(5)
	f.run("emulator", "--listen", strings.TrimPrefix(settings.URL, "http://")).exits(1).says("Next: Choose another address with --listen")
}

func TestEmulatorOverwritesOnlyItsOwnFiles(t *testing.T) {
	f := newFixture(t)
	sample := pemOf(contoso())
	withIssuer := append(pemOf(intunetest.NewCertificate("Fabrikam", func(c *certificate) { c.IsCA = true })), sample...)
	for option, contents := range map[string][][]byte{
		"--sample": {withIssuer, []byte("notes"), nil}, "--write-ca": {withIssuer, []byte("notes"), sample},
	} {
		for _, content := range contents {
			f.write("theirs", content)
			f.run("emulator", "--listen", "127.0.0.1:0", "--tls", option, "theirs").exits(1).says("theirs exists", "Next: Choose the name of a new file.")
			if data, err := os.ReadFile(f.path("theirs")); err != nil || !bytes.Equal(data, content) {
				t.Errorf("%s: the file is now %q, %v", option, data, err)
			}
		}
	}
	for name, target := range map[string]string{"dangling": "outside", "link": "theirs"} {
		if err := os.Symlink(f.path(target), f.path(name)); err != nil {
			t.Skip(err) // Windows wants a privilege for it
		}
		for _, option := range []string{"--sample", "--write-ca"} {
			f.run("emulator", "--listen", "127.0.0.1:0", "--tls", option, name).exits(1).says(name + " exists")
		}
	}
	if _, err := os.Lstat(f.path("outside")); err == nil {
		t.Error("the emulator has followed a dangling link")
	}
	for range 2 {
		r, _ := f.emulator("--sample", "sample.cer", "--tls", "--write-ca", "own.pem")
		r.interrupt().exits(0)
	}
}

func TestEmulatorSimulatesATenantThatRejectsRequests(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("seed.cer", intunetest.NewCertificate("A"))
	f.env = f.env[:len(f.env)-2]
	for config, says := range map[string]string{
		`{"permissions": []}`: "DeviceManagementApps.ReadWrite.All", `{"license": false}`: "Request not applicable to target tenant",
	} {
		f.write("config.json", []byte(config))
		r, settings := f.emulator("--config", "config.json", "--seed", "seed.cer") // a seed needs no permission
		f.run("list", "--emulator", settings.URL).exits(1).says(says)
		r.interrupt().exits(0)
	}
}

func TestEmulatorWarnsThatTheNetworkReachesIt(t *testing.T) {
	f := newFixture(t)
	for address, warns := range map[string]bool{"0.0.0.0:0": true, ":0": true, "localhost:0": false, "127.0.0.1:0": false} {
		r, _ := f.emulator("--listen", address)
		r.interrupt().exits(0)
		if warned := strings.Contains(r.stderr.String(), "Warning: the emulator is open to the network"); warned != warns {
			t.Errorf("%s: %s", address, r.stderr.String())
		}
	}
}

func TestEmulatorRejectsSettingsThatItDoesNotKnow(t *testing.T) {
	f := newFixture(t)
	for content, problem := range map[string]string{
		"{\n\"provisioningDelays\": \"1h\"}": `config.json:2: there is no setting "provisioningDelays"`,
		`{"pageSize": "many"}`:               `config.json:1: "pageSize": it cannot be a string`,
		`{"clockSkew": "soon"}`:              `"clockSkew": "soon" is no duration`,
		`{`:                                  "unexpected end of JSON input",
		`{"pageSize": 0}`:                    "the page size is 0, want 1 or more",
	} {
		f.write("config.json", []byte(content))
		f.run("emulator", "--listen", "127.0.0.1:0", "--config", "config.json").exits(1).says(problem)
	}
	f.run("emulator", "--config", "missing.json").exits(1).says("missing.json", "Next: ")
}

func TestEmulatorSaysWhichFaultsThereAre(t *testing.T) {
	f := newFixture(t)
	for fault, problem := range map[string]string{
		"color=red": `there is no setting "color"`, "drop=xyz": `"xyz" is not one of before-reading, while-reading, after-reading, after-commit, in-response`,
		"status=abc": "status: want a number", "status=999": "neither 101 nor one of 200 to 599", "delay=5": `delay: "5" is no duration`,
		"token=maybe": "want true or false", "times=-1": "times, every or rate is out of range", "gateway": "the response has no status",
	} {
		f.run("emulator", "--fault", fault).exits(2).says("--fault "+fault+": ", problem)
	}
}

func TestEmulatorHelpHasAllSettings(t *testing.T) {
	f := newFixture(t)
	f.write("config.json", []byte(`{"": 0}`))
	rejection := f.run("emulator", "--listen", "127.0.0.1:0", "--config", "config.json").exits(1).stderr
	_, list, _ := strings.Cut(rejection, "want one of ")
	list, _, _ = strings.Cut(list, "\n")
	names := strings.Split(list, ", ")
	if len(names) < 20 {
		t.Errorf("got %s", rejection)
	}
	for _, name := range names {
		if !strings.Contains(emulatorHelp, `"`+name+`"`) {
			t.Errorf("the help does not have %s", name)
		}
	}
}

func TestEmulatorLogsRequestsInOneLineEach(t *testing.T) {
	f := newFixture(t)
	r, settings := f.emulator("-v", "--sample", "new.cer", "--fault", "method=GET,status=503", "--fault", "method=POST,drop=after-commit")
	f.env = f.env[:len(f.env)-2]
	f.run("rotate", "new.cer", "--emulator", settings.URL).exits(0)
	r.interrupt().exits(0).says(
		"\nPOST /"+intunetest.TenantID+"/oauth2/v2.0/token 200\n",
		"\nGET /beta/deviceAppManagement/enterpriseCodeSigningCertificates 503 application fault: method=GET,status=503\n",
		"\nPOST /beta/deviceAppManagement/enterpriseCodeSigningCertificates - application fault: method=POST,drop=after-commit\n",
		"\nGET /beta/deviceAppManagement/enterpriseCodeSigningCertificates 200 application\n",
	)
	r, _ = f.emulator()
	if got := r.interrupt().exits(0).stderr; strings.Contains(got, "GET ") {
		t.Error(got)
	}
}

func TestEmulatorPrintsSettingsForShells(t *testing.T) {
	f := newFixture(t)
	r := f.start("emulator", "--listen", "127.0.0.1:0", "--settings", "powershell")
	eventually(t, "it starts", func() bool { return strings.Contains(r.stderr.String(), "Ctrl-C stops it.") })
	r.interrupt().exits(0).prints("$env:AZURE_CLIENT_ID = '" + intunetest.ClientID + "'\n")
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	r = f.start("emulator", "--listen", "127.0.0.1:0", "--settings", "shell", "--tls", "--write-ca", "it's here.pem")
	eventually(t, "it starts", func() bool {
		return strings.Contains(r.stderr.String(), "Ctrl-C stops it.") && strings.HasSuffix(r.stdout.String(), "it'\\''s here.pem'\n")
	})
	shell := exec.CommandContext(t.Context(), "sh", "-c", r.stdout.String()+`"$0" list`, program)
	shell.Dir = f.dir
	if output, err := shell.CombinedOutput(); err != nil || !strings.Contains(string(output), "No certificates.") {
		t.Errorf("%v: %s", err, output)
	}
	r.interrupt().exits(0)
}
