//go:build ignore

// Unsigned writes the unsigned programs and packages that make.sh has osslsigncode sign. They hold no more than the
// formats demand.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"debug/pe"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run unsigned.go directory")
	}
	exe := program(pe.IMAGE_FILE_MACHINE_AMD64, 0, []byte{0x31, 0xC0, 0xC3}) // xor eax, eax; ret
	// mov eax, 1; ret 12
	dll := program(pe.IMAGE_FILE_MACHINE_I386, pe.IMAGE_FILE_DLL, []byte{0xB8, 1, 0, 0, 0, 0xC2, 12, 0})
	// A package is signed by the publisher that it names.
	msix := application("p256", exe)
	for name, data := range map[string][]byte{
		"unsigned.exe": exe, "unsigned.dll": dll, "unsigned.msix": msix, "unsigned.appx": application("rsa", exe),
		"unsigned.msixbundle": bundle("p256", msix),
	} {
		check(os.WriteFile(filepath.Join(os.Args[1], name), data, 0o644))
	}
}

// program returns a PE file with nothing but code: PE32+ for amd64, PE32 for i386.
func program(machine, characteristics uint16, code []byte) []byte {
	const (
		align     = 0x200  // of the file's parts
		page      = 0x1000 // of the parts in memory
		peOffset  = 0x40
		directory = 16 // entries, all empty
	)
	var optional any = pe.OptionalHeader64{
		Magic: 0x20B, SizeOfCode: align, AddressOfEntryPoint: page, BaseOfCode: page, ImageBase: 0x140000000,
		SectionAlignment: page, FileAlignment: align, MajorOperatingSystemVersion: 6, MajorSubsystemVersion: 6,
		SizeOfImage: 2 * page, SizeOfHeaders: align, Subsystem: pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		SizeOfStackReserve: 1 << 20, SizeOfStackCommit: page, SizeOfHeapReserve: 1 << 20, SizeOfHeapCommit: page,
		NumberOfRvaAndSizes: directory,
	}
	if machine == pe.IMAGE_FILE_MACHINE_I386 {
		characteristics |= pe.IMAGE_FILE_32BIT_MACHINE
		optional = pe.OptionalHeader32{
			Magic: 0x10B, SizeOfCode: align, AddressOfEntryPoint: page, BaseOfCode: page, BaseOfData: 2 * page,
			ImageBase: 0x400000, SectionAlignment: page, FileAlignment: align, MajorOperatingSystemVersion: 6,
			MajorSubsystemVersion: 6, SizeOfImage: 2 * page, SizeOfHeaders: align,
			Subsystem: pe.IMAGE_SUBSYSTEM_WINDOWS_CUI, SizeOfStackReserve: 1 << 20, SizeOfStackCommit: page,
			SizeOfHeapReserve: 1 << 20, SizeOfHeapCommit: page, NumberOfRvaAndSizes: directory,
		}
	}
	dos := make([]byte, peOffset)
	copy(dos, "MZ")
	binary.LittleEndian.PutUint32(dos[0x3C:], peOffset)
	var b bytes.Buffer
	for _, part := range []any{
		dos, []byte("PE\x00\x00"),
		pe.FileHeader{
			Machine: machine, NumberOfSections: 1, SizeOfOptionalHeader: uint16(binary.Size(optional)),
			Characteristics: characteristics | pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_RELOCS_STRIPPED,
		},
		optional,
		pe.SectionHeader32{
			Name: [8]uint8{'.', 't', 'e', 'x', 't'}, VirtualSize: uint32(len(code)), VirtualAddress: page,
			SizeOfRawData: align, PointerToRawData: align,
			Characteristics: pe.IMAGE_SCN_CNT_CODE | pe.IMAGE_SCN_MEM_EXECUTE | pe.IMAGE_SCN_MEM_READ,
		},
		make([]byte, align),
	} {
		check(binary.Write(&b, binary.LittleEndian, part))
	}
	file := make([]byte, 2*align)
	copy(file, b.Bytes()[:align])
	copy(file[align:], code)
	return file
}

const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// identity is the Identity element's attributes. Windows writes ST as S.
func identity(kind string) string {
	return fmt.Sprintf(`Name="Contoso.App" Publisher="CN=Contoso %s, O=Contoso Ltd, L=Redmond, S=Washington, C=US" Version="1.0.0.0"`, kind)
}

