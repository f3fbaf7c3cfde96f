package entra

// This file writes the pages that Microsoft Entra ID shows to people.

import (
	"bytes"
	_ "embed" // for webpage.html
	"fmt"
	"html/template"
	"net/http"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

//go:embed webpage.html
var webPageHTML string

var webPageTemplate = template.Must(template.New("").Parse(webPageHTML))

// webPage is a page with a heading and, if they are not empty, a text and one of two forms.
type webPage struct {
	Heading, Text string

	People   []exchange.Person // who can sign in at a device, in a form that asks for its code
	UserCode string            // is filled in

	PostTo string // where a form with these fields goes by itself
	Fields map[string]any
}

func (p webPage) response(status int) *exchange.Response {
	var body bytes.Buffer
	if err := webPageTemplate.Execute(&body, p); err != nil {
		panic(fmt.Sprintf("intunetest: %v", err)) // the fields are texts, into memory
	}
	response := &exchange.Response{Status: status, ContentType: "text/html; charset=utf-8", Body: body.Bytes()}
	response.SetHeader("Content-Security-Policy", "frame-ancestors 'none'")
	return response
}

// page is the rejection as people see it.
func (r *rejection) page(c *call) *exchange.Response {
	description, _ := r.fields(c.ids)["error_description"].(string)
	return webPage{Heading: "Sorry, but we’re having trouble signing you in.", Text: description}.response(r.status)
}

// redirect sends the browser on.
func redirect(location string) *exchange.Response {
	response := webPage{Heading: "Redirecting"}.response(http.StatusFound)
	response.SetHeader("Location", location)
	return response
}
