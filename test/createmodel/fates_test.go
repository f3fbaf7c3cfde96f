package createmodel

// This file says what can become of a request.

import "slices"

// ending is how a response, or its absence, comes about on the wire.
type ending int

const (
	responds    ending = iota // status, header and body
	breaks                    // the connection is lost before the response
	hangs                     // nothing comes until the client gives up
	isCut                     // the body ends too early
	staysSilent               // the header comes, but the body never does
	switches                  // 101, after which the body blocks until it is closed
)

// fate is what becomes of a request.
type fate struct {
	name       string
	ending     ending
	status     int
	body       string // "object" stands for the object of the record
	html       bool   // the content type
	retryAfter string
	location   string

	mayCommit bool // the request may be carried out all the same
	isUnknown bool // by the table in DESIGN.md: the client cannot know whether it was
	fails     bool // an error in Graph's own words, or a refused listing, that does not pass
}

const (
	page        = `<html><head><title>Bad gateway</title></head><body>Our services aren't available right now</body></html>`
	graphError  = `{"error":{"code":"ServiceUnavailable","message":"no","innerError":{"request-id":"inner"}}}`
	throttled   = `{"error":{"code":"TooManyRequests","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"no\",\r\n  \"RetryAfter\": \"7\"\r\n}"}}`
	otherObject = `{"@odata.type":"#microsoft.graph.windowsAppX","id":"00000000-0000-0000-0000-00000000beef","displayName":"another"}`
	noID        = `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","subject":"CN=Contoso"}`
	theObject   = "object"
)

// success is what the service promises.
var success = &fate{name: "201", status: 201, body: theObject, mayCommit: true}

// lostFates leave the client in doubt.
var lostFates = []*fate{
	{name: "504 of a gateway", status: 504, body: page, html: true},
	{name: "connection lost", ending: breaks},
	{name: "no response", ending: hangs},
	{name: "500", status: 500, body: graphError},
	{name: "500 of a gateway", status: 500, body: page, html: true},
	{name: "502 of a gateway", status: 502, body: page, html: true},
	{name: "503", status: 503, body: graphError},
	{name: "503 with Retry-After", status: 503, body: graphError, retryAfter: "11"},
	{name: "503 of a gateway", status: 503, body: page, html: true},
	{name: "503 of a gateway with Retry-After", status: 503, body: page, html: true, retryAfter: "9"},
	{name: "504 of a gateway with Retry-After", status: 504, body: page, html: true, retryAfter: "40"},
	{name: "504", status: 504, body: graphError},
	{name: "408", status: 408, body: graphError},
	{name: "408 of a gateway", status: 408, body: page, html: true},
	{name: "400 of a gateway", status: 400, body: page, html: true},
	{name: "403 of a gateway in JSON", status: 403, body: `{"Message":"blocked"}`},
	{name: "404 of a gateway", status: 404, body: page, html: true},
	{name: "460 of a gateway", status: 460},
	{name: "499 of a gateway", status: 499},
	{name: "302", status: 302, location: "https://login.contoso.com/portal"},
	{name: "303", status: 303, location: "/beta/deviceAppManagement/enterpriseCodeSigningCertificates/x"},
	{name: "200", status: 200, body: theObject},
	{name: "202", status: 202},
	{name: "204", status: 204},
	{name: "201 truncated", ending: isCut, status: 201, body: theObject},
	{name: "201 without its body", ending: staysSilent, status: 201, body: theObject},
	{name: "201 with a page", status: 201, body: page, html: true},
	{name: "201 with nothing", status: 201},
	{name: "201 with another object", status: 201, body: otherObject},
	{name: "201 without an id", status: 201, body: noID},
	{name: "101 and silence", ending: switches, status: 101},
}

// rejections pass, and nothing was carried out.
var rejections = []*fate{
	{name: "429", status: 429, body: throttled},
	{name: "429 with Retry-After", status: 429, body: throttled, retryAfter: "20"},
	{name: "429 of a gateway", status: 429, body: page, html: true, retryAfter: "3"},
	{name: "509", status: 509, body: graphError, retryAfter: "5"},
}

// unauthorized passes once.
var unauthorized = &fate{name: "401", status: 401, body: `{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}`}

// failures are final, and nothing was carried out.
var failures = []*fate{
	{name: "400", status: 400, body: `{"error":{"code":"BadRequest","message":"no"}}`, fails: true},
	{name: "403", status: 403, body: "\ufeff" + `{"error":{"code":"Forbidden","message":"no"}}`, fails: true},
	{name: "404", status: 404, body: `{"error":{"code":"ResourceNotFound","message":"no"}}`, fails: true},
	{name: "409", status: 409, body: `{"error":{"code":"Conflict","message":"no"}}`, fails: true},
	{name: "499", status: 499, body: `{"error":{"code":"ClientClosedRequest","message":"no"}}`, fails: true},
	{name: "501", status: 501, body: `{"error":{"code":"NotImplemented","message":"no"}}`, fails: true},
}

var (
	passingFates = slices.Concat(inDoubt(lostFates), rejections)
	postFates    = slices.Concat(passingFates, passingFates, failures, []*fate{unauthorized})
)

// inDoubt marks the fates that leave the client in doubt.
func inDoubt(fates []*fate) []*fate {
	for _, f := range fates {
		f.mayCommit, f.isUnknown = true, true
	}
	return fates
}

// listed is what becomes of a page of a listing that is served.
var listed = &fate{name: "200", status: 200}

// passingListing strike a page of a listing, and pass.
var passingListing = []*fate{
	{name: "503", status: 503, body: graphError},
	{name: "503 with Retry-After", status: 503, body: graphError, retryAfter: "4"},
	{name: "500", status: 500, body: graphError},
	{name: "504 of a gateway", status: 504, body: page, html: true},
	{name: "429 with Retry-After", status: 429, body: throttled, retryAfter: "6"},
	{name: "connection lost", ending: breaks},
	{name: "200 with a page", status: 200, body: page, html: true},
	{name: "200 truncated", ending: isCut, status: 200, body: `{"value":[{"id":"x"`},
	{name: "200 without its body", ending: staysSilent, status: 200, body: `{"value":[`},
	{name: "no response", ending: hangs},
}

// refusedListing are errors that another look meets again.
var refusedListing = []*fate{
	{name: "403", status: 403, body: `{"error":{"code":"Forbidden","message":"no"}}`, fails: true},
	{name: "404 of a gateway", status: 404, body: page, html: true, fails: true},
}

// listFates chooses what becomes of the first requests of listings.
func listFates(d *dice, most int) []*fate {
	fates := make([]*fate, d.below(most+1))
	often := oneOf(d, 50, 50, 97)
	for i := range fates {
		switch {
		case d.chance(2):
			fates[i] = oneOf(d, refusedListing...)
		case d.chance(often):
			fates[i] = oneOf(d, passingListing...)
		}
	}
	return fates
}

// passingListFates strikes two of the first requests at most, and not with the long ones.
func passingListFates(d *dice) []*fate {
	const short = 8
	fates := make([]*fate, 10)
	if d.chance(40) {
		fates[d.below(len(fates))] = oneOf(d, passingListing[:short]...)
		fates[d.below(len(fates))] = oneOf(d, passingListing[:short]...)
	}
	return fates
}
