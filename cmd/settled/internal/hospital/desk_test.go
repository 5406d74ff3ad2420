package hospital

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"time"

	"settled/cmd/settled/internal/platform"
	"settled/cmd/settled/internal/reconcile"
	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// now is the hospital's time: virtual time begins on the first of January 2000 (UTC), the
// hospital's at eight on a Monday.
func now() time.Time {
	zone := time.FixedZone("CST", 8*3600)
	first := time.Date(2026, 3, 2, 8, 0, 0, 0, zone)
	return first.Add(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))).In(zone)
}

// desk is a counter: its queue and its line.
type desk struct {
	h       *hospital
	number  int
	dir     string
	rnd     *rand.Rand
	queue   *queue.Queue
	line    *platform.Line
	upload  *platform.Upload
	books   *platform.Reconciler
	end     func() // ends the upload
	batches bool   // it uploads at night

	odd      []time.Time          // days that were not even when the next began
	stands   []settle.Settlement  // what could be reversed
	visits   map[int]settle.Chart // the last one of each child
	settled  int
	reversed int
	restarts int
}

// open opens queue and upload, as a process does that starts.
func (d *desk) open() {
	t := d.h.t
	q, err := queue.Open(d.dir, queue.Options{Institution: institution, Counter: fmt.Sprintf("%02d", d.number), Key: d.h.key, Now: now})
	must(t, err)
	client, err := nhsa.New(nhsa.Options{
		BaseURL: d.h.base, Gateway: nhsa.TIF{PaasID: "rig-paas", Secret: "rig-secret"}, HTTP: &http.Client{Transport: d.h.network}, Now: now,
	})
	must(t, err)
	d.queue = q
	d.line = platform.NewLine(platform.Options{
		Client: client, Queue: q, Now: now, By: clerk,
		Head: nhsa.Head{Institution: institution, InstitutionName: "鹏湾医院", Operator: "0601", OperatorName: "收费员甲"},
	})
	d.upload = platform.NewUpload(d.line, platform.Pace{
		InFlight: platform.DefaultInFlight, OnlyInBatches: d.batches, Spread: d.spread,
	}, d.h.log(d), func(string) {})
	counter := fmt.Sprintf("%02d", d.number)
	d.books = platform.NewReconciler(d.line, counter, reconcile.NewShares(filepath.Join(d.h.dir, "books"), d.h.key, institution, counter))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.upload.Run(ctx) }()
	d.end = func() {
		cancel()
		must(t, <-ended)
	}
}

// spread is drawn from the seed, the desk and the time, whoever asks first.
func (d *desk) spread(pause time.Duration) time.Duration {
	rnd := rand.New(rand.NewPCG(d.h.seed+uint64(d.number), uint64(now().UnixNano())))
	return pause/2 + time.Duration(rnd.Int64N(int64(pause)))
}

// close ends the process; what is under way is broken off.
func (d *desk) close() {
	d.end()
	must(d.h.t, d.queue.Close())
}

// day is a day at the desk, from eight on: n people come until half past five.
func (d *desk) day(n int) {
	for range n {
		pause(time.Duration(d.rnd.Int64N(int64(19 * time.Hour / time.Duration(n)))))
		switch dice := d.rnd.IntN(1000); {
		case dice < 2:
			d.close()
			d.restarts++
			d.open()
		case dice < 50 && len(d.stands) > 0:
			d.reverse()
		}
		d.settle()
	}
}

func (d *desk) settle() {
	c := child{d.number, d.rnd.IntN(d.h.children)}
	if d.visits[c.n].Began == "" || d.rnd.IntN(8) > 0 { // else another bill of the last visit
		d.visits[c.n] = chart(fmt.Sprintf("MZ%02d%06d", d.number, d.settled))
	}
	s := d.bill(c, d.visits[c.n], 1+d.rnd.IntN(4), d.rnd.IntN(3) == 0)
	s.Key = fmt.Sprintf("k%02d-%d", d.number, d.settled)
	p, err := d.queue.Position(s.Person, s.Period)
	must(d.h.t, err)
	s, _, err = d.queue.Settle(context.Background(), queue.Commit{Settlement: s, ContentDigest: "d", Version: p.Version, By: clerk})
	must(d.h.t, err)
	d.settled++
	d.stands = append(d.stands, s)
}

// reverse reverses one of the last settlements, whole or by line.
func (d *desk) reverse() {
	t := d.h.t
	from := max(0, len(d.stands)-1-d.rnd.IntN(30))
	s := d.stands[from]
	d.stands = append(d.stands[:from], d.stands[from+1:]...)
	r := queue.Reversal{Number: s.Number, Key: fmt.Sprintf("r%02d-%d", d.number, d.reversed), ContentDigest: "d", Reason: "未取药", By: clerk}
	if keep := d.rnd.IntN(len(s.Bill.Lines)); keep > 0 {
		c := child{desk: d.number}
		_, err := fmt.Sscanf(s.Who.CardNumber.ClearPersonalData()[3:], "%d", &c.n)
		must(t, err)
		kept := d.bill(c, s.Chart, keep, s.Split.Family > 0)
		r.Kept = &kept
	}
	v, _, err := d.queue.Reverse(context.Background(), r)
	must(t, err)
	d.reversed++
	if v.Kept != "" {
		record, err := d.queue.Get(v.Kept)
		must(t, err)
		d.settled++
		d.stands = append(d.stands, record.Settlement)
	}
}

// drained waits until nothing waits any more; a desk with batches begins one every ten
// minutes.
func (d *desk) drained(most time.Duration) {
	for until := now().Add(most); ; pause(10 * time.Minute) {
		pending, err := d.queue.Pending(1, 0)
		must(d.h.t, err)
		switch {
		case len(pending) == 0:
			return
		case now().After(until):
			d.h.t.Errorf("desk %d: %s waits still after %s", d.number, pending[0].Number, most)
			return
		case d.batches:
			_, err := d.upload.StartBatch(platform.Batch{By: clerk})
			must(d.h.t, err)
		}
	}
}

// sleep waits until a time of the day, which is after midnight.
func sleep(of time.Duration) {
	y, m, day := now().Date()
	next := time.Date(y, m, day, 0, 0, 0, 0, now().Location()).Add(of)
	if !next.After(now()) {
		next = next.Add(24 * time.Hour)
	}
	pause(next.Sub(now()))
}

func pause(d time.Duration) { <-time.After(d) }
