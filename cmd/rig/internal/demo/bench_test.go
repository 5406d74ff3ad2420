package demo

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"time"
)

// BenchmarkCardInToQuote puts a card into the virtual reader and asks for the quote
// as soon as its holder is known: pcscd, card, platform simulator, journal and API
// are real. in→quote has the service's look for cards in it, up to 400 ms with a
// virtual reader; reading→quote begins when the daemon knows of the card.
func BenchmarkCardInToQuote(b *testing.B) {
	s := open(b)
	bill, err := s.visit("child-visit.json", 1)
	must(b, err)
	var fromInsert, fromReading []time.Duration
	for b.Loop() {
		inserted := time.Now()
		must(b, s.cards.Insert("patient", childCard))
		var reading time.Time
		must(b, s.daemon.await(b.Context(), "screen", func(data []byte) bool {
			if reading.IsZero() && bytes.Contains(data, []byte(`"state":"reading"`)) {
				reading = time.Now()
			}
			return bytes.Contains(data, []byte(`"state":"identified"`))
		}))
		if status, a, err := s.post(b, "/v1/quotes", bill); err != nil || status != http.StatusOK {
			b.Fatalf("%d %+v %v", status, a, err)
		}
		quoted := time.Now()
		fromInsert = append(fromInsert, quoted.Sub(inserted))
		if !reading.IsZero() {
			fromReading = append(fromReading, quoted.Sub(reading))
		}
		b.StopTimer()
		must(b, s.takeCards(b.Context()))
		b.StartTimer()
	}
	b.ReportMetric(median(fromInsert), "in→quote-ms")
	b.ReportMetric(median(fromReading), "reading→quote-ms")
}

func median(d []time.Duration) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return float64(d[len(d)/2].Microseconds()) / 1000
}
