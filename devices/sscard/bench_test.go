package sscard_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/devices/apdu"
	"settled/devices/bench"
	"settled/devices/pcsc"
	"settled/devices/sscard"
)

// desk is the card bench of this package's tests.
var desk *bench.Bench

func TestMain(m *testing.M) {
	os.Exit(bench.Main(func(b *bench.Bench) int {
		desk = b
		return m.Run()
	}, roles()...))
}

func roles() []string { return []string{"patient", "guardian", "kiosk", "office"} }

// patience is how long a test waits for what must happen.
const patience = time.Minute

// put puts a card into a reader and connects with it as soon as pcscd has seen it.
func put(t testing.TB, role, profile string, faults ...string) *pcsc.Card {
	t.Helper()
	if err := desk.Insert(role, profile, faults...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vacate(t, role) })
	return open(t, role)
}

// vacate takes the card out and waits until pcscd has seen that.
func vacate(t testing.TB, role string) {
	t.Helper()
	if err := desk.Remove(role); err != nil {
		t.Error(err)
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for range int(patience / (5 * time.Millisecond)) {
		card, err := pcsc.Open(context.Background(), desk.Reader(role))
		if errors.Is(err, pcsc.NoSmartCard) {
			return
		}
		if err == nil {
			_ = card.Close()
		}
		<-again.C
	}
	t.Errorf("the card stays in %s", role)
}

func open(t testing.TB, role string) *pcsc.Card {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	deadline := time.Now().Add(patience)
	for {
		card, err := pcsc.Open(t.Context(), desk.Reader(role))
		if err == nil {
			t.Cleanup(func() { _ = card.Close() })
			return card
		}
		if !errors.Is(err, apdu.ErrGone) || time.Now().After(deadline) {
			t.Fatal(err)
		}
		<-again.C
	}
}

func TestProfiles(t *testing.T) {
	tests := []struct {
		profile, name, id, version string
		birth, issued              string
		form                       sscard.Form
	}{
		{"child-v1", "张小满", "44030520190501058X", "1.00", "2019-05-01", "2020-01-01", sscard.Form{}},
		{"child-v2", "张小满", "44030520190501058X", "2.00", "2019-05-01", "2020-01-01", sscard.Form{Extended: true}},
		{"parent-v2", "张立夏", "440305198805050133", "2.00", "1988-05-05", "2020-01-01", sscard.Form{Extended: true}},
		{"le-strict", "王白露", "440305196609080168", "2.00", "1966-09-08", "2020-01-01", sscard.Form{Extended: true}},
		{"p1-02", "陈霜降", "440305195510230192", "2.01", "1955-10-23", "2020-01-01", sscard.Form{SelectP1: 2, Extended: true}},
		{"by-number", "赵立春", "440305199002040200", "1.00", "1990-02-04", "2020-01-01", sscard.Form{ByNumber: true}},
		{"tag-ignored", "孙小寒", "440305200101050231", "2.00", "2001-01-05", "2020-01-01", sscard.Form{ByNumber: true, Extended: true}},
		{"ascii-dates", "周惊蛰", "440305198303060251", "2.00", "1983-03-06", "2012", sscard.Form{Extended: true}},
		{"long-name", "A测试·阿卜杜拉·买买提·艾力库尔班", "440305199707070274", "2.00", "1997-07-07", "2020-01-01", sscard.Form{Extended: true}},
		{"rare-name", "测试𠮷㐂𠀀·阿依古丽·𪚥马·试验", "440305199911110288", "2.00", "1999-11-11", "2020-01-01", sscard.Form{Extended: true}},
		{"padded", "吴清明", "440305198004050301", "2.00", "1980-04-05", "", sscard.Form{Extended: true}},
		{"slow", "冯小雪", "440305199311220344", "2.00", "1993-11-22", "2020-01-01", sscard.Form{Extended: true}},
	}
	spread(t, len(tests), func(t *testing.T, i int, role string) {
		tt := tests[i]
		t.Run(tt.profile, func(t *testing.T) {
			r, err := sscard.Read(t.Context(), put(t, role, tt.profile), nil)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{
				r.Name.ClearPersonalData(), r.IDNumber.ClearPersonalData(), r.Version,
				r.Birth.ClearPersonalData(), r.Issued.String(), fmt.Sprint(r.Form), fmt.Sprint(r.Locked || r.NameDamaged),
			}
			tt.form.Algorithm = sscard.TripleDES
			want := []string{tt.name, tt.id, tt.version, tt.birth, tt.issued, fmt.Sprint(tt.form), "false"}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%q, want %q", got[i], want[i])
				}
			}
			if code := r.Code.ClearPersonalData(); !strings.HasPrefix(code, "440300D15600000500") || len(code) != 32 {
				t.Errorf("card code %q", code)
			}
			if n := r.Number.ClearPersonalData(); !strings.HasPrefix(n, "Z1000") || len(n) != 9 {
				t.Errorf("card number %q", n)
			}
		})
	})
}

