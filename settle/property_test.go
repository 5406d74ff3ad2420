package settle_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"settled/settle"
	"settled/settle/policy"
)

// situation is a person with a bill and what was used before.
type situation struct {
	person settle.Insured
	bill   settle.Bill
	used   settle.Usage
	dice   uint64 // decides what else a law tries
}

func anySituation(t *rapid.T) situation {
	b, u := anyBill(t), anyUsage(t)
	return situation{anyPerson(t, b), b, u, rapid.Uint64().Draw(t, "dice")}
}

// law is what must hold of every situation and its split.
type law struct {
	name  string
	holds func(t judge, set *policy.Set, x situation, s settle.Split)
}

// judge ends the check of a law that is broken.
type judge struct {
	law string
	end func(text string) // does not return
}

func (j judge) Fatalf(format string, args ...any) { j.end(j.law + ": " + fmt.Sprintf(format, args...)) }

func laws() []law {
	return []law{
		{"parts sum", partsSum},
		{"nothing is negative", nothingNegative},
		{"the same again", sameAgain},
		{"order of lines", orderOfLines},
		{"more usage", moreUsage},
		{"fuller family account", fullerFamily},
		{"fuller own account", fullerOwn},
		{"refund", refund},
		{"one regime", oneRegime},
		{"one answer", oneAnswer},
		{"spoiled input", spoiledInput},
		{"steps replay", stepsReplay},
	}
}

// settled computes a split.
func (x situation) settled(t judge, set *policy.Set) settle.Split {
	s, err := settle.Compute(set.On(x.bill.Visit.Day), x.person, x.bill, x.used)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return s
}

// check holds all laws to a situation.
func (x situation) check(set *policy.Set, list []law, end func(text string)) {
	s := x.settled(judge{"compute", end}, set)
	for i := range list {
		list[i].holds(judge{list[i].name, end}, set, x, s)
	}
}

func (x situation) rand() *rand.Rand { return rand.New(rand.NewPCG(x.dice, 1)) }

// TestLaws holds the laws to random situations, and makes one that breaks a law small.
func TestLaws(t *testing.T) {
	set, list := shipped(t), laws()
	rapid.Check(t, func(t *rapid.T) {
		anySituation(t).check(set, list, func(text string) { t.Fatal(text) })
	})
}

// partsSum: by source, by line and by bucket the parts are the whole, in plain decimals.
func partsSum(t judge, _ *policy.Set, x situation, s settle.Split) {
	bill, total, fund := decimal.Zero, settle.Fen(0), settle.Fen(0)
	for i, l := range s.Lines {
		amount := x.bill.Lines[i].UnitPrice.Mul(x.bill.Lines[i].Quantity).Round(2)
		if !amount.Equal(money(l.Amount)) || l.OverCap+l.FirstSelfPay+l.SelfFunded+l.InScope != l.Amount {
			t.Fatalf("line %d of %s: %+v", i+1, amount, l)
		}
		bill, total, fund = bill.Add(amount), total+l.Amount, fund+l.Fund
	}
	var buckets, draws settle.Fen
	for _, b := range s.Buckets {
		buckets += b.Fund
	}
	for _, d := range s.Draws {
		draws += d.Paid
	}
	if !bill.Equal(money(s.Total)) || total != s.Total || s.Fund+s.Own+s.Family+s.Cash != s.Total ||
		fund != s.Fund || buckets != s.Fund || draws != s.Family {
		t.Fatalf("%s of %s: %s+%s+%s+%s; lines %s, buckets %s, draws %s", bill, s.Total, s.Fund, s.Own, s.Family, s.Cash, fund, buckets, draws)
	}
}

// nothingNegative: no amount is below zero, nor over what it was taken from.
func nothingNegative(t judge, _ *policy.Set, x situation, s settle.Split) {
	all := []settle.Fen{
		s.Total, s.Fund, s.Own, s.Family, s.Cash, s.Deductible, s.Eligible, s.Total - s.Fund - s.Eligible,
		s.Eligible - s.Own - s.Family, s.UsageAfter.Ordinary - x.used.Ordinary, s.UsageAfter.OrdinaryLevel2 - x.used.OrdinaryLevel2,
	}
	if s.LimitBefore != nil {
		all = append(all, *s.LimitBefore, *s.LimitAfter, *s.LimitBefore-*s.LimitAfter)
	}
	for _, l := range s.Lines {
		all = append(all, l.Amount, l.OverCap, l.FirstSelfPay, l.SelfFunded, l.InScope, l.Fund, l.InScope-l.Fund)
	}
	for _, b := range s.Buckets {
		all = append(all, b.Fund)
	}
	for i, d := range s.Draws {
		all = append(all, d.Paid, d.Usable-d.Paid, x.person.Family[i].Balance-d.Usable)
	}
	if x.person.Own != nil {
		all = append(all, x.person.Own.Balance-s.Own)
	}
	for i := range s.Steps {
		all = append(all, s.Steps[i].Base, s.Steps[i].Amount)
	}
	if least := slices.Min(all); least < 0 {
		t.Fatalf("%s in %v", least, all)
	}
}

