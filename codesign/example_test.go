package codesign_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
)

// Load the certificate that has signed an app package.
func ExampleLoad() {
	cert, err := codesign.Load("testdata/signed.msix")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cert.Format)
	fmt.Println(cert.Resource().Subject)
	fmt.Println(len(cert.Chain), "more certificates")
	// Output:
	// MSIX
	// CN=Contoso p256, O=Contoso Ltd, L=Redmond, S=Washington, C=US
	// 2 more certificates
}

// Load the certificate of a .pfx file. Its private key is not kept.
func ExampleWithPassword() {
	_, err := codesign.Load("testdata/p256.pfx", codesign.WithPassword("wrong"))
	fmt.Println("incorrect password:", errors.Is(err, codesign.ErrIncorrectPassword))

	cert, err := codesign.Load("testdata/p256.pfx", codesign.WithPassword("hunter2-Pässwörd"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cert.Resource().Subject)
	// Output:
	// incorrect password: true
	// CN=Contoso p256, O=Contoso Ltd, L=Redmond, S=Washington, C=US
}

// Choose one of several certificates in a file.
func ExampleWithThumbprint() {
	const file = "testdata/two-leaves.pem"
	cert, err := codesign.Load(file)
	if ambiguous, ok := errors.AsType[*codesign.AmbiguousError](err); ok {
		for _, candidate := range ambiguous.Candidates {
			fmt.Println("candidate:", candidate.Subject.CommonName)
		}
		chosen := codesign.Certificate{Leaf: ambiguous.Candidates[0]}
		cert, err = codesign.Load(file, codesign.WithThumbprint(chosen.Thumbprint()))
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("chosen:", cert.Leaf.Subject.CommonName)
	// Output:
	// candidate: Contoso rsa
	// candidate: Contoso p256
	// chosen: Contoso rsa
}

// Parse a certificate in memory, such as a secret of a vault.
func ExampleParse() {
	data, err := os.ReadFile("testdata/chain.p7b")
	if err != nil {
		log.Fatal(err)
	}
	cert, err := codesign.Parse(data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cert.Format, cert.Leaf.Subject.CommonName)
	for _, issuer := range cert.Chain {
		fmt.Println("issued by", issuer.Subject.CommonName)
	}
	// Output:
	// PKCS #7 Contoso p256
	// issued by Contoso Code Signing CA
	// issued by Contoso Root CA
}

// Find problems of a certificate before you upload it.
func ExampleCertificate_Check() {
	cert, err := codesign.Load("testdata/rsa2048.der")
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range cert.Check(time.Date(2027, time.May, 20, 0, 0, 0, 0, time.UTC)) { // time.Now() in a program
		if finding.Code == codesign.FindingWeakKey {
			fmt.Println("order a new certificate with a new key")
		}
		fmt.Println(finding.Severity, finding.Code)
	}
	// Output:
	// warning expires-soon
	// order a new certificate with a new key
	// warning weak-key
}
