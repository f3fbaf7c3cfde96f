package unwrap

// This file decodes digits, whatever stands around them: labels, quotation marks, a data URL, JSON.

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"iter"
	"strconv"
	"strings"
)

// shortest is how many bytes are worth a look: fewer than in any key. Fewer digits are a word or a number.
const shortest = 24

const (
	space         = " \t\r\n"
	base64Digits  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
	hexDigits     = "0123456789abcdefABCDEF"
	hexSeparators = ":,-xX" + space
	decimalDigits = "0123456789"
	listBrackets  = ",;[]" + space
)

// runs yields the longest parts of data that consist of some characters.
func runs(data []byte, characters string) iter.Seq[[]byte] {
	return bytes.FieldsFuncSeq(data, func(r rune) bool { return !strings.ContainsRune(characters, r) })
}

// fromBase64 decodes both alphabets. Words in front of base64 look like a part of it, so it starts at each of the first four
// digits, and at the first word that is too long for one.
func fromBase64(data []byte, visit func([]byte)) {
	for run := range runs(data, base64Digits+space) {
		if len(run) < shortest {
			continue
		}
		words := bytes.Fields(run)
		digits := bytes.Join(words, nil)
		for i, c := range digits {
			switch c {
			case '-':
				digits[i] = '+'
			case '_':
				digits[i] = '/'
			}
		}
		starts := []int{0, 1, 2, 3}
		if first := beforeLongWord(words); first >= len(starts) {
			starts = append(starts, first)
		}
		for _, start := range starts {
			visit(decodeBase64(digits[min(start, len(digits)):]))
		}
	}
}

// beforeLongWord returns how many characters stand before the first word that is no word of a language.
func beforeLongWord(words [][]byte) (length int) {
	const longest = 20
	for _, word := range words {
		if len(word) > longest {
			return length
		}
		length += len(word)
	}
	return 0
}

func decodeBase64(digits []byte) []byte {
	const group = 4
	if len(digits)%group == 1 { // truncated: one digit is less than a byte
		digits = digits[:len(digits)-1]
	}
	decoded, _ := base64.RawStdEncoding.AppendDecode(nil, digits)
	return decoded
}

// fromHex decodes hexadecimal digits with any separators, as 30:82, 0x30,0x82 or 3082.
func fromHex(data []byte, visit func([]byte)) {
	for run := range runs(data, hexDigits+hexSeparators) {
		if len(run) < 2*shortest {
			continue
		}
		run = bytes.ReplaceAll(bytes.ReplaceAll(run, []byte("0x"), nil), []byte("0X"), nil)
		digits := bytes.Join(bytes.FieldsFunc(run, func(r rune) bool { return strings.ContainsRune(hexSeparators, r) }), nil)
		for start := range 2 {
			visit(decodeHex(digits[min(start, len(digits)):]))
		}
	}
}

// fromDecimal decodes lists of bytes, as PowerShell prints them and JSON.stringify writes a Buffer.
func fromDecimal(data []byte, visit func([]byte)) {
	for run := range runs(data, decimalDigits+listBrackets) {
		if len(run) < 2*shortest {
			continue
		}
		var list []byte
		for number := range bytes.FieldsFuncSeq(run, func(r rune) bool { return strings.ContainsRune(listBrackets, r) }) {
			octet, _ := strconv.ParseUint(string(number), 10, 8)
			list = append(list, byte(octet))
		}
		visit(list)
	}
}

func decodeHex(digits []byte) []byte {
	decoded, _ := hex.AppendDecode(nil, digits[:len(digits)/2*2])
	return decoded
}
