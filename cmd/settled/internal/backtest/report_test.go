package backtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"settled/settle"
	"settled/settle/policy"
)

// paid is a split of 1000.00 of which the fund pays a part.
func paid(fund settle.Fen) *settle.Split {
	return &settle.Split{Status: settle.Settled, Total: 100000, Fund: fund, Cash: 100000 - fund}
}

func refused() *settle.Split {
	return &settle.Split{Status: settle.Refused, Reasons: []settle.Code{settle.PolicyRowMissing}, Total: 100000, Cash: 100000}
}

// TestLargest: the ten largest differences, of equal ones the first, whoever gets more.
func TestLargest(t *testing.T) {
	r := newReport("")
	for i := range 40 { // 0, 7, 14, ... in another order, each amount twice
		n := settle.Fen(i * 7 % 20)
		after := 50000 + n*100
		if i%2 == 1 {
			after = 50000 - n*100
		}
		r.compare(&Past{ID: fmt.Sprint(i)}, paid(50000), paid(after))
	}
	var got []string
	for _, d := range r.Largest {
		got = append(got, d.ID+" "+d.Moved.String())
	}
	want := []string{"17 19.00", "37 19.00", "14 18.00", "34 18.00", "11 17.00", "31 17.00", "8 16.00", "28 16.00", "5 15.00", "25 15.00"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if r.Compared != 40 || r.Same != 2 || r.Sources[0].More+r.Sources[0].Less+r.Sources[0].Same != 40 || r.Sources[0].Difference != -r.Sources[3].Difference {
		t.Errorf("%+v", r)
	}
}

// TestRefusals: what is refused before or after is in no sum.
func TestRefusals(t *testing.T) {
	r := newReport("")
	child, old := settle.Insured{Category: settle.ChildResident}, settle.Insured{Category: settle.EmployeeTier1, Retired: true}
	r.compare(&Past{ID: "lost", Person: child}, paid(40000), refused())
	r.compare(&Past{ID: "won", Person: child}, refused(), paid(30000))
	r.compare(&Past{ID: "neither", Person: child}, refused(), refused())
	r.compare(&Past{ID: "same", Person: old}, paid(1), paid(1))
	if r.Compared != 1 || r.StillNot != 1 || r.Admitted.Count != 1 || r.Admitted.First[0].ID != "won" || r.Sources[0].Before != 1 || r.Sources[0].After != 1 {
		t.Errorf("%+v", r)
	}
	if len(r.Refused) != 1 || r.Refused[0] != (Refusal{settle.PolicyRowMissing, 1, 40000}) || len(r.Largest) != 1 || r.Largest[0].Moved != 40000 {
		t.Errorf("%+v", r)
	}
	if len(r.Persons) != 2 || r.Persons[0].Refused != 1 || r.Persons[1].Same != 1 || !r.Persons[1].Retired {
		t.Errorf("%+v", r.Persons)
	}
}

// TestUnlike: a recorded split must come out in every amount, unless only its totals
// were recorded.
func TestUnlike(t *testing.T) {
	line := func(funds ...settle.Fen) *settle.Split {
		s := paid(300)
		for _, f := range funds {
			s.Lines = append(s.Lines, settle.LineSplit{Amount: 200, InScope: 200, Fund: f})
		}
		return s
	}
	for _, c := range []struct {
		split, again *settle.Split
		summary      bool
		want         string
	}{
		{line(100, 200), line(100, 200), false, ""},
		{line(100, 200), line(200, 100), false, "the same totals, but lines"},
		{line(), line(200, 100), true, ""},
		{line(), paid(301), true, "recorded settled: fund 3.00 own 0.00 family 0.00 cash 997.00, now settled: fund 3.01"},
		{paid(0), refused(), true, "now refused"},
	} {
		if got := unlike(&Past{Split: c.split, Summary: c.summary}, c.again); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestBounded: what is kept does not grow with the settlements.
func TestBounded(t *testing.T) {
	set, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	test := New(set, set)
	for i := range 500 {
		test.Fail(fmt.Sprint(i), errors.New("odd"))
		test.out.unchecked(fmt.Sprintf("rules %d", i))
	}
	r := test.Report()
	if r.Settlements != 500 || r.Failed.Count != 500 || len(r.Failed.First) != mostNamed || len(r.Unchecked) != mostDigest+1 {
		t.Errorf("%d settlements, %d failed, %d of them named, %d rules", r.Settlements, r.Failed.Count, len(r.Failed.First), len(r.Unchecked))
	}
	if last := r.Unchecked[mostDigest]; last.Rules != "" || last.Count != 400 {
		t.Errorf("%+v", last)
	}
}
