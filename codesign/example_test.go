package codesign_test

import (
	"fmt"
	"log"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
)

func ExampleLoad() {
	cert, err := codesign.Load("testdata/signed.msix")
	if err != nil {
		log.Fatal(err)
	}
	upload := cert.Resource()
	fmt.Println(cert.Format)
	fmt.Println(upload.Subject)
	fmt.Println(len(cert.Chain), "more certificates")
	// Output:
	// MSIX
	// CN=Contoso p256, O=Contoso Ltd, L=Redmond, S=Washington, C=US
	// 2 more certificates
}

func ExampleCertificate_Check() {
	cert, err := codesign.Load("testdata/rsa2048.der")
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range cert.Check(time.Date(2027, time.May, 20, 0, 0, 0, 0, time.UTC)) {
		fmt.Println(finding)
	}
	// Output:
	// warning: expires-soon: the certificate expires on 2027-06-01 00:00:00 UTC: ask for its successor now
	// warning: weak-key: the certificate has an RSA key of 2048 bits: make a new key, RSA of at least 3072 bits or ECDSA on P-256, P-384 or P-521
}
