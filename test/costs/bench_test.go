package costs_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// benchmarkServer is set in the environment of the process that serves the benchmarks.
const benchmarkServer = "INTUNE_BENCHMARK_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(benchmarkServer) != "" {
		if err := serveBenchmark(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	benchmarkRecords = 1_000_000
	benchmarkPage    = 1000
)

// serveBenchmark responds to every create with the reference's example, and every listing with a page of a million of
// them, until its standard input ends.
func serveBenchmark() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	root := "http://" + listener.Addr().String()
	fmt.Println(root)
	records := strings.TrimSuffix(strings.Repeat(cannedRecord+",", benchmarkPage), ",")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = listener.Close()
	}()
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			next := ""
			if read, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken")); read+benchmarkPage < benchmarkRecords {
				next = fmt.Sprintf(`,"@odata.nextLink":"%s%s?$skiptoken=%d"`, root, r.URL.Path, read+benchmarkPage)
			}
			_, _ = io.WriteString(w, `{"value":[`+records+`]`+next+`}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, cannedRecord)
	}))
	return nil
}

// startBenchmarkServer serves in a process of its own, so that its allocations are not counted.
func startBenchmarkServer(b *testing.B) (root string) {
	b.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), benchmarkServer+"=1")
	stdin, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = server.Wait()
	})
	line := bufio.NewScanner(stdout)
	if !line.Scan() {
		b.Fatal("the server did not start")
	}
	return line.Text()
}

const path = "/deviceAppManagement/enterpriseCodeSigningCertificates"

// newClient returns a client of a server that startBenchmarkServer has started.
func newClient(b *testing.B, root string) *intune.Client {
	b.Helper()
	client, err := intune.NewClient(signedIn(), intune.WithBaseURL(root), intune.WithQuota())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.CloseIdleConnections)
	return client
}

// BenchmarkCreate is one create over loopback, on a connection and with a token that are at hand.
func BenchmarkCreate(b *testing.B) {
	create := creator(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := create(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreateParallel is the same by sixteen workers with one client.
func BenchmarkCreateParallel(b *testing.B) { inParallel(b, creator(b)) }

// creator returns a create with this library.
func creator(b *testing.B) func() error {
	b.Helper()
	client := newClient(b, startBenchmarkServer(b))
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	return func() error {
		_, err := client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert)
		return err
	}
}

const benchmarkWorkers = 16

func inParallel(b *testing.B, create func() error) {
	b.Helper()
	b.SetParallelism(benchmarkWorkers / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := create(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// plainCertificate is what somebody would write by hand.
type plainCertificate struct {
	ODataType          string    `json:"@odata.type"`
	ID                 string    `json:"id,omitempty"`
	Content            []byte    `json:"content"`
	Status             string    `json:"status"`
	SubjectName        string    `json:"subjectName"`
	Subject            string    `json:"subject"`
	IssuerName         string    `json:"issuerName"`
	Issuer             string    `json:"issuer"`
	ExpirationDateTime time.Time `json:"expirationDateTime"`
	UploadDateTime     time.Time `json:"uploadDateTime"`
}

// BenchmarkCreateFloor is the same create by hand: net/http, a constant header and encoding/json.
func BenchmarkCreateFloor(b *testing.B) {
	create := creatorByHand(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := create(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreateParallelFloor is the same by sixteen workers.
func BenchmarkCreateParallelFloor(b *testing.B) { inParallel(b, creatorByHand(b)) }

// creatorByHand returns a create by hand.
func creatorByHand(b *testing.B) func() error {
	b.Helper()
	target := startBenchmarkServer(b) + "/beta" + path
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchmarkWorkers}}
	b.Cleanup(client.CloseIdleConnections)
	same := intune.FromX509(intunetest.NewCertificate("Contoso"))
	cert := plainCertificate{
		ODataType: "#microsoft.graph.enterpriseCodeSigningCertificate", Content: same.Content, Status: string(same.Status),
		SubjectName: same.SubjectName, Subject: same.Subject, IssuerName: same.IssuerName, Issuer: same.Issuer,
		ExpirationDateTime: same.ExpirationDateTime, UploadDateTime: time.Now(),
	}
	return func() error { return createByHand(context.Background(), client, target, &cert) }
}

func createByHand(ctx context.Context, client *http.Client, target string, cert *plainCertificate) error {
	body, err := json.Marshal(cert)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer token"},
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	response, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	var created plainCertificate
	return json.Unmarshal(response, &created)
}

// BenchmarkAll reads a million certificates page by page, and reports the time of one and the most heap in use.
func BenchmarkAll(b *testing.B) {
	client := newClient(b, startBenchmarkServer(b))
	benchmarkRecordsRead(b, func() (n int) {
		for _, err := range client.EnterpriseCodeSigningCertificates().All(context.Background(), nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	})
}

// BenchmarkAllFloor reads the same by hand: whole pages, encoding/json, a plain struct with tags.
func BenchmarkAllFloor(b *testing.B) {
	first := startBenchmarkServer(b) + "/beta" + path
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	benchmarkRecordsRead(b, func() (n int) {
		for next := first; next != ""; {
			var page struct {
				Value    []plainCertificate `json:"value"`
				NextLink string             `json:"@odata.nextLink"`
			}
			if err := getByHand(client, next, &page); err != nil {
				b.Fatal(err)
			}
			n, next = n+len(page.Value), page.NextLink
		}
		return n
	})
}

func getByHand(client *http.Client, target string, into any) error {
	resp, err := client.Get(target)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func benchmarkRecordsRead(b *testing.B, read func() int) {
	b.Helper()
	done := make(chan struct{})
	most := make(chan uint64)
	go func() {
		var stats runtime.MemStats
		var inUse uint64
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				runtime.ReadMemStats(&stats)
				inUse = max(inUse, stats.HeapInuse)
			case <-done:
				tick.Stop()
				most <- inUse
				return
			}
		}
	}()
	b.ReportAllocs()
	records := 0
	for b.Loop() {
		n := read()
		if n != benchmarkRecords {
			b.Fatalf("%d records", n)
		}
		records += n
	}
	close(done)
	b.ReportMetric(float64(<-most)/(1<<20), "MiB-heap")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}

// BenchmarkClientOfATenant has a client for each of 1,000 tenants, on one transport, each with its token, and reports how
// much heap one takes.
func BenchmarkClientOfATenant(b *testing.B) {
	const tenants, most = 1000, 64 << 10
	token := canned{http.StatusOK, `{"access_token":"` + strings.Repeat("x", 2000) + `","expires_in":3599}`}
	var perClient uint64
	for b.Loop() {
		before := heapInUse()
		clients := make([]*intune.Client, tenants)
		for i := range clients {
			client, err := intune.NewClient(intune.ClientSecretCredential(fmt.Sprintf("tenant-%d.example", i), "application", "secret"),
				intune.WithHTTPClient(&http.Client{Transport: token}))
			if err != nil {
				b.Fatal(err)
			}
			clients[i] = client
			if err := client.Do(b.Context(), http.MethodGet, "/x", nil, nil); err != nil {
				b.Fatal(err)
			}
		}
		perClient = (heapInUse() - before) / tenants
		runtime.KeepAlive(clients)
	}
	b.ReportMetric(float64(perClient), "heap-B/client")
	if perClient > most {
		b.Errorf("a client takes %d bytes, more than %d", perClient, most)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has finalized
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

// BenchmarkHotPaths measures what has a budget of allocations, each against a response in memory. Request is no more than a
// token at hand, a gate that is open and a response without a body.
func BenchmarkHotPaths(b *testing.B) {
	operations, err := hotPaths(b)
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range operations {
		b.Run(o.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := o.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
