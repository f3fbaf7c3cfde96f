package tokencache

import (
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

// Token is an access token, ready to be sent.
type Token struct {
	Header []string    // the value of Authorization. It must not be changed
	Mask   redact.Mask // masks the token in text

	claims    string // it was requested with these
	expiry    time.Time
	refreshAt time.Time // from then on it is stale; zero if it does not expire
	forcedAt  time.Time // when it was fetched, if an earlier one had been rejected
}

const (
	// longestRefreshWindow is how long before its expiry a token becomes stale, at most.
	longestRefreshWindow = 5 * time.Minute

	// freshFor is how long after a forced refresh another one would bring nothing new.
	freshFor = time.Minute
)

func newToken(fetched *oauth2.Token, need Need, now time.Time) *Token {
	t := &Token{
		Header: []string{"Bearer " + fetched.AccessToken}, Mask: redact.New(fetched.AccessToken),
		claims: need.Claims, expiry: fetched.Expiry.Round(0),
	}
	if !t.expiry.IsZero() {
		t.refreshAt = t.expiry.Add(-min(t.expiry.Sub(now)/5, longestRefreshWindow))
	}
	if need.Rejected != nil {
		t.forcedAt = now
	}
	return t
}

// wallClock returns the time without its monotonic reading, which stands still while a machine sleeps.
func wallClock() time.Time { return time.Now().Round(0) }

// IsFresh reports whether the token came from a forced refresh less than a minute before now. Such a token is not
// refreshed again if the service rejects it.
func (t *Token) IsFresh(now time.Time) bool {
	age := now.Round(0).Sub(t.forcedAt)
	return age >= 0 && age < freshFor
}

func (t *Token) isValid(now time.Time) bool { return t.expiry.IsZero() || now.Before(t.expiry) }
func (t *Token) isStale(now time.Time) bool { return !t.expiry.IsZero() && !now.Before(t.refreshAt) }
