package pole

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestServe sends what a program would, and what it would not.
func TestServe(t *testing.T) {
	for sent, want := range map[string]struct {
		shown  string
		faults int
	}{
		"\x0C\x1BQATOTAL         258.94\r\x1BQBTO PAY         17.10\r": {"TOTAL         258.94 | TO PAY         17.10", 0},
		"\x1BQA17.10\r\x1Bs2":                     {"17.10 | 总计", 0},
		"\x1BQA2.90\r\x1Bs\x04":                   {"2.90 | 找零", 0},
		"\x1BQA2.90\r\x1Bs4\x1BQA0.00\r\x1Bs0":    {"0.00 | ", 0},
		"\x1Bs9":                                  {" | ", 1},
		"\x1BQA" + strings.Repeat("1", 21) + "\r": {strings.Repeat("1", 21) + " | ", 1},
		"x\x0C": {" | ", 1},
	} {
		d := New()
		if err := d.Serve(bytes.NewBufferString(sent)); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if got := strings.Join(d.Lines(), " | "); got != want.shown || len(d.Faults()) != want.faults {
			t.Errorf("%q: %q, faults %q", sent, got, d.Faults())
		}
	}
}
