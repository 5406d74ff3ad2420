package cases

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadings: the cases worked for what the texts say in passing or leave open match
// field for field.
func TestReadings(t *testing.T) {
	raw, err := os.ReadFile("../../../../testdata/cases/readings.json")
	if err != nil {
		t.Fatal(err)
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	got := answers(t, bytes.NewReader(raw), shipped(t).On)
	if len(got) != len(f.Cases) || len(got) < 12 {
		t.Fatalf("%d answers for %d cases", len(got), len(f.Cases))
	}
	for i, c := range f.Cases {
		want := as[map[string]any](t, c["expected"])
		want["id"] = c["id"]
		if d := cmp.Diff(want, got[i]); d != "" {
			t.Errorf("%s %v: -want +got\n%s", c["id"], c["title"], d)
		}
	}
}
