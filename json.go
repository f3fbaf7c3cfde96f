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

// decodeJSON is json.Unmarshal, but that it does not go over our own types twice.
func decodeJSON(data []byte, into any) error {
	switch into := into.(type) {
	case *EnterpriseCodeSigningCertificate:
		return into.UnmarshalJSON(data)
	case *wirePage:
		return into.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

var errNotJSON = errors.New("not valid JSON")

// eachMember calls visit with the name and the value of each member of an object in valid JSON. encoding/json matches
// names without regard to case and has no place for unknown ones, and its Decoder's tokens cost several times as much.
func eachMember(data []byte, visit func(name, value []byte) error) error {
	data = bytes.TrimSpace(data)
	if data[0] != '{' {
		return errors.New("not a JSON object")
	}
	rest := skip(data[1:], 0)
	for rest[0] != '}' {
		end := valueEnd(rest)
		name := unescaped(rest[:end])
		rest = skip(rest[end:], ':')
		end = valueEnd(rest)
		if err := visit(name, rest[:end]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rest = skip(rest[end:], ',')
	}
	return nil
}

// eachElement calls visit with each element of an array in valid JSON.
func eachElement(data []byte, visit func(value []byte) error) error {
	if data[0] != '[' {
		return errors.New("not a JSON array")
	}
	rest := skip(data[1:], 0)
	for rest[0] != ']' {
		end := valueEnd(rest)
		if err := visit(rest[:end]); err != nil {
			return err
		}
		rest = skip(rest[end:], ',')
	}
	return nil
}

// skip leaves out white space and one kind of separator.
func skip(data []byte, separator byte) []byte {
	for i, c := range data {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != separator {
			return data[i:]
		}
	}
	return nil
}

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
	switch data[0] {
	case '"':
		return stringEnd(data)
	case '{', '[':
		return compositeEnd(data)
	}
	if end := bytes.IndexAny(data, " \t\r\n,:]}"); end >= 0 {
		return end
	}
	return len(data)
}

func stringEnd(data []byte) int {
	for end := 1; ; {
		end += bytes.IndexByte(data[end:], '"') + 1
		backslashes := 0
		for data[end-2-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end
		}
	}
}

func compositeEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i += stringEnd(data[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(data)
}
