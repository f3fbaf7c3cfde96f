package dn

import (
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestEqual(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"CN=Contoso, O=Contoso Ltd, S=Washington", "ST=Washington,O=Contoso Ltd,CN=Contoso", true},
		{"E=a@b.c", "emailAddress=a@b.c", true},
		{"OID.1.3.6.1.4.1.311.60.2.1.3=US", "1.3.6.1.4.1.311.60.2.1.3=#13025553", true},
		{`O="Contoso, Inc."`, `O=Contoso\, Inc.`, true},
		{`CN="the ""A"" team"`, `CN=the \22A\22 team`, true},
		{`CN=DOM\bob`, `CN=DOM\\bob`, true},
		{`CN=Münster`, `CN=M\C3\BCnster`, true},
		{`CN=" x "`, `CN=\ x\ `, true},
		{"CN=a; O=b", "O=b\nCN=a", true},
		{"CN=a + SERIALNUMBER=1, O=b", "O=b, 2.5.4.5=1+cn=a", true},
		{"Subject value", " Subject value ", true},
		{"", "", false},

		{"CN=a + SERIALNUMBER=1, O=b", "CN=a, SERIALNUMBER=1, O=b", true},
		{"CN=a, CN=a", "CN=a", true},
		{"CN=a  Ltd", "cn=A LTD", true},
		{`CN=" x "`, `CN=x`, true},

		{"CN=a, OU=b, OU=c", "CN=a, OU=b", false},
		{"CN=a", "OU=a", false},
		{"CN=a", "", false},
		{"CN=a", "a", false},
		{`CN="a"b`, "CN=ab", false},
		{"Subject value", "Subject", false},
		{"CN=a +", "CN=a", false},
		{"CN=#1C0400000041", "CN=#1C0400000042", false},
		{"businessCategory=Private Organization, jurisdictionC=US", "OID.1.3.6.1.4.1.311.60.2.1.3=US, OID.2.5.4.15=Private Organization", true},
	}
	for _, test := range tests {
		if equal(test.a, test.b) != test.want || equal(test.b, test.a) != test.want {
			t.Errorf("%q and %q: want %v", test.a, test.b, test.want)
		}
	}
}

// equal compares two names by all their attributes.
func equal(a, b string) bool { return Parse(a).Compare(Parse(b), OthersShown) == Equal }

// spelling writes a name in one of the ways that programs have.
type spelling struct{ *rand.Rand }

type part struct{ oid, value string }

var spellings = map[string][]string{
	"2.5.4.3": {"CN", "cn", "OID.2.5.4.3", "2.5.4.3"}, "2.5.4.8": {"S", "ST", "st", "oid.2.5.4.8"},
	"2.5.4.10": {"O", "o", "2.5.4.10"}, "1.2.840.113549.1.9.1": {"E", "emailAddress", "EMAIL"},
	"1.3.6.1.4.1.311.60.2.1.3": {"OID.1.3.6.1.4.1.311.60.2.1.3", "1.3.6.1.4.1.311.60.2.1.3"},
}

func (s spelling) oneOf(choices ...string) string { return choices[s.IntN(len(choices))] }
func (s spelling) space() string                  { return strings.Repeat(" ", s.IntN(3)) }

// name writes the parts in random order and spelling. Escapes by backslash are used throughout or not at all, as real
// programs do.
func (s spelling) name(names [][]part) string {
	backslash := s.IntN(2) == 0
	var written []string
	for _, rdn := range names {
		var attributes []string
		for _, p := range rdn {
			attributes = append(attributes, s.oneOf(spellings[p.oid]...)+s.space()+"="+s.space()+s.value(p.value, backslash))
		}
		s.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
		written = append(written, strings.Join(attributes, s.space()+"+"+s.space()))
	}
	s.Shuffle(len(written), func(i, j int) { written[i], written[j] = written[j], written[i] })
	return strings.Join(written, s.space()+s.oneOf(",", ";")+s.space())
}

