package settle_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"settled/settle"
)

// TestSplitProperties holds for every bill: parts sum and nothing is negative (Check,
// before anything is returned, and again here), the order of lines changes no total,
// more usage never gives more fund, a fuller family account never more cash, and the
// same arguments give the same split.
func TestSplitProperties(t *testing.T) {
	set := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		p, b, u := anyPerson(t), anyBill(t), anyUsage(t)
		rules := set.On(b.Visit.Day)
		run := func(p settle.Insured, b settle.Bill, u settle.Usage) settle.Split {
			s, err := settle.Compute(rules, p, b, u)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(b); err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := run(p, b, u)
		if again := run(p, b, u); cmp.Diff(asJSON(t, s), asJSON(t, again)) != "" {
			t.Fatal("the same arguments gave another split")
		}
		shuffled := b
		shuffled.Lines = append([]settle.Line(nil), b.Lines...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(shuffled.Lines), func(i, j int) {
			shuffled.Lines[i], shuffled.Lines[j] = shuffled.Lines[j], shuffled.Lines[i]
		})
		if o := run(p, shuffled, u); o.Total != s.Total || o.Fund != s.Fund || o.Own != s.Own || o.Family != s.Family || o.Cash != s.Cash {
			t.Fatalf("order of lines: %s/%s/%s became %s/%s/%s", s.Fund, s.Family, s.Cash, o.Fund, o.Family, o.Cash)
		}
		more := u
		more.Ordinary += settle.Fen(rapid.Int64Range(0, 100_000).Draw(t, "more"))
		if o := run(p, b, more); o.Fund > s.Fund {
			t.Fatalf("more usage: fund %s became %s", s.Fund, o.Fund)
		}
		if len(p.Family) > 0 {
			fuller := p
			fuller.Family = append([]settle.FamilyAccount(nil), p.Family...)
			fuller.Family[0].Balance += settle.Fen(rapid.Int64Range(0, 100_000).Draw(t, "richer"))
			if o := run(fuller, b, u); o.Cash > s.Cash || o.Fund != s.Fund {
				t.Fatalf("fuller account: cash %s became %s", s.Cash, o.Cash)
			}
		}
	})
}

// TestStepsAreWhole: a step's sentences come from its other fields alone, so a split
// stored without them reads the same, and JSON keeps a split.
func TestStepsAreWhole(t *testing.T) {
	set := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		p, b, u := anyPerson(t), anyBill(t), anyUsage(t)
		s, err := settle.Compute(set.On(b.Visit.Day), p, b, u)
		if err != nil {
			t.Fatal(err)
		}
		bare := asJSON(t, s)
		s.FillSentences()
		for i := range s.Steps {
			if st := &s.Steps[i]; st.Chinese == "" || st.English == "" || st.Rule == "" || st.Source == "" {
				t.Fatalf("step %+v is not complete", st)
			} else if zh, en := st.Sentences(); zh != st.Chinese || en != st.English {
				t.Fatalf("%q is not %q", zh, st.Chinese)
			}
		}
		var back settle.Split
		if err := json.Unmarshal([]byte(bare), &back); err != nil {
			t.Fatal(err)
		}
		back.FillSentences()
		if d := cmp.Diff(asJSON(t, s), asJSON(t, back)); d != "" {
			t.Fatal(d)
		}
	})
}

func asJSON(t *rapid.T, s settle.Split) string {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
