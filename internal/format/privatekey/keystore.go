package privatekey

import (
	"bytes"
	"encoding/binary"
)

// isKeyStore says whether data is a key store of Java: JKS or JCEKS.
func isKeyStore(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xfe\xed\xfe\xed")) || bytes.HasPrefix(data, []byte("\xce\xce\xce\xce"))
}

// holdsOnlyCertificates says whether all entries of a key store are trusted certificates. If it cannot be read to the end, it
// may hold a key.
//
// After magic and version comes the number of entries. That of a certificate has the tag 2, a name, a date, the type of the
// certificate, and its length and content; strings begin with their length in two bytes.
func holdsOnlyCertificates(data []byte) bool {
	const header, certificate, dateSize, digestSize = 8, 2, 8, 20
	fields := fields{rest: data}
	fields.skip(header)
	for range min(fields.uint32(), uint32(len(data))) { //nolint:gosec // an entry takes more than a byte
		if fields.uint32() != certificate {
			return false
		}
		fields.skip(fields.uint16())
		fields.skip(dateSize)
		fields.skip(fields.uint16())
		fields.skip(int64(fields.uint32()))
		if fields.isShort {
			return false
		}
	}
	return !fields.isShort && len(fields.rest) == digestSize
}

// fields reads big-endian numbers.
type fields struct {
	rest    []byte
	isShort bool
}

func (f *fields) skip(length int64) []byte {
	if length > int64(len(f.rest)) {
		f.isShort, f.rest = true, nil
		return make([]byte, 4)
	}
	skipped := f.rest[:length]
	f.rest = f.rest[length:]
	return skipped
}

func (f *fields) uint16() int64  { return int64(binary.BigEndian.Uint16(f.skip(2))) }
func (f *fields) uint32() uint32 { return binary.BigEndian.Uint32(f.skip(4)) }
