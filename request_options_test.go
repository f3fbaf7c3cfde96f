package intune_test

import (
	"testing"

	intune "github.com/seed-230b9595/intune-go"
)

func TestWithoutReconcileIsForCreateAlone(t *testing.T) {
	w := newWire(t)
	errorAs[*intune.InputError](t, w.client().Do(t.Context(), "GET", path, nil, nil, intune.WithoutReconcile()))
	errorAs[*intune.InputError](t, w.client().Do(t.Context(), "POST", path, nil, nil, intune.WithoutReconcile()))
}
