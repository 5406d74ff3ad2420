package counter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

const madeUpECode = "4240000000000000001230440000"

// scanning opens a window that takes the 医保码 of the child and of the stranger.
func scanning(t *testing.T) *countertest.Window {
	t.Helper()
	w := countertest.Open(t, nil)
	for i := range 5 {
		w.ECodes.Gives(fmt.Sprint(madeUpECode, i), countertest.Child())
	}
	w.ECodes.Gives("other", countertest.Stranger())
	return w
}

func scan(t *testing.T, w *countertest.Window, code string) {
	t.Helper()
	if err := w.Scan(counter.NewECode(code)); err != nil {
		t.Fatal(err)
	}
}

func awaitMessage(t *testing.T, w *countertest.Window, want settle.Code) counter.Screen {
	t.Helper()
	return w.Await(t, func(s counter.Screen) bool {
		return len(s.Messages) > 0 && s.Messages[len(s.Messages)-1].Code == want
	})
}

// TestScan settles a visit by 医保码 as by a card, and forgets the patient then: the next
// bill needs a code of its own.
func TestScan(t *testing.T) {
	w := scanning(t)
	scan(t, w, madeUpECode+"0")
	sc := w.AwaitState(t, counter.Identified)
	if sc.Patient == nil || sc.Patient.Name != countertest.Child().Who.Name.String() {
		t.Fatalf("%+v", sc.Patient)
	}
	q := quote(t, w)
	done, err := confirm(w, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	if who := done.Settlement.Who; who.IDNumber != countertest.Child().Who.IDNumber || who.CardNumber != "" || who.CardCode != "" {
		t.Errorf("settled for %+v", who)
	}
	<-w.Printer.Slips()
	if sc := w.AwaitState(t, counter.Printed); sc.Patient != nil {
		t.Errorf("the patient is still there: %+v", sc.Patient)
	}
	_, err = w.Quote(t.Context(), countertest.Bill(t, countertest.Child(), func(d *countertest.Document) { d.Head["key"] = countertest.Key(2) }), "0001")
	var no *settle.Refusal
	if !errors.As(err, &no) || no.Code != settle.NoCard {
		t.Errorf("the next bill: %v", err)
	}
	if before, err := confirm(w, q, 1); err != nil || !before.Replayed {
		t.Errorf("again: %+v %v", before, err)
	}
}

// TestScanRefused: what a scan is refused for, and that nothing of it is taken.
func TestScanRefused(t *testing.T) {
	w := scanning(t)
	scan(t, w, "nobody's")
	awaitMessage(t, w, settle.PersonUnknown)
	scan(t, w, madeUpECode+"0")
	w.AwaitState(t, counter.Identified)
	var no *settle.Refusal
	if err := w.Scan(counter.NewECode("other")); !errors.As(err, &no) || no.Code != counter.PatientPresent {
		t.Errorf("a second patient: %v", err)
	}
	if err := w.Cancel(); err != nil {
		t.Fatal(err)
	}
	scan(t, w, madeUpECode+"0")
	awaitMessage(t, w, counter.ECodeUsed)
	w.Platform.Fail(&counter.Down{Reason: settle.PlatformDown, Err: errors.New("no line")})
	scan(t, w, madeUpECode+"1")
	awaitMessage(t, w, counter.ECodeOffline)
	w.Platform.Fail(nil)
	scan(t, w, madeUpECode+"1") // the code has not served
	w.AwaitState(t, counter.Identified)
	w.Clock.Move(11 * time.Minute)
	_, err := w.Quote(t.Context(), countertest.Bill(t, countertest.Child(), nil), "0001")
	if !errors.As(err, &no) || no.Code != counter.ECodeOld {
		t.Errorf("eleven minutes later: %v", err)
	}
	w.Insert(t, counter.Patient, countertest.Child()) // a card takes its place
	if _, err := w.Quote(t.Context(), countertest.Bill(t, countertest.Child(), nil), "0001"); err != nil {
		t.Errorf("by card: %v", err)
	}
	closed := countertest.Open(t, func(p *counter.Ports, _ *counter.Options) { p.ECodes = nil })
	if err := closed.Scan(counter.NewECode(madeUpECode)); !errors.As(err, &no) || no.Code != counter.ECodeOff {
		t.Errorf("a window without the service: %v", err)
	}
}

// The code is on no screen and in no print.
func TestECodeSecret(t *testing.T) {
	w := scanning(t)
	scan(t, w, madeUpECode+"0")
	sc := w.AwaitState(t, counter.Identified)
	c := counter.NewECode(madeUpECode)
	text, err := json.Marshal([]any{sc, c, &c})
	if err != nil {
		t.Fatal(err)
	}
	said := string(text) + fmt.Sprintf("%v %+v %#v %s %x %q", c, c, c, c, c, c) + fmt.Sprintf("%v %+v", struct{ C counter.ECode }{c}, &c)
	if strings.Contains(said, madeUpECode) || strings.Contains(said, fmt.Sprintf("%x", "00000000")) {
		t.Error(said)
	}
}
