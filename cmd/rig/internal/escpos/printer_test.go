package escpos_test

import (
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"settled/cmd/rig/internal/escpos"
	"settled/cmd/rig/internal/tty"
	"settled/devices/glyph"
	"settled/devices/printer"
	"settled/devices/serialport"
)

const long = time.Minute // a limit that only a fault reaches

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench is a printer of ours at a simulated one.
type bench struct {
	*printer.Printer
	works *escpos.Printer
	line  *tty.Line
	outs  chan string
	stop  func()
	o     printer.Options
}

func rare(t testing.TB) *glyph.Font {
	t.Helper()
	file, err := os.Open("../../../../testdata/fonts/rare.ttf")
	must(t, err)
	t.Cleanup(func() { file.Close() })
	font, err := glyph.Parse(file, 0)
	must(t, err)
	return font
}

func ordinary(t testing.TB, columns int) escpos.Type {
	t.Helper()
	kind, err := escpos.Ordinary(columns)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	must(t, err)
	return kind
}

// patient waits for answers longer than a busy machine stands still.
func patient(o *printer.Options) { o.Answer = long }

func open(t testing.TB, m printer.Manner, change ...func(*printer.Options)) *bench {
	t.Helper()
	columns := m.Columns
	if columns == 0 {
		columns = 48
	}
	works, err := escpos.New(ordinary(t, columns), t.TempDir())
	must(t, err)
	folder := t.TempDir()
	line, err := tty.Open(filepath.Join(folder, "printer"))
	must(t, err)
	b := &bench{works: works, line: line, outs: make(chan string, 100)}
	b.o = printer.Options{
		Line: serialport.Line{Path: line.Name(), Baud: 115200}, Manner: m, Spool: filepath.Join(folder, "spool"),
		Look: 100 * time.Millisecond, Again: []printer.Row{{Text: "补打"}}, Out: func(name string) { b.outs <- name },
	}
	if b.o.Manner.Fonts == nil {
		b.o.Manner.Fonts = []*glyph.Font{rare(t)}
	}
	for _, c := range change {
		c(&b.o)
	}
	b.plug()
	b.start(t)
	t.Cleanup(func() { b.stop(); line.Close() })
	return b
}

// plug lets the simulated printer work at its line.
func (b *bench) plug() { go func() { _ = b.works.Serve(b.line) }() }

// start starts the daemon's side; stop ends it.
func (b *bench) start(t testing.TB) {
	t.Helper()
	p, err := printer.Open(b.o)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	b.Printer, b.stop = p, sync.OnceFunc(func() { cancel(); <-done })
}

// print prints and gives how that ended.
func (b *bench) print(t testing.TB, name string, rows ...printer.Row) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	return b.Print(ctx, name, rows)
}

func kept(t testing.TB, err error, want printer.Trouble) {
	t.Helper()
	var k *printer.Kept
	if !errors.As(err, &k) || k.Trouble != want {
		t.Fatalf("%v, want kept because of %s", err, want)
	}
}

func (b *bench) await(t testing.TB, what string, so func(printer.State) bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(long)
	for !so(b.State()) {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never %s: %+v", what, b.State())
		}
	}
}

func (b *bench) awaitTrouble(t testing.TB, want printer.Trouble) {
	t.Helper()
	b.await(t, string(want), func(s printer.State) bool { return s.Trouble == want })
}

func (b *bench) out(t testing.TB, want string) {
	t.Helper()
	select {
	case got := <-b.outs:
		if got != want {
			t.Fatalf("%s is out, want %s", got, want)
		}
	case <-time.After(long):
		t.Fatalf("%s is not out: %+v", want, b.State())
	}
}

// slips checks how many slips are on paper, and that nothing odd was sent.
func (b *bench) slips(t testing.TB, want int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	b.works.Await(want, ctx.Done()) // the picture of one that is out may still be made
	if faults := b.works.Faults(); len(faults) > 0 {
		t.Errorf("the printer was sent %q", faults)
	}
	slips := b.works.Slips()
	if len(slips) != want {
		t.Fatalf("%d slips on paper, want %d", len(slips), want)
	}
	return slips
}

func picture(t testing.TB, path string) *image.Gray {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	must(t, err)
	gray, ok := img.(*image.Gray)
	if !ok {
		t.Fatalf("%T", img)
	}
	return gray
}

// ink tells whether there is a black dot in a part of a picture.
func ink(img *image.Gray, x0, y0, x1, y1 int) bool {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			if img.GrayAt(x, y).Y == 0 {
				return true
			}
		}
	}
	return false
}

const margin = 24 // of a picture

