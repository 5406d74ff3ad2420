package settle_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"settled/settle"
	"settled/settle/policy"
)

// situation is a person with a bill and what was used before.
type situation struct {
	person settle.Insured
	bill   settle.Bill
	used   settle.Usage
}

func anySituation(t *rapid.T) situation {
	b, u := anyBill(t), anyUsage(t)
	return situation{anyPerson(t, b), b, u}
}

// settled computes, and checks what every split must hold: parts sum, nothing negative.
func (x situation) settled(t *rapid.T, set *policy.Set) settle.Split {
	s, err := settle.Compute(set.On(x.bill.Visit.Day), x.person, x.bill, x.used)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(x.bill); err != nil {
		t.Fatal(err)
	}
	return s
}

// property checks a law on random situations, a few at a time.
func property(t *testing.T, law func(t *rapid.T, set *policy.Set, x situation, s settle.Split)) {
	t.Helper()
	set := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			x := anySituation(t)
			law(t, set, x, x.settled(t, set))
		}
	})
}

// TestSameAgain: the same arguments give the same split, and so does the same bill
// after a void, which takes back what the settlement used of the limit.
func TestSameAgain(t *testing.T) {
	property(t, func(t *rapid.T, set *policy.Set, x situation, s settle.Split) {
		used := s.UsageAfter.Ordinary - x.used.Ordinary
		if s.LimitBefore != nil && *s.LimitBefore-*s.LimitAfter != used || s.LimitBefore == nil && used != 0 {
			t.Fatalf("usage grew by %s", used)
		}
		if more := s.UsageAfter.OrdinaryLevel2 - x.used.OrdinaryLevel2; more != 0 && (more != used || x.bill.Visit.Institution.Level < 2) {
			t.Fatalf("usage at level 2 grew by %s of %s", more, used)
		}
		x.used.Ordinary = s.UsageAfter.Ordinary - used // voided
		if d := cmp.Diff(asJSON(t, s), asJSON(t, x.settled(t, set))); d != "" {
			t.Fatal(d)
		}
	})
}

