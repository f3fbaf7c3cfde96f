package codesign_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

// zip64 gives a package an end of its directory in ZIP64, as MakeAppx always does.
func zip64(t *testing.T, data []byte) []byte {
	t.Helper()
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	records := uint64(binary.LittleEndian.Uint16(data[end+10:]))
	size, offset := uint64(binary.LittleEndian.Uint32(data[end+12:])), uint64(binary.LittleEndian.Uint32(data[end+16:]))
	out := bytes.NewBuffer(bytes.Clone(data[:end]))
	for _, value := range []any{
		[]byte("PK\x06\x06"), uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), records, records, size, offset,
		[]byte("PK\x06\x07"), uint32(0), uint64(end), uint32(1),
		[]byte("PK\x05\x06"), uint16(0), uint16(0), uint16(0xffff), uint16(0xffff), uint32(0xffffffff), uint32(0xffffffff), uint16(0),
	} {
		if err := binary.Write(out, binary.LittleEndian, value); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// TestBundleAsMakeAppxWritesIt stores packages with a ZIP64 directory of their own, whose locators are no locators of the bundle.
func TestBundleAsMakeAppxWritesIt(t *testing.T) {
	inner := zip64(t, readFile(t, "signed.msix"))
	parts := []part{
		{name: "Contoso_x64.msix", content: inner},
		{name: "AppxMetadata/AppxBundleManifest.xml", content: []byte("<Bundle/>")},
		{name: "AppxSignature.p7x", content: packageSignature(t)},
		{name: "Contoso_arm64.msix", content: inner}, // close to the end
	}
	var bundle bytes.Buffer
	writePackage(t, &bundle, parts...)
	for name, data := range map[string][]byte{"ZIP": bundle.Bytes(), "ZIP64": zip64(t, bundle.Bytes())} {
		cert, err := codesign.Parse(data)
		if err != nil || cert.Format != codesign.FormatMSIXBundle || cert.Leaf.Subject.CommonName != "Contoso p256" {
			t.Errorf("%s: got %v, %v", name, cert, err)
		}
	}
}

// TestPackageOfFiveGigabytes needs ZIP64 for its offsets.
func TestPackageOfFiveGigabytes(t *testing.T) {
	path := makePackage(t, manifest, part{name: "game.pak", zeros: 5 << 30}, part{name: "AppxSignature.p7x", content: packageSignature(t)})
	if info, err := os.Stat(path); err != nil || info.Size() < 5<<30 {
		t.Fatalf("got %v, %v", info, err)
	}
	got := allocated(func() {
		if cert, err := codesign.Load(path); err != nil || cert.Leaf.Subject.CommonName != "Contoso p256" {
			t.Errorf("got %v, %v", cert, err)
		}
	})
	if got > 1<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
}

func TestZIPFilesThatAreNoPackages(t *testing.T) {
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("folder/contoso%d.CER", i))
	}
	for want, files := range map[string][]string{
		`use one of them, "a.p7b"`:              {"readme.txt", "a.p7b"},
		`"folder/contoso4.CER" and 3 more`:      names,
		`use one of them, "Contoso.msixbundle"`: {"Contoso.msixbundle", "Contoso_x64.appxsym"}, // .msixupload
		`use one of them, "Contoso.appx"`:       {"Contoso.appxsym", "Contoso.appx"},           // .appxupload
		"Win32 app for Intune (.intunewin)":     {"IntuneWinPackage/Contents/IntunePackage.intunewin", "IntuneWinPackage/Metadata/Detection.xml"},
		"is a NuGet package":                    {"Contoso.nuspec", ".signature.p7s", "lib/net8.0/Contoso.dll"},
		"not an MSIX or APPX package":           {"readme.txt"},
	} {
		var out bytes.Buffer
		archive := zip.NewWriter(&out)
		for _, file := range files {
			if _, err := archive.Create(file); err != nil {
				t.Fatal(err)
			}
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := codesign.Parse(out.Bytes()); !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
