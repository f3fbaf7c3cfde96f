package codesign_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

// signatureBlock writes the signature of signed.p7s in comments, as PowerShell does.
func signatureBlock(t *testing.T, begin, end, prefix, suffix, lineEnd string) string {
	t.Helper()
	text := base64.StdEncoding.EncodeToString(readFile(t, "signed.p7s"))
	var out strings.Builder
	out.WriteString(begin + lineEnd)
	for len(text) > 0 {
		n := min(64, len(text))
		out.WriteString(prefix + text[:n] + suffix + lineEnd)
		text = text[n:]
	}
	return out.String() + end + lineEnd
}

func powershellBlock(t *testing.T) string {
	t.Helper()
	return signatureBlock(t, "# SIG # Begin signature block", "# SIG # End signature block", "# ", "", "\r\n")
}

func utf16(text string, littleEndian bool) string {
	var out []byte
	for _, c := range []byte(text) {
		if littleEndian {
			out = append(out, c, 0)
		} else {
			out = append(out, 0, c)
		}
	}
	return string(out)
}

func TestScriptsHoweverTheyAreWritten(t *testing.T) {
	block := powershellBlock(t)
	other := strings.ReplaceAll(block, "A", "B")
	xml := signatureBlock(t, "<!-- SIG # Begin signature block -->", "<!-- SIG # End signature block -->", "<!-- ", " -->", "\n")
	for name, script := range map[string]string{
		"CRLF":                            "Write-Output 1\r\n\r\n" + block,
		"LF":                              "Write-Output 1\n\n" + strings.ReplaceAll(block, "\r\n", "\n"),
		"only the signature":              block,
		"BOM before the signature":        "\xef\xbb\xbf" + block,
		"UTF-16LE":                        "\xff\xfe" + utf16("Write-Output 1\r\n"+block, true),
		"UTF-16LE without BOM":            utf16("Write-Output 1\r\n"+block, true),
		"UTF-16LE, the signature first":   "\xff\xfe" + utf16(block, true),
		"UTF-16BE":                        "\xfe\xff" + utf16("Write-Output 1\r\n"+block, false),
		"no line end at the end":          strings.TrimSpace(block),
		"text behind the signature":       block + "\r\n\r\n",
		"indented":                        "\t" + strings.ReplaceAll(block, "\n", "\n\t"),
		"spaces at the ends of lines":     strings.ReplaceAll(block, "\r\n", "  \r\n"),
		"no space behind the number sign": strings.ReplaceAll(block, "# M", "#M"),
		"another signature as text":       "$x = @'\r\n" + other + "'@\r\n" + block,
		"a mark in the middle of a line":  block + "Write-Output '# SIG # Begin signature block'\r\n",
		"XML":                             "<x/>\n" + xml,
		"XML in UTF-16":                   "\xff\xfe" + utf16("<x/>\n"+xml, true),
		"more than 64 KiB":                strings.Repeat("# comment\r\n", 100_000) + block,
	} {
		cert, err := codesign.Parse([]byte(script))
		if err != nil || cert.Leaf.Subject.CommonName != "Contoso p256" || cert.Format != codesign.FormatScript || len(cert.Chain) != 2 {
			t.Errorf("%s: got %v, %v", name, cert, err)
		}
	}
}

func TestDamagedScripts(t *testing.T) {
	block := powershellBlock(t)
	for want, script := range map[string]string{
		"script with a truncated signature": block[:len(block)/2],
		"a damaged signature":               strings.Replace(block, "# M", "# !", 1),
		"is a script that is not":           "Write-Output '# SIG # Begin signature block'",
		"PKCS #7 data that cannot be read":  "# SIG # Begin signature block\n# AAAA\n# SIG # End signature block\n",
		"has no known format":               "Write-Output 1\r\n",
		"larger than 64 KiB":                strings.Repeat("Write-Output 1\r\n", 10_000),
		"is larger than 4 MiB":              strings.Repeat("# comment\n", 500_000) + block,
	} {
		if cert, err := codesign.Parse([]byte(script)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", want, cert, err)
		}
	}
}

func FuzzScript(f *testing.F) {
	for _, file := range []string{"crlf.ps1", "utf16le.ps1", "utf16be.ps1", "types.ps1xml", "management.mof", "host.vbs", "host.js", "host.wsf"} {
		f.Add(readFile(f, "tools/"+file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, append([]byte("\n# SIG # Begin signature block\n"), data...))
	})
}
