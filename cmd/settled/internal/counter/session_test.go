package counter_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

func codeOf(err error) settle.Code {
	var r *settle.Refusal
	var stale *counter.Stale
	switch {
	case errors.As(err, &r):
		return r.Code
	case errors.As(err, &stale):
		return settle.StaleQuote
	}
	return ""
}

func wantCode(t *testing.T, err error, want settle.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

func quote(t *testing.T, w *countertest.Window) counter.Quote { return quoteOf(t, w, 1) }

// quoteOf quotes the n-th bill of the child.
func quoteOf(t *testing.T, w *countertest.Window, n int) counter.Quote {
	t.Helper()
	bill := countertest.Bill(t, countertest.Child(), func(d *countertest.Document) { d.Head["key"] = countertest.Key(n) })
	q, err := w.Quote(context.Background(), bill, "C01")
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func confirm(w *countertest.Window, q counter.Quote, key int) (counter.Settled, error) {
	return w.Confirm(context.Background(), counter.Confirmation{Quote: q.ID, Key: countertest.Key(key), By: "C01"})
}

func wantSplit(t *testing.T, sp settle.Split, fund, own, family, cash settle.Fen) {
	t.Helper()
	if sp.Fund != fund || sp.Own != own || sp.Family != family || sp.Cash != cash {
		t.Fatalf("fund %s own %s family %s cash %s, want %s %s %s %s; reasons %v",
			sp.Fund, sp.Own, sp.Family, sp.Cash, fund, own, family, cash, sp.Reasons)
	}
}

// TestSettle is the ordinary flow from card to paper.
func TestSettle(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	wantSplit(t, q.Settlement.Split, 7500, 0, 0, 2500)
	w.AwaitState(t, counter.Quoted)
	done, err := confirm(w, q, 1)
	if err != nil || done.Replayed || done.Settlement.Number == "" {
		t.Fatalf("%+v, %v", done, err)
	}
	slip := <-w.Printer.Slips()
	if slip.Settlement.Number != done.Settlement.Number || slip.Copy != 0 {
		t.Errorf("slip %+v", slip)
	}
	sc := w.AwaitState(t, counter.Printed)
	if sc.Slip == nil || sc.Slip.Status != "printed" || sc.Quote != nil {
		t.Errorf("screen %+v", sc)
	}
	st := w.Book.Written()[0]
	if st.Provisional || st.Operator != "C01" || st.Device != countertest.Seat || st.Who.IDNumber != countertest.Child().Who.IDNumber || st.Rules == "" || st.Period != "2024" {
		t.Errorf("written %+v", st)
	}
	w.Pull(counter.Patient)
	if sc := w.AwaitState(t, counter.Idle); sc.Patient != nil || len(sc.Messages) != 0 {
		t.Errorf("screen %+v", sc)
	}
}

// TestAnotherConfirms: what another operator confirms than had it quoted is that
// operator's.
func TestAnotherConfirms(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	if _, err := w.Confirm(context.Background(), counter.Confirmation{Quote: q.ID, Key: q.Key(), By: "C02"}); err != nil {
		t.Fatal(err)
	}
	if st := w.Book.Written()[0]; st.Operator != "C02" {
		t.Errorf("written as %s's", st.Operator)
	}
}

// TestFamilyAccount: the guardian's card is the consent; without it the filed
// account pays nothing.
func TestFamilyAccount(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	_, err := w.FileLink(context.Background(), settle.RelationChild, "C01")
	wantCode(t, err, settle.GuardianMissing)
	w.Insert(t, counter.Guardian, countertest.Parent())
	if _, err := w.FileLink(context.Background(), settle.RelationChild, "C01"); err != nil {
		t.Fatal(err)
	}
	q := quote(t, w)
	wantSplit(t, q.Settlement.Split, 7500, 0, 2500, 0)
	if q.Settlement.Guardian.IDNumber != countertest.Parent().Who.IDNumber {
		t.Errorf("guardian %+v", q.Settlement.Guardian)
	}

	w.Pull(counter.Guardian) // the consent is gone, and with it the quote
	sc := w.AwaitState(t, counter.Identified)
	if len(sc.Messages) == 0 || sc.Messages[0].Code != counter.GuardianLeft || sc.Quote != nil {
		t.Errorf("screen %+v", sc)
	}
	_, err = confirm(w, q, 1)
	wantCode(t, err, counter.NoQuote)
	without := quote(t, w)
	wantSplit(t, without.Settlement.Split, 7500, 0, 0, 2500)
	if without.Settlement.Guardian != (settle.Identity{}) || without.ID == q.ID {
		t.Errorf("quote without consent: %+v", without)
	}

	w.Insert(t, counter.Guardian, countertest.Parent())
	with := quote(t, w)
	if _, err := confirm(w, with, 1); err != nil {
		t.Fatal(err)
	}
	wantSplit(t, w.Book.Written()[0].Split, 7500, 0, 2500, 0)
}

// TestPulledAtEveryState: whenever the patient's card goes, the session goes back to
// idle, says why, and takes nothing that was not written yet.
func TestPulledAtEveryState(t *testing.T) {
	reach := map[counter.State]func(t *testing.T, w *countertest.Window) (finish func()){
		counter.Reading: func(t *testing.T, w *countertest.Window) func() {
			release := w.Cards.Hold()
			w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Child()))
			w.Handle(counter.Event{Role: counter.Patient, Inserted: true})
			<-w.Cards.Started()
			return release
		},
		counter.Identified: func(t *testing.T, w *countertest.Window) func() {
			w.Insert(t, counter.Patient, countertest.Child())
			return func() {}
		},
		counter.Quoted: func(t *testing.T, w *countertest.Window) func() {
			w.Insert(t, counter.Patient, countertest.Child())
			quote(t, w)
			return func() {}
		},
		counter.Checking: func(t *testing.T, w *countertest.Window) func() {
			w.Insert(t, counter.Patient, countertest.Child())
			q := quote(t, w)
			<-w.Cards.Started()
			release := w.Cards.Hold()
			result := make(chan error, 1)
			go func() { _, err := confirm(w, q, 1); result <- err }()
			<-w.Cards.Started()
			return func() {
				wantCode(t, <-result, settle.CardRemoved)
				release()
			}
		},
	}
	for state, get := range reach {
		t.Run(state.String(), func(t *testing.T) {
			w := countertest.Open(t, nil)
			finish := get(t, w)
			w.AwaitState(t, state)
			w.Pull(counter.Patient)
			sc := w.AwaitState(t, counter.Idle)
			if len(sc.Messages) != 1 || sc.Messages[0].Code != settle.CardRemoved || sc.Patient != nil || sc.Quote != nil {
				t.Errorf("screen %+v", sc)
			}
			finish()
			if sc := w.Screen(); sc.State != "idle" || sc.Patient != nil {
				t.Errorf("later: %+v", sc)
			}
			if n := w.Book.Asked(); n != 0 {
				t.Errorf("the book was asked %d times", n)
			}
		})
	}
}

