package intunetest

// This file writes the pages that Microsoft Entra ID shows to people.

import (
	"fmt"
	"html"
	"net/http"
)

// webPage is an HTML page with a heading, which is text, and a body, which is HTML.
func webPage(status int, heading, body string) *answer {
	heading = escape(heading)
	return &answer{status: status, contentType: "text/html; charset=utf-8", body: fmt.Appendf(nil,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title></head><body><h1>%s</h1>%s</body></html>\n",
		heading, heading, body)}
}

func escape(text string) string { return html.EscapeString(text) }

// page is the refusal as a person sees it.
func (r *refusal) page(c *entraCall) *answer {
	description, _ := r.fields(c.ids)["error_description"].(string)
	return webPage(r.status, "Sorry, but we’re having trouble signing you in.", "<p>"+escape(description)+"</p>")
}

// redirect sends the browser on.
func redirect(location string) *answer {
	a := webPage(http.StatusFound, "Redirecting", "")
	a.setHeader("Location", location)
	return a
}