func (s spelling) value(value string, backslash bool) string {
	if !backslash {
		return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	if s.IntN(4) == 0 {
		ber, _ := asn1.MarshalWithParams(value, "utf8")
		return "#" + hex.EncodeToString(ber)
	}
	var out strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case s.IntN(8) == 0:
			fmt.Fprintf(&out, `\%02x`, c)
		case strings.IndexByte(`,;+"\<>=# `, c) >= 0:
			out.WriteString(`\` + string(c))
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func (s spelling) parts() [][]part {
	alphabet := []rune(`ab ,;+"\<>=#é.-1`)
	kinds := slices.Sorted(func(yield func(string) bool) {
		for oid := range spellings {
			if !yield(oid) {
				return
			}
		}
	})
	names := make([][]part, 1+s.IntN(4))
	for i := range names {
		for range 1 + s.IntN(2) {
			value := make([]rune, 1+s.IntN(6))
			for j := range value {
				value[j] = alphabet[s.IntN(len(alphabet))]
			}
			names[i] = append(names[i], part{kinds[s.IntN(len(kinds))], string(value)})
		}
	}
	return names
}

func attributeSet(names [][]part) map[part]bool {
	set := make(map[part]bool)
	for _, rdn := range names {
		for _, p := range rdn {
			set[part{p.oid, fold(p.value)}] = true
		}
	}
	return set
}

// TestEqualByProperty writes random names in two random ways each: they are equal, and with one part changed they are
// not.
func TestEqualByProperty(t *testing.T) {
	s := spelling{rand.New(rand.NewPCG(1, 2))}
	for range 5_000 {
		names := s.parts()
		a, b := s.name(names), s.name(names)
		if !equal(a, b) {
			t.Fatalf("%q and %q are not the same", a, b)
		}
		changed := slices.Clone(names)
		i := s.IntN(len(changed))
		changed[i] = slices.Clone(changed[i])
		changed[i][s.IntN(len(changed[i]))].value += "x"
		if c := s.name(changed); equal(a, c) {
			t.Fatalf("%q and %q are the same", a, c)
		}
		if fewer := append(slices.Clone(names[:i]), names[i+1:]...); len(fewer) > 0 && !maps.Equal(attributeSet(fewer), attributeSet(names)) && equal(a, s.name(fewer)) {
			t.Fatalf("%q is the same with a part less", a)
		}
	}
}

func TestCompare(t *testing.T) {
	const full = "CN=Contoso, O=Contoso Ltd, S=WA, C=US"
	const extended = full + ", SERIALNUMBER=42, STREET=1 Main St"
	tests := []struct {
		known, shown             string
		unknown, whole, dropping Comparison // by what is known of the attributes outside the six
	}{
		{full, "C=us,ST=wa,CN=contoso,O=CONTOSO LTD", Equal, Equal, Equal},
		{"Contoso", " contoso ", Equal, Equal, Equal},
		{full, "CN=Contoso, O=Fabrikam, S=WA, C=US", Different, Different, Different},
		{full, "CN=Fabrikam", Different, Different, Different},
		{full, full + ", L=Redmond", Different, Different, Different},
		{full, extended, Different, Different, Different},
		{full, "CN=Contoso, C=US", Unclear, Unclear, Unclear},
		{full, "CN=Contoso", Unclear, Unclear, Unclear},
		{full, "Contoso", Unclear, Unclear, Unclear},
		{full, "", Unclear, Unclear, Unclear},
		{"", "", Unclear, Unclear, Unclear},
		{"CN=Contoso", "Fabrikam", Unclear, Unclear, Unclear},

		{extended, extended, Equal, Equal, Equal},
		{extended, full, Unclear, Different, Equal},
		{extended, full + ", SERIALNUMBER=42", Unclear, Different, Equal},
		{extended, full + ", SERIALNUMBER=43", Different, Different, Different},
		{extended, "CN=Contoso", Unclear, Different, Unclear},
		{"CN=Contoso, jurisdictionC=US", "CN=Contoso", Unclear, Different, Equal},
		{"CN=Contoso, E=a@b.c", "CN=Contoso, emailAddress=A@B.C", Equal, Equal, Equal},

		{"CN=Contoso, OU=a, OU=b", "OU=b, OU=a, CN=Contoso", Equal, Equal, Equal},
		{"CN=Contoso, OU=a, OU=b", "CN=Contoso, OU=a", Unclear, Unclear, Unclear},
		{"CN=Contoso, OU=a", "CN=Contoso, OU=a, OU=b", Different, Different, Different},
		{"CN=Contoso, OU=a, OU=b", "CN=Contoso, OU=a, OU=c", Different, Different, Different},
		{`CN=DOM\bob, C=US`, `CN=DOM\\bob, C=US`, Equal, Equal, Equal},
	}
	for _, test := range tests {
		known, shown := Parse(test.known), Parse(test.shown)
		got := [3]Comparison{known.Compare(shown, OthersUnknown), known.Compare(shown, OthersShown), known.Compare(shown, OthersDropped)}
		if want := [3]Comparison{test.unknown, test.whole, test.dropping}; got != want {
			t.Errorf("%q, shown as %q: got %v, want %v", test.known, test.shown, got, want)
		}
	}
}

// FuzzParse shows that every text equals itself, that equality is symmetric, and that knowing more of the service only
// settles what was unclear.
func FuzzParse(f *testing.F) {
	f.Add(`CN="a""b", O=c\2c + OU=#0c0161`, `O=c\, + OU=a; CN=a\"b`)
	f.Add(`CN=\`, `CN="`)
	f.Fuzz(func(t *testing.T, textA, textB string) {
		a, b := Parse(textA), Parse(textB)
		unknown := a.Compare(b, OthersUnknown)
		if !a.IsZero() && a.Compare(a, OthersUnknown) != Equal ||
			(a.Compare(b, OthersShown) == Equal) != (b.Compare(a, OthersShown) == Equal) ||
			unknown != Unclear && (a.Compare(b, OthersShown) != unknown || a.Compare(b, OthersDropped) != unknown) {
			t.Errorf("%q, %q", textA, textB)
		}
	})
}