// TestPulledWhileWriting: the write is not stopped; the session goes to idle after.
func TestPulledWhileWriting(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	release := w.Book.Hold()
	result := make(chan error, 1)
	go func() { _, err := confirm(w, q, 1); result <- err }()
	<-w.Book.Started()
	w.AwaitState(t, counter.Committing)
	wantCode(t, w.Cancel(), counter.WritingNow)
	w.Pull(counter.Patient)
	_, err := confirm(w, q, 2)
	wantCode(t, err, counter.ConfirmTwice)
	if got := w.Screen().State; got != "committing" {
		t.Errorf("state %s", got)
	}
	release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	sc := w.AwaitState(t, counter.Idle)
	if len(w.Book.Written()) != 1 || sc.Slip == nil {
		t.Errorf("%d written, screen %+v", len(w.Book.Written()), sc)
	}
	<-w.Printer.Slips()
}

// TestCardSwappedUnseen: another card is in the reader at the confirmation, and no
// event said so.
func TestCardSwappedUnseen(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Stranger()))
	_, err := confirm(w, q, 1)
	wantCode(t, err, settle.CardChanged)
	if sc := w.Screen(); sc.State != "idle" || sc.Patient != nil || w.Book.Asked() != 0 {
		t.Errorf("screen %+v", sc)
	}
}

