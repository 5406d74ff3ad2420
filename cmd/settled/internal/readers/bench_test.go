package readers

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/devices/bench"
	"settled/devices/pcsc"
	"settled/settle"
)

// desk is the card bench of this package's tests: a real pcscd.
var desk *bench.Bench

func TestMain(m *testing.M) {
	os.Exit(bench.Main(func(b *bench.Bench) int {
		desk = b
		return m.Run()
	}, "patient", "guardian", "spare", "psam"))
}

// patience is how long a test waits for what must happen: far more than it takes.
const patience = time.Minute

// hangs is the limit where something really hangs: the calls that don't keep to it as well.
const hangs = 1500 * time.Millisecond

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// window hears what the session would.
type window struct {
	*Readers
	events chan counter.Event

	mu     sync.Mutex
	screen []counter.Reader
	past   []counter.Reader // what it has shown, which passes by
	shown  *sync.Cond
}

// open starts readers with these roles, and checks at the end that nothing is left.
func open(t testing.TB, roles map[Role]string, o ...pcsc.Options) *window {
	t.Helper()
	before, sockets := goleak.IgnoreCurrent(), sockets(t)
	options := append(o, pcsc.Options{})[0]
	options.Closing = patience // a busy machine is no stuck reader
	watcher, err := pcsc.Watch(t.Context(), options)
	must(t, err)
	w := &window{Readers: New(watcher, Options{Roles: roles}), events: make(chan counter.Event, 1000)}
	w.shown = sync.NewCond(&w.mu)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Follow(func(e counter.Event) { w.events <- e }, func(s []counter.Reader) {
			w.mu.Lock()
			w.screen, w.past = s, append(w.past, s...)
			w.mu.Unlock()
			w.shown.Broadcast()
		})
	}()
	t.Cleanup(func() {
		if err := watcher.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		<-ended
		nothingLeft(t, before)
		if left := socketsAtMost(t, sockets); left > sockets {
			t.Errorf("%d sockets, %d before: a context is left", left, sockets)
		}
	})
	return w
}

// nothingLeft waits until no goroutine is there but those of before.
func nothingLeft(t testing.TB, before goleak.Option) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = goleak.Find(before); err == nil { // it looks for a while itself
			return
		}
	}
	t.Error(err)
}

// sockets counts this process's: a context is one.
func sockets(t testing.TB) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, e := range entries {
		if at, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(at, "socket:") {
			n++
		}
	}
	return n
}

// socketsAtMost waits a while for sockets that are being closed.
func socketsAtMost(t testing.TB, want int) (n int) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-again.C {
		if n = sockets(t); n <= want {
			break
		}
	}
	return n
}

// expect waits for an event, which must be the next one but for removals.
func (w *window) expect(t testing.TB, want counter.Event) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case e := <-w.events:
			if e == want {
				return
			}
			if e.Inserted {
				t.Fatalf("event %+v, want %+v", e, want)
			}
		case <-timer.C:
			t.Fatalf("no event %+v; screen %+v", want, w.screen)
		}
	}
}

// shows waits until the screen has a reader in a state.
func (w *window) shows(t testing.TB, role, state string) counter.Reader {
	t.Helper()
	return w.await(t, &w.screen, role, state)
}

// showed waits until the screen has, or had, a reader in a state.
func (w *window) showed(t testing.TB, role, state string) {
	t.Helper()
	w.await(t, &w.past, role, state)
}

func (w *window) await(t testing.TB, at *[]counter.Reader, role, state string) counter.Reader {
	t.Helper()
	late := time.AfterFunc(patience, w.shown.Broadcast)
	defer late.Stop()
	began := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		i := slices.IndexFunc(*at, func(r counter.Reader) bool { return r.Role == role && r.State == state })
		if i >= 0 {
			return (*at)[i]
		}
		if time.Since(began) >= patience {
			t.Fatalf("the screen never shows %s %s: %+v", role, state, w.screen)
		}
		w.shown.Wait()
	}
}

