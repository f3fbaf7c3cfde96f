package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/seed-230b9595/intune-go/bench/internal/loopback"
	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

// serverVariable is set in the environment of the process that serves the programs.
const serverVariable = "INTUNE_BENCH_SERVER"

// serve prints its root and answers until its standard input ends.
func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
	}()
	server := &http.Server{Handler: loopback.Handler(), ReadHeaderTimeout: time.Minute}
	if err := server.Serve(listener); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// startServer serves in a process of its own, so that it costs no program more than it costs the others.
func startServer(ctx context.Context) (root string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // itself
	cmd.Env = append(os.Environ(), serverVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	line := bufio.NewScanner(stdout)
	if !line.Scan() {
		stop()
		return "", nil, errors.New("the server did not start")
	}
	return line.Text(), stop, nil
}

// load is what the programs are told to do.
type load struct {
	root, certificate string // the server's, and a file
	starts, creates   int
}

// workers is how many create at the same time, where not one creates alone.
const workers = 16

func (p *program) measure(ctx context.Context, l load) error {
	for range l.starts {
		if err := p.start(ctx, l); err != nil {
			return err
		}
	}
	if err := p.createAlone(ctx, l); err != nil {
		return err
	}
	return p.createTogether(ctx, l)
}

// start measures the time from before fork and exec to the first create.
func (p *program) start(ctx context.Context, l load) error {
	begin := time.Now()
	result, err := p.create(ctx, l, "-first")
	if err != nil {
		return err
	}
	p.measured.add(firstCreate, result.FirstCreated.Sub(begin).Seconds())
	return nil
}

// createAlone measures creates that come one after the other.
func (p *program) createAlone(ctx context.Context, l load) error {
	result, err := p.create(ctx, l, "-n", strconv.Itoa(l.creates), "-workers", "1")
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
	result, err := p.create(ctx, l, "-n", strconv.Itoa(l.creates), "-workers", strconv.Itoa(workers))
	if err != nil {
		return err
	}
	p.measured.add(createRate, float64(result.Creates)/result.Elapsed.Seconds())
	if result.PeakMemory > 0 {
		p.measured.add(peakMemory, float64(result.PeakMemory))
	}
	return nil
}

func (p *program) create(ctx context.Context, l load, arguments ...string) (result measure.Result, err error) {
	took := p.run(ctx, p.binary, append([]string{"-url", l.root, "-file", l.certificate}, arguments...)...)
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
