package main

import (
	"encoding/json"
	"strings"
	"time"
)

// decoded reads the one JSON document of standard output. A field that T does not have is an error, so that the names of
// fields stay as they are.
func decoded[T any](d *finished) T {
	d.t.Helper()
	var document T
	decoder := json.NewDecoder(strings.NewReader(d.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		d.t.Fatalf("%v: %v\n%s%s", d.args, err, d.stdout, d.stderr)
	}
	if decoder.More() {
		d.t.Errorf("%v prints more than one document:\n%s", d.args, d.stdout)
	}
	return document
}

// The documents as scripts see them.
type (
	recordJSON struct {
		ID, Status, Subject, Issuer, Thumbprint, MatchedBy string
		ExpirationDateTime, UploadDateTime                 *time.Time
		DaysLeft                                           *int
		IsDeployed                                         *bool
	}
	errorJSON  struct{ Kind, Message, NextStep string }
	rotateJSON struct {
		File                  string
		DryRun, Created       bool
		WouldCreate           bool
		MatchedBy             string
		Certificate, Previous *recordJSON
		Old                   []recordJSON
		Deleted, Pending      []string
		PendingUntil          *time.Time
		WouldDelete           []string
		Findings              []struct{ Severity, Code, Message string }
		Error                 *errorJSON
	}
	uploadJSON struct {
		DryRun bool
		Files  []struct {
			File, Outcome, MatchedBy string
			Certificate              *recordJSON
			Findings                 []struct{ Severity, Code, Message string }
			Error                    *errorJSON
		}
		Error *errorJSON
	}
	listJSON struct {
		Certificates []recordJSON
		NoneDeployed bool
		Error        *errorJSON
	}
)

func (r *recordJSON) isDeployed() bool { return r.IsDeployed != nil && *r.IsDeployed }

func (r *recordJSON) isKnownNotToBeDeployed() bool { return r.IsDeployed != nil && !*r.IsDeployed }
