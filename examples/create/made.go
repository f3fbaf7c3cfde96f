package main

import (
	"os"
	"time"

	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

// makeFile writes a code-signing certificate to a temporary .cer file.
func makeFile() (file string, err error) {
	now := time.Now()
	cert, err := example.MakeCertificate("intune-go example (safe to delete)", now.Add(-time.Minute), now.AddDate(0, 0, 90))
	if err != nil {
		return "", err
	}
	out, err := os.CreateTemp("", "contoso-*.cer")
	if err != nil {
		return "", err
	}
	if _, err := out.Write(cert.Raw); err != nil {
		_ = out.Close()
		return "", err
	}
	return out.Name(), out.Close()
}
