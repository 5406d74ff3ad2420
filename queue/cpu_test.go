package queue

import (
	"context"
	"fmt"
	"testing"
	"time"

	"settled/queue/journal"
)

type nosync struct{ journal.Disk }

func (nosync) Sync() error { return nil }

func BenchmarkCPU(b *testing.B) {
	for _, lines := range []int{2, 15} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			o := options(newHand())
			o.Now = time.Now
			o.wrap = func(d journal.Disk) journal.Disk { return nosync{d} }
			q := mustOpen(b, b.TempDir(), o)
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				s := large(q, fmt.Sprintf("x-%d", i), lines)
				if _, _, err := q.Settle(context.Background(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
