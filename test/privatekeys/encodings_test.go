package privatekeys_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
)

// encodings are the forms in which a private key may be found where a certificate should be. cert is a certificate.
var encodings = map[string]func(key, cert []byte) []byte{
	"alone":                     func(key, _ []byte) []byte { return key },
	"behind a certificate":      func(key, cert []byte) []byte { return slices.Concat(cert, key) },
	"before a certificate":      func(key, cert []byte) []byte { return slices.Concat(key, cert) },
	"in a certificate":          func(key, cert []byte) []byte { return extend(cert, key) },
	"in the signed part":        func(key, cert []byte) []byte { return extendSigned(cert, key) },
	"in an OCTET STRING":        func(key, _ []byte) []byte { return marshal(key) },
	"in a SEQUENCE":             func(key, _ []byte) []byte { return marshal([][]byte{[]byte("key"), key}) },
	"leading zero":              func(key, _ []byte) []byte { return slices.Concat([]byte{0}, key) },
	"leading line break":        func(key, _ []byte) []byte { return slices.Concat([]byte("\r\n"), key) },
	"leading byte-order mark":   func(key, _ []byte) []byte { return slices.Concat([]byte("\xef\xbb\xbf"), key) },
	"leading text":              func(key, _ []byte) []byte { return slices.Concat([]byte("My key:"), key) },
	"trailing zeros":            func(key, _ []byte) []byte { return slices.Concat(key, make([]byte, 1000)) },
	"truncated":                 func(key, _ []byte) []byte { return key[:len(key)-20] },
	"PEM":                       func(key, _ []byte) []byte { return armor("PRIVATE KEY", key) },
	"PEM that says CERTIFICATE": func(key, _ []byte) []byte { return armor("CERTIFICATE", key) },
	"PEM behind a certificate": func(key, cert []byte) []byte {
		return slices.Concat(armor("CERTIFICATE", cert), armor("PRIVATE KEY", key))
	},
	"PEM, CRLF":                func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), "\r\n") },
	"PEM, indented":            func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), "\n    ") },
	"PEM, one line":            func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), " ") },
	"PEM, escaped":             func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), `\n`) },
	"PEM, escaped for Windows": func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), `\r\n`) },
	"PEM, escaped twice":       func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), `\\n`) },
	"PEM, commented":           func(key, _ []byte) []byte { return lines(armor("CERTIFICATE", key), "\n# ") },
	"PEM in UTF-16":            func(key, _ []byte) []byte { return wide(armor("CERTIFICATE", key), binary.LittleEndian, true) },
	"PEM in base64":            func(key, _ []byte) []byte { return base(armor("CERTIFICATE", key)) },
	"PEM in UTF-16 in base64": func(key, _ []byte) []byte {
		return base(wide(armor("CERTIFICATE", key), binary.LittleEndian, false))
	},
	"PEM in JSON": func(key, _ []byte) []byte {
		return inJSON(map[string]any{"pem": string(armor("CERTIFICATE", key))})
	},
	"PEM in JSON in JSON": func(key, _ []byte) []byte {
		return inJSON(string(inJSON(map[string]any{"pem": string(armor("CERTIFICATE", key))})))
	},

	"base64":                    func(key, _ []byte) []byte { return base(key) },
	"base64, no padding":        func(key, _ []byte) []byte { return encode(base64.RawStdEncoding, key) },
	"base64url":                 func(key, _ []byte) []byte { return encode(base64.URLEncoding, key) },
	"base64url, no padding":     func(key, _ []byte) []byte { return encode(base64.RawURLEncoding, key) },
	"base64, lines":             func(key, _ []byte) []byte { return groups(base(key), 64, "\n") },
	"base64, CRLF":              func(key, _ []byte) []byte { return groups(base(key), 76, "\r\n") },
	"base64, indented":          func(key, _ []byte) []byte { return groups(base(key), 64, "\n\t") },
	"base64, quoted lines":      func(key, _ []byte) []byte { return groups(base(key), 76, "\n> ") },
	"base64, groups of 4":       func(key, _ []byte) []byte { return groups(base(key), 4, " ") },
	"base64, truncated":         func(key, _ []byte) []byte { return base(key)[:len(base(key))-30] },
	"base64 with a label":       func(key, _ []byte) []byte { return around("key: ", base(key), "") },
	"base64 in a variable":      func(key, _ []byte) []byte { return around("PFX_BASE64=", base(key), "") },
	"base64 behind words":       func(key, _ []byte) []byte { return around("the key of the build is ", base(key), " and secret") },
	"base64 behind a letter":    func(key, _ []byte) []byte { return around("k", base(key), "") },
	"base64 behind letters":     func(key, _ []byte) []byte { return around("privatekeyof", base(key), "") },
	"base64 in a list":          func(key, _ []byte) []byte { return around("- ", base(key), "\n- other\n") },
	"base64 in quotation marks": func(key, _ []byte) []byte { return around(`"`, base(key), `"`) },
	"base64 in apostrophes":     func(key, _ []byte) []byte { return around(`'`, base(key), `'`) },
	"base64 in XML":             func(key, _ []byte) []byte { return around("<key>", base(key), "</key>") },
	"base64 in JSON":            func(key, _ []byte) []byte { return inJSON(map[string]any{"value": []any{key}}) },
	"base64 in JSON in JSON":    func(key, _ []byte) []byte { return inJSON(string(inJSON([]any{key}))) },
	"base64, escaped slashes": func(key, _ []byte) []byte {
		return around(`{"key":"`, bytes.ReplaceAll(base(key), []byte("/"), []byte(`\/`)), `"}`)
	},
	"base64, escaped signs": func(key, _ []byte) []byte {
		return around(`{"key":"`, bytes.ReplaceAll(base(key), []byte("+"), []byte(`\u002B`)), `"}`)
	},
	"base64 in a data URL": func(key, _ []byte) []byte { return around("data:application/x-pkcs12;base64,", base(key), "") },
	"base64 in a URL": func(key, _ []byte) []byte {
		return []byte("https://example.com/?key=" + url.QueryEscape(string(base(key))))
	},
	"base64 with a BOM":         func(key, _ []byte) []byte { return around("\xef\xbb\xbf", base(key), "") },
	"base64, UTF-16":            func(key, _ []byte) []byte { return wide(base(key), binary.LittleEndian, true) },
	"base64, UTF-16, no mark":   func(key, _ []byte) []byte { return wide(base(key), binary.LittleEndian, false) },
	"base64, UTF-16BE":          func(key, _ []byte) []byte { return wide(base(key), binary.BigEndian, true) },
	"base64, UTF-16BE, no mark": func(key, _ []byte) []byte { return wide(base(key), binary.BigEndian, false) },
	"base64 and zeros":          func(key, _ []byte) []byte { return around("", base(key), strings.Repeat("\x00", 5000)) },
	"base64 of base64":          func(key, _ []byte) []byte { return base(base(key)) },
	"base64 five times":         func(key, _ []byte) []byte { return base(base(base(base(base(key))))) },
	"base64url of lines":        func(key, _ []byte) []byte { return encode(base64.URLEncoding, groups(base(key), 76, "\r\n")) },
	"base64 of hexadecimal":     func(key, _ []byte) []byte { return base([]byte(hex.EncodeToString(key))) },

	"hexadecimal":             func(key, _ []byte) []byte { return []byte(hex.EncodeToString(key)) },
	"hexadecimal, upper case": func(key, _ []byte) []byte { return []byte(strings.ToUpper(hex.EncodeToString(key))) },
	"hexadecimal, 0x":         func(key, _ []byte) []byte { return []byte("0x" + hex.EncodeToString(key)) },
	"hexadecimal, label":      func(key, _ []byte) []byte { return []byte("key = " + hex.EncodeToString(key)) },
	"hexadecimal, colons":     func(key, _ []byte) []byte { return groups([]byte(hex.EncodeToString(key)), 2, ":") },
	"hexadecimal, lines":      func(key, _ []byte) []byte { return groups([]byte(hex.EncodeToString(key)), 60, "\n") },
	"hexadecimal, C": func(key, _ []byte) []byte {
		return around("{0x", groups([]byte(hex.EncodeToString(key)), 2, ", 0x"), "}")
	},
	"hexadecimal, Python": func(key, _ []byte) []byte {
		return around(`b'\x`, groups([]byte(hex.EncodeToString(key)), 2, `\x`), "'")
	},
	"decimal": func(key, _ []byte) []byte { return fmt.Append(nil, key) },
	"decimal, JSON": func(key, _ []byte) []byte {
		return around(`{"type":"Buffer","data":`, bytes.ReplaceAll(fmt.Append(nil, key), []byte(" "), []byte(",")), "}")
	},
	"decimal, lines":        func(key, _ []byte) []byte { return bytes.ReplaceAll(fmt.Append(nil, key), []byte(" "), []byte("\r\n")) },
	"hexadecimal, UTF-16":   func(key, _ []byte) []byte { return wide([]byte(hex.EncodeToString(key)), binary.LittleEndian, false) },
	"hexadecimal of base64": func(key, _ []byte) []byte { return []byte(hex.EncodeToString(base(key))) },
}

