package settle_test

import (
	"strconv"
	"testing"
	"time"

	"settled/settle"
)

// benchBill is a child's bill of n lines with a consultation fee, a cap and categories
// A, B and C.
func benchBill(n int) settle.Bill {
	bill := visit("2024-11-05", centreA, consultation("25.00"), capped("12.80", "1", "11.50"), gradeC("15.80"))
	for i := len(bill.Lines); i < n; i++ {
		l := line("1.8642")
		if i%3 == 0 {
			l = gradeB("42.00", "0.10")
		}
		bill.Lines = append(bill.Lines, l)
	}
	return bill
}

// benchPerson is a child with two family accounts.
func benchPerson() settle.Insured {
	p := child()
	p.Family = []settle.FamilyAccount{parent("P1", "10.00"), parent("P2", "500.00")}
	return p
}

// BenchmarkQuote is the cost of a split, with its steps.
func BenchmarkQuote(b *testing.B) {
	set, p := shipped(b), benchPerson()
	for _, n := range []int{12, 20} {
		bill := benchBill(n)
		rules := set.On(bill.Visit.Day)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := settle.Compute(rules, p, bill, settle.Usage{Ordinary: 100000}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkQuoteOverBare sets a split of 20 lines, with its checks, reasons and steps,
// against the same amounts worked out by hand in machine integers and nothing else: the
// two in turn, so that both see the same machine.
func BenchmarkQuoteOverBare(b *testing.B) {
	set, p, bill := shipped(b), benchPerson(), benchBill(20)
	rules, used := set.On(bill.Visit.Day), settle.Usage{Ordinary: 100000}
	raw := bareBill(bill, p.Family)
	want, err := settle.Compute(rules, p, bill, used)
	if err != nil {
		b.Fatal(err)
	}
	got := raw.split(100000)
	if got.fund != int64(want.Fund) || got.family != int64(want.Family) || got.cash != int64(want.Cash) || want.Family == 0 || want.Fund == 0 {
		b.Fatalf("by hand %+v, computed %s %s %s", got, want.Fund, want.Family, want.Cash)
	}
	for i, l := range want.Lines {
		if raw.lines[i].fund != int64(l.Fund) {
			b.Fatalf("line %d by hand %d, computed %s", i+1, raw.lines[i].fund, l.Fund)
		}
	}
	const turn = 20
	var whole, bare time.Duration
	var sink int64
	b.ReportAllocs()
	for b.Loop() {
		t0 := time.Now()
		if _, err := settle.Compute(rules, p, bill, used); err != nil {
			b.Fatal(err)
		}
		t1 := time.Now()
		for range turn {
			sink += raw.split(100000).fund
		}
		whole, bare = whole+t1.Sub(t0), bare+time.Since(t1)
	}
	if sink == 0 {
		b.Fatal("nothing was worked out")
	}
	each, eachBare := float64(whole.Nanoseconds())/float64(b.N), float64(bare.Nanoseconds())/float64(b.N*turn)
	b.ReportMetric(0, "ns/op") // of both: says nothing
	b.ReportMetric(each, "ns/quote")
	b.ReportMetric(eachBare, "ns/bare")
	b.ReportMetric(each/eachBare, "×bare")
}
