package catalogue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// FuzzRows: whatever stands in a file, each row is read or refused with its place, and
// a row that is read keeps its meaning when it is stored.
func FuzzRows(f *testing.F) {
	for _, name := range []string{"1312-1.json", "1318-1.json", "1319_ratio.txt"} {
		data, err := os.ReadFile("../../testdata/catalogue/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, data[:min(len(data), 1500)])
	}
	f.Add("a.txt", []byte("hilist_code\tselfpay_prop_psn_type\tselfpay_prop\nA1\t390\t0.1\n"))
	f.Add("a.json", []byte(`{"output":[{"hilist_code":[[[[[`))
	f.Add("a.txt", []byte(strings.Repeat("\t", 5000)+"\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		err := readRows(bytes.NewReader(data), name, func(at Place, table Table, fields map[string]string) error {
			if at.Line < 1 || at.Line > 1+bytes.Count(data, []byte("\n")) || at.File != name {
				t.Fatalf("place %+v", at)
			}
			row, area, fault := rowOf(table, fields)
			if fault != nil {
				if fault.Field == "" || fault.Why == "" {
					t.Fatalf("not a whole fault: %+v", fault)
				}
				return nil
			}
			if area == "" || row.Code == "" || row.ID == "" || row.Updated == "" || row.From == 0 {
				t.Fatalf("a row that says too little: %+v", row)
			}
			text, err := json.Marshal(row)
			var again Row
			if err == nil {
				err = json.Unmarshal(text, &again)
			}
			if err != nil || again != row {
				t.Fatalf("%+v became %+v, %v", row, again, err)
			}
			return nil
		})
		var fault *Fault
		if err != nil && (!errors.As(err, &fault) || fault.Line < 1 || fault.Why == "") {
			t.Fatalf("not a whole fault: %v", err)
		}
	})
}

// TestBounded: a file that is too large fails, it does not end.
func TestBounded(t *testing.T) {
	if _, err := io.ReadAll(&bounded{r: strings.NewReader("0123456789"), left: 9}); !errors.Is(err, errTooLarge) {
		t.Errorf("%v", err)
	}
	if text, err := io.ReadAll(&bounded{r: strings.NewReader("0123456789"), left: 11}); err != nil || len(text) != 10 {
		t.Errorf("%s %v", text, err)
	}
}
