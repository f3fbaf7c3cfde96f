package graph

// This file is how the service shows what it was sent.

import (
	"slices"
	"strings"
	"time"
)

// finish sets what the service decides about a record.
func (s *Server) finish(r *record) {
	if r.time("uploadDateTime").IsZero() {
		r.values["uploadDateTime"] = s.config.Now().Truncate(100 * time.Nanosecond)
	}
	for _, name := range []string{"subjectName", "subject", "issuerName", "issuer"} {
		if text, isText := r.values[name].(string); isText {
			r.values[name] = s.spell(text)
		}
	}
	if s.config.Respelling {
		for _, name := range []string{"expirationDateTime", "uploadDateTime"} {
			r.values[name] = r.time(name).UTC().Truncate(time.Second)
		}
	}
}

func (s *Server) spell(name string) string {
	if len(s.config.NamesWithout) > 0 {
		name = without(name, s.config.NamesWithout)
	}
	if s.config.Respelling {
		name = respell(name)
	}
	return name
}

// without removes attributes of these types from a name.
func without(name string, types []string) string {
	parts := splitName(name)
	kept := slices.DeleteFunc(slices.Clone(parts), func(part string) bool {
		attribute, _, _ := strings.Cut(part, "=")
		return slices.ContainsFunc(types, func(of string) bool { return strings.EqualFold(of, strings.TrimSpace(attribute)) })
	})
	if len(kept) == len(parts) {
		return name
	}
	return strings.Join(kept, ", ")
}

// splitName divides a name at the commas that do not stand in quotation marks.
func splitName(name string) []string {
	isQuoted := false
	parts := strings.FieldsFunc(name, func(r rune) bool {
		isQuoted = isQuoted != (r == '"')
		return r == ',' && !isQuoted
	})
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return parts
}

// respell turns a name as Windows spells it into one as OpenSSL does. Names with quotation marks, and names that it has
// respelled before, stay as they are.
func respell(name string) string {
	parts := strings.Split(name, ", ")
	if len(parts) < 2 || strings.ContainsAny(name, `"+`) {
		return name
	}
	slices.Reverse(parts)
	for i, part := range parts {
		if state, ok := strings.CutPrefix(part, "S="); ok {
			parts[i] = "ST=" + state
		}
	}
	return strings.Join(parts, ",")
}
