// Package compound reads single streams from OLE compound files ([MS-CFB]), the format of Windows Installer. Files may be
// hostile: what is kept in memory and how many sectors are visited is limited, whatever the size of the file.
package compound

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
)

// Magic is what a compound file begins with.
const Magic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// The errors of a Reader.
var (
	ErrMalformed = errors.New("it is truncated or damaged")
	ErrNotFound  = errors.New("it has no such stream")
	ErrTooLarge  = errors.New("the stream is too large")
)

const (
	headerSize = 512
	entrySize  = 128

	// maxSteps limits how many sectors are visited: enough for some megabytes in sectors of 512 bytes.
	maxSteps = 100_000

	// maxDirectory limits the directory, to some 30,000 streams.
	maxDirectory = 4 << 20

	// The numbers of sectors end here; what follows has a special meaning ([MS-CFB], section 2.1).
	maxSector = 0xfffffffa
	noEntry   = 0xffffffff
)

// Reader reads the streams of one file.
type Reader struct {
	file       io.ReaderAt
	size       int64
	sectorSize int64
	header     [headerSize]byte

	fat     []uint32 // the sectors that hold the file allocation table, in order
	table   []byte   // the one of these that was read last
	tableAt uint32
	steps   int
}

// Open reads the header, and where the allocation table is.
func Open(file io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{file: file, size: size, tableAt: noEntry}
	if _, err := file.ReadAt(r.header[:], 0); err != nil {
		return nil, ErrMalformed
	}
	const version3, version4 = 9, 12 // log2 of the sector size
	shift := binary.LittleEndian.Uint16(r.header[30:])
	if string(r.header[:len(Magic)]) != Magic || shift != version3 && shift != version4 {
		return nil, ErrMalformed
	}
	r.sectorSize = 1 << shift
	return r, r.readTableSectors()
}

// readTableSectors collects the sectors of the allocation table: 109 are in the header, the others in a chain of sectors.
func (r *Reader) readTableSectors() error {
	const inHeader, firstChained = 76, 68
	most := r.size/r.sectorSize/(r.sectorSize/4) + 1 // as many as a file of this size needs
	add := func(list []byte) {
		for ; len(list) >= 4 && int64(len(r.fat)) < most; list = list[4:] {
			if sector := binary.LittleEndian.Uint32(list); sector < maxSector {
				r.fat = append(r.fat, sector)
			}
		}
	}
	add(r.header[inHeader:])
	for next := r.field(firstChained); next < maxSector && int64(len(r.fat)) < most; {
		list, err := r.sector(next)
		if err != nil {
			return err
		}
		add(list[:len(list)-4])
		next = binary.LittleEndian.Uint32(list[len(list)-4:])
	}
	return nil
}

// Stream returns the content of a stream of the root storage, of at most limit bytes.
func (r *Reader) Stream(name string, limit int64) ([]byte, error) {
	const firstDirectorySector, miniCutoff = 48, 56
	directory, err := r.chain(r.field(firstDirectorySector), maxDirectory)
	if err != nil {
		return nil, err
	}
	entry, err := find(directory, name)
	if err != nil {
		return nil, err
	}
	start, length := entry.start(), entry.length(r.sectorSize)
	if length > limit {
		return nil, ErrTooLarge
	}
	var data []byte
	if length < int64(r.field(miniCutoff)) {
		data, err = r.miniStream(directoryEntry(directory[:entrySize]).start(), start, length)
	} else {
		data, err = r.chain(start, length)
	}
	if err != nil || int64(len(data)) < length {
		return nil, ErrMalformed
	}
	return data[:length], nil
}

func (r *Reader) field(offset int) uint32 { return binary.LittleEndian.Uint32(r.header[offset:]) }

// sector reads one sector.
func (r *Reader) sector(number uint32) ([]byte, error) {
	if r.steps++; r.steps > maxSteps {
		return nil, ErrMalformed
	}
	data := make([]byte, r.sectorSize)
	offset := (int64(number) + 1) * r.sectorSize
	if offset >= r.size {
		return nil, ErrMalformed
	}
	if n, err := r.file.ReadAt(data, offset); err != nil && (n == 0 || !errors.Is(err, io.EOF)) {
		return nil, ErrMalformed // the last sector may be truncated
	}
	return data, nil
}

