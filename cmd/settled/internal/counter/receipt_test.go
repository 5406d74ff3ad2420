package counter_test

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

var update = flag.Bool("update", false, "write the golden receipts anew")

// TestReceipts compares slips with the files a cashier has looked at.
func TestReceipts(t *testing.T) {
	for name, p := range countertest.Papers() {
		for _, columns := range []int{counter.Paper80, counter.Paper58} {
			file := filepath.Join("testdata", name+"-"+strconv.Itoa(columns)+".txt")
			got := counter.Text(p, columns)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
			for _, line := range tooWide(got, columns) {
				t.Errorf("%s: wider than the paper: %q", file, line)
			}
		}
	}
}

// tooWide gives the lines that do not fit the paper.
func tooWide(text string, columns int) (lines []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if counter.Columns(line) > columns {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestReceiptFitsAnyName: whatever the hospital's system calls things, no line is
// wider than the paper, and nothing steers the printer.
func TestReceiptFitsAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := countertest.Slips()["offline"]
		st := &r.Settlement
		st.Bill.Visit.Institution.Name = rapid.String().Draw(t, "institution")
		st.Operator = rapid.StringN(0, 60, -1).Draw(t, "operator")
		st.Split.Lines = []settle.LineSplit{{Name: rapid.String().Draw(t, "name"), Amount: settle.Fen(rapid.Int64Range(0, int64(settle.MaxFen)).Draw(t, "amount")), Fund: settle.MaxFen, SelfFunded: settle.MaxFen}}
		st.Split.Cash = settle.MaxFen
		for _, columns := range []int{counter.Paper80, counter.Paper58} {
			text := r.Text(columns)
			if wide := tooWide(text, columns); len(wide) > 0 {
				t.Errorf("wider than paper of %d: %q", columns, wide)
			}
			if i := strings.IndexFunc(text, func(c rune) bool { return c < ' ' && c != '\n' || c == 0x7f || c == 0x9b }); i >= 0 {
				t.Errorf("a control character at %d", i)
			}
		}
	})
}

// TestColumns: what takes one column and what two.
func TestColumns(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "医保": 4, "￥12.30": 7, "×": 2, "【重打】": 8, "ｱ": 1, "𠮷": 2} {
		if got := counter.Columns(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
