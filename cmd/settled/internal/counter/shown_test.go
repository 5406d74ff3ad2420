package counter_test

import (
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestShown: what is on the screen can be asked for whole, as long as it is there.
func TestShown(t *testing.T) {
	w := countertest.Open(t, nil)
	if _, ok := w.Shown(); ok {
		t.Error("an empty screen shows a quote")
	}
	if _, ok := w.Holder(counter.Patient); ok {
		t.Error("an empty reader has a holder")
	}
	w.Insert(t, counter.Patient, countertest.Child())
	made := quote(t, w)
	if q, ok := w.Shown(); !ok || q.ID != made.ID {
		t.Errorf("shown %v %+v, want %s", ok, q, made.ID)
	}
	if e, ok := w.Holder(counter.Patient); !ok || e.Who.Name != countertest.Child().Who.Name {
		t.Errorf("holder %v %+v", ok, e)
	}
	w.Pull(counter.Patient)
	if _, ok := w.Shown(); ok {
		t.Error("the quote outlives the card")
	}
}

// TestReread: the card that lies in the reader is read again on request, and a quote
// does not outlive that.
func TestReread(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	quote(t, w)
	w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Stranger()))
	if err := w.Reread(); err != nil {
		t.Fatal(err)
	}
	w.Await(t, func(s counter.Screen) bool {
		return s.Patient != nil && s.Patient.Name == countertest.Stranger().Who.Name.String() && s.Quote == nil
	})
	w.Cards.Take(counter.Patient)
	if err := w.Reread(); err != nil {
		t.Fatal(err)
	}
	w.Await(t, func(s counter.Screen) bool {
		return s.State == "idle" && len(s.Messages) > 0 && s.Messages[0].Code == settle.NoCard
	})
	release := w.Cards.Hold()
	defer release()
	w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Child()))
	if err := w.Reread(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.Reread(), counter.StillReading)
}
