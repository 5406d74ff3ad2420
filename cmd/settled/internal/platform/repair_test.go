package platform

import (
	"errors"
	"fmt"
	"testing"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// held settles a visit that the platform refuses at a transaction because of the doctor, and
// uploads until it is held; stays has it refuse to take it back as well.
func (w *window) held(visit, infno string, stays ...string) settle.Settlement {
	w.t.Helper()
	s := w.settle(visit, 3)
	w.faults(fault{Infno: infno, Kind: "refuse", Body: "D440300000001", Text: "FSI-医师编码不存在"})
	for _, undo := range stays {
		w.faults(fault{Infno: undo, Kind: "refuse", Text: "FSI-系统繁忙", Times: 1})
	}
	w.passes()
	if r, err := w.queue.Get(s.Number); err != nil || r.State != queue.OnHold {
		w.t.Fatalf("%s is %s, %v", s.Number, r.State, err)
	}
	return s
}

func (w *window) repair(s settle.Settlement, doctor string) error {
	return w.upload.line.Repair(w.t.Context(), queue.Repair{Number: s.Number, Set: map[string]string{"doctor.code": doctor}, Why: "left the hospital", By: clerk})
}

// TestRepair holds a settlement at each transaction, mends it, and kills the process after
// each request of what follows. In the end the platform has it once, with the mended code:
// the old one would be refused.
func TestRepair(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		infno string
		stays []string
	}{{"2201", nil}, {"2203", nil}, {"2204", nil}, {"2203", []string{"2202"}}, {"2204", []string{"2202"}}} {
		t.Run(fmt.Sprint(c.infno, c.stays), func(t *testing.T) {
			t.Parallel()
			w := openWindow(t)
			killed := true
			for kill := 0; killed; kill++ {
				s := w.held(fmt.Sprint("MZ", kill), c.infno, c.stays...)
				must(t, w.repair(s, "D440300000002"))
				n := 0
				killed = false
				w.changed = func(string) {
					n++
					if n == kill {
						killed = true
						must(t, w.queue.Close())
					}
				}
				err := w.pass()
				if w.changed = nil; err != nil && !killed {
					t.Fatal(err)
				}
				w.restart()
				must(t, w.repair(s, "D440300000002")) // whoever lost the answer asks again
				w.passes()
				killed = killed || kill == 0
			}
			w.command("clear", struct{}{})
			w.agree()
			if open := w.books().OpenVisits; len(open) > 0 {
				t.Errorf("visits are left at the platform: %v", open)
			}
			list, err := w.queue.List(queue.Filter{})
			must(t, err)
			for _, r := range list {
				if len(r.Repairs) != 1 || r.Settlement.Chart.Doctor.Code != "D440300000001" {
					t.Errorf("%s was repaired %d times, its own doctor is %s", r.Settlement.Number, len(r.Repairs), r.Settlement.Chart.Doctor.Code)
				}
			}
		})
	}
}

// TestRepairRefused: what may not be mended, does not fit, or would lose sight of a visit
// that is at the platform still; nothing is written.
func TestRepairRefused(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	s := w.held("MZ1", "2203", "2202")
	line := w.upload.line
	fields, err := line.Mendable(s.Number)
	if err != nil || len(fields) < 8 {
		t.Fatalf("%+v, %v", fields, err)
	}
	before, err := w.queue.Status()
	must(t, err)
	for want, set := range map[settle.Code]map[string]string{
		nhsa.NotMendable: {"items.1.unit_price": "1.00"}, nhsa.UnknownMend: {"tel": "1"}, nhsa.NothingToSet: {},
		"PLATFORM_FIELD": {"doctor.code": "D4403000000000000000000000000001"}, nhsa.StillThere: {"outpatient_no": "MZ2"},
	} {
		err := line.Repair(t.Context(), queue.Repair{Number: s.Number, Set: set, Why: "x", By: clerk})
		if no, ok := errors.AsType[*settle.Refusal](err); !ok || no.Code != want || no.Cashier == "" {
			t.Errorf("%v: %v, want %s", set, err, want)
		}
	}
	if after, err := w.queue.Status(); err != nil || after.Entry != before.Entry {
		t.Errorf("refused repairs wrote entries %d to %d, %v", before.Entry, after.Entry, err)
	}
	must(t, w.queue.Release(t.Context(), s.Number, "take it back first", clerk))
	w.passes() // refused again, and all of it taken back
	must(t, line.Repair(t.Context(), queue.Repair{Number: s.Number, Set: map[string]string{"outpatient_no": "MZ2", "doctor.code": "D2"}, Why: "x", By: clerk}))
	w.passes()
	w.agree()
	if err := w.repair(s, "D3"); err == nil {
		t.Error("an acknowledged settlement was repaired")
	}
	if fields, err := line.Mendable(s.Number); err != nil || len(fields) > 0 {
		t.Errorf("of an acknowledged one may be mended %+v, %v", fields, err)
	}
}

// TestRepairVoided: a repaired settlement that is reversed before it went up again leaves
// nothing at the platform.
func TestRepairVoided(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	s := w.held("MZ1", "2204", "2202")
	must(t, w.repair(s, "D440300000002"))
	w.reverse(s, 0)
	w.passes()
	w.agree()
	if p := w.books(); len(p.OpenVisits) > 0 || p.Live > 0 {
		t.Errorf("%+v", p)
	}
}