// TestLayout prints rows and looks at the paper: what stands where, how high, the QR
// code read back, and a rare character in the shape of its font.
func TestLayout(t *testing.T) {
	for _, columns := range []int{48, 32} {
		b := open(t, printer.Manner{Columns: columns})
		right := strings.Repeat(" ", columns-12) + "合计 ￥12.30"
		must(t, b.print(t, "a",
			printer.Row{Text: "合计", Tall: true},
			printer.Row{Text: right},
			printer.Row{},
			printer.Row{Text: "𠮷镕  䶮"},
			printer.Row{Code: "SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10"},
		))
		img := picture(t, b.slips(t, 1)[0])
		if wide := img.Rect.Dx() - 2*margin; wide != columns*12 {
			t.Errorf("%d dots wide", wide)
		}
		if !ink(img, margin, margin, margin+48, margin+24) || !ink(img, margin, margin+24, margin+48, margin+48) || ink(img, margin+50, margin, margin+columns*12, margin+48) {
			t.Errorf("%d columns: the tall row is not 48 dots high, or not alone", columns)
		}
		second := margin + 54
		if !ink(img, margin+columns*12-14, second, margin+columns*12, second+24) || ink(img, margin, second, margin+(columns-13)*12, second+24) {
			t.Errorf("%d columns: the amount does not stand at the right edge", columns)
		}
		if third := second + 30; ink(img, margin, third, margin+columns*12, third+27) {
			t.Errorf("%d columns: the empty row is not empty", columns)
		}
		shape(t, img, margin, second+60)
		shows(t, img, "SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10")
		if lacking := b.State().Lacking; lacking != "" {
			t.Errorf("lacking %s", lacking)
		}
	}
}

// shape compares the first character of a drawn row with its font.
func shape(t *testing.T, img *image.Gray, x, y int) {
	t.Helper()
	dots, _ := rare(t).Draw('𠮷', 24, 24, 24)
	for dy := range 24 {
		for dx := range 24 {
			want := dots.AlphaAt(dx, dy).A >= 72
			if got := img.GrayAt(x+dx, y+3+dy).Y == 0; got != want {
				t.Fatalf("𠮷 is not printed right at %d, %d", dx, dy)
			}
		}
	}
}

func shows(t *testing.T, img image.Image, want string) {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	must(t, err)
	got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil || got.GetText() != want {
		t.Errorf("the QR code says %v, %v", got, err)
	}
}

// A character that no font has is 〓, and named.
func TestLacking(t *testing.T) {
	b := open(t, printer.Manner{})
	must(t, b.print(t, "a", printer.Row{Text: "𠀀"}))
	img := picture(t, b.slips(t, 1)[0])
	if !ink(img, margin, margin+8, margin+24, margin+24) || b.State().Lacking != "𠀀" {
		t.Errorf("%+v", b.State())
	}
}

// TestManners prints in each manner; the printer takes all of them.
func TestManners(t *testing.T) {
	for _, m := range []printer.Manner{
		{Charset: "gb2312", Cut: "full", CodePage: 13}, {Cut: "esc_m", Confirm: "status"}, {Cut: "esc_i", Codes: "none"}, {Confirm: "none"},
	} {
		b := open(t, m)
		must(t, b.print(t, "a", printer.Row{Text: "一"}, printer.Row{Code: strings.Repeat("A1:", 40)}))
		if !b.works.Await(1, t.Context().Done()) {
			t.Fatal("no slip")
		}
		b.slips(t, 1)
		b.stop()
	}
}

// TestTroubles: each is told before a slip comes, and clears by itself; a slip that was
// kept meanwhile comes out then, once.
func TestTroubles(t *testing.T) {
	for _, test := range []struct {
		set, clear string
		want       printer.Trouble
	}{
		{"paper=out", "paper=ok", printer.PaperOut},
		{"cover=open", "cover=shut", printer.CoverOpen},
		{"online=no", "online=yes", printer.Offline},
		{"error=yes", "error=no", printer.Failing},
		{"mute=yes", "mute=no", printer.Silent},
		{"stuck=yes", "stuck=no", printer.Silent},
	} {
		t.Run(test.set, func(t *testing.T) {
			t.Parallel()
			b := open(t, printer.Manner{})
			must(t, b.works.Set(test.set))
			b.awaitTrouble(t, test.want)
			kept(t, b.print(t, "a", printer.Row{Text: "甲"}), test.want)
			if s := b.State(); s.Waiting != 1 {
				t.Errorf("%+v", s)
			}
			must(t, b.works.Set(test.clear))
			b.out(t, "a")
			b.slips(t, 1)
			b.awaitTrouble(t, "")
		})
	}
	t.Run("paper=low", func(t *testing.T) {
		t.Parallel()
		b := open(t, printer.Manner{})
		must(t, b.works.Set("paper=low"))
		b.awaitTrouble(t, printer.PaperLow)
		must(t, b.print(t, "a", printer.Row{Text: "甲"}))
	})
}

