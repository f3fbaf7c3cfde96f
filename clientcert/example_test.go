package clientcert_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
)

// Sign in with the certificate and the key in a PEM or PKCS #12 file.
func ExampleLoad() {
	folder, err := os.MkdirTemp("", "clientcert")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "app.pem")
	writeApplication(path) // openssl and key vaults write such files

	chain, key, err := clientcert.Load(path, "") // the password of a .pfx file
	if err != nil {
		log.Fatal(err)
	}
	client, err := intune.NewClient(intune.ClientCertificateCredential("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", chain, key))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(len(chain), "certificate")
	// Output: 1 certificate
}

// writeApplication writes a self-signed certificate and its key.
func writeApplication(path string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		log.Fatal(err)
	}
}
