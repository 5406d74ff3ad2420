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
	cases, got := worked(t, "readings.json", 12)
	for i, c := range cases {
		want := as[map[string]any](t, c["expected"])
		want["id"] = c["id"]
		if d := cmp.Diff(want, got[i]); d != "" {
			t.Errorf("%s %v: -want +got\n%s", c["id"], c["title"], d)
		}
	}
}

// worked gives the cases of a file, at least so many, and what the rules as shipped make of
// them.
func worked(t *testing.T, name string, least int) (cases, got []map[string]any) {
	t.Helper()
	raw, err := os.ReadFile("../../../../testdata/cases/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	got = answers(t, bytes.NewReader(raw), shipped(t).On)
	if len(got) != len(f.Cases) || len(got) < least {
		t.Fatalf("%d answers for %d cases", len(got), len(f.Cases))
	}
	return f.Cases, got
}
