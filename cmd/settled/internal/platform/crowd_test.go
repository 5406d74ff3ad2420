package platform

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"settled/queue"
	"settled/settle"
)

const simulated = "../../../../testdata/platform"

// crowd makes the simulator's data with n more people in them: copies of the child under
// ids of their own.
func crowd(t testing.TB, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(simulated)))
	file := filepath.Join(dir, "people.json")
	data, err := os.ReadFile(file)
	must(t, err)
	var known struct {
		People []map[string]any `json:"people"`
	}
	must(t, json.Unmarshal(data, &known))
	for i := range n {
		one := map[string]any{}
		for name, value := range known.People[0] {
			one[name] = value
		}
		one["psn_no"], one["certno"], one["card_number"], one["card_sn"] = psnNo(i), certNo(i), cardNumber(i), cardSN(i)
		one["used"] = []any{}
		known.People = append(known.People, one)
	}
	data, err = json.Marshal(known)
	must(t, err)
	must(t, os.WriteFile(file, data, 0o600))
	return dir
}

func psnNo(i int) string      { return fmt.Sprintf("440300000000000002%08d", i) }
func certNo(i int) string     { return fmt.Sprintf("440305201706%06d", i) }
func cardNumber(i int) string { return fmt.Sprintf("G%08d", i) }
func cardSN(i int) string     { return fmt.Sprintf("440300D1560000060000%012X", i) }

// of makes a settlement that of the i-th of the crowd.
func (w *window) of(i int, s settle.Settlement) settle.Settlement {
	s.Person = w.queue.Person(certNo(i))
	s.Who = settle.Identity{
		CardNumber: settle.Private(cardNumber(i)), CardCode: settle.Private(cardSN(i)), IDNumber: settle.Private(certNo(i)),
	}
	return s
}

// settleOf settles one line for the i-th of the crowd; paid by an account of the family
// if there is one.
func (w *window) settleOf(i int, account string) settle.Settlement {
	w.t.Helper()
	w.keys++
	s := w.of(i, w.bill(fmt.Sprint("MZ", w.keys), 1))
	s.Key = fmt.Sprint("k", w.keys)
	if account != "" {
		s.Split.Draws = []settle.Draw{{AccountID: account, Usable: s.Split.Cash, Paid: s.Split.Cash}}
		s.Split.Family, s.Split.Cash = s.Split.Cash, 0
	}
	return w.keep(s)
}

// keep writes a settlement to the queue.
func (w *window) keep(s settle.Settlement) settle.Settlement {
	w.t.Helper()
	p, err := w.queue.Position(s.Person, s.Period)
	must(w.t, err)
	s, _, err = w.queue.Settle(w.t.Context(), queue.Commit{Settlement: s, ContentDigest: "d", Version: p.Version, By: clerk})
	must(w.t, err)
	return s
}

// booked gives the numbers that the platform has booked, in its order, by person.
func (w *window) booked() (all []string, by map[string][]string) {
	w.t.Helper()
	by = map[string][]string{}
	for _, s := range w.books().Settlements {
		all = append(all, s.Batch)
		by[s.Person] = append(by[s.Person], s.Batch)
	}
	return all, by
}

// TestInFlight has the platform take its time: as many requests as allowed are on their
// way at a time, and never two of one person, whose order is the journal's.
func TestInFlight(t *testing.T) {
	t.Parallel()
	w := openWindowOn(t, crowd(t, 8))
	for i := range 32 {
		w.settleOf(i*5%8, "") // in an order of their own
	}
	w.faults(fault{Infno: "2201", Kind: "slow", MS: 300, Body: psnNo(0), Times: 1}, // so that a later one would overtake
		fault{Kind: "slow", MS: 20})
	must(t, w.pass())
	w.agree()
	_, by := w.booked()
	for person, list := range by {
		if !slices.IsSorted(list) {
			t.Errorf("of %s the platform booked %v", person, list)
		}
	}
	if most := w.books().Most; len(by) != 8 || most != DefaultInFlight {
		t.Errorf("at most %d requests were there at a time, of %d people", most, len(by))
	}
}

