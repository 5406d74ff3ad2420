package kiosk_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/settle"
)

// TestPaidBefore: a bill that was settled before takes no money again.
func TestPaidBefore(t *testing.T) {
	k := open(t)
	k.Insert(t, counter.Patient, countertest.Child())
	q := k.quote(t)
	if _, err := k.Confirm(t.Context(), counter.Confirmation{Quote: q.ID, Key: q.Key(), By: "C01"}); err != nil {
		t.Fatal(err)
	}
	<-k.Printer.Slips()
	if err := k.desk.Pay(k.quote(t).ID, "0100"); codeOf(err) != counter.BillSettled {
		t.Errorf("settled at the window before: %v", err)
	}
	select {
	case bill := <-k.paid: // it waits no more
		if bill != q.Key() {
			t.Error(bill)
		}
	default:
		t.Error("the bill still waits")
	}
	if _, refunds := k.till.all(); len(k.till.orders) != 0 || refunds != 0 {
		t.Errorf("orders %v", k.till.orders)
	}
}

// meanwhile is a window where somebody else confirms the quote first.
type meanwhile struct {
	*countertest.Window
	by string
}

func (w *meanwhile) Confirm(ctx context.Context, c counter.Confirmation) (counter.Settled, error) {
	if by := w.by; by != "" {
		w.by = ""
		if _, err := w.Window.Confirm(ctx, counter.Confirmation{Quote: c.Quote, Key: c.Key, By: by}); err != nil {
			return counter.Settled{}, err
		}
	}
	return w.Window.Confirm(ctx, c)
}

// TestPaidMeanwhile: what a cashier settled for cash while the patient paid by the code
// is given back to the patient.
func TestPaidMeanwhile(t *testing.T) {
	k := open(t)
	k.stop()
	k.over = &meanwhile{k.Window, "C01"}
	k.start(t)
	k.Insert(t, counter.Patient, countertest.Child())
	if err := k.desk.Pay(k.quote(t).ID, "0100"); err != nil {
		t.Fatal(err)
	}
	k.await(t, kiosk.Paying)
	k.till.set(kiosk.Paid)
	a := k.await(t, kiosk.Refunded)
	if state, refunds := k.till.all(); state != kiosk.Back || refunds != 1 || len(k.Book.Written()) != 1 || a.Why == "" {
		t.Errorf("%+v, %s, %d refunds, %d settled", a, state, refunds, len(k.Book.Written()))
	}
}

// TestCloseWaits: an order that the payment has not closed yet may still be paid, so it is
// closed again until it is.
func TestCloseWaits(t *testing.T) {
	k := open(t)
	k.Insert(t, counter.Patient, countertest.Child())
	if err := k.desk.Pay(k.quote(t).ID, "0100"); err != nil {
		t.Fatal(err)
	}
	k.await(t, kiosk.Paying)
	k.till.stay(true)
	if err := k.desk.Cancel(t.Context()); err == nil {
		t.Error("cancelled, and can still be paid")
	}
	k.Pull(counter.Patient)
	k.till.set(kiosk.Paid) // just now
	if a := k.await(t, kiosk.Refunded); !a.Interrupted {
		t.Errorf("%+v", a)
	}
	if state, refunds := k.till.all(); state != kiosk.Back || refunds != 1 {
		t.Errorf("%s, %d refunds", state, refunds)
	}
}

// TestShiftClosed: nobody pays for what could not be confirmed then.
func TestShiftClosed(t *testing.T) {
	k := opened(t, func(_ *counter.Ports, o *counter.Options) { o.ShiftRequired = true })
	k.Insert(t, counter.Patient, countertest.Child())
	if err := k.desk.Pay(k.quote(t).ID, "0100"); codeOf(err) != settle.ShiftClosed {
		t.Errorf("without a shift: %v", err)
	}
}

// TestUnclear: where nothing tells whether somebody paid, the terminal stops for the staff.
func TestUnclear(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, k *terminal){
		"the payment forgot it": func(_ *testing.T, k *terminal) { k.till.forget() },
		"and after a power cut": func(t *testing.T, k *terminal) { k.stop(); k.till.forget(); k.start(t) },
		"it was paid, and the refund finds nothing": func(_ *testing.T, k *terminal) {
			k.Book.Touch() // it can't be settled, so the money has to go back
			k.till.lose()
			k.till.set(kiosk.Paid)
		},
		"the record is damaged": func(t *testing.T, k *terminal) {
			k.stop()
			files, err := filepath.Glob(filepath.Join(k.dir, "*.sealed"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			if err := os.WriteFile(files[0], []byte("torn"), 0o600); err != nil {
				t.Fatal(err)
			}
			k.start(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t)
			k.Insert(t, counter.Patient, countertest.Child())
			q := k.quote(t)
			if err := k.desk.Pay(q.ID, "0100"); err != nil {
				t.Fatal(err)
			}
			k.await(t, kiosk.Paying)
			lose(t, k)
			if a := k.await(t, kiosk.Unclear); !a.Interrupted || a.Why == "" {
				t.Errorf("%+v", a)
			}
			if err := k.desk.Pay(q.ID, "0100"); codeOf(err) != kiosk.Busy {
				t.Errorf("the next patient: %v", err)
			}
			full := errors.New("the journal takes nothing")
			if err := k.desk.Clear(func(kiosk.Attempt) error { return full }); !errors.Is(err, full) {
				t.Errorf("cleared, and nobody knows: %v", err)
			}
			k.await(t, kiosk.Unclear) // it stays
			if err := k.desk.Clear(func(kiosk.Attempt) error { return nil }); err != nil {
				t.Fatal(err)
			}
			k.stop()
			k.start(t)
			k.await(t, "")
		})
	}
}