// sameAgain: the same arguments give the same split, and so does the same bill after a
// void, which takes back what the settlement used of the limit.
func sameAgain(t judge, set *policy.Set, x situation, s settle.Split) {
	used := s.UsageAfter.Ordinary - x.used.Ordinary
	if s.LimitBefore != nil && *s.LimitBefore-*s.LimitAfter != used || s.LimitBefore == nil && used != 0 {
		t.Fatalf("usage grew by %s", used)
	}
	level2 := s.UsageAfter.OrdinaryLevel2 - x.used.OrdinaryLevel2
	if level2 != 0 && (level2 != used || x.bill.Visit.Institution.Level < 2) {
		t.Fatalf("usage at level 2 grew by %s of %s", level2, used)
	}
	x.used = settle.Usage{Ordinary: s.UsageAfter.Ordinary - used, OrdinaryLevel2: s.UsageAfter.OrdinaryLevel2 - level2} // voided
	if a, b := asJSON(t, s), asJSON(t, x.settled(t, set)); a != b {
		t.Fatalf("%s", cmp.Diff(a, b))
	}
}

// orderOfLines changes no total, and of a line at most the fen of a tie (D-3).
func orderOfLines(t judge, set *policy.Set, x situation, s settle.Split) {
	at := x.rand().Perm(len(x.bill.Lines))
	shuffled := x
	shuffled.bill.Lines = make([]settle.Line, len(at))
	for to, from := range at {
		shuffled.bill.Lines[to] = x.bill.Lines[from]
	}
	o := shuffled.settled(t, set)
	if o.Total != s.Total || o.Fund != s.Fund || o.Own != s.Own || o.Family != s.Family || o.Cash != s.Cash || reasons(&o) != reasons(&s) {
		t.Fatalf("%s/%s/%s became %s/%s/%s", s.Fund, s.Family, s.Cash, o.Fund, o.Family, o.Cash)
	}
	var more, less []int // lines that got a fen more, and less
	for to, from := range at {
		a, b := s.Lines[from], o.Lines[to]
		switch b.Fund - a.Fund {
		case 0:
		case 1:
			more = append(more, from)
		case -1:
			less = append(less, from)
		default:
			t.Fatalf("line %d: fund %s became %s", from+1, a.Fund, b.Fund)
		}
		a.Fund, b.Fund = 0, 0
		if !a.Rate.Equal(b.Rate) {
			t.Fatalf("line %d: rate %s became %s", from+1, a.Rate, b.Rate)
		}
		if a.Rate = b.Rate; a != b {
			t.Fatalf("line %d: %+v became %+v", from+1, a, b)
		}
	}
	if len(more) != len(less) {
		t.Fatalf("%d lines got more, %d less", len(more), len(less))
	}
	for _, i := range more {
		if !slices.ContainsFunc(less, func(j int) bool { return tied(&s, i, j) }) {
			t.Fatalf("line %d got a fen of a line that it is not tied with", i+1)
		}
	}
}

// tied tells whether rounding down leaves the same of two lines' parts of their bucket.
func tied(s *settle.Split, i, j int) bool {
	return s.Lines[i].Bucket == s.Lines[j].Bucket && leftOver(s, i).Equal(leftOver(s, j))
}

// leftOver is what rounding line i's part of its bucket down leaves, times the sum of the
// bucket's shares.
func leftOver(s *settle.Split, i int) decimal.Decimal {
	sum, fund, claim := decimal.Zero, decimal.Zero, decimal.Zero
	for n, l := range s.Lines {
		if l.Bucket != s.Lines[i].Bucket {
			continue
		}
		share := money(l.InScope).Mul(l.Rate)
		for _, st := range s.Steps {
			if st.What == settle.StepCap && st.Line == n+1 {
				share = decimal.Min(share, money(st.Amount))
			}
		}
		if n == i {
			claim = share
		}
		sum, fund = sum.Add(share), fund.Add(decimal.NewFromInt(int64(l.Fund)))
	}
	return fund.Mul(claim).Mod(sum)
}

// moreUsage never gives more fund.
func moreUsage(t judge, set *policy.Set, x situation, s settle.Split) {
	r := x.rand()
	x.used.Ordinary += settle.Fen(r.IntN(200_000))
	x.used.OrdinaryLevel2 += settle.Fen(r.IntN(200_000))
	if o := x.settled(t, set); o.Fund > s.Fund {
		t.Fatalf("fund %s became %s", s.Fund, o.Fund)
	}
}

// fullerFamily: more in a family's account never means more cash.
func fullerFamily(t judge, set *policy.Set, x situation, s settle.Split) {
	if len(x.person.Family) == 0 {
		return
	}
	r := x.rand()
	x.person.Family = slices.Clone(x.person.Family)
	x.person.Family[r.IntN(len(x.person.Family))].Balance += settle.Fen(r.IntN(600_000))
	if o := x.settled(t, set); o.Cash > s.Cash || o.Fund != s.Fund {
		t.Fatalf("cash %s became %s", s.Cash, o.Cash)
	}
}

