package main

import (
	"bufio"
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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sys/unix"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/queue"
	"settled/queue/journal"
	"settled/settle"
	"settled/settle/policy"
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

// benchSite is a daemon's parts from the API to the disk, with a window for each caller.
// Cards, platform and printer are stand-ins that answer at once.
type benchSite struct {
	disk  *slow
	lines []*benchLine // of the callers
}

// BenchmarkConfirm measures POST /v1/settlements of a 12-line bill until it is
// answered, in units of the sync's time D. Each caller goes from window to window and
// confirms the quote on the screen. Looping, it makes the quote itself right before, at
// its one window, so that quotes take processor time from confirmations. Client and
// server share the processors.
func BenchmarkConfirm(b *testing.B) {
	bill, err := os.ReadFile("../../testdata/bills/child-visit.json")
	if err != nil {
		b.Fatal(err)
	}
	loose()
	for _, callers := range []int{1, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { confirmations(b, callers, 10, bill) })
		b.Run(fmt.Sprintf("callers=%d/looping", callers), func(b *testing.B) { confirmations(b, callers, 1, bill) })
	}
}

func confirmations(b *testing.B, callers, windows int, bill []byte) {
	s := openSite(b, callers, callers*windows)
	quoted := make([][]byte, callers*windows)
	var cpu time.Duration // of confirmations, client included
	round := func() (took []time.Duration) {
		if windows == 1 {
			return s.each(b, callers, func(c int) ([]time.Duration, error) { return s.loop(c, 10, bill) })
		}
		s.each(b, callers, func(c int) (_ []time.Duration, err error) {
			for w := c; w < len(quoted) && err == nil; w += callers {
				quoted[w], err = s.quote(w, bill)
			}
			return nil, err
		})
		before := processor(b)
		defer func() { cpu += processor(b) - before }()
		return s.each(b, callers, func(c int) (took []time.Duration, err error) {
			for w := c; w < len(quoted) && err == nil; w += callers {
				var t time.Duration
				t, err = s.confirm(w, quoted[w])
				took = append(took, t)
			}
			return took, err
		})
	}
	round() // connections, first commits
	if b.Failed() {
		return
	}
	var took []time.Duration
	s.disk.syncs, cpu = 0, 0
	for b.Loop() {
		took = append(took, round()...)
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op") // of a round: means nothing
	b.ReportMetric(float64(took[len(took)/2])/float64(benchDelay), "p50-x-D")
	b.ReportMetric(float64(took[len(took)*99/100])/float64(benchDelay), "p99-x-D")
	b.ReportMetric(float64(s.disk.syncs)/float64(len(took)), "syncs/settle")
	if cpu > 0 {
		b.ReportMetric(float64(cpu.Microseconds())/float64(len(took)), "cpu-us/settle")
	}
}

// BenchmarkNothing is the floor of BenchmarkConfirm: 32 such callers, whose requests a
// handler of net/http and huma answers with as many bytes, and does nothing else.
func BenchmarkNothing(b *testing.B) {
	const callers, each = 32, 10
	type input struct {
		Body struct {
			Quote string `json:"quote" maxLength:"100"`
			Key   string `json:"key" minLength:"1" maxLength:"64"`
		}
	}
	type output struct {
		Length string `header:"Content-Length"`
		Body   []byte
	}
	answer := bytes.Repeat([]byte("x"), 10<<10)
	mux := http.NewServeMux()
	config := huma.DefaultConfig("nothing", "0")
	config.CreateHooks = nil // no links to schemas
	huma.Register(humago.New(mux, config), huma.Operation{Method: http.MethodPost, Path: "/v1/settlements"},
		func(context.Context, *input) (*output, error) { return &output{strconv.Itoa(len(answer)), answer}, nil })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	b.Cleanup(func() { _ = server.Close() })
	s := &benchSite{}
	s.connect(b, listener.Addr(), callers)
	confirmation := fmt.Appendf(nil, `{"quote":%q,"key":"MZ20261121-000317"}`, strings.Repeat("0", 65))
	before, rounds := processor(b), 0
	for b.Loop() {
		rounds++
		s.each(b, callers, func(c int) (took []time.Duration, err error) {
			for n := 0; n < each && err == nil; n++ {
				_, err = s.confirm(c, confirmation)
			}
			return nil, err
		})
	}
	b.ReportMetric(0, "ns/op") // of a round: means nothing
	b.ReportMetric(float64((processor(b)-before).Microseconds())/float64(rounds*callers*each), "cpu-us/request")
}

// processor is the processor time that this process took.
func processor(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// loop quotes and confirms n times at the caller's window.
func (s *benchSite) loop(caller, n int, bill []byte) (took []time.Duration, err error) {
	for range n {
		quoted, err := s.quote(caller, bill)
		if err != nil {
			return nil, err
		}
		t, err := s.confirm(caller, quoted)
		if err != nil {
			return nil, err
		}
		took = append(took, t)
	}
	return took, nil
}

// each runs fn for all callers at once and gives what it measured.
func (s *benchSite) each(b *testing.B, callers int, fn func(caller int) ([]time.Duration, error)) []time.Duration {
	took := make([][]time.Duration, callers)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			t, err := fn(c)
			if err != nil {
				b.Error(err)
			}
			took[c] = t
		})
	}
	all.Wait()
	return slices.Concat(took...)
}

