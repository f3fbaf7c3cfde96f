package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/codesign"
)

const inspectHelp = `Show the code-signing certificate in a file, and findings about it. A finding is fatal if the certificate has expired, a warning
if devices may not accept what it signs, or info. Findings do not change the exit code. Scripts find them in --output json.
Nothing is sent.

` + fileHelp

type inspectResult struct {
	outcome

	File             string             `json:"file"`
	Format           codesign.Format    `json:"format"`
	Subject          string             `json:"subject"`
	Issuer           string             `json:"issuer"`
	SerialNumber     string             `json:"serialNumber"`
	NotBefore        time.Time          `json:"notBefore"`
	NotAfter         time.Time          `json:"notAfter"`
	DaysLeft         int                `json:"daysLeft"`
	PublicKey        string             `json:"publicKey"`
	Thumbprint       string             `json:"thumbprint"`       // SHA-1
	ThumbprintSHA256 string             `json:"thumbprintSHA256"` //nolint:tagliatelle // an acronym
	Chain            []string           `json:"chain"`            // subjects of the other certificates
	Findings         []codesign.Finding `json:"findings"`
	RejectedUnless   string             `json:"rejectedUnless,omitempty"` // the flag without which upload and rotate reject it
}

func newInspectCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "inspect FILE", Short: "Show what a file holds, without a network", Long: inspectHelp, Args: want("FILE", 1),
		Example: "  intune-cert inspect contoso.pfx\n  intune-cert inspect contoso.msix --output json",
		RunE:    a.does(func(ctx context.Context, paths []string) (result, error) { return a.inspect(ctx, paths[0]) }),
	}
	a.loader.addFlags(cmd)
	return cmd
}

func (a *app) inspect(ctx context.Context, path string) (result, error) {
	file, cert, err := a.loader.loadOne(ctx, path)
	if err != nil {
		return nil, err
	}
	resource, sum := cert.Resource(), sha256.Sum256(cert.Leaf.Raw)
	inspected := &inspectResult{
		File: file, Format: cert.Format, Subject: resource.Subject, Issuer: resource.Issuer,
		SerialNumber: cert.SerialNumber(), NotBefore: cert.Leaf.NotBefore.UTC(), NotAfter: cert.Leaf.NotAfter.UTC(),
		DaysLeft: daysUntil(cert.Leaf.NotAfter), PublicKey: describeKey(cert.Leaf),
		Thumbprint: cert.Thumbprint(), ThumbprintSHA256: strings.ToUpper(hex.EncodeToString(sum[:])),
		Chain: []string{}, Findings: findingsOf(cert),
	}
	for _, issuer := range cert.Chain {
		inspected.Chain = append(inspected.Chain, intune.FromX509(issuer).Subject)
	}
	switch {
	case len(objections(cert)) > 0:
		inspected.RejectedUnless = "--thumbprint " + cert.Thumbprint()
	case isExpired(cert):
		inspected.RejectedUnless = "--allow-expired"
	}
	return inspected, nil
}

func describeKey(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}

func (r *inspectResult) human(out *console.Writer) {
	field(out, "file", r.File)
	field(out, "format", string(r.Format))
	field(out, "subject", r.Subject)
	field(out, "issuer", r.Issuer)
	field(out, "serial number", r.SerialNumber)
	field(out, "valid from", formatTime(r.NotBefore))
	field(out, "expires", formatTime(r.NotAfter)+" ("+inDays(r.DaysLeft)+")")
	field(out, "public key", r.PublicKey)
	field(out, "SHA-1", r.Thumbprint)
	field(out, "SHA-256", r.ThumbprintSHA256)
	for _, subject := range r.Chain {
		field(out, "with", subject)
	}
	if len(r.Findings) == 0 {
		out.Printf("%s\n", out.Styled(console.Green, "No findings."))
	}
	printFindings(out, r.Findings)
	if r.RejectedUnless != "" {
		out.Printf("upload and rotate need %s\n", r.RejectedUnless)
	}
}
