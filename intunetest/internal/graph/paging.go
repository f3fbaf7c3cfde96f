package graph

// This file divides the collection into pages. A nextLink says at which place in the order the next page begins, not after
// how many records, so that creations and deletions in between do not shift it.

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// position is the place of a record in the order of a query: by the keys of $orderby, then by creation. The zero
// position is before all records.
type position struct {
	Keys   []value `json:"keys,omitempty"`
	Serial int     `json:"serial"`
}

func (q *query) position(r *record) position {
	at := position{Serial: r.serial}
	for _, by := range q.orderBy {
		at.Keys = append(at.Keys, r.value(by.property))
	}
	return at
}

func (q *query) compare(a, b position) int {
	for i, by := range q.orderBy {
		switch c := a.Keys[i].compare(b.Keys[i]); {
		case c != 0 && by.descending:
			return -c
		case c != 0:
			return c
		}
	}
	return cmp.Compare(a.Serial, b.Serial)
}

// page is the JSON of a list.
type page struct {
	Context  string           `json:"@odata.context,omitempty"`
	Count    *int             `json:"@odata.count,omitempty"` // of all that match, on every page
	NextLink string           `json:"@odata.nextLink,omitempty"`
	Value    []map[string]any `json:"value"`
}

// list responds with one page. $top is its size, not a limit for all pages:
// https://learn.microsoft.com/graph/query-parameters#top-parameter.
func (s *Server) list(c *call, q *query) *exchange.Response {
	matching := q.match(s.visible())
	rest := q.rest(matching)
	shown := rest[:min(len(rest), s.config.PageSize, q.top)]
	result := page{Value: make([]map[string]any, 0, len(shown))}
	if c.metadata != metadataNone {
		result.Context = c.context(q.selected)
	}
	for _, r := range shown {
		result.Value = append(result.Value, r.members(q.selected, c.metadata))
	}
	if q.count {
		result.Count = new(len(matching))
	}
	if len(shown) < len(rest) {
		result.NextLink = c.origin + c.URL.Path + "?" + q.next(&shown[len(shown)-1])
	}
	return c.json(http.StatusOK, result)
}

// rest are the records after the page before or, on the first page, after $skip.
func (q *query) rest(matching []record) []record {
	if q.after.Serial == 0 {
		return matching[min(q.skip, len(matching)):]
	}
	i := slices.IndexFunc(matching, func(r record) bool { return q.compare(q.position(&r), q.after) > 0 })
	if i < 0 {
		return nil
	}
	return matching[i:]
}

// skipToken is what $skiptoken holds: where a page ended, of a query without it.
type skipToken struct {
	Query string   `json:"query"`
	After position `json:"after"`
}

// next is the query of the page after a record: that of this page with another $skiptoken.
func (q *query) next(last *record) string {
	token, _ := json.Marshal(skipToken{q.given.encode(), q.position(last)}) // texts, numbers and times that were read from JSON
	return strings.TrimPrefix(q.given.encode()+"&$skiptoken="+base64.RawURLEncoding.EncodeToString(token), "&")
}

// skipTo reads $skiptoken.
func (q *query) skipTo(text string) error {
	var token skipToken
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || json.Unmarshal(data, &token) != nil || token.Query != q.given.encode() || len(token.After.Keys) != len(q.orderBy) {
		return textErrorf("The query specified in the URI is not valid. Skip token is malformed or belongs to another query.")
	}
	q.after = token.After
	return nil
}

// encode writes the options except $skiptoken, in one order.
func (o options) encode() string {
	values := make(url.Values)
	for name, value := range o {
		if name != "$skiptoken" {
			values.Set(name, value)
		}
	}
	return strings.ReplaceAll(values.Encode(), "%24", "$")
}
