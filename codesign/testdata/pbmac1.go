//go:build ignore

// Pbmac1 writes a PFX whose MAC is PBMAC1 (RFC 9579), which openssl 3.0 lacks, to the standard output:
//
//	go run pbmac1.go password certificate.pem key.pem
package main

import (
	"crypto/tls"
	"log"
	"os"

	"software.sslmate.com/src/go-pkcs12"
)

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	check(err)
	out, err := pkcs12.Modern2026.Encode(pair.PrivateKey, pair.Leaf, nil, os.Args[1])
	check(err)
	_, err = os.Stdout.Write(out)
	check(err)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
