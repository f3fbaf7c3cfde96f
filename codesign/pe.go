package codesign

import (
	"bytes"
	"encoding/binary"
	"fmt"
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

// certificateTable returns the attribute certificate table. Only the headers are read to find it.
func certificateTable(file source) ([]byte, error) {
	const addressAt, headerSize, lengthAt = 0x3c, 24, 20 // of the header, in the MS-DOS header, and of the optional header in that
	address, err := file.readAt(addressAt, 4)
	if err != nil {
		return nil, notForWindows(err)
	}
	headerAt := int64(binary.LittleEndian.Uint32(address))
	header, err := file.readAt(headerAt, headerSize)
	if err != nil || !bytes.HasPrefix(header, []byte("PE\x00\x00")) {
		return nil, notForWindows(err)
	}
	length := int64(binary.LittleEndian.Uint16(header[lengthAt:]))
	optional, err := file.readAt(headerAt+headerSize, length)
	if err != nil {
		return nil, notForWindows(err)
	}
	optional = append(optional, make([]byte, directoriesAt64+directorySize*(securityDirectory+1))...) // directories that are left out are zero
	var directories int
	switch magic := binary.LittleEndian.Uint16(optional); magic {
	case 0x10b:
		directories = directoriesAt32
	case 0x20b:
		directories = directoriesAt64
	default:
		return nil, notForWindows(fmt.Errorf("its optional header has the unknown magic number %#x", magic))
	}
	if count := binary.LittleEndian.Uint32(optional[directories-4:]); count <= securityDirectory {
		return file.signature("a program", 0, 0)
	}
	// The only directory whose address is an offset in the file.
	security := optional[directories+directorySize*securityDirectory:]
	return file.signature("a program", int64(binary.LittleEndian.Uint32(security)), int64(binary.LittleEndian.Uint32(security[4:])))
}

// Where the data directories are in the optional header, which is larger for 64 bits.
const (
	directoriesAt32, directoriesAt64 = 96, 112
	directorySize, securityDirectory = 8, 4
)

func notForWindows(err error) error {
	return bad("begins as a program, but is not one for Windows, or is truncated", err)
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