// TestGuardianSwappedUnseen: the consent is checked as the patient is.
func TestGuardianSwappedUnseen(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	w.Insert(t, counter.Guardian, countertest.Parent())
	if _, err := w.FileLink(context.Background(), settle.RelationChild, "C01"); err != nil {
		t.Fatal(err)
	}
	asked := w.Book.Asked()
	q := quote(t, w)
	w.Cards.Take(counter.Guardian)
	_, err := confirm(w, q, 1)
	wantCode(t, err, settle.NoCard)
	if sc := w.Screen(); sc.State != "identified" || sc.Guardian != nil || w.Book.Asked() != asked {
		t.Errorf("screen %+v", sc)
	}
}

// TestStaleQuote: something changed since the quote; nothing is taken, and the new
// quote may be confirmed.
func TestStaleQuote(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	w.Book.Touch()
	_, err := confirm(w, q, 1)
	var stale *counter.Stale
	if !errors.As(err, &stale) || stale.Quote.ID == q.ID {
		t.Fatalf("got %v", err)
	}
	if len(w.Book.Written()) != 0 || w.Screen().State != "quoted" || w.Screen().Quote.ID != stale.Quote.ID {
		t.Errorf("screen %+v", w.Screen())
	}
	_, err = confirm(w, q, 1)
	wantCode(t, err, settle.QuoteUnknown)
	if done, err := confirm(w, stale.Quote, 1); err != nil || done.Replayed {
		t.Fatal(done, err)
	}
}

