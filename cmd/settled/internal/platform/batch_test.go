package platform

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"settled/queue"
)

// running has the upload run by itself until the test ends, or until it is stopped.
func (w *window) running() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error)
	go func() { ended <- w.upload.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// batch starts a batch and gives where it stood at its end.
func (w *window) batch(b Batch) Progress {
	w.t.Helper()
	told, leave := w.upload.SubscribeBatch()
	defer leave()
	b.By = clerk
	begun, err := w.upload.StartBatch(b)
	must(w.t, err)
	for {
		select {
		case p := <-told:
			if p.ID == begun.ID && !p.Ended.IsZero() {
				return p
			}
		case <-w.t.Context().Done():
			w.t.Fatal("the batch does not end")
		}
	}
}

// TestBatch holds uploads back but for a batch, which says what became of each.
func TestBatch(t *testing.T) {
	t.Parallel()
	w := openWindowOn(t, crowd(t, 12))
	w.upload.onlyInBatches = true
	for i := range 12 {
		w.settleOf(i, "")
	}
	w.faults(
		fault{Infno: "2204", Kind: "refuse", Text: "FSI-参保信息为空", Body: psnNo(3)},
		fault{Infno: "2206", Kind: "cut", Body: psnNo(4), Times: 1},
	)
	w.running()
	p := w.batch(Batch{InFlight: 2})
	p.ID, p.Began, p.Ended = 0, time.Time{}, time.Time{}
	want := Progress{Why: BatchDone, Waiting: 12, Sent: 12, Acknowledged: 11, Differ: 11, Held: p.Held}
	if !reflect.DeepEqual(p, want) || len(p.Held) != 1 || p.Held["PLATFORM_REFUSED"] != 1 {
		t.Errorf("%+v, want %+v", p, want)
	}
	if most := w.books().Most; most > 2 {
		t.Errorf("%d requests at a time", most)
	}
	before := w.requests()
	late := w.settleOf(0, "")
	if p := w.batch(Batch{Until: time.Now()}); p.Why != BatchWindow || p.Left != 1 || p.Sent != 0 || w.requests() != before {
		t.Errorf("%+v after the window's end", p)
	}
	if r, err := w.queue.Get(late.Number); err != nil || r.State != queue.Pending {
		t.Errorf("%s went up outside of a batch, %v", r.State, err)
	}
	if p := w.batch(Batch{}); p.Acknowledged != 1 || p.Left != 0 {
		t.Errorf("%+v", p)
	}
}

// TestBatchLate: a batch that begins when the upload has just found nothing to do is
// looked at before it ends.
func TestBatchLate(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.upload.onlyInBatches = true
	w.settle("MZ1", 1)
	must(t, w.upload.pass(t.Context())) // nothing may go
	told, leave := w.upload.SubscribeBatch()
	defer leave()
	_, err := w.upload.StartBatch(Batch{By: clerk})
	must(t, err)
	must(t, w.upload.endBatch(t.Context()))
	w.running()
	var p Progress
	for p.Ended.IsZero() {
		p = <-told
	}
	if p.Why != BatchDone || p.Sent != 1 || p.Acknowledged != 1 || p.Left != 0 {
		t.Errorf("%+v", p)
	}
}

// TestBatchTwice starts a batch while one runs: it is the same one, at the first's pace;
// stopped, it brings what is under way to its end, and begins nothing.
func TestBatchTwice(t *testing.T) {
	t.Parallel()
	w := openWindowOn(t, crowd(t, 6))
	w.upload.onlyInBatches = true
	for i := range 6 {
		w.settleOf(i, "")
	}
	w.faults(fault{Infno: "2206", Kind: "hold", Times: 1})
	w.running()
	told, leave := w.upload.SubscribeBatch()
	defer leave()
	first, err := w.upload.StartBatch(Batch{InFlight: 1, By: clerk})
	must(t, err)
	for w.books().Requests["2206"] == 0 {
		must(t, t.Context().Err())
	}
	if again, err := w.upload.StartBatch(Batch{InFlight: 6}); err != nil || again.ID != first.ID || again.Sent != 1 {
		t.Errorf("%+v %v", again, err)
	}
	w.upload.StopBatch()
	w.command("release", struct{}{})
	var p Progress
	for p.Ended.IsZero() {
		p = <-told
	}
	if p.Why != BatchStopped || p.Sent != 1 || p.Acknowledged != 1 || p.Left != 5 {
		t.Errorf("%+v", p)
	}
}

// TestBatchRate begins settlements one after another as the rate says.
func TestBatchRate(t *testing.T) {
	t.Parallel()
	w := openWindowOn(t, crowd(t, 5))
	w.upload.onlyInBatches = true
	for i := range 5 {
		w.settleOf(i, "")
	}
	w.running()
	p := w.batch(Batch{PerMinute: 600})
	if took := p.Ended.Sub(p.Began); p.Acknowledged != 5 || took < 400*time.Millisecond {
		t.Errorf("%+v in %s at one in 100 ms", p, took)
	}
}

// TestBatchDeadLine ends a batch without a window when the line is down for long.
func TestBatchDeadLine(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.settle("MZ1", 1)
	w.upload.onlyInBatches = true
	w.faults(fault{Kind: "away"})
	w.upload.breaker.pause = mostPause // it was down before
	w.running()
	if p := w.batch(Batch{}); p.Why != BatchLine || p.Left != 1 || p.Trouble != "PLATFORM_ACCESS" {
		t.Errorf("%+v", p)
	}
}
