// Create uploads a code-signing certificate and prints the request and the response. "create FILE" uploads a file: to your
// tenant if AZURE_TENANT_ID is set, otherwise to an emulator. Without FILE, the emulator gets a throwaway certificate.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func main() {
	show := intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return printer{next} })
	client, cert := must(intunetest.Start()).Client(show), intune.FromX509(intunetest.NewCertificate("Contoso"))
	if len(os.Args) > 1 {
		cert = must(codesign.Load(os.Args[1])).Resource()
	}
	if os.Getenv("AZURE_TENANT_ID") != "" {
		if len(os.Args) == 1 {
			log.Fatal("usage: create FILE (AZURE_TENANT_ID is set, so the file is uploaded to your tenant)")
		}
		client = must(intune.NewClient(must(intune.EnvironmentCredential()), show))
	}
	created := must(client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert))
	fmt.Println("Created:", created.ID)
}

type printer struct{ next http.RoundTripper } // a middleware never sees the token

func (p printer) RoundTrip(req *http.Request) (*http.Response, error) {
	printMessage(must(httputil.DumpRequest(req, true)))
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		printMessage(must(httputil.DumpResponse(resp, true)))
	}
	return resp, err
}

func printMessage(message []byte) {
	head, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	var text bytes.Buffer
	_ = json.Indent(&text, body, "", "  ")
	fmt.Printf("%s\n\n%s\n\n", head, regexp.MustCompile(`(MII\S{40})[^"]*`).ReplaceAll(text.Bytes(), []byte("$1…")))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
