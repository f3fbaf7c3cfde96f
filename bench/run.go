package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed-230b9595/intune-go/bench/internal/loopback"
	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

// load is where the programs create, and what.
type load struct {
	root, tlsRoot string // over HTTP/1.1; over TLS and HTTP/2

	// These are files: the authority of tlsRoot, and what to create.
	authority, certificate string
}

// startServer serves until it is stopped. The files are written to folder.
func startServer(folder string) (l load, stop func(), err error) {
	l.authority, l.certificate = filepath.Join(folder, "authority.pem"), filepath.Join(folder, "contoso.cer")
	plain, encrypted := httptest.NewServer(loopback.Handler()), httptest.NewUnstartedServer(loopback.Handler())
	encrypted.EnableHTTP2 = true
	encrypted.StartTLS()
	l.root, l.tlsRoot = plain.URL, encrypted.URL
	stop = func() {
		plain.Close()
		encrypted.Close()
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: encrypted.Certificate().Raw})
	return l, stop, errors.Join(os.WriteFile(l.authority, authority, 0o600), writeCertificate(l.certificate))
}

// workers is how many create at the same time in the rows that say so.
const workers = 16

// measure measures starts, and creates by one worker and by many. Over HTTP/2, these share one connection.
func (p *program) measure(ctx context.Context, l load, opts *options) error {
	for range opts.starts {
		begin := time.Now() // before fork and exec
		result, err := p.create(ctx, l, l.root, "-first")
		if err != nil {
			return err
		}
		p.measured.add(firstCreate, result.FirstCreated.Sub(begin).Seconds())
	}
	var failed error
	many := func(root string, workers int) measure.Result {
		result, err := p.create(ctx, l, root, "-n", strconv.Itoa(opts.creates), "-workers", strconv.Itoa(workers))
		failed = errors.Join(failed, err)
		return result
	}
	alone, together := many(l.root, 1), many(l.root, workers)
	aloneTLS, togetherTLS := many(l.tlsRoot, 1), many(l.tlsRoot, workers)
	n := float64(opts.creates)
	p.measured.add(createTime, alone.Elapsed.Seconds()/n)
	p.measured.add(createBytes, float64(alone.Bytes)/n)
	p.measured.add(createAllocs, float64(alone.Allocations)/n)
	p.measured.add(createRate, n/together.Elapsed.Seconds())
	if together.PeakMemory > 0 {
		p.measured.add(peakMemory, float64(together.PeakMemory))
	}
	p.measured.add(createTimeHTTP2, aloneTLS.Elapsed.Seconds()/n)
	p.measured.add(createRateHTTP2, n/togetherTLS.Elapsed.Seconds())
	return failed
}

func (p *program) create(ctx context.Context, l load, root string, arguments ...string) (result measure.Result, err error) {
	cmd := p.command(ctx, p.binary, append([]string{"-url", root, "-file", l.certificate}, arguments...)...)
	cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+l.authority)
	took := p.runCommand(cmd)
	if took.err != nil {
		return result, took.err
	}
	return result, json.Unmarshal(took.output, &result)
}

// writeCertificate writes a code-signing certificate of the usual size, in DER.
func writeCertificate(file string) error {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return err
	}
	name := pkix.Name{
		CommonName: "Contoso Ltd", Organization: []string{"Contoso Ltd"}, Locality: []string{"Redmond"},
		Province: []string{"Washington"}, Country: []string{"US"},
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: name,
		NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, 0, 460),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		SubjectKeyId: []byte("contoso's key"), AuthorityKeyId: []byte("contoso's key"),
		OCSPServer: []string{"http://ocsp.contoso.example"}, CRLDistributionPoints: []string{"http://crl.contoso.example/signing.crl"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	return os.WriteFile(file, der, 0o600)
}
