package platform

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Kinds of faults.
const (
	Slow    = "slow"    // waits MS before it does anything
	Hold    = "hold"    // waits for a release before it does anything, then books as if nothing was
	Silent  = "silent"  // takes the request and never answers
	Cut     = "cut"     // drops the connection without an answer
	Error   = "500"     // answers HTTP 500
	Rubbish = "rubbish" // answers 200 with a page that is no JSON
	Half    = "half"    // answers half of the body, then drops the connection
	Refuse  = "refuse"  // answers infcode -1 with Text
	Away    = "away"    // the gateway turns the request away with Text
)

// Fault is a way to be wrong, for the next Times requests of a transaction.
type Fault struct {
	Infno  string `json:"infno"`            // "2207"; "" or "*" is every one
	Body   string `json:"body,omitempty"`   // only requests that hold this text, say a psn_no
	Kind   string `json:"kind"`             //
	Booked bool   `json:"booked,omitempty"` // the transaction is done first; only the answer suffers
	Times  int    `json:"times,omitempty"`  // 0: until cleared
	Skip   int    `json:"skip,omitempty"`   // lets so many pass first
	MS     int    `json:"ms,omitempty"`     //
	Text   string `json:"text,omitempty"`   //
}

// faults holds the commands and those who wait on them.
type faults struct {
	mu      sync.Mutex
	list    []*Fault
	cleared chan struct{} // closed by clear
	release chan struct{} // closed by release
	waiting chan struct{} // gets one for each request that begins to wait
	held    sync.WaitGroup
}

func newFaults() *faults {
	return &faults{cleared: make(chan struct{}), release: make(chan struct{}), waiting: make(chan struct{}, 1024)}
}

func (f *faults) add(fault Fault) error {
	switch fault.Kind {
	case Slow, Hold, Silent, Cut, Error, Rubbish, Half, Refuse, Away:
	default:
		return fmt.Errorf("no fault of kind %q", fault.Kind)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &fault)
	return nil
}

// met is a fault that a request has met, with what ends its waiting: a command that comes
// right after counts for it.
type met struct {
	Fault
	cleared, release <-chan struct{}
}

// take gives the first fault that applies, and counts it down.
func (f *faults) take(infno string, body []byte) (met, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.list {
		if fault.Infno != "" && fault.Infno != "*" && fault.Infno != infno || !bytes.Contains(body, []byte(fault.Body)) {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		got := *fault
		if fault.Times > 0 {
			fault.Times--
			if fault.Times == 0 {
				f.list = append(f.list[:i:i], f.list[i+1:]...)
			}
		}
		if got.Kind == Hold {
			f.held.Add(1)
		}
		return met{got, f.cleared, f.release}, true
	}
	return met{}, false
}

// clear forgets all faults and lets go of everybody who waits.
func (f *faults) clear() {
	f.mu.Lock()
	f.list = nil
	close(f.cleared)
	f.cleared = make(chan struct{})
	f.mu.Unlock()
	f.letGo()
}

// letGo releases the held requests and waits until they are done.
func (f *faults) letGo() {
	f.mu.Lock()
	close(f.release)
	f.release = make(chan struct{})
	f.mu.Unlock()
	f.held.Wait()
}

// pause does the waiting of a slow or held request. The one who asked may have gone;
// the platform does not notice.
func (f *faults) pause(fault met) {
	f.waits()
	switch fault.Kind {
	case Slow:
		timer := time.NewTimer(time.Duration(fault.MS) * time.Millisecond)
		defer timer.Stop()
		<-timer.C
	case Hold:
		<-fault.release
	}
}

func (f *faults) waits() {
	select {
	case f.waiting <- struct{}{}:
	default:
	}
}

// hang never answers: until the faults are cleared or the other side gives up.
func (f *faults) hang(ctx context.Context, fault met) {
	f.waits()
	select {
	case <-fault.cleared:
	case <-ctx.Done():
	}
	panic(http.ErrAbortHandler)
}

// spoil answers as the fault wants it; body is the true answer, nil if nothing was
// done.
func spoil(w http.ResponseWriter, fault Fault, body []byte) {
	switch fault.Kind {
	case Cut:
		panic(http.ErrAbortHandler)
	case Error:
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	case Rubbish:
		_, _ = w.Write([]byte("<html><body>系统维护中</body></html>"))
	case Half:
		if body == nil {
			body = []byte(`{"infcode":0,"output":{"setlinfo":{"setl_id":"4403`)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	case Away:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write(mustJSON(node{"code": 401, "message": or(fault.Text, "非法用户!")}))
	}
}
