package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/queue"
	"settled/queue/journal"
	"settled/settle"
)

// benchDelay is what every sync of the journal takes longer in the benchmarks, so that
// latency can be told in units of it: a hard disk's.
const benchDelay = 10 * time.Millisecond

// slow is a disk whose sync takes benchDelay longer.
type slow struct {
	journal.Disk
	syncs int
}

func (d *slow) Sync() error {
	d.syncs++
	err := d.Disk.Sync()
	<-time.After(benchDelay)
	return err
}

// site is a daemon's parts from the API to the disk, with a window for each caller.
// Cards, platform and printer are stand-ins that answer at once.
type site struct {
	base   string
	disk   *slow
	client *http.Client
}

// BenchmarkConfirm measures POST /v1/settlements of a 12-line bill until it is
// answered, in units of the sync's time D: each caller quotes and confirms at a window
// of its own as fast as it is answered. Client and server share the processors.
func BenchmarkConfirm(b *testing.B) {
	for _, callers := range []int{1, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := openSite(b, callers)
			bill, err := os.ReadFile("../../testdata/bills/child-visit.json")
			if err != nil {
				b.Fatal(err)
			}
			confirmAll(b, s, callers, bill, 3) // connections, first commits
			if b.Failed() {
				return
			}
			var took []time.Duration
			s.disk.syncs = 0
			began := time.Now()
			for b.Loop() {
				took = append(took, confirmAll(b, s, callers, bill, 10)...)
			}
			lasted := time.Since(began)
			slices.Sort(took)
			b.ReportMetric(0, "ns/op") // of a block: means nothing
			b.ReportMetric(float64(took[len(took)/2])/float64(benchDelay), "p50-x-D")
			b.ReportMetric(float64(took[len(took)*99/100])/float64(benchDelay), "p99-x-D")
			b.ReportMetric(float64(s.disk.syncs)/float64(len(took)), "syncs/settle")
			b.ReportMetric(float64(len(took))*float64(benchDelay)/float64(lasted), "settles/D")
		})
	}
}

func openSite(b *testing.B, windows int) *site {
	s := &site{disk: &slow{}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: windows}}}
	b.Cleanup(s.client.CloseIdleConnections)
	q, err := queue.Open(b.TempDir(), queue.Options{
		Institution: "H44030100001", Counter: "01", Key: bytes.Repeat([]byte{7}, queue.KeySize), Now: countertest.Morning,
	}.Wrapped(func(under journal.Disk) journal.Disk { s.disk.Disk = under; return s.disk }))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = q.Close() })
	o := api.Options{Windows: map[string]api.Window{}, Tokens: map[string]api.Grant{}, Ledger: newLedger(q, nil), Ready: &daemon{}}
	for n := range windows {
		seat := fmt.Sprintf("W%02d", n)
		o.Windows[seat] = openSeat(b, q, seat, personOf(n))
		o.Tokens[tokenOf(n)] = api.Grant{Seat: seat, Role: api.Cashier, Operator: "C01"}
	}
	server, err := api.New(o)
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s.base = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return s
}

// openSeat opens a window on the queue, with a person's card in its reader.
func openSeat(b *testing.B, q *queue.Queue, seat string, person settle.Entitlement) *countertest.Window {
	shelf := &book{queue: q, by: queue.By{Operator: "C01", Device: seat}}
	w := countertest.Open(b, func(p *counter.Ports, o *counter.Options) {
		p.Book, p.People, p.Links, p.Exposure, p.Printer = shelf, shelf, shelf, shelf, paper{}
		no := counter.Bound{Stop: settle.MaxFen}
		o.Seat, o.Offline.Person, o.Offline.Counter = seat, no, no
	})
	w.Platform.Knows(person)
	w.Insert(b, counter.Patient, person)
	return w
}

// paper is a printer that never jams.
type paper struct{}

func (paper) Print(context.Context, counter.Receipt) error { return nil }

func personOf(n int) settle.Entitlement {
	e := countertest.Child()
	e.Who.IDNumber = settle.Private(fmt.Sprintf("4403042018060%05d", n))
	e.Who.CardNumber, e.Who.CardCode = settle.Private(fmt.Sprintf("SZ1%06d", n)), settle.Private(fmt.Sprintf("440300D15600000500000000%08d", n))
	return e
}

func tokenOf(n int) string { return fmt.Sprintf("token-of-the-seat-%04d", n) }

// confirmAll has every caller settle n bills and tells how long each confirmation took.
func confirmAll(b *testing.B, s *site, callers int, bill []byte, n int) []time.Duration {
	took := make([][]time.Duration, callers)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for range n {
				t, err := s.settle(c, bill)
				if err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], t)
			}
		})
	}
	all.Wait()
	return slices.Concat(took...)
}

// settle quotes and confirms one bill at a window, and tells how long the
// confirmation took.
func (s *site) settle(window int, bill []byte) (time.Duration, error) {
	key := fmt.Sprintf("MZ%016x", rand.Uint64())
	own := strings.NewReplacer("MZ20261121-000317", key, "440304201806010019", personOf(window).Who.IDNumber.ClearPersonalData(), "2026-11-21", "2024-11-05")
	quote, err := s.post(window, "/v1/quotes", []byte(own.Replace(string(bill))))
	if err != nil {
		return 0, err
	}
	var q struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(quote, &q); err != nil {
		return 0, err
	}
	confirmation := fmt.Appendf(nil, `{"quote":%q,"key":%q}`, q.ID, key)
	began := time.Now()
	_, err = s.post(window, "/v1/settlements", confirmation)
	return time.Since(began), err
}

func (s *site) post(window int, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+tokenOf(window))
	r.Header.Set("Content-Type", "application/json")
	res, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: %d %s", path, res.StatusCode, text)
	}
	return text, nil
}
