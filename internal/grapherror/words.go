package grapherror

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// StatusBandwidthLimitExceeded is 509. Graph returns it if an application has used up its share of bandwidth.
const StatusBandwidthLimitExceeded = 509

// Status returns a status with its name, "" for 0.
func Status(code int) string {
	if code == 0 {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(code) + " " + statusText(code))
}

func statusText(code int) string {
	if code == StatusBandwidthLimitExceeded {
		return "Bandwidth Limit Exceeded"
	}
	return http.StatusText(code)
}

// Words returns the code and the message of an error that follow its status in a text. They often repeat each other:
// 403 Forbidden, "Forbidden", "Forbidden: no".
func Words(status int, code, message string) string {
	message = without(statusText(status), without(code, message))
	return Joined(without(statusText(status), code), message)
}

// without takes words that text repeats off its beginning. Codes are words without spaces.
func without(words, text string) string {
	first, rest, _ := strings.Cut(text, ": ")
	if strings.EqualFold(strings.ReplaceAll(first, " ", ""), strings.ReplaceAll(words, " ", "")) {
		return rest
	}
	return text
}

// Joined joins those of the texts that are not empty.
func Joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), ": ")
}
