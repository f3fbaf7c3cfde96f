package compound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"
	"unicode/utf16"
)

const name = "\x05DigitalSignature"

// file lays out a compound file: the directory in sector 0, the allocation table in sector 1, the table for small streams in
// sector 2, the stream of small streams from sector 3 on, and behind that a large stream.
type file struct {
	shift        int
	small, large []byte
}

const endOfChain = 0xfffffffe

func (f file) bytes() []byte {
	size := 1 << f.shift
	sectors := func(data []byte) int { return (len(data) + size - 1) / size }
	out := make([]byte, size*(4+sectors(f.small)+sectors(f.large)))
	copy(out, Magic)
	binary.LittleEndian.PutUint16(out[30:], uint16(f.shift))
	binary.LittleEndian.PutUint32(out[48:], 0)    // the directory
	binary.LittleEndian.PutUint32(out[56:], 4096) // smaller streams are small
	binary.LittleEndian.PutUint32(out[60:], 2)    // the table for small streams
	binary.LittleEndian.PutUint32(out[68:], endOfChain)
	for i := 76; i < 512; i += 4 {
		binary.LittleEndian.PutUint32(out[i:], noEntry)
	}
	binary.LittleEndian.PutUint32(out[76:], 1)
	sector := func(n int) []byte { return out[(n+1)*size:] }
	next := func(n, value int) { binary.LittleEndian.PutUint32(sector(1)[4*n:], uint32(value)) }
	chain := func(first, count int) {
		for i := range count {
			next(first+i, first+i+1)
		}
		next(first+max(count, 1)-1, endOfChain)
	}
	for _, alone := range []int{0, 1, 2} {
		next(alone, endOfChain)
	}
	firstLarge := 3 + sectors(f.small)
	chain(3, sectors(f.small))
	if len(f.large) > 0 {
		chain(firstLarge, sectors(f.large))
	}
	parts := (len(f.small) + 63) / 64
	for i := range parts {
		value := i + 1
		if value == parts {
			value = endOfChain
		}
		binary.LittleEndian.PutUint32(sector(2)[4*i:], uint32(value))
	}
	copy(sector(3), f.small)
	copy(sector(firstLarge), f.large)
	writeEntry(sector(0), "Root Entry", 5, noEntry, 1, 3, len(f.small))
	writeEntry(sector(0)[entrySize:], "Other", 2, 2, noEntry, 3, 0)
	start, length := 0, len(f.small)
	if len(f.large) > 0 {
		start, length = firstLarge, len(f.large)
	}
	writeEntry(sector(0)[2*entrySize:], name, 2, 1, noEntry, start, length) // its left one leads back
	return out
}

func writeEntry(out []byte, name string, kind byte, left, child uint32, start, length int) {
	units := utf16.Encode([]rune(name))
	for i, unit := range units {
		binary.LittleEndian.PutUint16(out[2*i:], unit)
	}
	binary.LittleEndian.PutUint16(out[64:], uint16(2*len(units)+2))
	out[66] = kind
	binary.LittleEndian.PutUint32(out[68:], left)
	binary.LittleEndian.PutUint32(out[72:], noEntry)
	binary.LittleEndian.PutUint32(out[76:], child)
	binary.LittleEndian.PutUint32(out[116:], uint32(start))
	binary.LittleEndian.PutUint32(out[120:], uint32(length))
}

// counter counts how often it is read.
type counter struct {
	*bytes.Reader

	reads int
}

func (c *counter) ReadAt(p []byte, offset int64) (int, error) {
	c.reads++
	return c.Reader.ReadAt(p, offset)
}

func read(data []byte, limit int64) ([]byte, error) {
	content, _, err := readCounting(data, limit)
	return content, err
}

func readCounting(data []byte, limit int64) (content []byte, reads int, err error) {
	file := &counter{Reader: bytes.NewReader(data)}
	r, err := Open(file, int64(len(data)))
	if err == nil {
		content, err = r.Stream(name, limit)
	}
	return content, file.reads, err
}

// content is not the same everywhere.
func content(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(i * i >> 5)
	}
	return out
}

func TestStream(t *testing.T) {
	for what, f := range map[string]file{
		"small":                  {9, content(3000), nil},
		"large":                  {9, nil, content(20_000)},
		"small, sectors of 4096": {12, content(3000), nil},
		"large, sectors of 4096": {12, nil, content(50_000)},
	} {
		want := append(f.small, f.large...)
		got, err := read(f.bytes(), 1<<20)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got %d bytes, %v", what, len(got), err)
		}
		if _, err := read(f.bytes(), int64(len(want))-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestMissingStream(t *testing.T) {
	data := file{9, content(100), nil}.bytes()
	r, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Stream("missing", 100); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestDamagedFiles has chains that lead nowhere or in circles, and files that are truncated.
func TestDamagedFiles(t *testing.T) {
	const sector = 512
	for what, change := range map[string]func(data []byte){
		"a circle in a large stream": func(data []byte) { binary.LittleEndian.PutUint32(data[2*sector+4*4:], 3) },
		"a chain that ends early":    func(data []byte) { binary.LittleEndian.PutUint32(data[2*sector+4*4:], endOfChain) },
		"a chain beyond the end":     func(data []byte) { binary.LittleEndian.PutUint32(data[2*sector+4*4:], 9999) },
		"a circle in the directory":  func(data []byte) { binary.LittleEndian.PutUint32(data[2*sector:], 0) },
		"tables that lead to itself": func(data []byte) { binary.LittleEndian.PutUint32(data[68:], 1) },
		"no magic number":            func(data []byte) { data[0] = 0 },
		"sectors of another size":    func(data []byte) { data[30] = 20 },
		"no table":                   func(data []byte) { binary.LittleEndian.PutUint32(data[76:], noEntry) },
		"a table beyond the end":     func(data []byte) { binary.LittleEndian.PutUint32(data[76:], 1<<30) },
	} {
		data := file{9, nil, content(20_000)}.bytes()
		whole, _ := read(data, 1<<20)
		change(data)
		got, reads, err := readCounting(data, 1<<20)
		if err == nil && bytes.Equal(got, whole) && what != "a circle in the directory" && what != "tables that lead to itself" {
			t.Errorf("%s: it is read", what)
		}
		if reads > maxSteps+maxSteps/100 {
			t.Errorf("%s: %d sectors were read", what, reads)
		}
	}
	small := file{9, content(3000), nil}.bytes()
	binary.LittleEndian.PutUint32(small[3*sector+4*5:], 1<<31-1) // a part beyond the end
	if _, err := read(small, 1<<20); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
	whole := file{9, nil, content(20_000)}.bytes()
	for _, length := range []int{0, 8, 511, 512, 1024, 1536, 5000} {
		if got, err := read(whole[:length], 1<<20); err == nil {
			t.Errorf("%d bytes: got %d bytes", length, len(got))
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add(file{9, content(100), nil}.bytes())
	f.Add(file{9, nil, content(5000)}.bytes())
	for _, name := range []string{"small.msi", "large.msi"} {
		data, err := os.ReadFile("../../testdata/tools/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 16
		got, err := read(slices.Clip(data), limit)
		if err == nil && len(got) > limit {
			t.Errorf("%d bytes", len(got))
		}
	})
}