func openSite(b *testing.B, callers, windows int) *benchSite {
	s := &benchSite{disk: &slow{}}
	q, err := queue.Open(b.TempDir(), queue.Options{
		Institution: "H44030100001", Counter: "01", Key: bytes.Repeat([]byte{7}, queue.KeySize), Now: countertest.Morning,
	}.Wrapped(func(under journal.Disk) journal.Disk { s.disk.Disk = under; return s.disk }))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = q.Close() })
	l := newLedger(q, "01", nil)
	o := api.Options{Windows: map[string]api.Window{}, Tokens: map[string]api.Grant{}, Ledger: l, Keeper: l, Ready: &daemon{}}
	rules, err := policy.Load()
	if err != nil {
		b.Fatal(err)
	}
	for n := range windows {
		seat := fmt.Sprintf("W%03d", n)
		o.Windows[seat] = openSeat(b, q, rules, seat, personOf(n))
		o.Tokens[tokenOf(n)] = api.Grant{Seat: seat, Role: api.Cashier, Operator: "C01"}
	}
	server, err := api.New(o)
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	s.connect(b, listener.Addr(), callers)
	return s
}

func (s *benchSite) connect(b *testing.B, to net.Addr, callers int) {
	for range callers {
		conn, err := net.Dial("tcp", to.String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		s.lines = append(s.lines, &benchLine{conn: conn, in: bufio.NewReader(conn)})
	}
}

// openSeat opens a window on the queue, with a person's card in its reader.
func openSeat(b *testing.B, q *queue.Queue, rules counter.Rulebook, seat string, person settle.Entitlement) *countertest.Window {
	shelf := &book{queue: q, by: queue.By{Operator: "C01", Device: seat}}
	w := &countertest.Window{Cards: countertest.NewCards(), Platform: &countertest.Platform{}}
	w.Platform.Knows(person)
	no := counter.Bound{Stop: settle.MaxFen}
	session, err := counter.New(counter.Ports{
		Cards: w.Cards, Rulebook: rules, Platform: w.Platform, People: shelf, Book: shelf, Links: shelf, Returns: shelf, Shifts: shelf, Exposure: shelf,
		Printer: paper{}, Clock: countertest.Morning,
	}, counter.Options{Seat: seat, Institution: countertest.Centre(), Offline: counter.Offline{MaxAge: time.Hour, Person: no, Counter: no}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(session.Close)
	w.Session = session
	w.Insert(b, counter.Patient, person)
	return w
}

// paper is a printer that never jams.
type paper struct{}

func (paper) Print(context.Context, counter.Paper) error { return nil }

func (paper) Trouble() settle.Code { return "" }

func personOf(n int) settle.Entitlement {
	e := countertest.Child()
	e.Who.IDNumber = settle.Private(fmt.Sprintf("4403042018060%05d", n))
	e.Who.CardNumber, e.Who.CardCode = settle.Private(fmt.Sprintf("SZ1%06d", n)), settle.Private(fmt.Sprintf("440300D15600000500000000%08d", n))
	return e
}

func tokenOf(n int) string { return fmt.Sprintf("token-of-the-seat-%04d", n) }

// quote quotes a new bill at a window and gives the confirmation of the quote.
func (s *benchSite) quote(window int, bill []byte) ([]byte, error) {
	key := fmt.Sprintf("MZ%016x", rand.Uint64())
	own := strings.NewReplacer("MZ20261121-000317", key, "2026-11-21", "2024-11-05",
		"440304201806010019", personOf(window).Who.IDNumber.ClearPersonalData())
	answer, err := s.post(window, "/v1/quotes", []byte(own.Replace(string(bill))))
	if err != nil {
		return nil, err
	}
	var q struct {
		ID string `json:"id"`
	}
	err = json.Unmarshal(answer, &q)
	return fmt.Appendf(nil, `{"quote":%q,"key":%q}`, q.ID, key), err
}

func (s *benchSite) confirm(window int, confirmation []byte) (time.Duration, error) {
	line := s.lines[window%len(s.lines)]
	request := requestOf(window, "/v1/settlements", confirmation)
	began := time.Now()
	_, err := line.roundTrip(request)
	return time.Since(began), err
}

func (s *benchSite) post(window int, path string, body []byte) ([]byte, error) {
	return s.lines[window%len(s.lines)].roundTrip(requestOf(window, path, body))
}

// requestOf is the bytes of a request, made before it is timed.
func requestOf(window int, path string, body []byte) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, tokenOf(window), len(body), body)
}

// benchLine is a caller's connection, kept open: as cheap a client as can be, for it
// shares the processors with the server.
type benchLine struct {
	conn net.Conn
	in   *bufio.Reader
}

func (l *benchLine) roundTrip(request []byte) ([]byte, error) {
	if _, err := l.conn.Write(request); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(l.in, nil)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(res.Body)
	if res.StatusCode/100 != 2 {
		err = errors.Join(err, fmt.Errorf("%d %s", res.StatusCode, text))
	}
	return text, errors.Join(err, res.Body.Close())
}