// TestFamilyOrder has two children pay from their father's account: one after the other.
func TestFamilyOrder(t *testing.T) {
	t.Parallel()
	w := openWindowOn(t, crowd(t, 2))
	first, second := w.settleOf(0, w.queue.Person("father")), w.settleOf(1, w.queue.Person("father"))
	w.faults(fault{Infno: "2206", Kind: "cut", Times: 1})
	must(t, w.pass())
	if all, _ := w.booked(); len(all) != 0 {
		t.Errorf("%v were booked while the outcome of the first was unknown", all)
	}
	w.passes()
	if all, _ := w.booked(); !slices.Equal(all, []string{first.Number, second.Number}) {
		t.Errorf("booked %v", all)
	}
}

// TestSilent has the platform leave one person's request without an answer: all others
// arrive meanwhile.
func TestSilent(t *testing.T) {
	t.Parallel()
	w := openWindowOn(t, crowd(t, 20))
	w.faults(fault{Infno: "2206", Kind: "silent", Body: psnNo(0)})
	var bad settle.Settlement
	for i := range 20 {
		if s := w.settleOf(i, ""); i == 0 {
			bad = s
		}
	}
	passed := make(chan error)
	go func() { passed <- w.upload.pass(t.Context()) }()
	for len(w.books().Settlements) < 19 { // each look is a request: nothing else tells from outside
		must(t, t.Context().Err())
	}
	if r, err := w.queue.Get(bad.Number); err != nil || r.State != queue.Pending {
		t.Errorf("%s %v", r.State, err)
	}
	w.command("clear", struct{}{})
	must(t, <-passed)
	w.passes()
	w.agree()
}

// TestBadInMany has one record in many that is never answered clearly, and one that is
// refused: the others arrive in one pass.
func TestBadInMany(t *testing.T) {
	t.Parallel()
	n := 1000
	if testing.Short() {
		n = 100
	}
	w := openWindowOn(t, crowd(t, n))
	for i := range n {
		w.settleOf(i, "")
	}
	w.faults(fault{Infno: "2206", Kind: "rubbish", Body: psnNo(n / 2)}, fault{Infno: "2204", Kind: "refuse", Text: "FSI-参保信息为空", Body: psnNo(7)})
	must(t, w.pass())
	if all, _ := w.booked(); len(all) != n-2 {
		t.Errorf("%d of %d arrived", len(all), n)
	}
	if holds, err := w.queue.Holds(10, 0); err != nil || len(holds) != 1 {
		t.Errorf("held %v %v", holds, err)
	}
	w.command("clear", struct{}{})
	w.settleHolds()
	w.agree()
}

// TestDeadLine takes the platform down: no more is sent than was under way, and after a
// pause one alone tries.
func TestDeadLine(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"500", "away"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := openWindowOn(t, crowd(t, 40))
			w.settleOf(0, "")
			w.passes() // signed in
			for i := range 40 {
				w.settleOf(i, "")
			}
			asked := w.books().Requests["1101"]
			w.faults(fault{Kind: kind})
			must(t, w.pass())
			first := w.books().Requests["1101"] - asked
			if first > DefaultInFlight+mostRow {
				t.Errorf("%d requests to a line that is down", first)
			}
			for probe := range 3 {
				w.upload.breaker.until = time.Time{} // the pause is over
				must(t, w.upload.pass(t.Context()))
				if now := w.books().Requests["1101"] - asked; now != first+probe+1 {
					t.Errorf("%d requests at probe %d", now-first, probe+1)
				}
			}
			w.command("clear", struct{}{})
			w.passes()
			w.agree()
		})
	}
}

// TestReleasedAmongOthers has an earlier settlement of a person released while later ones
// are known already: it goes before those that are not under way.
func TestReleasedAmongOthers(t *testing.T) {
	t.Parallel()
	l := newLanes()
	add := func(seq uint64) {
		l.add(queue.Waiting{Seq: seq, Number: fmt.Sprint(seq)}, []string{"person", fmt.Sprint("account", seq%2)})
	}
	for _, seq := range []uint64{4, 6, 8} {
		add(seq)
	}
	first := l.take()
	add(2)
	l.rest(first)
	l.wake(func(*item) bool { return true })
	add(3)
	var order []uint64
	for i := l.take(); i != nil; i = l.take() {
		order = append(order, i.Seq)
		if next := l.take(); next != nil {
			t.Errorf("%d went with %d", next.Seq, i.Seq)
		}
		l.done(i)
	}
	if want := []uint64{2, 3, 4, 6, 8}; first.Seq != 4 || !slices.Equal(order, want) || len(l.of) > 0 || len(l.known) > 0 {
		t.Errorf("first %d, then %v, want %v; left %v %v", first.Seq, order, want, l.of, l.known)
	}
}
