package cases

import (
	"os"
	"testing"

	"settled/settle/policy"
)

func TestTry(t *testing.T) {
	f, _ := os.Open("../../../../testdata/cases/settlements.json")
	s, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := os.Create("/tmp/out.jsonl")
	if err := Run(f, out, s.On); err != nil {
		t.Fatal(err)
	}
}
