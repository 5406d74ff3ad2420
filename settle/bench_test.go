package settle_test

import (
	"strconv"
	"testing"

	"settled/settle"
)

// BenchmarkQuote is the cost of a split: a child's bill with a consultation fee, a
// cap, categories A, B and C, and two family accounts.
func BenchmarkQuote(b *testing.B) {
	set, p := shipped(b), child()
	p.Family = []settle.FamilyAccount{parent("P1", "10.00"), parent("P2", "500.00")}
	for _, n := range []int{12, 20} {
		bill := visit("2024-11-05", centreA, consultation("25.00"), capped("12.80", "1", "11.50"), gradeC("15.80"))
		for i := len(bill.Lines); i < n; i++ {
			l := line("1.8642")
			if i%3 == 0 {
				l = gradeB("42.00", "0.10")
			}
			bill.Lines = append(bill.Lines, l)
		}
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