// next returns which sector follows in its chain.
func (r *Reader) next(number uint32) (uint32, error) {
	perSector := uint32(r.sectorSize / 4) //nolint:gosec // 128 or 1024
	index := number / perSector
	if index >= uint32(len(r.fat)) { //nolint:gosec // no more than there are sectors
		return 0, ErrMalformed
	}
	if r.tableAt != r.fat[index] {
		table, err := r.sector(r.fat[index])
		if err != nil {
			return 0, err
		}
		r.table, r.tableAt = table, r.fat[index]
	}
	return binary.LittleEndian.Uint32(r.table[number%perSector*4:]), nil
}

// chain reads the sectors of a chain, up to its end or to so many bytes.
func (r *Reader) chain(start uint32, most int64) (data []byte, err error) {
	for sector := start; sector < maxSector && int64(len(data)) < most; {
		part, err := r.sector(sector)
		if err != nil {
			return nil, err
		}
		data = append(data, part...)
		if sector, err = r.next(sector); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// miniStream reads a small stream. Those are stored in parts of 64 bytes inside a stream of their own, which begins at
// container, and have an allocation table of their own.
func (r *Reader) miniStream(container, start uint32, length int64) ([]byte, error) {
	const firstMiniTableSector, miniSize = 60, 64
	var data []byte
	for part := start; part < maxSector && int64(len(data)) < length; {
		content, err := r.within(container, int64(part)*miniSize, miniSize)
		if err != nil {
			return nil, err
		}
		data = append(data, content...)
		entry, err := r.within(r.field(firstMiniTableSector), int64(part)*4, 4)
		if err != nil {
			return nil, err
		}
		part = binary.LittleEndian.Uint32(entry)
	}
	return data, nil
}

// within reads some bytes at an offset in a chain of sectors. They do not cross the end of a sector.
func (r *Reader) within(sector uint32, offset, length int64) ([]byte, error) {
	for ; offset >= r.sectorSize; offset -= r.sectorSize {
		if r.steps++; r.steps > maxSteps || sector >= maxSector {
			return nil, ErrMalformed
		}
		var err error
		if sector, err = r.next(sector); err != nil {
			return nil, err
		}
	}
	if sector >= maxSector {
		return nil, ErrMalformed
	}
	data, err := r.sector(sector)
	if err != nil {
		return nil, err
	}
	return data[offset : offset+length], nil
}

// directoryEntry describes a stream or a storage ([MS-CFB], section 2.6).
type directoryEntry []byte

func (e directoryEntry) name() string {
	const most = 64
	length := binary.LittleEndian.Uint16(e[64:])
	if length < 2 || length > most {
		return ""
	}
	var units []uint16
	for i := 0; i < int(length)-2; i += 2 {
		units = append(units, binary.LittleEndian.Uint16(e[i:]))
	}
	return string(utf16.Decode(units))
}

func (e directoryEntry) isStream() bool { return e[66] == 2 }
func (e directoryEntry) left() uint32   { return binary.LittleEndian.Uint32(e[68:]) }
func (e directoryEntry) right() uint32  { return binary.LittleEndian.Uint32(e[72:]) }
func (e directoryEntry) child() uint32  { return binary.LittleEndian.Uint32(e[76:]) }
func (e directoryEntry) start() uint32  { return binary.LittleEndian.Uint32(e[116:]) }

// length is that of the stream. Files with small sectors use only the lower half of the field.
func (e directoryEntry) length(sectorSize int64) int64 {
	if sectorSize == headerSize {
		return int64(binary.LittleEndian.Uint32(e[120:]))
	}
	return int64(min(binary.LittleEndian.Uint64(e[120:]), 1<<62))
}

// find looks for a stream among the children of the root, the first entry. They form a tree; each is visited once.
func find(directory []byte, name string) (directoryEntry, error) {
	if len(directory) < entrySize {
		return nil, ErrMalformed
	}
	visited := make([]bool, len(directory)/entrySize)
	for open := []uint32{directoryEntry(directory[:entrySize]).child()}; len(open) > 0; {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		if int64(id) >= int64(len(visited)) || visited[id] {
			continue
		}
		visited[id] = true
		entry := directoryEntry(directory[int(id)*entrySize:][:entrySize])
		if entry.isStream() && entry.name() == name {
			return entry, nil
		}
		open = append(open, entry.left(), entry.right())
	}
	return nil, ErrNotFound
}
