package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/slipseal"
	"settled/devices/printer"
	"settled/devices/serialport"
)

// slipsVariable names a folder for the bytes of all slips; `make slips` draws them.
const slipsVariable = "SETTLED_SLIPS"

func slipManner(t testing.TB, columns int) printer.Manner {
	t.Helper()
	fonts, err := openFonts(nil, slog.New(slog.DiscardHandler))
	must(t, err)
	if len(fonts) == 0 {
		t.Skip("no font to draw rare characters from")
	}
	m := printer.Manner{Columns: columns, Fonts: fonts}
	must(t, m.Check())
	return m
}

// An empty list of fonts is the usual ones, as none is.
func TestUsualFonts(t *testing.T) {
	usual := slipManner(t, counter.Paper80).Fonts
	fonts, err := openFonts([]string{}, slog.New(slog.DiscardHandler))
	if err != nil || len(fonts) != len(usual) {
		t.Errorf("%d fonts, want %d; %v", len(fonts), len(usual), err)
	}
}

func slipKeys(t testing.TB) *slipseal.Keys {
	t.Helper()
	keys, err := slipseal.Parse(strings.Repeat("01", 32)) // made up
	must(t, err)
	return keys
}

// TestSlipBytes: each slip can be printed whole, and one of a settlement has a code with
// a seal that holds.
func TestSlipBytes(t *testing.T) {
	folder := os.Getenv(slipsVariable)
	keys := slipKeys(t)
	for name, paper := range countertest.Papers() {
		for _, columns := range []int{counter.Paper80, counter.Paper58} {
			m := slipManner(t, columns)
			job := m.Encode(rowsOf(paper, columns, keys))
			if len(job.Lacking) > 0 {
				t.Errorf("%s: no font has %q", name, job.Lacking)
			}
			text := bytes.Join(job.Parts, nil)
			_, after, coded := bytes.Cut(text, []byte("SETTLE:"))
			if r, ok := paper.(counter.Receipt); ok != coded {
				t.Errorf("%s: a code: %t", name, coded)
			} else if ok {
				code := r.Code().String()
				mark := string(after[len(code)-len("SETTLE:")+1:][:16])
				if !keys.Vouch(code, mark) {
					t.Errorf("%s: the code on paper is %.120q", name, after)
				}
			}
			if folder != "" {
				must(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%dmm.escpos", name, map[int]int{48: 80, 32: 58}[columns])), text, 0o600))
			}
		}
	}
}

// BenchmarkSlip prints each slip through a line that takes as many bytes a second as one
// of 115,200 baud, to a printer that needs no time itself, and gives how long it took
// against the line alone.
func BenchmarkSlip(b *testing.B) {
	all := countertest.Papers()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, columns := range []int{counter.Paper80, counter.Paper58} {
			b.Run(fmt.Sprintf("%s-%d", name, columns), func(b *testing.B) {
				m := slipManner(b, columns)
				rows := rowsOf(all[name], columns, slipKeys(b))
				size := 0
				for _, part := range m.Encode(rows).Parts {
					size += len(part)
				}
				line, perByte := pacedPrinter(b)
				m.Confirm = "processed"
				p, err := printer.Open(printer.Options{Line: serialport.Line{Path: line, Baud: 115200}, Manner: m, Spool: b.TempDir()})
				must(b, err)
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() { defer close(done); p.Run(ctx) }()
				must(b, p.Print(b.Context(), "first", rows)) // the line is open after it
				for n := 0; b.Loop(); n++ {
					must(b, p.Print(b.Context(), fmt.Sprint(n), rows))
				}
				cancel()
				<-done
				took, alone := b.Elapsed()/time.Duration(b.N), time.Duration(size)*perByte
				b.ReportMetric(float64(size), "bytes/slip")
				b.ReportMetric(float64(alone)/1e6, "line-ms")
				b.ReportMetric(float64(took)/1e6, "slip-ms")
				b.ReportMetric(float64(took)/float64(alone), "slip/line")
			})
		}
	}
}

// pacedPrinter is a printer that takes a byte when a line of 115,200 baud would have
// brought it, prints in no time, and says that it is well and done.
func pacedPrinter(b *testing.B) (path string, perByte time.Duration) {
	b.Helper()
	device, line, err := pty.Open()
	must(b, err)
	b.Cleanup(func() { line.Close(); device.Close() })
	perByte = time.Second / time.Duration(serialport.Line{Path: "x", Baud: 115200}.BytesPerSecond())
	go func() {
		due, tail, chunk := time.Now(), []byte(nil), make([]byte, 64)
		for {
			n, err := device.Read(chunk)
			if err != nil {
				return
			}
			if now := time.Now(); due.Before(now.Add(-5 * time.Millisecond)) { // the line stood idle
				due = now
			}
			due = due.Add(time.Duration(n) * perByte)
			<-time.After(time.Until(due))
			tail = answer(device, append(tail, chunk[:n]...))
		}
	}()
	return line.Name(), perByte
}

// answer answers what is asked in b, and gives its end, where a question may begin.
func answer(to io.Writer, b []byte) []byte {
	for i := 0; i+3 <= len(b); i++ {
		switch {
		case b[i] == 0x10 && b[i+1] == 0x04 && b[i+2] <= 4: // DLE EOT
			_, _ = to.Write([]byte{0x12})
		case b[i] == 0x1D && b[i+1] == 'r' && b[i+2] == 1: // GS r
			_, _ = to.Write([]byte{0})
		}
	}
	return bytes.Clone(b[max(0, len(b)-2):])
}
