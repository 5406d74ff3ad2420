package platform

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"settled/queue/nhsa"
)

// TestSignIn: whoever gives up waiting for a sign-in is let go, and a refusal of an
// older sign-in does not end the new one.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.faults(fault{Infno: "9001", Kind: "hold", Times: 1})
	line := w.upload.line
	first := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := line.signIn(ctx)
		first <- err
	}()
	for w.books().Requests["9001"] == 0 {
		must(t, t.Context().Err())
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	var unknown *nhsa.Unknown
	if _, err := line.signIn(gone); !errors.As(err, &unknown) || !unknown.NotSent || !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	cancel() // broken off: the next one tries for itself
	if err := <-first; err == nil {
		t.Error("signed in without an answer")
	}
	w.command("release", struct{}{})
	no, err := line.signIn(t.Context())
	must(t, err)
	signed := w.books().Requests["9001"]
	line.noteRefusal("an older one", &nhsa.BusinessRefusal{Infno: "2201", Infcode: "-1", Message: "请重新签到"})
	if again, err := line.signIn(t.Context()); err != nil || again != no || w.books().Requests["9001"] != signed {
		t.Errorf("%s after %s, %v", again, no, err)
	}
}

// TestSignInTogether has many wait for a sign-in that is never answered: its failure is
// that of all of them.
func TestSignInTogether(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.faults(fault{Infno: "9001", Kind: "hold"})
	o := w.upload.line.options
	client, err := nhsa.New(nhsa.Options{BaseURL: w.base, Gateway: nhsa.TIF{PaasID: "rig-paas", Secret: "rig-secret"}, Total: 500 * time.Millisecond})
	must(t, err)
	o.Client = client
	line := NewLine(o)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := line.signIn(t.Context()); err == nil {
				t.Error("signed in without an answer")
			}
		})
	}
	all.Wait()
	if n := w.books().Requests["9001"]; n != 1 {
		t.Errorf("%d sign-ins for 8 that waited together", n)
	}
	w.command("release", struct{}{})
}
