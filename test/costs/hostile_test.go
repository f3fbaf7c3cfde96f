package costs_test

// This file bounds what a response costs that somebody has made to be expensive.

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	largestResponse  = 8 << 20   // that is read, in bytes
	largestRejection = 128 << 10 // that is parsed
	mostForAResponse = 100 << 20 // bytes allocated
)

// shapes are JSON texts of a size, whatever they mean to an operation.
func shapes(size int) map[string]string {
	const around = len(`{"value":[{}]}`)
	size -= around
	fill := func(before, repeated, after string) string {
		return before + strings.Repeat(repeated, (size-len(before)-len(after))/len(repeated)) + after
	}
	members := func(format string) string {
		var out strings.Builder
		for i := 0; out.Len() < size-len(format)-8; i++ {
			if i > 0 {
				out.WriteByte(',')
			}
			fmt.Fprintf(&out, format, i)
		}
		return out.String()
	}
	levels := size / 1000
	object := map[string]string{
		"an array of numbers":           fill(`"x":[`, "0,", "0]"),
		"an array of arrays":            fill(`"x":[`, "[],", "[]]"),
		"an array of objects":           fill(`"x":[`, "{},", "{}]"),
		"arrays in arrays":              fill(`"x":[`, strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+",", "0]"),
		"objects in objects":            fill(`"x":[`, strings.Repeat(`{"":`, 9000)+"0"+strings.Repeat("}", 9000)+",", "0]"),
		"long names in one another":     strings.Repeat(`"`+strings.Repeat("n", 900)+`":{`, levels) + strings.Repeat("}", levels),
		"the same short member":         fill("", `"":0,`, `"":0`),
		"short members":                 members(`"%x":0`),
		"short members with objects":    members(`"%x":{"":0}`),
		"escaped members":               members(`"\u0061%x":""`),
		"annotations":                   members(`"@%x":0`),
		"a long name":                   fill(`"`, "n", `":0`),
		"a long escaped name":           fill(`"`, `\n`, `":0`),
		"a long number":                 fill(`"@odata.count":`, "1", "0"),
		"a long subject":                fill(`"subject":"`, "CN=", `"`),
		"a long escaped subject":        fill(`"subject":"`, `\n`, `"`),
		"content":                       fill(`"content":"`, "AAAA", `"`),
		"escaped content":               fill(`"content":"`, `\/`, `"`),
		"content that is none":          fill(`"content":"`, "A\u00e9", `"`),
		"percent signs":                 fill(`"subject":"`, "%", `"`),
		"a long date":                   fill(`"uploadDateTime":"`, "2", `"`),
		"a long id":                     fill(`"id":"`, "2", `"`),
		"an id that is none":            fill(`"id":[`, `"2",`, `0]`),
		"a long type":                   fill(`"@odata.type":"`, "#", `"`),
		"a long nextLink":               fill(`"value":[],"@odata.nextLink":"`, "/x", `"`),
		"details of an error":           fill(`"error":{"code":"x","details":[`, "{},", "{}]}"),
		"an error in the form of OAuth": fill(`"error":[`, "[],", "[]]"),
		"errors in one another":         strings.Repeat(`"error":{"innerError":{`, 4500) + strings.Repeat("}}", 4500),
		"a message in messages":         `"error":{"code":"x","message":` + nestedMessage() + `}`,
	}
	texts := map[string]string{
		"brackets": strings.Repeat("[", size), "braces": strings.Repeat(`{"":`, size/4), "spaces": strings.Repeat(" ", size),
		"records": fill(`{"value":[`, "{},", "{}]}"), "a page of nulls": fill(`{"value":[`, "null,", "0]}"),
		"records with many members": fill(`{"value":[`, `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0,"r":0,"s":0,"t":0},`, "{}]}"),
	}
	for name, text := range object {
		texts[name] = "{" + text + "}"
	}
	return texts
}

// nestedMessage returns JSON text in JSON text, as Intune nests it.
func nestedMessage() string {
	message := `"` + strings.Repeat("x", 1000) + `"`
	for range 8 {
		message = fmt.Sprintf("%q", `{"Message":`+message+`}`)
	}
	return message
}

