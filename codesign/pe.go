package codesign

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"io"
)

func isPE(start []byte) bool { return bytes.HasPrefix(start, []byte("MZ")) }

// readPE reads the signatures of a Windows program or library. The first one counts; a program that sbsign or pesign has
// signed twice has several side by side.
// See https://learn.microsoft.com/windows/win32/debug/pe-format.
func readPE(file source) (*contents, error) {
	table, err := certificateTable(file)
	if err != nil {
		return nil, err
	}
	reader := &signedDataReader{format: FormatPE}
	var held *contents
	for count := 0; len(bytes.Trim(table, "\x00")) > 0 && count < maxSignatures; count++ {
		var signature []byte
		if signature, table, err = nextSignature(table); err != nil && held == nil {
			return nil, err
		}
		if signature == nil {
			continue
		}
		next, err := reader.readSignature(signature)
		switch {
		case held != nil && err == nil:
			held.others = append(append(held.others, next), next.others...)
		case held == nil && err != nil:
			return nil, err
		case held == nil:
			held = next
		}
	}
	if held == nil {
		return nil, bad("is a program that is not signed", nil)
	}
	return held, nil
}

// certificateTable returns the attribute certificate table.
func certificateTable(file source) ([]byte, error) {
	directories, err := dataDirectories(file, file.size)
	if err != nil {
		return nil, bad("begins as a program, but is none for Windows or is cut short", err)
	}
	var security pe.DataDirectory
	if len(directories) > pe.IMAGE_DIRECTORY_ENTRY_SECURITY {
		security = directories[pe.IMAGE_DIRECTORY_ENTRY_SECURITY]
	}
	// The only directory whose address is an offset in the file.
	return file.signature("a program", int64(security.VirtualAddress), int64(security.Size))
}

// dataDirectories reads the headers alone: pe.NewFile would read the symbols as well.
func dataDirectories(file io.ReaderAt, size int64) ([]pe.DataDirectory, error) {
	const headerAddress = 0x3c // in the MS-DOS header
	var address uint32
	if err := binary.Read(io.NewSectionReader(file, headerAddress, size), binary.LittleEndian, &address); err != nil {
		return nil, err
	}
	headers := io.NewSectionReader(file, int64(address), size)
	var header struct {
		Signature [4]byte
		pe.FileHeader
	}
	if err := binary.Read(headers, binary.LittleEndian, &header); err != nil {
		return nil, err
	}
	if string(header.Signature[:]) != "PE\x00\x00" {
		return nil, fmt.Errorf("where its header should be there is %q", header.Signature)
	}
	length := int(header.SizeOfOptionalHeader)
	optional := make([]byte, max(length, binary.Size(pe.OptionalHeader64{}))) // directories that are left out are zero
	if _, err := io.ReadFull(headers, optional[:length]); err != nil {
		return nil, err
	}
	const pe32, pe32Plus = 0x10b, 0x20b
	switch magic := binary.LittleEndian.Uint16(optional); magic {
	case pe32:
		var h pe.OptionalHeader32
		_, err := binary.Decode(optional, binary.LittleEndian, &h)
		return h.DataDirectory[:min(h.NumberOfRvaAndSizes, uint32(len(h.DataDirectory)))], err
	case pe32Plus:
		var h pe.OptionalHeader64
		_, err := binary.Decode(optional, binary.LittleEndian, &h)
		return h.DataDirectory[:min(h.NumberOfRvaAndSizes, uint32(len(h.DataDirectory)))], err
	default:
		return nil, fmt.Errorf("its optional header has the unknown magic number %#x", magic)
	}
}

// nextSignature takes one WIN_CERTIFICATE off the table; signature is nil if it holds something else.
func nextSignature(table []byte) (signature, rest []byte, err error) {
	const headerSize, alignment, typeSignedData = 8, 8, 2
	if len(table) < headerSize {
		return nil, nil, bad("has a damaged table of signatures", nil)
	}
	length := int64(binary.LittleEndian.Uint32(table))
	if length < headerSize || length > int64(len(table)) {
		return nil, nil, bad("has a damaged table of signatures", nil)
	}
	if binary.LittleEndian.Uint16(table[6:]) == typeSignedData {
		signature = table[headerSize:length]
	}
	aligned := (length + alignment - 1) / alignment * alignment
	return signature, table[min(aligned, int64(len(table))):], nil
}
