package counter_test

import (
	"errors"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestPrintNow: whoever waits for a slip is told that it is out, or why it is not; a
// printer that is known not to print gets nothing that would come out later.
func TestPrintNow(t *testing.T) {
	slip := countertest.Papers()["look"]
	for name, c := range map[string]struct {
		jam       bool
		keep      settle.Code
		paperless bool
		want      settle.Code
		out       int
	}{
		"out":         {out: 1},
		"jam":         {jam: true, want: counter.LookUnprinted},
		"no paper":    {keep: counter.PrinterPaperOut, want: counter.LookUnprinted},
		"little left": {keep: counter.PrinterPaperLow, want: counter.LookKept},
		"no printer":  {paperless: true, want: counter.LookNoPrinter},
	} {
		w := countertest.Open(t, func(_ *counter.Ports, o *counter.Options) { o.Paperless = c.paperless })
		if c.jam {
			w.Printer.Jam(true)
		}
		if c.keep != "" {
			w.Printer.Keep(c.keep)
		}
		err := w.PrintNow(t.Context(), slip)
		var code settle.Code
		if no, ok := errors.AsType[*settle.Refusal](err); ok {
			code = no.Code
		}
		if code != c.want || (err == nil) != (c.want == "") || len(w.Printer.Other()) != c.out {
			t.Errorf("%s: %v, %d slips", name, err, len(w.Printer.Other()))
		}
	}
}