// fullerOwn: more in the own account never means more cash from 2023-10-01 (before, it
// keeps the family's from paying).
func fullerOwn(t judge, set *policy.Set, x situation, s settle.Split) {
	if x.bill.Visit.Day < date("2023-10-01") {
		return
	}
	had := settle.Fen(0)
	if x.person.Own != nil {
		had = x.person.Own.Balance
	}
	x.person.Own = &settle.Account{Balance: had + settle.Fen(x.rand().IntN(200_000))}
	if o := x.settled(t, set); o.Cash > s.Cash || o.Fund != s.Fund {
		t.Fatalf("cash %s became %s", s.Cash, o.Cash)
	}
}

// refund: what is kept of a bill costs no source more than the whole did, so that a
// refund returns to each at least nothing and at most what it paid (F-2, F-3).
func refund(t judge, set *policy.Set, x situation, whole settle.Split) {
	kept, r := x, x.rand()
	kept.bill.Lines = nil
	for _, l := range x.bill.Lines {
		if r.IntN(2) == 0 {
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
}

// oneRegime: a day's split knows the buckets and rules of one regime alone, and of two
// halves of a bill on either side of the change each knows its own.
func oneRegime(t judge, set *policy.Set, x situation, s settle.Split) {
	ofRegime(t, x.bill.Visit.Day, s)
	if r := x.rand(); r.IntN(2) == 0 {
		x.person.Birth = min(x.person.Birth, date("2023-09-30"))
		x.person.Selections = nil
		half := r.IntN(len(x.bill.Lines) + 1)
		before, after := x, x
		before.bill.Lines, after.bill.Lines = x.bill.Lines[:half], x.bill.Lines[half:]
		before.bill.Visit.Day, after.bill.Visit.Day = date("2023-09-30"), date("2023-10-01")
		ofRegime(t, before.bill.Visit.Day, before.settled(t, set))
		ofRegime(t, after.bill.Visit.Day, after.settled(t, set))
	}
}

func ofRegime(t judge, day settle.Date, s settle.Split) {
	old := day < date("2023-10-01")
	for _, b := range s.Buckets {
		if (b.Bucket == settle.BucketCommunityPool) != old {
			t.Fatalf("%s: bucket %s", day, b.Bucket)
		}
	}
	other := "O256-1 O256-2 O256-3 S-8"
	if old {
		other = "R-1 R-2 R-4 R-5 L-1 L-2 L-3 I-1 I-2 I-4 C-1 C-2 C-3 C-4 M-1"
	}
	for _, st := range s.Steps {
		if slices.Contains(strings.Fields(other), st.Rule) {
			t.Fatalf("%s: rule %s", day, st.Rule)
		}
	}
}

// oneAnswer: each day has one answer, a split with its one way of having benefits, or a
// refusal that names what is missing; [TestEveryDay] and the policy's own
// TestEveryDayHasOneRow go through all days and keys.
func oneAnswer(t judge, _ *policy.Set, x situation, s settle.Split) {
	if s.Status != settle.Refused {
		ways := 0
		for _, st := range s.Steps {
			if st.What == settle.StepVisit && st.Reason == s.Reasons[0] {
				ways++
			}
		}
		if ways != 1 || slices.Contains(s.Reasons, settle.PolicyRowMissing) {
			t.Fatalf("%d ways, reasons %s", ways, reasons(&s))
		}
		return
	}
	note := s.Steps[0].Note
	named := strings.Contains(note, "row of parameter ") && strings.Contains(note, ".toml") ||
		x.bill.Visit.Day < date("2014-01-01") && note == "no rules at all for "+x.bill.Visit.Day.String()
	if len(s.Reasons) != 1 || len(s.Steps) != 1 || s.Fund+s.Own+s.Family != 0 || s.UsageAfter != x.used ||
		s.Reasons[0] == settle.PolicyRowMissing && !named {
		t.Fatalf("%s: %s, %q", x.bill.Visit.Day, reasons(&s), note)
	}
}

// TestStepsAreWhole: a step's sentences come from its other fields alone, so a split
// stored without them reads the same, and JSON keeps a split.
func TestStepsAreWhole(t *testing.T) {
	set := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		j := judge{"whole", func(text string) { t.Fatal(text) }}
		b, u := anyBill(t), anyUsage(t)
		p := anyPerson(t, b)
		s, err := settle.Compute(set.On(b.Visit.Day), p, b, u)
		if err != nil {
			t.Fatal(err)
		}
		bare := asJSON(j, s)
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
		if d := cmp.Diff(asJSON(j, s), asJSON(j, back)); d != "" {
			t.Fatal(d)
		}
	})
}

func asJSON(t judge, s settle.Split) string {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(text)
}
