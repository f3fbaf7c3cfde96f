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
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

const inspectHelp = `Show the code-signing certificate in a file, and what is remarkable about it: fatal if it has expired, a warning if
devices may not accept what it signs, or info. Findings do not change the exit code; scripts take them from --output json.
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
	l := &loader{terminal: a.terminal}
	cmd := &cobra.Command{
		Use: "inspect FILE", Short: "Show what a file holds, without a network", Long: inspectHelp, Args: want("FILE", 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.inspect(cmd.Context(), l, args[0]) },
	}
	l.addFlags(cmd)
	return cmd
}

func (a *app) inspect(ctx context.Context, l *loader, file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return &advisedError{err: fmt.Errorf("%s is a folder", file), next: "Name one of its files. Only upload takes folders."}
	}
	cert, err := l.load(ctx, file)
	if err != nil {
		return err
	}
	resource, sum := cert.Resource(), sha256.Sum256(cert.Leaf.Raw)
	result := &inspectResult{
		File: file, Format: cert.Format, Subject: resource.Subject, Issuer: resource.Issuer,
		SerialNumber: cert.SerialNumber(), NotBefore: cert.Leaf.NotBefore.UTC(), NotAfter: cert.Leaf.NotAfter.UTC(),
		DaysLeft: daysUntil(cert.Leaf.NotAfter), PublicKey: describeKey(cert.Leaf),
		Thumbprint: cert.Thumbprint(), ThumbprintSHA256: strings.ToUpper(hex.EncodeToString(sum[:])),
		Chain: []string{}, Findings: append([]codesign.Finding{}, cert.Check(time.Now())...),
	}
	for _, issuer := range cert.Chain {
		result.Chain = append(result.Chain, intune.FromX509(issuer).Subject)
	}
	switch {
	case objection(cert) != "":
		result.RejectedUnless = "--thumbprint " + cert.Thumbprint()
	case time.Now().After(cert.Leaf.NotAfter):
		result.RejectedUnless = "--allow-expired"
	}
	return a.show(ctx, result, nil)
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

func (r *inspectResult) human(w *page) {
	w.field("file", r.File)
	w.field("format", string(r.Format))
	w.field("subject", r.Subject)
	w.field("issuer", r.Issuer)
	w.field("serial number", r.SerialNumber)
	w.field("valid from", r.NotBefore.Format(time.RFC3339))
	w.field("expires", r.NotAfter.Format(time.RFC3339)+" ("+inDays(r.DaysLeft)+")")
	w.field("public key", r.PublicKey)
	w.field("SHA-1", r.Thumbprint)
	w.field("SHA-256", r.ThumbprintSHA256)
	for _, subject := range r.Chain {
		w.field("with", subject)
	}
	if len(r.Findings) == 0 {
		w.line("%s", w.green("No findings."))
	}
	w.findings(r.Findings)
	if r.RejectedUnless != "" {
		w.line("upload and rotate reject it without %s", r.RejectedUnless)
	}
}