func rows(n int) []printer.Row { return slicesRepeat(printer.Row{Text: "布洛芬混悬液 12.80"}, n) }

func slicesRepeat(r printer.Row, n int) (list []printer.Row) {
	for range n {
		list = append(list, r)
	}
	return list
}

// TestPaperEndsWithin: the paper ends in the middle of a slip. Who waits is told; with
// new paper the printer goes on where it stood, and the slip is out once.
func TestPaperEndsWithin(t *testing.T) {
	b := open(t, printer.Manner{}, patient)
	must(t, b.works.Set("out=30"))
	kept(t, b.print(t, "long", rows(300)...), printer.PaperOut)
	if lines := b.works.Lines(); lines != 30 {
		t.Errorf("%d lines before the end", lines)
	}
	must(t, b.works.Set("paper=ok"))
	b.out(t, "long")
	b.slips(t, 1)
	if lines := b.works.Lines(); lines != 304 {
		t.Errorf("%d lines in all, want 300 and the feed", lines)
	}
}

// TestPulled: the cable is pulled in the middle of a slip and put in again, with another
// line behind the name: the slip is printed anew, and says so.
func TestPulled(t *testing.T) {
	b := open(t, printer.Manner{}, patient)
	must(t, b.works.Set("out=30"))
	kept(t, b.print(t, "long", rows(100)...), printer.PaperOut)
	must(t, b.line.Unplug())
	b.awaitTrouble(t, printer.Absent)
	kept(t, b.print(t, "next", printer.Row{Text: "乙"}), printer.Absent)
	b.works.Power()
	must(t, b.works.Set("paper=ok"))
	must(t, b.line.Plug())
	b.plug()
	b.out(t, "long")
	b.out(t, "next")
	b.slips(t, 2)
	if lines := b.works.Lines(); lines != 30+1+104+5 {
		t.Errorf("%d lines: 30, then the mark and 104, then 5", lines)
	}
}

// TestRestart: the daemon ends while slips wait, at once, and the next one prints them.
func TestRestart(t *testing.T) {
	b := open(t, printer.Manner{})
	must(t, b.works.Set("stuck=yes"))
	b.awaitTrouble(t, printer.Silent)
	kept(t, b.print(t, "a", rows(200)...), printer.Silent)
	kept(t, b.print(t, "b", printer.Row{Text: "乙"}), printer.Silent)
	ended := make(chan struct{})
	go func() { b.stop(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(long):
		t.Fatal("it does not end while the printer is stuck")
	}
	must(t, os.WriteFile(filepath.Join(b.o.Spool, "000000000000.slip"), []byte("{"), 0o600))
	must(t, b.works.Set("stuck=no"))
	b.start(t)
	b.out(t, "a")
	b.out(t, "b")
	b.slips(t, 2)
	left, err := os.ReadDir(b.o.Spool)
	must(t, err)
	if len(left) != 1 || !strings.HasSuffix(left[0].Name(), ".bad") {
		t.Errorf("the spool has %v", left)
	}
}

// TestNoConfirmation: a printer that prints and is well, yet does not know GS r, is
// taken at its word after a while; it does not print the same slip for ever.
func TestNoConfirmation(t *testing.T) {
	b := open(t, printer.Manner{})
	must(t, b.works.Set("ordered=no"))
	must(t, b.print(t, "a", printer.Row{Text: "甲"}))
	b.slips(t, 1)
}

// TestLook: how a printer stands is seen without a daemon, and nothing is printed for it.
func TestLook(t *testing.T) {
	b := open(t, printer.Manner{})
	b.stop()
	for _, test := range []struct {
		set, clear, confirm string
		want                printer.Trouble
	}{
		{"paper=ok", "paper=ok", "", ""},
		{"paper=low", "paper=ok", "", printer.PaperLow},
		{"paper=out", "paper=ok", "", printer.PaperOut},
		{"cover=open", "cover=shut", "status", printer.CoverOpen},
		{"mute=yes", "mute=yes", "", printer.Silent},
		{"mute=yes", "mute=no", "none", ""}, // it is not asked
	} {
		must(t, b.works.Set(test.set))
		if s := printer.Look(t.Context(), b.o.Line, printer.Manner{Confirm: test.confirm}); s.Trouble != test.want || !s.Line.Up {
			t.Errorf("%s: %+v", test.set, s)
		}
		must(t, b.works.Set(test.clear))
	}
	b.slips(t, 0)
	must(t, b.line.Unplug())
	if s := printer.Look(t.Context(), b.o.Line, printer.Manner{}); s.Line.Up || s.Line.Why != "absent" || s.Trouble != "" {
		t.Errorf("pulled out: %+v", s)
	}
}
