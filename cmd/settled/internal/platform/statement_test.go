package platform

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// TestGarbledResult: a file of which no line can be read is no result, and says nothing of
// any settlement; whoever asked has to ask again.
func TestGarbledResult(t *testing.T) {
	t.Parallel()
	w := openWindow(t)
	w.settle("MZ1", 1)
	w.passes()
	w.command("mood", map[string]any{"books": map[string]any{"missing": 1}})
	r := NewReconciler(w.upload.line, "01", nil)
	none := func(n uint64) (counter.Shift, error) { return counter.Shift{}, fmt.Errorf("shift %d", n) }
	w.faults(fault{Infno: "9102", Kind: "rubbish", Times: 1})
	report, err := r.Reconcile(t.Context(), dateOf(time.Now()), none, clerk)
	var refusal *settle.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Cashier, "没有对账") {
		t.Errorf("%+v %v", report.Details, err)
	}
	if report, err = r.Reconcile(t.Context(), dateOf(time.Now()), none, clerk); err != nil || report.Open() != 1 {
		t.Errorf("%+v %v", report.Details, err)
	}
}

// TestReadResult: files that are no result, or that unpack to more than a day can have, are
// told as that and kept in no memory.
func TestReadResult(t *testing.T) {
	const line = "P1\tV1\tS1\tM1\t1\t0\n"
	zipped := func(texts ...string) []byte {
		var out bytes.Buffer
		archive := zip.NewWriter(&out)
		for i, text := range texts {
			w, err := archive.Create(fmt.Sprint(i, ".txt"))
			if err == nil {
				_, err = io.WriteString(w, text)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	whole := zipped(line)
	for name, c := range map[string]struct {
		file  []byte
		lines int // -1: refused
	}{
		"text":          {[]byte(line + line), 2},
		"ZIP":           {whole, 1},
		"nothing":       {zipped(""), 0},
		"most":          {zipped(strings.Repeat(line, mostLines)), mostLines},
		"one more":      {zipped(strings.Repeat(line, mostLines+1)), -1},
		"bomb":          {zipped(strings.Repeat("\n", mostResult+1)), -1},
		"two files":     {zipped(line, line), -1},
		"half a ZIP":    {whole[:len(whole)-10], -1},
		"no line of it": {[]byte("<html>"), -1},
	} {
		s, err := read(c.file)
		if (err != nil) != (c.lines < 0) || err == nil && len(s.lines) != c.lines {
			t.Errorf("%s: %d lines, %v", name, len(s.lines), err)
		}
	}
}
