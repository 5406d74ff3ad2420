package psam_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/devices/apdu"
	"settled/devices/bench"
	"settled/devices/pcsc"
	"settled/devices/psam"
	"settled/devices/sscard"
)

// desk is the card bench of this package's tests: a real pcscd.
var desk *bench.Bench

func TestMain(m *testing.M) {
	os.Exit(bench.Main(func(b *bench.Bench) int {
		desk = b
		return m.Run()
	}, "patient", "guardian", "kiosk", "psam"))
}

const patience = time.Minute

// put puts a card in until the end of the test, and waits until it can be powered.
func put(t *testing.T, role, profile string, faults ...string) {
	t.Helper()
	if err := desk.Insert(role, profile, faults...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := desk.Remove(role); err != nil {
			t.Error(err)
		}
		await(t, role, func(err error) bool { return errors.Is(err, pcsc.NoSmartCard) })
	})
	await(t, role, func(err error) bool { return err == nil })
}

func await(t *testing.T, role string, want func(error) bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-again.C {
		card, err := pcsc.Open(context.Background(), desk.Reader(role))
		if err == nil {
			_ = card.Close()
		}
		if want(err) {
			return
		}
	}
	t.Fatalf("waited in vain for %s", role)
}

// slot is the PSAM's slot of the bench.
func slot() *psam.Slot {
	return psam.NewSlot(func(ctx context.Context) (psam.Card, error) {
		return pcsc.Open(ctx, desk.Reader("psam"))
	}, psam.Keys{})
}

func read(t *testing.T, role string, a *psam.Authenticator) (sscard.Record, error) {
	t.Helper()
	card, err := pcsc.Open(t.Context(), desk.Reader(role))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = card.Close() }()
	return sscard.Read(t.Context(), card, a)
}

// asked counts the commands of an instruction that the card in a reader was sent.
func asked(t *testing.T, role, ins string) (n int) {
	t.Helper()
	sent, err := desk.APDUs(role)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range sent {
		if strings.HasPrefix(c[2:], ins) {
			n++
		}
	}
	return n
}

func TestOpensTheHoldersFile(t *testing.T) {
	put(t, "patient", "locked-v3")
	put(t, "guardian", "locked-v3-3des")
	for _, module := range []string{"psam", "psam-without-internal"} {
		t.Run(module, func(t *testing.T) {
			put(t, "psam", module)
			a := psam.New(slot())
			for i, want := range []struct {
				role, name string
				algorithm  sscard.Algorithm
			}{{"patient", "李谷雨", sscard.SM4}, {"guardian", "钱处暑", sscard.TripleDES}} {
				before := asked(t, want.role, "82")
				r, err := read(t, want.role, a)
				if err != nil || r.Locked || r.Name.ClearPersonalData() != want.name || r.Unopened != nil || r.Form.Algorithm != want.algorithm {
					t.Errorf("%d: %+v, %v", i, r, err)
				}
				if asked(t, want.role, "82") != before+1 || asked(t, want.role, "88") != before+1 || asked(t, want.role, "84") != 4*(before+1) {
					t.Error("not one internal and one external authentication of two challenges each")
				}
			}
		})
	}
}

// The child's and the guardian's card, both locked, at one time, with one PSAM.
func TestTwoCardsAtOnce(t *testing.T) {
	put(t, "psam", "psam", "delay=5ms")
	put(t, "patient", "locked-v3-child")
	put(t, "guardian", "locked-v3")
	a := psam.New(slot())
	type answer struct {
		role string
		r    sscard.Record
		err  error
	}
	answers := make(chan answer)
	for _, role := range []string{"patient", "guardian"} {
		go func() {
			r, err := read(t, role, a)
			answers <- answer{role, r, err}
		}()
	}
	for range 2 {
		got := <-answers
		if want := map[string]string{"patient": "李秋分", "guardian": "李谷雨"}[got.role]; got.err != nil || got.r.Name.ClearPersonalData() != want {
			t.Errorf("%s: %v %v %v", got.role, got.r, got.r.Unopened, got.err)
		}
	}
}

