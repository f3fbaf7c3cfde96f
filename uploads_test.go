package intune_test

import (
	"net/http"
	"testing"
	"time"
)

func TestCreateDatesEachUploadDifferently(t *testing.T) {
	const uploads = 50
	w := newWire(t)
	for range uploads {
		w.responses = append(w.responses, reply(http.StatusCreated, created))
	}
	client := w.client()
	before := time.Now().Truncate(time.Microsecond)
	for range uploads {
		if _, err := create(client); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for _, body := range w.bodies {
		sent := decode(t, body).UploadDateTime
		if _, offset := sent.Zone(); offset != 0 || sent.Before(before) || sent.After(time.Now().Add(time.Second)) {
			t.Errorf("uploadDateTime %v is not now, in UTC", sent)
		}
		if sent.Truncate(time.Microsecond).Equal(sent) {
			t.Errorf("uploadDateTime %v is one that a service may make up by cutting another one", sent)
		}
		seen[sent.String()] = true
	}
	if len(seen) != uploads {
		t.Errorf("%d different dates in %d uploads", len(seen), uploads)
	}
}
