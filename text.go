package intune

// This file makes text fit for errors and logs.

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// statusBandwidthLimitExceeded is 509, which Graph gives where an application has used up its share of bandwidth.
const statusBandwidthLimitExceeded = 509

func status(code int) string {
	text := http.StatusText(code)
	if code == statusBandwidthLimitExceeded {
		text = "Bandwidth Limit Exceeded"
	}
	return strings.TrimSpace(strconv.Itoa(code) + " " + text)
}

func inParentheses(requestID string) string {
	if requestID == "" {
		return ""
	}
	return " (request-id " + oneLine(requestID) + ")"
}

// oneLine makes text from outside fit for one line of a log: no control characters, and not without end.
func oneLine(text string) string {
	const limit = 500
	fields := strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	})
	line := strings.Join(fields, " ")
	if len(line) <= limit {
		return line
	}
	return strings.ToValidUTF8(line[:limit], "") + "…"
}

// precise keeps the 100 ns by which an upload is recognised, which slog's text handler does not.
func precise(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// present leaves out the attributes that say nothing.
func present(attrs ...slog.Attr) []slog.Attr {
	return slices.DeleteFunc(attrs, func(a slog.Attr) bool {
		switch a.Value.Kind() {
		case slog.KindString:
			return a.Value.String() == ""
		case slog.KindInt64:
			return a.Value.Int64() == 0
		case slog.KindDuration:
			return a.Value.Duration() == 0
		case slog.KindTime:
			return a.Value.Time().IsZero()
		default:
			return false
		}
	})
}
