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
	"fmt"
	"io"
	"math/big"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed-230b9595/intune-go/bench/internal/loopback"
	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

// serverVariable is set in the environment of the process that serves the programs: to the file for its certificate.
const serverVariable = "INTUNE_BENCH_SERVER"

// serve prints its two roots and serves until its standard input ends.
func serve(authority string) error {
	plain := httptest.NewServer(loopback.Handler())
	defer plain.Close()
	encrypted := httptest.NewUnstartedServer(loopback.Handler())
	encrypted.EnableHTTP2 = true
	encrypted.StartTLS()
	defer encrypted.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: encrypted.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o600); err != nil { //nolint:gosec // the parent process names the file
		return err
	}
	fmt.Println(plain.URL, encrypted.URL)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// server is where the programs create their objects.
type server struct {
	root, tlsRoot string // over HTTP/1.1; over TLS and HTTP/2
	authority     string // a file with the certificate of tlsRoot
	stop          func()
}

// startServer serves in a process of its own, so that it costs no program more than it costs the others.
func startServer(ctx context.Context, folder string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{authority: filepath.Join(folder, "authority.pem")}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // itself
	cmd.Env = append(os.Environ(), serverVariable+"="+s.authority)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	if _, err := fmt.Fscan(stdout, &s.root, &s.tlsRoot); err != nil {
		s.stop()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	return s, nil
}

// load is what the programs are told to do.
type load struct {
	*server

	certificate     string // a file
	starts, creates int
}

// workers is how many create at the same time in the rows that say so.
const workers = 16

func (p *program) measure(ctx context.Context, l load) error {
	for range l.starts {
		if err := p.start(ctx, l); err != nil {
			return err
		}
	}
	return errors.Join(p.createAlone(ctx, l), p.createTogether(ctx, l), p.createOverHTTP2(ctx, l))
}

// start measures the time from before fork and exec to the first create.
func (p *program) start(ctx context.Context, l load) error {
	begin := time.Now()
	result, err := p.create(ctx, l, l.root, "-first")
	if err != nil {
		return err
	}
	p.measured.add(firstCreate, result.FirstCreated.Sub(begin).Seconds())
	return nil
}

// createAlone measures creates that come one after the other.
func (p *program) createAlone(ctx context.Context, l load) error {
	result, err := p.createMany(ctx, l, l.root, 1)
	if err != nil {
		return err
	}
	n := float64(result.Creates)
	p.measured.add(createTime, result.Elapsed.Seconds()/n)
	p.measured.add(createBytes, float64(result.Bytes)/n)
	p.measured.add(createAllocs, float64(result.Allocations)/n)
	return nil
}

// createTogether measures creates by many workers.
func (p *program) createTogether(ctx context.Context, l load) error {
	result, err := p.createMany(ctx, l, l.root, workers)
	if err != nil {
		return err
	}
	p.measured.add(createRate, float64(result.Creates)/result.Elapsed.Seconds())
	if result.PeakMemory > 0 {
		p.measured.add(peakMemory, float64(result.PeakMemory))
	}
	return nil
}

// createOverHTTP2 measures creates over TLS, by one worker and by many, which share one connection.
func (p *program) createOverHTTP2(ctx context.Context, l load) error {
	alone, err := p.createMany(ctx, l, l.tlsRoot, 1)
	if err != nil {
		return err
	}
	together, err := p.createMany(ctx, l, l.tlsRoot, workers)
	if err != nil {
		return err
	}
	p.measured.add(createTimeHTTP2, alone.Elapsed.Seconds()/float64(alone.Creates))
	p.measured.add(createRateHTTP2, float64(together.Creates)/together.Elapsed.Seconds())
	return nil
}

func (p *program) createMany(ctx context.Context, l load, root string, workers int) (measure.Result, error) {
	return p.create(ctx, l, root, "-n", strconv.Itoa(l.creates), "-workers", strconv.Itoa(workers))
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
