package codesign

import (
	"bytes"
	"encoding/binary"
)

func isCabinet(start []byte) bool { return bytes.HasPrefix(start, []byte("MSCF\x00\x00\x00\x00")) }

// readCabinet reads the signature of a cabinet. It follows the files, and the reserved area of the header says where.
// See https://learn.microsoft.com/previous-versions/bb267310(v=vs.85), CFHEADER.
func readCabinet(file source) (*contents, error) {
	const (
		flagsAt, hasReserve   = 30, 4
		reserveSizeAt         = 36
		offsetAt, lengthAt    = 44, 48
		headerSize, leastSize = 52, 12 // as far as the length is read, and of the reserved area
	)
	header, err := file.readAt(0, min(file.size, headerSize))
	if err != nil {
		return nil, err
	}
	if len(header) < reserveSizeAt {
		return nil, bad("begins as a cabinet, but is truncated", nil)
	}
	if binary.LittleEndian.Uint16(header[flagsAt:])&hasReserve == 0 || len(header) < headerSize || binary.LittleEndian.Uint16(header[reserveSizeAt:]) < leastSize {
		return nil, bad("is a cabinet that is not signed", nil)
	}
	offset, length := binary.LittleEndian.Uint32(header[offsetAt:]), binary.LittleEndian.Uint32(header[lengthAt:])
	signature, err := file.signature("a cabinet", int64(offset), int64(length))
	if err != nil {
		return nil, err
	}
	return readSignature(signature, FormatCabinet)
}
