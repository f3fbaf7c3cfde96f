package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-230b9595/intune-go/examples/internal/example"
)

// makeFolder makes a temporary folder with twelve certificates, every other one in PEM. The caller removes it, also where
// there is an error.
func makeFolder() (dir string, err error) {
	dir, err = os.MkdirTemp("", "contoso-*")
	if err != nil {
		return "", err
	}
	now := time.Now()
	for i := range 12 {
		name := fmt.Sprintf("contoso-%02d", i+1)
		cert, err := example.MakeCertificate(name+" (safe to delete)", now.Add(-time.Minute), now.AddDate(0, 0, 90))
		if err != nil {
			return dir, err
		}
		data, suffix := cert.Raw, ".cer"
		if i%2 == 1 {
			data, suffix = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: data}), ".pem"
		}
		if err := os.WriteFile(filepath.Join(dir, name+suffix), data, 0o600); err != nil {
			return dir, err
		}
	}
	return dir, nil
}