// check gives the one of a kind and role.
func (w *window) check(t testing.TB, kind doctor.Kind, role Role) doctor.Check {
	t.Helper()
	list := w.Checks(t.Context())
	i := slices.IndexFunc(list, func(f doctor.Check) bool { return f.Kind == kind && f.Role == string(role) })
	if i < 0 {
		t.Fatalf("no check of %s %s in %+v", kind, role, list)
	}
	return list[i]
}

func both() map[Role]string { return map[Role]string{Patient: "Patient", Guardian: "Guardian"} }

var (
	childIn   = counter.Event{Role: counter.Patient, Inserted: true}
	parentIn  = counter.Event{Role: counter.Guardian, Inserted: true}
	childOut  = counter.Event{Role: counter.Patient}
	childLost = counter.Event{Role: counter.Patient, Why: settle.ReaderMissing}
)

// put puts a card in until the end of the test.
func put(t testing.TB, role, profile string, faults ...string) {
	t.Helper()
	must(t, desk.Insert(role, profile, faults...))
	t.Cleanup(func() { vacate(t, role) })
}

// vacate takes the card out and waits until the service has seen that.
func vacate(t testing.TB, role string) {
	t.Helper()
	must(t, desk.Remove(role))
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-again.C {
		card, err := pcsc.Open(context.Background(), desk.Reader(role))
		if errors.Is(err, pcsc.NoSmartCard) {
			return
		}
		if err == nil {
			_ = card.Close()
		}
	}
	t.Errorf("the card stays in %s", role)
}

// The child's card and the guardian's, read at one time.
func TestBothCardsAtOnce(t *testing.T) {
	w := open(t, both())
	put(t, "patient", "child-v2", "delay=20ms")
	w.expect(t, childIn)
	put(t, "guardian", "parent-v2", "delay=20ms")
	w.expect(t, parentIn)
	numbers := make(chan settle.Private, 2)
	var reads sync.WaitGroup
	for _, role := range []counter.Role{counter.Patient, counter.Guardian} {
		reads.Go(func() {
			card, err := w.Read(t.Context(), role)
			if err != nil {
				t.Error(err)
			}
			numbers <- card.Who.CardNumber
			if err := w.Check(t.Context(), role, card.Who.CardCode); err != nil {
				t.Error(err)
			}
		})
	}
	w.showed(t, "patient", reading)
	reads.Wait()
	w.shows(t, "patient", cardIn)
	got := []string{string(<-numbers), string(<-numbers)}
	slices.Sort(got)
	if !slices.Equal(got, []string{"Z10000002", "Z10000003"}) {
		t.Errorf("%d cards", len(got))
	}
	if f := w.check(t, doctor.Reader, Patient); f.Level != doctor.OK || !strings.Contains(f.Chinese, "社保卡 2.00") || f.Name != "Patient" {
		t.Errorf("%+v", f)
	}
}

// A reader that hangs stops neither the other nor the end.
func TestStuckReaderStopsNoOther(t *testing.T) {
	w := open(t, both(), pcsc.Options{Limit: hangs})
	put(t, "patient", "hung")
	w.expect(t, childIn)
	put(t, "guardian", "parent-v2")
	w.expect(t, parentIn)
	_, err := w.Read(t.Context(), counter.Patient)
	var no *settle.Refusal
	if !errors.As(err, &no) || no.Code != "READER_STUCK" || no.Cashier == "" {
		t.Errorf("a hung card: %v", err)
	}
	if r := w.shows(t, "patient", stuck); r.Text == "" {
		t.Errorf("%+v", r)
	}
	if f := w.check(t, doctor.Reader, Patient); f.Level != doctor.Fail || f.Mend == "" {
		t.Errorf("%+v", f)
	}
	if _, err := w.Read(t.Context(), counter.Guardian); err != nil {
		t.Errorf("the other reader: %v", err)
	}
	must(t, desk.Remove("patient"))
	w.shows(t, "patient", ready)
}

