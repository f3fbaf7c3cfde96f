package intune

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// encodeJSON is json.Marshal, but that it does not go over our own model twice.
func encodeJSON(value any) ([]byte, error) {
	if cert, ok := value.(*EnterpriseCodeSigningCertificate); ok && cert != nil {
		return cert.MarshalJSON()
	}
	return json.Marshal(value)
}

// decodeJSON is json.Unmarshal, but that it does not go over our own model twice.
func decodeJSON(data []byte, into any) error {
	if cert, ok := into.(*EnterpriseCodeSigningCertificate); ok {
		return cert.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

// eachMember calls visit with the name and the value of each member of a JSON object. encoding/json matches names
// without regard to case and has no place for unknown ones; its Decoder's tokens cost several times as much.
func eachMember(data []byte, visit func(name, value []byte) error) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return errors.New("not a JSON object")
	}
	rest := bytes.TrimLeft(data[1:], jsonSpace)
	for rest[0] != '}' {
		end := valueEnd(rest)
		name := unescaped(rest[:end])
		rest = bytes.TrimLeft(rest[end:], jsonSpace+":")
		end = valueEnd(rest)
		if err := visit(name, rest[:end]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rest = bytes.TrimLeft(rest[end:], jsonSpace+",")
	}
	return nil
}

const jsonSpace = " \t\r\n"

// unescaped is the text of a JSON string.
func unescaped(quoted []byte) []byte {
	if isPlain(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // valid, by json.Valid
	return []byte(text)
}

// decodeString decodes a JSON string or null.
func decodeString[T ~string](value []byte, into *T) error {
	if value[0] == '"' && isPlain(value) {
		*into = T(value[1 : len(value)-1])
		return nil
	}
	return json.Unmarshal(value, into)
}

// isPlain says that a quoted string stands for itself.
func isPlain(quoted []byte) bool { return bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) }

// valueEnd is the length of the value that valid JSON begins with.
func valueEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 || !endsScalar(data, i+1) {
				continue
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(data)
}

// endsScalar says whether a number or a literal ends before data[i].
func endsScalar(data []byte, i int) bool {
	return i == len(data) || bytes.IndexByte([]byte(jsonSpace+",:]}"), data[i]) >= 0
}