// TestOrderOfLines changes no total, and of a line at most the fen of a tie.
func TestOrderOfLines(t *testing.T) {
	property(t, func(t *rapid.T, set *policy.Set, x situation, s settle.Split) {
		at := make([]int, len(x.bill.Lines))
		for i := range at {
			at[i] = i
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
		shuffled := x
		shuffled.bill.Lines = make([]settle.Line, len(at))
		for to, from := range at {
			shuffled.bill.Lines[to] = x.bill.Lines[from]
		}
		o := shuffled.settled(t, set)
		if o.Total != s.Total || o.Fund != s.Fund || o.Own != s.Own || o.Family != s.Family || o.Cash != s.Cash || reasons(&o) != reasons(&s) {
			t.Fatalf("order of lines: %s/%s/%s became %s/%s/%s", s.Fund, s.Family, s.Cash, o.Fund, o.Family, o.Cash)
		}
		for to, from := range at {
			a, b := s.Lines[from], o.Lines[to]
			if d := a.Fund - b.Fund; d < -1 || d > 1 {
				t.Fatalf("line %d: fund %s became %s", from+1, a.Fund, b.Fund)
			}
			if a.Fund, a.Rate = b.Fund, b.Rate; a.Amount != b.Amount || a.InScope != b.InScope || a.Bucket != b.Bucket {
				t.Fatalf("line %d: %+v became %+v", from+1, a, b)
			}
		}
	})
}

// TestMoreUsage never gives more fund.
func TestMoreUsage(t *testing.T) {
	property(t, func(t *rapid.T, set *policy.Set, x situation, s settle.Split) {
		x.used.Ordinary += settle.Fen(between(t, 0, 4000, "more") * 50)
		x.used.OrdinaryLevel2 += settle.Fen(between(t, 0, 4000, "more at level 2") * 50)
		if o := x.settled(t, set); o.Fund > s.Fund {
			t.Fatalf("more usage: fund %s became %s", s.Fund, o.Fund)
		}
	})
}

// TestFullerAccounts never mean more cash: a family account's at any time, the own one's
// from 2023-10-01 (before, it keeps the family's from paying).
func TestFullerAccounts(t *testing.T) {
	property(t, func(t *rapid.T, set *policy.Set, x situation, s settle.Split) {
		more := settle.Fen(between(t, 0, 4000, "more") * 50)
		if len(x.person.Family) > 0 {
			fuller := x
			fuller.person.Family = slices.Clone(x.person.Family)
			fuller.person.Family[between(t, 0, len(x.person.Family)-1, "which")].Balance += more
			if o := fuller.settled(t, set); o.Cash > s.Cash || o.Fund != s.Fund {
				t.Fatalf("fuller family account: cash %s became %s", s.Cash, o.Cash)
			}
		}
		if x.bill.Visit.Day >= date("2023-10-01") {
			had := settle.Fen(0)
			if x.person.Own != nil {
				had = x.person.Own.Balance
			}
			fuller := x
			fuller.person.Own = &settle.Account{Balance: had + more}
			if o := fuller.settled(t, set); o.Cash > s.Cash || o.Fund != s.Fund {
				t.Fatalf("fuller own account: cash %s became %s", s.Cash, o.Cash)
			}
		}
	})
}

// TestRefund: what is kept of a bill costs no source more than the whole did, so that a
// refund returns to each at least nothing and at most what it paid (F-2, F-3).
func TestRefund(t *testing.T) {
	property(t, func(t *rapid.T, set *policy.Set, x situation, whole settle.Split) {
		kept := x
		kept.bill.Lines = nil
		for _, l := range x.bill.Lines {
			if often(t, 5, "keep") {
				kept.bill.Lines = append(kept.bill.Lines, l)
			}
		}
		again := kept.settled(t, set)
		for source, paid := range map[string][2]settle.Fen{
			"fund": {whole.Fund, again.Fund}, "own": {whole.Own, again.Own},
			"family": {whole.Family, again.Family}, "cash": {whole.Cash, again.Cash},
		} {
			if back := paid[0] - paid[1]; back < 0 || back > paid[0] {
				t.Fatalf("%s gets %s back of %s", source, back, paid[0])
			}
		}
	})
}

// TestOneRegime: a day's split knows the buckets and rules of one regime alone, and of
// two halves of a bill on either side of the change each knows its own.
func TestOneRegime(t *testing.T) {
	property(t, func(t *rapid.T, set *policy.Set, x situation, _ settle.Split) {
		if often(t, 5, "at the change") {
			x.bill.Visit.Day = date(pick(t, []string{"2023-09-30", "2023-10-01"}, "side"))
			x.person.Birth = min(x.person.Birth, x.bill.Visit.Day)
			x.person.Selections = nil
		}
		old := x.bill.Visit.Day < date("2023-10-01")
		s := x.settled(t, set)
		for _, b := range s.Buckets {
			if (b.Bucket == settle.BucketCommunityPool) != old {
				t.Fatalf("%s: bucket %s", x.bill.Visit.Day, b.Bucket)
			}
		}
		other := "O256-1 O256-2 O256-3 S-8"
		if old {
			other = "R-1 R-2 R-4 R-5 L-1 L-2 L-3 I-1 I-2 I-4 C-1 C-2 C-3 C-4 M-1"
		}
		for _, st := range s.Steps {
			if slices.Contains(strings.Fields(other), st.Rule) {
				t.Fatalf("%s: rule %s", x.bill.Visit.Day, st.Rule)
			}
		}
	})
}

// TestStepsAreWhole: a step's sentences come from its other fields alone, so a split
// stored without them reads the same, and JSON keeps a split.
func TestStepsAreWhole(t *testing.T) {
	set := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		b, u := anyBill(t), anyUsage(t)
		p := anyPerson(t, b)
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