// The spare stands in for a patient's reader that is not there; the guardian's has none.
func TestSpareStandsIn(t *testing.T) {
	w := open(t, map[Role]string{Patient: "Unplugged", Guardian: "Also away", Spare: "Spare"})
	put(t, "spare", "child-v2")
	w.expect(t, childIn)
	if _, err := w.Read(t.Context(), counter.Patient); err != nil {
		t.Errorf("the card in the spare: %v", err)
	}
	if code := w.Missing(); code != "" {
		t.Errorf("missing %s", code)
	}
	if f := w.check(t, doctor.Reader, Patient); f.Level != doctor.Fail || f.State != missing {
		t.Errorf("%+v", f)
	}
	if f := w.check(t, doctor.Reader, Spare); f.Level != doctor.Warn {
		t.Errorf("%+v", f)
	}
	if _, err := w.Read(t.Context(), counter.Guardian); err == nil {
		t.Error("the guardian's card was read from somewhere")
	}
}

// What is wrong with the card service is named, and it is back soon after it returns.
func TestCardServiceAwayAndBack(t *testing.T) {
	w := open(t, both(), pcsc.Options{Limit: hangs, Poll: 300 * time.Millisecond})
	put(t, "patient", "child-v2")
	w.expect(t, childIn)
	tests := []struct {
		state string
		away  func() error
		back  func() error
	}{
		{"dead", desk.Kill, desk.Launch},
		{"refused", func() error { return errors.Join(desk.Kill(), desk.Refuse()) }, desk.Launch},
		{"not_started", func() error { return errors.Join(desk.Stop(), desk.Absent()) }, desk.Launch},
		{"silent", desk.Stall, desk.Resume},
	}
	for _, tt := range tests {
		t.Run(tt.state, func(t *testing.T) {
			must(t, tt.away())
			w.expect(t, childLost)
			if r := w.shows(t, "patient", down); r.Text == "" {
				t.Errorf("%+v", r)
			}
			f := w.check(t, doctor.CardService, "")
			if f.State != tt.state || f.Level != doctor.Fail || f.Mend == "" || f.English == "" {
				t.Errorf("%+v, want %s", f, tt.state)
			}
			must(t, tt.back())
			returned := time.Now()
			w.expect(t, childIn)
			t.Logf("card known %v after the return", time.Since(returned).Round(time.Millisecond))
			if _, err := w.Read(t.Context(), counter.Patient); err != nil {
				t.Error(err)
			}
			if f := w.check(t, doctor.CardService, ""); f.Level != doctor.OK {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestWrongCardsInTheReader(t *testing.T) {
	w := open(t, both())
	for profile, want := range map[string]struct {
		code settle.Code
		mend string
	}{"bank": {settle.NotSSCCard, "换社保卡"}, "mute": {"CARD_MUTE", "擦净芯片"}, "blank": {"CARD_BLANK", "服务网点"}} {
		must(t, desk.Insert("patient", profile))
		w.expect(t, childIn)
		_, err := w.Read(t.Context(), counter.Patient)
		var no *settle.Refusal
		if !errors.As(err, &no) || no.Code != want.code {
			t.Errorf("%s: %v", profile, err)
		}
		if f := w.check(t, doctor.Reader, Patient); f.State != unread || f.Level != doctor.Warn || !strings.Contains(f.Mend, want.mend) {
			t.Errorf("%s: %+v", profile, f)
		}
		must(t, desk.Remove("patient"))
		w.expect(t, childOut)
	}
}

// A version 3.00 card is opened if the PSAM is there, and goes on by its number if not.
func TestLockedCard(t *testing.T) {
	w := open(t, map[Role]string{Patient: "Patient", PSAM: "Psam"})
	if f := w.check(t, doctor.CardService, ""); f.Level == doctor.OK {
		w.shows(t, "patient", ready)
	}
	if f := w.check(t, doctor.Module, ""); f.Level != doctor.Warn || f.State != "absent" {
		t.Errorf("without PSAM: %+v", f)
	}
	put(t, "patient", "locked-v3")
	w.expect(t, childIn)
	card, err := w.Read(t.Context(), counter.Patient)
	if err != nil || !card.Locked || card.Who.CardNumber != "Z10000004" {
		t.Errorf("without PSAM: locked %t, %v", card.Locked, err)
	}
	if f := w.check(t, doctor.Module, ""); f.Level != doctor.Warn {
		t.Errorf("%+v", f)
	}
	if f := w.check(t, doctor.Reader, PSAM); f.Level != doctor.Fail {
		t.Errorf("%+v", f)
	}
	changes, leave := w.Changes()
	defer leave()
	put(t, "psam", "psam-foreign")
	for w.check(t, doctor.Reader, PSAM).Level != doctor.OK {
		<-changes
	}
	if card, err = w.Read(t.Context(), counter.Patient); err != nil || !card.Locked {
		t.Errorf("with another region's PSAM: locked %t, %v", card.Locked, err)
	}
	vacate(t, "psam")
	for w.check(t, doctor.Reader, PSAM).Level == doctor.OK {
		<-changes
	}
	must(t, desk.Insert("psam", "psam"))
	for w.check(t, doctor.Reader, PSAM).Level != doctor.OK {
		<-changes
	}
	if card, err = w.Read(t.Context(), counter.Patient); err != nil || card.Locked || card.Who.IDNumber == "" {
		t.Errorf("with PSAM: locked %t, %v", card.Locked, err)
	}
	if f := w.check(t, doctor.Module, ""); f.Level != doctor.OK {
		t.Errorf("%+v", f)
	}
}

// Look sees the same without a watcher.
func TestLook(t *testing.T) {
	put(t, "patient", "child-v2")
	put(t, "guardian", "bank")
	put(t, "psam", "psam")
	o := Options{Roles: map[Role]string{Patient: "Patient", Guardian: "Guardian", PSAM: "Psam", Spare: "Away"}}
	want := map[string]doctor.Level{"patient": doctor.OK, "guardian": doctor.Warn, "psam": doctor.OK, "spare": doctor.Warn}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	got, deadline := map[string]doctor.Level{}, time.Now().Add(patience)
	for time.Now().Before(deadline) {
		clear(got)
		read := false
		for _, f := range Look(t.Context(), o, true) {
			if f.Role != "" {
				got[f.Role] = f.Level
			}
			read = read || strings.Contains(f.Chinese, "社保卡 2.00")
		}
		if read && got["guardian"] == want["guardian"] && got["psam"] == want["psam"] {
			break // all cards have been seen by now
		}
		<-again.C
	}
	for role, level := range want {
		if got[role] != level {
			t.Errorf("%s: %q, want %q", role, got[role], level)
		}
	}
	for _, f := range Look(t.Context(), o, false) { // all are in, and none is looked at
		if f.Role == "patient" && f.State != unseen || f.Role == "psam" && (f.State != unseen || f.Level != doctor.OK) || f.Kind == doctor.Module && f.Level != doctor.OK {
			t.Errorf("without looking: %+v", f)
		}
	}
	must(t, desk.Kill())
	defer func() { must(t, desk.Launch()) }()
	if list := Look(t.Context(), o, true); doctor.Worst(list) != doctor.Fail || list[0].State != "dead" {
		t.Errorf("%+v", list)
	}
}

// BenchmarkCardToIdentity puts a card in and reads it as the window does. in→identity
// has pcscd's look at a virtual reader in it, up to 400 ms; event→identity is ours.
func BenchmarkCardToIdentity(b *testing.B) {
	w := open(b, both())
	var whole, ours []time.Duration
	for b.Loop() {
		began := time.Now()
		must(b, desk.Insert("patient", "child-v2"))
		w.expect(b, childIn)
		seen := time.Now()
		if _, err := w.Read(b.Context(), counter.Patient); err != nil {
			b.Fatal(err)
		}
		whole, ours = append(whole, time.Since(began)), append(ours, time.Since(seen))
		b.StopTimer()
		must(b, desk.Remove("patient"))
		w.expect(b, childOut)
		b.StartTimer()
	}
	half := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2].Microseconds()) / 1000 }
	b.ReportMetric(half(whole), "in→identity-ms")
	b.ReportMetric(half(ours), "event→identity-ms")
}
