package entra

// This file writes the pages that Microsoft Entra ID shows to people.

import (
	"fmt"
	"html"
	"net/http"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// webPage is an HTML page with a heading, which is text, and a body, which is HTML.
func webPage(status int, heading, body string) *exchange.Response {
	heading = escape(heading)
	return &exchange.Response{Status: status, ContentType: "text/html; charset=utf-8", Body: fmt.Appendf(nil,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title></head><body><h1>%s</h1>%s</body></html>\n",
		heading, heading, body)}
}

func escape(text string) string { return html.EscapeString(text) }

// page is the rejection as people see it.
func (r *rejection) page(c *call) *exchange.Response {
	description, _ := r.fields(c.ids)["error_description"].(string)
	return webPage(r.status, "Sorry, but we’re having trouble signing you in.", "<p>"+escape(description)+"</p>")
}

// redirect sends the browser on.
func redirect(location string) *exchange.Response {
	a := webPage(http.StatusFound, "Redirecting", "")
	a.SetHeader("Location", location)
	return a
}
