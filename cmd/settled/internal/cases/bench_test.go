package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

// BenchmarkBundle is the cost of a bundle of worked cases, as the command runs it.
func BenchmarkBundle(b *testing.B) {
	_, f := bundled(b)
	const copies = 20
	var text bytes.Buffer
	fmt.Fprintf(&text, `{"institutions": %s, "cases": [`, f.Institutions)
	count := 0
	for i := range copies {
		for _, c := range f.Cases {
			again := make(map[string]any, len(c))
			for name, value := range c {
				again[name] = value
			}
			again["id"] = fmt.Sprintf("%v-%d", c["id"], i)
			if of, ok := c["original_case"]; ok {
				again["original_case"] = fmt.Sprintf("%v-%d", of, copies-1-i)
			}
			one, err := json.Marshal(again)
			if err != nil {
				b.Fatal(err)
			}
			if count > 0 {
				text.WriteByte(',')
			}
			count++
			text.Write(one)
		}
	}
	text.WriteString("]}")
	rules := shipped(b).On
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := Run(bytes.NewReader(text.Bytes()), io.Discard, rules, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*count)/b.Elapsed().Seconds(), "cases/s")
}