// spread runs f for 0 to n-1, on all readers at a time: most of a test's time goes
// by until pcscd looks at the reader, every 400 ms.
func spread(t *testing.T, n int, f func(t *testing.T, i int, role string)) {
	for first, role := range roles() {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			for i := first; i < n; i += len(roles()) {
				f(t, i, role)
			}
		})
	}
}

func TestLockedCard(t *testing.T) {
	r, err := sscard.Read(t.Context(), put(t, "patient", "locked-v3"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Locked || r.Number.ClearPersonalData() != "Z10000004" || r.Version != "3.00" || r.Name != "" || r.IDNumber != "" {
		t.Errorf("%+v", r)
	}
	noVerify(t, "patient")
}

// noVerify: a PIN that is tried is a PIN that is burnt.
func noVerify(t *testing.T, role string) {
	t.Helper()
	sent, err := desk.APDUs(role)
	if err != nil || len(sent) == 0 {
		t.Fatalf("%d commands, %v", len(sent), err)
	}
	for _, c := range sent {
		if b, _ := hex.DecodeString(c); b[1] != apdu.InsSelect && b[1] != apdu.InsReadRecord && b[1] != apdu.InsGetResponse {
			t.Errorf("card was sent %s", c)
		}
	}
}

type refusing struct{ err error }

func (r refusing) Authenticate(context.Context, apdu.Transmitter, sscard.Record) error { return r.err }

func TestAuthenticatorThatFails(t *testing.T) {
	card := put(t, "guardian", "locked-v3")
	psam := errors.New("PSAM slot is empty")
	if _, err := sscard.Read(t.Context(), card, refusing{psam}); !errors.Is(err, psam) {
		t.Errorf("failure of the authenticator: %v", err)
	}
	r, err := sscard.Read(t.Context(), card, refusing{apdu.SecurityStatus})
	if err != nil || !r.Locked {
		t.Errorf("refused by the card: %v, %v", r, err)
	}
	if r, err = sscard.Read(t.Context(), card, refusing{nil}); err != nil || !r.Locked {
		t.Errorf("no help: %v, %v", r, err)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name, profile string
		faults        []string
		kind          sscard.Kind
		chinese       string
	}{
		{"bank card", "bank", nil, sscard.BankCard, "银行卡"},
		{"other card", "other", nil, sscard.OtherCard, "不是社保卡"},
		{"blank card", "blank", nil, sscard.Blank, "未写入个人信息"},
		{"pulled at once", "child-v2", []string{"pull=1"}, sscard.Pulled, "拔出"},
		{"pulled in EF06", "child-v2", []string{"pull=14"}, sscard.Pulled, "拔出"},
		{"swapped in EF05", "child-v2", []string{"swap=6:parent-v2"}, sscard.Swapped, "更换"},
		{"swapped in EF06", "child-v2", []string{"swap=14:parent-v2"}, sscard.Swapped, "更换"},
		{"swapped before the last look", "parent-v2", []string{"swap=18:child-v2"}, sscard.Swapped, "更换"},
		{"swapped for a bank card", "child-v2", []string{"swap=14:bank"}, sscard.Swapped, "更换"},
	}
	spread(t, len(tests), func(t *testing.T, i int, role string) {
		tt := tests[i]
		t.Run(tt.name, func(t *testing.T) {
			r, err := sscard.Read(t.Context(), put(t, role, tt.profile, tt.faults...), nil)
			f := sscard.Explain(err)
			if !errors.Is(err, tt.kind) || f == nil || !strings.Contains(f.Chinese(), tt.chinese) {
				t.Errorf("%v; want %s", err, tt.kind)
			}
			if r.Code != "" || r.Name != "" {
				t.Errorf("a record beside the fault: %v", r)
			}
			noVerify(t, role)
		})
	})
}

// A payment application may be selected, to call the card by its name, and nothing
// of it may be read.
func TestBankCardIsNotRead(t *testing.T) {
	_, err := sscard.Read(t.Context(), put(t, "guardian", "bank"), nil)
	if !errors.Is(err, sscard.BankCard) {
		t.Fatal(err)
	}
	sent, err := desk.APDUs("guardian")
	if err != nil || len(sent) != 2 {
		t.Fatalf("%q, %v", sent, err)
	}
	for _, c := range sent {
		if !strings.HasPrefix(c, "00a40400") {
			t.Errorf("bank card was sent %s", c)
		}
	}
}

func TestMuteCard(t *testing.T) {
	if err := desk.Insert("patient", "mute"); err != nil {
		t.Fatal(err)
	}
	defer vacate(t, "patient")
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for range int(patience / (5 * time.Millisecond)) {
		_, err := pcsc.Open(t.Context(), desk.Reader("patient"))
		f := sscard.Explain(err)
		if f != nil && f.Kind == sscard.Mute && strings.Contains(f.Chinese(), "芯片朝向") {
			return
		}
		if f == nil || f.Kind != sscard.Pulled {
			t.Fatal(err)
		}
		<-again.C
	}
	t.Fatal("the card was never seen")
}

func TestHungCard(t *testing.T) {
	card := put(t, "patient", "child-v2", "hang=9")
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if _, err := sscard.Read(ctx, card, nil); !errors.Is(err, sscard.Stuck) {
		t.Errorf("hung card: %v", err)
	}
}

// Between read and commit the card is looked at again.
func TestCodeSeesAnotherCard(t *testing.T) {
	first := put(t, "guardian", "child-v2")
	r, err := sscard.Read(t.Context(), first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	look := func() sscard.Personal {
		card := open(t, "guardian")
		code, err := sscard.Code(t.Context(), card)
		if err != nil {
			t.Fatal(err)
		}
		if err := card.Close(); err != nil {
			t.Fatal(err)
		}
		return code
	}
	if code := look(); code != r.Code {
		t.Errorf("same card, other code %s", code)
	}
	if err := desk.Swap("guardian", "child-v1"); err != nil {
		t.Fatal(err)
	}
	if code := look(); code == r.Code {
		t.Error("another card of the same holder went unnoticed")
	}
}

// A read is 22 commands. At 44 ms each, as without the cards' TCP_QUICKACK, every
// test of the counter would wait a second: so does the quickest of many, however busy the
// machine is.
func TestReadIsQuick(t *testing.T) {
	card := put(t, "guardian", "child-v2")
	var took time.Duration
	for range 20 {
		began := time.Now()
		if _, err := sscard.Read(t.Context(), card, nil); err != nil {
			t.Fatal(err)
		}
		if took = time.Since(began); took <= 500*time.Millisecond {
			return
		}
	}
	t.Errorf("a read took %v", took)
}

func BenchmarkRead(b *testing.B) {
	first := put(b, "patient", "child-v2")
	if err := first.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		card, err := pcsc.Open(b.Context(), desk.Reader("patient"))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sscard.Read(b.Context(), card, nil); err != nil {
			b.Fatal(err)
		}
		if err := card.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadOverBare makes, in turns, a whole read (connect, read, power down) and an
// exchange of the very same commands over one connection, which is what pcscd and the card
// take without us; x-bare is how many times as long the read takes, reading alone without
// connecting and powering down.
func BenchmarkReadOverBare(b *testing.B) {
	first := put(b, "patient", "child-v2")
	if _, err := sscard.Read(b.Context(), first, nil); err != nil {
		b.Fatal(err)
	}
	sent, err := desk.APDUs("patient")
	if err != nil {
		b.Fatal(err)
	}
	commands := make([][]byte, len(sent))
	for i, s := range sent {
		if commands[i], err = hex.DecodeString(s); err != nil {
			b.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		b.Fatal(err)
	}
	var whole, reading, bare []time.Duration
	for b.Loop() {
		began := time.Now()
		card, err := pcsc.Open(b.Context(), desk.Reader("patient"))
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Now()
		if _, err := sscard.Read(b.Context(), card, nil); err != nil {
			b.Fatal(err)
		}
		read := time.Now()
		if err := card.Close(); err != nil {
			b.Fatal(err)
		}
		whole, reading = append(whole, time.Since(began)), append(reading, read.Sub(opened))
		b.StopTimer()
		if card, err = pcsc.Open(b.Context(), desk.Reader("patient")); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began = time.Now()
		for _, c := range commands {
			if _, err := card.Transmit(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
		bare = append(bare, time.Since(began))
		b.StopTimer()
		if err := card.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	half := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2].Microseconds()) }
	b.ReportMetric(float64(len(commands)), "APDUs/op")
	b.ReportMetric(half(bare)/1000, "bare-ms")
	b.ReportMetric(half(whole)/half(bare), "x-bare")
	b.ReportMetric(half(reading)/half(bare), "reading-x-bare")
}