// TestSameKeyAgain: the answer was lost; the same key gives the first result in
// every state, and other content under it is refused.
func TestSameKeyAgain(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	first, err := confirm(w, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := confirm(w, q, 1)
	if err != nil || !again.Replayed || again.Settlement.Number != first.Settlement.Number {
		t.Fatal(again, err)
	}
	_, err = confirm(w, q, 2)
	wantCode(t, err, counter.AlreadySettled)
	if n := quote(t, w).Notices; len(n) != 1 || n[0].Code != counter.BillSettled {
		t.Errorf("notices %v", n)
	}
	w.Pull(counter.Patient)
	w.AwaitState(t, counter.Idle)
	if again, err := confirm(w, q, 1); err != nil || !again.Replayed {
		t.Fatal(again, err)
	}
	w.Insert(t, counter.Patient, countertest.Child())
	_, err = w.Quote(context.Background(), countertest.Bill(t, countertest.Child(), func(d *countertest.Document) {
		d.Items, d.Head["total"] = []map[string]any{countertest.Item("挂号费", "5.00", "1")}, "5.00"
	}), "C01")
	wantCode(t, err, settle.DoubleConflict)
	_, err = confirm(w, quoteOf(t, w, 2), 3)
	wantCode(t, err, counter.OtherKey)
	if n := len(w.Book.Written()); n != 1 {
		t.Errorf("%d written", n)
	}
}

// TestBookFails tests the write twice: lost, and written but reported failed.
func TestBookFails(t *testing.T) {
	for name, kept := range map[string]bool{"lost": false, "written but reported failed": true} {
		t.Run(name, func(t *testing.T) {
			w := countertest.Open(t, nil)
			w.Insert(t, counter.Patient, countertest.Child())
			q := quote(t, w)
			w.Book.FailNext(errors.New("input/output error"), kept)
			_, err := confirm(w, q, 1)
			wantCode(t, err, settle.JournalStopped)
			if sc := w.Screen(); sc.State != "stopped" || sc.Slip != nil {
				t.Errorf("screen %+v", sc)
			}
			_, err = w.Quote(context.Background(), countertest.Bill(t, countertest.Child(), nil), "C01")
			wantCode(t, err, settle.JournalStopped)
			done, err := confirm(w, q, 1) // the same quote with the same key tells
			if err != nil || done.Replayed != kept || len(w.Book.Written()) != 1 {
				t.Fatalf("%+v, %v, %d written", done, err, len(w.Book.Written()))
			}
		})
	}
}

// TestBookFailsAtTheEnd: a write whose outcome is not known stays so where the window was
// closed meanwhile; "closed" would say that nothing was taken.
func TestBookFailsAtTheEnd(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	w.Book.FailNext(errors.New("input/output error"), true)
	release := w.Book.Hold()
	result := make(chan error, 1)
	go func() { _, err := confirm(w, q, 1); result <- err }()
	<-w.Book.Started()
	w.Close()
	release()
	wantCode(t, <-result, settle.JournalStopped)
}

// TestPrinterFails: the settlement stands, the slip is printed later as a reprint.
func TestPrinterFails(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	w.Printer.Jam(true)
	done, err := confirm(w, quote(t, w), 1)
	if err != nil {
		t.Fatal(err)
	}
	sc := w.Await(t, func(s counter.Screen) bool { return s.Slip != nil && s.Slip.Status == "failed" })
	if sc.State != "committed" || len(sc.Messages) != 1 || sc.Messages[0].Code != counter.PrintFailed {
		t.Errorf("screen %+v", sc)
	}
	w.Printer.Jam(false)
	if err := w.Reprint(counter.Receipt{Settlement: done.Settlement, At: w.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if slip := <-w.Printer.Slips(); slip.Copy != 1 || slip.Settlement.Number != done.Settlement.Number {
		t.Errorf("slip %+v", slip)
	}
	w.AwaitState(t, counter.Printed)
	if err := w.Reprint(counter.Receipt{Settlement: done.Settlement, At: w.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if slip := <-w.Printer.Slips(); slip.Copy != 2 {
		t.Errorf("second reprint is copy %d", slip.Copy)
	}
}

// TestPrinterKeeps: the printer says before the commit that it has no paper, keeps the
// slip, and tells when it is out. Nobody prints it again.
func TestPrinterKeeps(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	w.Printer.Keep(counter.PrinterPaperOut)
	q := quote(t, w)
	if len(q.Notices) != 1 || q.Notices[0].Code != counter.PrinterPaperOut || !strings.Contains(q.Notices[0].Text, "缺纸") {
		t.Errorf("the quote says %+v", q.Notices)
	}
	done, err := confirm(w, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	sc := w.Await(t, func(s counter.Screen) bool { return s.Slip != nil && s.Slip.Status == "kept" })
	if len(sc.Messages) != 1 || sc.Messages[0].Code != counter.SlipKept || !strings.Contains(sc.Messages[0].Text, "缺纸") || !strings.Contains(sc.Messages[0].Text, "切勿重新") {
		t.Errorf("the screen says %+v", sc.Messages)
	}
	w.Printed("another slip")
	w.Printed(done.Settlement.Number + "9")
	if sc := w.Screen(); sc.Slip.Status != "kept" {
		t.Errorf("another slip made it %s", sc.Slip.Status)
	}
	w.Printed(done.Settlement.Number)
	if sc := w.AwaitState(t, counter.Printed); sc.Slip.Status != "printed" || sc.Slip.Copies != 1 {
		t.Errorf("%+v", sc.Slip)
	}
}

// TestOffline: with the platform down a person known from before settles, marked
// provisional with the reason; an unknown one is refused. What goes over the limits is in
// offline_test.go.
func TestOffline(t *testing.T) {
	down := &counter.Down{Reason: settle.PlatformAccess, Err: errors.New("401")}
	known := func(t *testing.T, w *countertest.Window) {
		w.Insert(t, counter.Patient, countertest.Child())
		w.Pull(counter.Patient)
		w.AwaitState(t, counter.Idle)
		w.Platform.Fail(down)
	}
	refusedRead := func(t *testing.T, w *countertest.Window, want settle.Code) {
		w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Child()))
		w.Handle(counter.Event{Role: counter.Patient, Inserted: true})
		sc := w.Await(t, func(s counter.Screen) bool { return s.State == "idle" && len(s.Messages) == 1 })
		if sc.Messages[0].Code != want {
			t.Errorf("screen %+v, want %s", sc, want)
		}
	}
	t.Run("settles and prints", func(t *testing.T) {
		w := countertest.Open(t, nil)
		known(t, w)
		w.Insert(t, counter.Patient, countertest.Child())
		if p := w.Screen().Patient; p.Offline != settle.PlatformAccess {
			t.Errorf("patient %+v", p)
		}
		if _, err := confirm(w, quote(t, w), 1); err != nil {
			t.Fatal(err)
		}
		if slip := <-w.Printer.Slips(); !slip.Settlement.Provisional || slip.Settlement.OfflineWhy != "PLATFORM_ACCESS" {
			t.Errorf("slip %+v", slip.Settlement)
		}
	})
	t.Run("locked card", func(t *testing.T) {
		w := countertest.Open(t, nil)
		known(t, w)
		card := countertest.CardOf(countertest.Child())
		card.Locked, card.Who.IDNumber, card.Who.Name = true, "", ""
		w.Cards.Put(counter.Patient, card)
		w.Handle(counter.Event{Role: counter.Patient, Inserted: true})
		w.AwaitState(t, counter.Identified)
		quote(t, w)
	})
	t.Run("unknown person", func(t *testing.T) {
		w := countertest.Open(t, nil)
		w.Platform.Fail(errors.New("no route to host"))
		refusedRead(t, w, settle.PersonUnknown)
	})
	t.Run("clock went back", func(t *testing.T) {
		w := countertest.Open(t, nil)
		known(t, w)
		w.Clock.Move(-time.Hour)
		refusedRead(t, w, settle.ClockBehind)
	})
	t.Run("business refusal is not offline", func(t *testing.T) {
		w := countertest.Open(t, nil)
		known(t, w)
		w.Platform.Fail(&settle.Refusal{Code: settle.PlatformRefused, Cashier: "已停保", Technician: "stopped"})
		refusedRead(t, w, settle.PlatformRefused)
	})
	t.Run("limit of a person", func(t *testing.T) {
		w := countertest.Open(t, func(_ *counter.Ports, o *counter.Options) {
			o.Offline.Person = counter.Bound{Warn: 7_500, Stop: 15_000}
		})
		known(t, w)
		w.Insert(t, counter.Patient, countertest.Child())
		for n := range 2 {
			q := quoteOf(t, w, n)
			if warned := q.Notices[0].Code == counter.OfflineWarning; warned != (n == 1) {
				t.Errorf("quote %d: notices %v", n, q.Notices)
			}
			if _, err := confirm(w, q, n); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestWrongReader: cards in the wrong places are refused by name.
func TestWrongReader(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	w.Cards.Put(counter.Guardian, countertest.CardOf(countertest.Child()))
	w.Handle(counter.Event{Role: counter.Guardian, Inserted: true})
	sc := w.Await(t, func(s counter.Screen) bool { return len(s.Messages) == 1 })
	if sc.Messages[0].Code != counter.WrongReader || sc.Guardian != nil || sc.State != "identified" {
		t.Errorf("screen %+v", sc)
	}
	w.Insert(t, counter.Guardian, countertest.Parent())
	if sc = w.Screen(); len(sc.Messages) != 0 {
		t.Errorf("what is mended is still said: %+v", sc)
	}
	_, err := w.Quote(context.Background(), countertest.Bill(t, countertest.Parent(), nil), "C01")
	wantCode(t, err, counter.ReadersCrossed)
	_, err = w.Quote(context.Background(), countertest.Bill(t, countertest.Stranger(), nil), "C01")
	wantCode(t, err, settle.WrongPerson)
	w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Stranger()))
	w.Handle(counter.Event{Role: counter.Patient, Inserted: true}) // a swap without a removal seen
	sc = w.Await(t, func(s counter.Screen) bool { return s.Patient != nil && s.Patient.Name == "王**" })
	if sc.State != "identified" {
		t.Errorf("screen %+v", sc)
	}
}

// TestSamePersonTwice: a patient who was not taken, since another card of the same person
// lay in the guardian's reader, is taken when that is gone.
func TestSamePersonTwice(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Guardian, countertest.Child())
	w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Child()))
	w.Handle(counter.Event{Role: counter.Patient, Inserted: true})
	w.Await(t, func(s counter.Screen) bool {
		return s.State == "idle" && len(s.Messages) == 1 && s.Messages[0].Code == counter.WrongReader
	})
	w.Pull(counter.Guardian)
	if sc := w.AwaitState(t, counter.Identified); sc.Patient == nil || sc.Guardian != nil || len(sc.Messages) != 0 {
		t.Errorf("screen %+v", sc)
	}
	w.Pull(counter.Patient)
	w.Insert(t, counter.Guardian, countertest.Parent())
	w.Pull(counter.Guardian)
	if sc := w.Screen(); sc.State != "idle" {
		t.Errorf("a card that is not there is read: %+v", sc)
	}
}

// TestReaderBack: that the reader is missing is said once, and until it is there again.
func TestReaderBack(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Guardian, countertest.Parent())
	w.Insert(t, counter.Patient, countertest.Child())
	for _, role := range []counter.Role{counter.Patient, counter.Guardian} {
		w.Handle(counter.Event{Role: role, Why: settle.ReaderMissing})
	}
	w.ShowReaders([]counter.Reader{{Role: "patient", State: "down", Text: "读卡服务（pcscd）已退出"}})
	if sc := w.Screen(); len(sc.Messages) != 1 || sc.Messages[0].Code != settle.ReaderMissing {
		t.Errorf("away: %+v", sc)
	}
	w.ShowReaders([]counter.Reader{{Role: "patient", State: "ready"}})
	if sc := w.Screen(); len(sc.Messages) != 0 {
		t.Errorf("back: %+v", sc)
	}
}

// TestRefusedSplit: what the rules refuse can be looked at but not confirmed.
func TestRefusedSplit(t *testing.T) {
	w := countertest.Open(t, nil)
	lapsed := countertest.Stranger()
	lapsed.Insured.Benefit = settle.Benefit{Kind: settle.BenefitExplicit, From: 20200101, To: 20201231}
	lapsed.Who.IDNumber, lapsed.Who.CardCode = "440304201903030057", "440300D156000005000000000000C009"
	w.Platform.Knows(lapsed)
	w.Insert(t, counter.Patient, lapsed)
	q, err := w.Quote(context.Background(), countertest.Bill(t, lapsed, nil), "C01")
	if err != nil || q.Settlement.Split.Status != settle.Refused {
		t.Fatalf("%+v, %v", q.Settlement.Split, err)
	}
	_, err = confirm(w, q, 1)
	wantCode(t, err, settle.NotInBenefitPeriod)
	if w.Book.Asked() != 0 || w.Screen().State != "quoted" {
		t.Errorf("screen %+v", w.Screen())
	}
}

// TestCommandsOutOfOrder asks for things in states that do not have them.
func TestCommandsOutOfOrder(t *testing.T) {
	w := countertest.Open(t, nil)
	bill := countertest.Bill(t, countertest.Child(), nil)
	_, err := w.Quote(context.Background(), bill, "C01")
	wantCode(t, err, settle.NoCard)
	wantCode(t, w.Cancel(), counter.NothingToCancel)
	_, err = w.FileLink(context.Background(), settle.RelationChild, "C01")
	wantCode(t, err, settle.NoCard)
	_, err = w.Confirm(context.Background(), counter.Confirmation{Quote: "nonsense", Key: "k"})
	wantCode(t, err, settle.QuoteUnknown)
	_, err = w.Confirm(context.Background(), counter.Confirmation{Quote: "nonsense"})
	wantCode(t, err, settle.BadField)

	release := w.Cards.Hold()
	w.Cards.Put(counter.Patient, countertest.CardOf(countertest.Child()))
	w.Handle(counter.Event{Role: counter.Patient, Inserted: true})
	_, err = w.Quote(context.Background(), bill, "C01")
	wantCode(t, err, counter.StillReading)
	if err := w.Cancel(); err != nil {
		t.Fatal(err)
	}
	release()
	if sc := w.Screen(); sc.State != "idle" || sc.Patient != nil {
		t.Errorf("screen %+v", sc)
	}
	w.Handle(counter.Event{Role: counter.Patient})
	w.Insert(t, counter.Patient, countertest.Child())
	q := quote(t, w)
	if err := w.Cancel(); err != nil {
		t.Fatal(err)
	}
	_, err = confirm(w, q, 1)
	wantCode(t, err, counter.NoQuote)
	if sc := w.Screen(); sc.State != "identified" || sc.Quote != nil {
		t.Errorf("screen %+v", sc)
	}
}

// TestReaderLost: the reader goes with the card; the reason is the reader.
func TestReaderLost(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	w.Handle(counter.Event{Role: counter.Patient, Why: settle.ReaderMissing})
	if sc := w.Screen(); sc.State != "idle" || len(sc.Messages) != 1 || sc.Messages[0].Code != settle.ReaderMissing {
		t.Errorf("screen %+v", sc)
	}
}

// TestSlowWatcherIsDropped: who does not read is cut off, and holds nobody up.
func TestSlowWatcherIsDropped(t *testing.T) {
	w := countertest.Open(t, nil)
	screens, leave := w.Subscribe()
	defer leave()
	for range 100 {
		w.Handle(counter.Event{Role: counter.Patient})
	}
	n := 0
	for range screens {
		n++
	}
	if n == 0 || n >= 100 {
		t.Errorf("%d screens before the channel was closed", n)
	}
}

// TestClose ends reads under way and refuses what comes after.
func TestClose(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Cards.Hold()
	w.Handle(counter.Event{Role: counter.Patient, Inserted: true})
	<-w.Cards.Started()
	w.Close()
	_, err := w.Quote(context.Background(), countertest.Bill(t, countertest.Child(), nil), "C01")
	wantCode(t, err, counter.Closed)
}

// BenchmarkCardInToQuote is the session's own part of card in → quote on screen.
func BenchmarkCardInToQuote(b *testing.B) {
	w := countertest.Open(b, nil)
	bill := countertest.Bill(b, countertest.Child(), nil)
	for b.Loop() {
		w.Insert(b, counter.Patient, countertest.Child())
		if _, err := w.Quote(context.Background(), bill, "C01"); err != nil {
			b.Fatal(err)
		}
		w.Pull(counter.Patient)
	}
}

// TestUsageOfAnotherPeriod refuses a visit whose limit period is not the one that the
// platform's number counts in: the limit left is not known.
func TestUsageOfAnotherPeriod(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	_, err := w.Quote(context.Background(), countertest.Bill(t, countertest.Child(), func(d *countertest.Document) {
		d.Visit["date"], d.Visit["began"] = "2023-12-29", "2023-12-29 09:00:00"
	}), "C01")
	wantCode(t, err, counter.UsageUnknown)
}

// TestLineGoesDown loses the platform while the card lies in the reader: what is
// settled from then on is provisional and bounded, and a quote from before is made
// again.
func TestLineGoesDown(t *testing.T) {
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	bill := countertest.Bill(t, countertest.Child(), nil)
	before, err := w.Quote(context.Background(), bill, "C01")
	if err != nil || before.Settlement.Provisional {
		t.Fatalf("%+v %v", before.Settlement, err)
	}
	w.Platform.Break(settle.PlatformDown)
	_, err = w.Confirm(context.Background(), counter.Confirmation{Quote: before.ID, Key: before.Key(), By: "C01"})
	var stale *counter.Stale
	if !errors.As(err, &stale) || !stale.Quote.Settlement.Provisional || stale.Quote.Settlement.OfflineWhy != string(settle.PlatformDown) {
		t.Fatalf("confirmed as if the line were up: %v", err)
	}
	done, err := w.Confirm(context.Background(), counter.Confirmation{Quote: stale.Quote.ID, Key: stale.Quote.Key(), By: "C01"})
	if err != nil || !done.Settlement.Provisional {
		t.Fatalf("%+v %v", done.Settlement, err)
	}
}

// TestKnowledgeAges refuses a quote on what was known when the card came, once that is
// too old, though the card still lies there.
func TestKnowledgeAges(t *testing.T) {
	now := countertest.Morning()
	w := countertest.Open(t, func(p *counter.Ports, _ *counter.Options) { p.Clock = func() time.Time { return now } })
	w.Insert(t, counter.Patient, countertest.Child())
	bill := countertest.Bill(t, countertest.Child(), nil)
	q, err := w.Quote(context.Background(), bill, "C01")
	if err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 30)
	_, err = w.Confirm(context.Background(), counter.Confirmation{Quote: q.ID, Key: q.Key(), By: "C01"})
	wantCode(t, err, settle.KnowledgeTooOld)
	_, err = w.Quote(context.Background(), bill, "C01")
	wantCode(t, err, settle.KnowledgeTooOld)
}