// Without an authentication the card is still good, and says why it stays locked.
func TestStaysLocked(t *testing.T) {
	tests := []struct {
		name, module string
		faults       []string
		want         error
	}{
		{"no PSAM", "", nil, apdu.ErrGone},
		{"PSAM without the key", "psam-without-external", nil, apdu.KeyNotFound},
		{"a bank card in the PSAM's slot", "bank", nil, psam.ErrForeign},
		{"PSAM pulled in the midst", "psam", []string{"pull=2"}, apdu.ErrGone},
	}
	put(t, "patient", "locked-v3")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.module != "" {
				put(t, "psam", tt.module, tt.faults...)
			}
			r, err := read(t, "patient", psam.New(slot()))
			if err != nil || !r.Locked || r.Number.ClearPersonalData() != "Z10000004" || !errors.Is(r.Unopened, tt.want) {
				t.Errorf("%v, %v; unopened because %v, want %v", r, err, r.Unopened, tt.want)
			}
			if n := asked(t, "patient", "82"); n != 0 {
				t.Errorf("%d external authentications", n)
			}
		})
	}
}

// A card whose answer is not the issuer's is not shown ours.
func TestForgedCard(t *testing.T) {
	put(t, "psam", "psam")
	put(t, "patient", "forged-v3")
	if _, err := read(t, "patient", psam.New(slot())); !errors.Is(err, sscard.NotGenuine) {
		t.Errorf("a forged card: %v", err)
	}
	if n := asked(t, "patient", "82"); n != 0 {
		t.Errorf("%d external authentications", n)
	}
}

// A PSAM of elsewhere costs a card one try, and three cards in a row end it: a card
// locks its key for good after a few.
func TestForeignPSAMBurnsNoCards(t *testing.T) {
	put(t, "psam", "psam-foreign")
	cards := map[string]string{"patient": "locked-v3", "guardian": "locked-v3-child", "kiosk": "locked-v3-3des"}
	for role, profile := range cards {
		put(t, role, profile)
	}
	a := psam.New(slot())
	for role := range cards {
		for try := range 3 {
			r, err := read(t, role, a)
			if err != nil || !r.Locked || errors.Is(r.Unopened, psam.ErrRefused) != (try > 0) {
				t.Errorf("%s, try %d: %v %v, %v", role, try, r, r.Unopened, err)
			}
		}
		if n := asked(t, role, "82"); n != 1 {
			t.Errorf("%s: %d external authentications", role, n)
		}
	}
	must(t, desk.Remove("patient"))
	await(t, "patient", func(err error) bool { return errors.Is(err, pcsc.NoSmartCard) })
	must(t, desk.Insert("patient", "forged-v3"))
	await(t, "patient", func(err error) bool { return err == nil })
	if r, err := read(t, "patient", a); err != nil || !errors.Is(r.Unopened, psam.ErrMismatch) || asked(t, "patient", "82") > 0 {
		t.Errorf("a fourth card: %v, %v", r.Unopened, err)
	}
	a.Forget()
	if r, err := read(t, "guardian", a); err != nil || errors.Is(r.Unopened, psam.ErrMismatch) || asked(t, "guardian", "82") != 2 {
		t.Errorf("after Forget: %v, %v", r.Unopened, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A PSAM that hangs costs its deadline, and a card of version 2.00 does not ask for it.
func TestHungPSAM(t *testing.T) {
	put(t, "patient", "locked-v3")
	put(t, "psam", "psam", "hang=2")
	if err := slot().Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
	card, err := pcsc.Open(t.Context(), desk.Reader("patient"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = card.Close() }()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	r, err := sscard.Read(ctx, card, psam.New(slot()))
	if err == nil && !errors.Is(r.Unopened, apdu.ErrStuck) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v %v %v", r, r.Unopened, err)
	}
	_ = desk.Remove("psam")
}

func TestModulesReplyIsChecked(t *testing.T) {
	put(t, "patient", "locked-v3")
	for name, reply := range map[string]psam.Reply{
		"empty": {}, "short": {External: make([]byte, 15)}, "short proof": {External: make([]byte, 16), Internal: []byte{1}},
	} {
		r, err := read(t, "patient", psam.New(saying{reply}))
		if err != nil || !errors.Is(r.Unopened, psam.ErrReply) {
			t.Errorf("%s: %v, %v", name, r.Unopened, err)
		}
	}
	if n := asked(t, "patient", "82"); n != 0 {
		t.Errorf("%d external authentications", n)
	}
}

type saying struct{ reply psam.Reply }

func (s saying) Answer(_ context.Context, q psam.Question) (psam.Reply, error) {
	if len(q.ATR) < 8 || q.Area() != "440300" || q.Internal == nil || slices.Equal(q.Internal.Source[:], q.External.Source[:]) {
		return psam.Reply{}, errors.New("bad question")
	}
	return s.reply, nil
}
