package budget

import "testing"

// TestOperationsKeepTheirBudgets counts allocations, which are the same on every machine; times are not. Raise a budget
// only for something that users want more than speed.
func TestOperationsKeepTheirBudgets(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates as well")
	}
	operations, err := Operations()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range operations {
		if err := o.Run(); err != nil {
			t.Fatalf("%s: %v", o.Name, err)
		}
		const runs = 100
		got := testing.AllocsPerRun(runs, func() {
			if err := o.Run(); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			}
		})
		if got > o.Allocations {
			t.Errorf("%s allocates %v times, and may %v times", o.Name, got, o.Allocations)
		}
		if slack := 2 + o.Allocations/20; got < o.Allocations-slack {
			t.Errorf("%s allocates %v times only: lower its budget of %v", o.Name, got, o.Allocations)
		}
	}
}
