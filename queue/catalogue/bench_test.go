package catalogue_test

import (
	"testing"

	"settled/queue/catalogue"
)

// BenchmarkComplete completes a bill of 12 codes, from the file to the lines.
func BenchmarkComplete(b *testing.B) {
	dir := b.TempDir()
	load(b, dir, shipped()...)
	c := catalogue.Completer{Store: open(b, dir)}
	bill := visit(b, "child-visit-codes", 3)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.Complete(bill, "390"); err != nil {
			b.Fatal(err)
		}
	}
}
