package platform

import (
	"testing"
	"testing/synctest"
)

// TestReleaseRightAfter: a release that comes when a request is there, and has not begun to
// wait, lets it go.
func TestReleaseRightAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaults()
		if err := f.add(Fault{Kind: Hold}); err != nil {
			t.Fatal(err)
		}
		held, ok := f.take("2207", nil)
		if !ok {
			t.Fatal("no fault")
		}
		released := make(chan struct{})
		go func() { defer close(released); f.letGo() }()
		synctest.Wait() // until it waits for the request
		f.pause(held)
		f.held.Done()
		<-released
	})
}