func encode(encoding *base64.Encoding, data []byte) []byte {
	return []byte(encoding.EncodeToString(data))
}
func base(data []byte) []byte { return encode(base64.StdEncoding, data) }
func around(before string, data []byte, behind string) []byte {
	return []byte(before + string(data) + behind)
}

func armor(kind string, data []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
}

func lines(text []byte, end string) []byte {
	return bytes.ReplaceAll(text, []byte("\n"), []byte(end))
}

func groups(text []byte, size int, separator string) []byte {
	return bytes.Join(slices.Collect(slices.Chunk(text, size)), []byte(separator))
}

func wide(text []byte, order binary.AppendByteOrder, mark bool) (out []byte) {
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func inJSON(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

func marshal(value any) []byte {
	data, err := asn1.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

// extend puts a value behind the members of a SEQUENCE.
func extend(der, value []byte) []byte {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		panic(err)
	}
	return marshal(asn1.RawValue{Tag: outer.Tag, IsCompound: true, Bytes: slices.Concat(outer.Bytes, value)})
}

// extendSigned does so in the first member of a certificate.
func extendSigned(cert, value []byte) []byte {
	var outer, signed asn1.RawValue
	_, _ = asn1.Unmarshal(cert, &outer)
	rest, err := asn1.Unmarshal(outer.Bytes, &signed)
	if err != nil {
		panic(err)
	}
	return marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: slices.Concat(extend(signed.FullBytes, value), rest)})
}