func application(kind string, exe []byte) []byte {
	manifest := xmlDeclaration + `<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
	xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
	xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities">
  <Identity ` + identity(kind) + ` ProcessorArchitecture="x64"/>
  <Properties><DisplayName>App</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>app.png</Logo></Properties>
  <Resources><Resource Language="en-us"/></Resources>
  <Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.17763.0" MaxVersionTested="10.0.22621.0"/></Dependencies>
  <Capabilities><rescap:Capability Name="runFullTrust"/></Capabilities>
  <Applications><Application Id="App" Executable="app.exe" EntryPoint="Windows.FullTrustApplication">
    <uap:VisualElements DisplayName="App" Description="App" BackgroundColor="transparent" Square150x150Logo="app.png" Square44x44Logo="app.png"/>
  </Application></Applications>
</Package>
`
	return archive([]part{
		{name: "app.exe", data: exe, mapped: true},
		{name: "AppxManifest.xml", data: []byte(manifest), mapped: true},
	}, `<Default Extension="exe" ContentType="application/x-msdownload"/>
<Default Extension="xml" ContentType="application/vnd.ms-appx.manifest+xml"/>`)
}

func bundle(kind string, app []byte) []byte {
	const name = "App.msix"
	manifest := xmlDeclaration + `<Bundle xmlns="http://schemas.microsoft.com/appx/2013/bundle" SchemaVersion="3.0">
  <Identity ` + identity(kind) + `/>
  <Packages><Package Type="application" Version="1.0.0.0" Architecture="x64" FileName="` + name + `" Offset="` +
		fmt.Sprint(localHeader(name)) + `" Size="` + fmt.Sprint(len(app)) + `">
    <Resources><Resource Language="en-us"/></Resources>
  </Package></Packages>
</Bundle>
`
	return archive([]part{
		{name: name, data: app, stored: true}, // first, as its Offset says
		{name: "AppxMetadata/AppxBundleManifest.xml", data: []byte(manifest), mapped: true},
	}, `<Default Extension="msix" ContentType="application/vnd.ms-appx"/>
<Default Extension="xml" ContentType="application/vnd.ms-appx.bundlemanifest+xml"/>`)
}

type part struct {
	name   string
	data   []byte
	stored bool // not compressed
	mapped bool // listed in the block map; each is a single block, being shorter than 64 KiB
}

// archive makes the ZIP file of the parts, a block map and the content types.
func archive(parts []part, types string) []byte {
	var blocks strings.Builder
	blocks.WriteString(xmlDeclaration + `<BlockMap xmlns="http://schemas.microsoft.com/appx/2010/blockmap" HashMethod="http://www.w3.org/2001/04/xmlenc#sha256">` + "\n")
	for _, p := range parts {
		if p.mapped {
			sum := sha256.Sum256(p.data)
			fmt.Fprintf(&blocks, `<File Name="%s" Size="%d" LfhSize="%d"><Block Hash="%s" Size="%d"/></File>`+"\n",
				strings.ReplaceAll(p.name, "/", `\`), len(p.data), localHeader(p.name),
				base64.StdEncoding.EncodeToString(sum[:]), len(p.content()))
		}
	}
	blocks.WriteString("</BlockMap>\n")
	parts = append(parts,
		part{name: "AppxBlockMap.xml", data: []byte(blocks.String())},
		part{name: "[Content_Types].xml", data: []byte(xmlDeclaration + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` + "\n" +
			types + "\n" + `<Override PartName="/AppxBlockMap.xml" ContentType="application/vnd.ms-appx.blockmap+xml"/>` + "\n</Types>\n")},
	)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		content := p.content()
		h := &zip.FileHeader{
			Name: p.name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(p.data),
			CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(p.data)),
		}
		if p.stored {
			h.Method = zip.Store
		}
		h.ModifiedDate = uint16((2026-1980)<<9 | int(time.June)<<5 | 1) // without the extra field that Modified makes
		f, err := w.CreateRaw(h)
		check(err)
		_, err = f.Write(content)
		check(err)
	}
	check(w.Close())
	return b.Bytes()
}

func (p part) content() []byte {
	if p.stored {
		return p.data
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	check(err)
	_, err = w.Write(p.data)
	check(err)
	check(w.Close())
	return b.Bytes()
}

// localHeader is the size of a file's header in the ZIP.
func localHeader(name string) int { return 30 + len(name) }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
