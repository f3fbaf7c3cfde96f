package wire

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter reads the seconds or the HTTP date of a Retry-After header. A fraction of a second is rounded up: Microsoft
// Graph has been seen to send 2.128. A date counts from the date of the response, so the local clock does not matter.
func RetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	const longest = 365 * 24 * 60 * 60 // seconds; a larger number, even one too large for an int, means the same
	if strings.Trim(value, "0123456789.") == "" {
		seconds, err := strconv.ParseFloat(value, 64)
		if errors.Is(err, strconv.ErrSyntax) {
			return 0, false
		}
		return time.Duration(min(math.Ceil(seconds), longest)) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if now.IsZero() {
		now = time.Now()
	}
	return min(max(date.Sub(now), 0), longest*time.Second), true
}

// Date returns the Date of a response, zero if it has none.
func Date(header http.Header) time.Time {
	value := header.Get("Date")
	if value == "" {
		return time.Time{}
	}
	date, _ := http.ParseTime(value)
	return date.UTC()
}
