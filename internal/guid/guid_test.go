package guid_test

import (
	"regexp"
	"testing"

	"github.com/seed-230b9595/intune-go/internal/guid"
)

func TestNew(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := make(map[string]bool)
	for range 1000 {
		id := guid.New()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("got %s", id)
		}
		seen[id] = true
	}
}