type hostileOperation func(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error

// hostileOperations are what reads a response, each in its own way.
var hostileOperations = map[string]struct {
	size, status  int
	before, after string // what is put around a shape
	run           hostileOperation
}{
	"Get":                  {largestResponse, http.StatusOK, "", "", get},
	"Get, wrapped,":        {largestResponse, http.StatusOK, `{"value":`, `}`, get},
	"List":                 {largestResponse, http.StatusOK, "", "", list},
	"List, with a record,": {largestResponse, http.StatusOK, `{"value":[`, `]}`, list},
	"Create":               {largestResponse, http.StatusCreated, "", "", createOnce},
	"Rejection":            {largestRejection, http.StatusForbidden, "", "", get},
	"Page":                 {largestResponse, http.StatusForbidden, "", "", get},
}

func get(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error {
	_, err := s.Get(ctx, "id")
	return err
}

func list(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error {
	_, err := s.List(ctx, nil)
	return err
}

func createOnce(ctx context.Context, s *intune.EnterpriseCodeSigningCertificatesService) error {
	_, err := s.Create(ctx, &intune.EnterpriseCodeSigningCertificate{Subject: "CN=x"}, intune.WithoutReconcile())
	return err
}

// eachHostileResponse makes each operation read each shape, in the same order each time.
func eachHostileResponse(tb testing.TB, try func(name string, run func() error)) {
	tb.Helper()
	bodies := map[int]map[string]string{largestResponse: shapes(largestResponse), largestRejection: shapes(largestRejection)}
	for _, name := range slices.Sorted(maps.Keys(hostileOperations)) {
		operation := hostileOperations[name]
		shapes := bodies[operation.size]
		for _, shape := range slices.Sorted(maps.Keys(shapes)) {
			try(name+" of "+shape, hostile(tb, operation.status, operation.before+shapes[shape]+operation.after, operation.run))
		}
	}
}

// hostile returns an operation that gets one response.
func hostile(tb testing.TB, status int, body string, operation hostileOperation) func() error {
	tb.Helper()
	client, err := intune.NewClient(signedIn(), intune.WithHTTPClient(&http.Client{Transport: canned{status, body}}),
		intune.WithQuota(), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		tb.Fatal(err)
	}
	return func() error { return operation(tb.Context(), client.EnterpriseCodeSigningCertificates()) }
}

// costOf counts what is allocated in all, so that it does not depend on the garbage collector.
func costOf(run func() error) (bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = run()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// TestNoResponseCostsMuchMemory tries some of the shapes, and all of them if INTUNE_ALL_CASES is set.
func TestNoResponseCostsMuchMemory(t *testing.T) {
	skipUnderRaceDetector(t)
	n := 0
	eachHostileResponse(t, func(name string, run func() error) {
		if n++; n%11 > 0 && os.Getenv("INTUNE_ALL_CASES") == "" {
			return
		}
		cost, err := costOf(run)
		if cost > mostForAResponse {
			t.Errorf("%s allocates %d MiB", name, cost>>20)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	})
}

// FuzzResponseCost repeats texts between two others, up to 64 KiB: none explodes. Of larger responses, the limits of
// members and records hold the cost.
func FuzzResponseCost(f *testing.F) {
	for _, seed := range [][3]string{
		{`{"x":[`, `[],`, `0]}`}, {``, `[`, ``}, {`{"a":`, `{"":`, `1`}, {`{"subject":"`, `\u00e9`, `"}`}, {`{"error":{"code":"x","details":[`, `{},`, `{}]}}`},
		{`{"value":[`, `{"id":5},`, `{}]}`}, {`{"a":0`, `,"a":0`, `}`}, {`{"content":"`, `A`, `"}`}, {`{"error":{"code":"x","message":"`, `{\"Message\":\"`, `"}}`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, before, repeated, after string) {
		const size, most = 64 << 10, 32 << 20
		if len(before)+len(repeated)+len(after) > size || repeated == "" {
			return
		}
		body := before + strings.Repeat(repeated, (size-len(before)-len(after))/len(repeated)) + after
		for name, operation := range hostileOperations {
			cost, _ := costOf(hostile(t, operation.status, operation.before+body+operation.after, operation.run))
			if cost > most {
				t.Errorf("%s of %.100q, %.100q and %.100q allocates %d MiB", name, before, repeated, after, cost>>20)
			}
		}
	})
}

// TestLargestPageIsRead: the limits are for what no service sends.
func TestLargestPageIsRead(t *testing.T) {
	const most = 10_000
	records := strings.TrimSuffix(strings.Repeat(cannedRecord+",", most), ",")
	client, err := intune.NewClient(signedIn(), intune.WithHTTPClient(&http.Client{Transport: canned{http.StatusOK, `{"value":[` + records + `]}`}}))
	if err != nil {
		t.Fatal(err)
	}
	page, err := client.EnterpriseCodeSigningCertificates().List(t.Context(), nil)
	if err != nil || len(page.Value) != most {
		t.Errorf("got %v", err)
	}
}

// BenchmarkHostileResponses shows the time and the memory of each.
func BenchmarkHostileResponses(b *testing.B) {
	eachHostileResponse(b, func(name string, run func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = run()
			}
		})
	})
}
