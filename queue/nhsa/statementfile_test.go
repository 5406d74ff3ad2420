package nhsa_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"settled/queue/nhsa"
	"settled/settle"
)

func refunded() []nhsa.StatementRow {
	return []nhsa.StatementRow{
		{SettlementID: "S1", VisitID: "V1", PersonNo: "P1", Total: 10000, Fund: 7000, Account: 1000},
		{SettlementID: "S2", VisitID: "V2", PersonNo: "P2", Total: 4550, Fund: 3000, Account: 0},
		{SettlementID: "S3", VisitID: "V2", PersonNo: "P2", Total: -4550, Fund: -3000, Account: 0, Refund: true},
	}
}

// A refunded settlement has two lines; what the sums are of is what the file says.
func TestWriteStatement(t *testing.T) {
	var file bytes.Buffer
	sum, err := nhsa.WriteStatement(&file, "stmt.txt", slices.Values(refunded()))
	if err != nil || sum != (nhsa.StatementSum{Count: 3, Total: 10000, Fund: 7000, Account: 1000}) {
		t.Fatalf("%+v, %v", sum, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || len(archive.File) != 1 || archive.File[0].Name != "stmt.txt" {
		t.Fatalf("%v, %v", archive, err)
	}
	text, err := nhsa.OpenText(bytes.NewReader(file.Bytes()), int64(file.Len()), 1000)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(text)
	want := "S1\tV1\tP1\t100.00\t70.00\t10.00\t0\nS2\tV2\tP2\t45.50\t30.00\t0.00\t0\nS3\tV2\tP2\t-45.50\t-30.00\t0.00\t1\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestWriteStatementNamesTheLine(t *testing.T) {
	for field, change := range map[string]func(*nhsa.StatementRow){
		"setl_id":        func(r *nhsa.StatementRow) { r.SettlementID = "" },
		"mdtrt_id":       func(r *nhsa.StatementRow) { r.VisitID = strings.Repeat("1", 31) },
		"psn_no":         func(r *nhsa.StatementRow) { r.PersonNo = "1\t2" },
		"refd_setl_flag": func(r *nhsa.StatementRow) { r.Total = -1 },
	} {
		rows := refunded()
		change(&rows[1])
		_, err := nhsa.WriteStatement(io.Discard, "s", slices.Values(rows))
		var le *nhsa.LineError
		if !errors.As(err, &le) || le.Line != 2 || le.Field != field || strings.Contains(err.Error(), "P1") {
			t.Errorf("%s: %v", field, err)
		}
	}
	full := errors.New("full")
	_, err := nhsa.WriteStatement(iotestWriter{full}, "s", many(100_000))
	if !errors.Is(err, full) {
		t.Errorf("a disk that is full: %v", err)
	}
}

type iotestWriter struct{ err error }

func (w iotestWriter) Write([]byte) (int, error) { return 0, w.err }

// many rows, one at a time.
func many(n int) iter.Seq[nhsa.StatementRow] {
	return func(yield func(nhsa.StatementRow) bool) {
		for i := range n {
			if !yield(nhsa.StatementRow{SettlementID: fmt.Sprint(i), VisitID: "V", PersonNo: "P", Total: settle.Fen(i)}) {
				return
			}
		}
	}
}

func TestReadStatement(t *testing.T) {
	hunan := "P1\tV1\tS1\tM1\t0\t0\t\nP2\t\t\tM2\t1\t0\t中心有多条\n"
	jiangxi := "\xef\xbb\xbfP1\tV1\tS1\tM1\t1\t0\tnull\t100.00\t70\t10.0\r\nP2\tV2\tS2\tM2\t2\t1\tx\t-1.5\tnull\t\r\n\r\nP3\tV3\tS3\tM3\t3\t0\t\t1\t1\t1\nP4\tV\tS\tM\t99\t0\t\t1\t1\t1\nP5\tV\tS\tM\t7\t0\t\t1\t1\t1"
	for _, c := range []struct{ text, want string }{
		{hunan, "1 P1 V1 S1 M1 equal 0 . | 2 P2   M2 unequal 0 中心有多条."},
		{jiangxi, "1 P1 V1 S1 M1 centre_only 0 .100.00 70.00 10.00 | 2 P2 V2 S2 M2 institution_only 1 x.-1.50 | " +
			"4 P3 V3 S3 M3 differs 0 .1.00 1.00 1.00 | 5 P4 V S M institution_only 0 .1.00 1.00 1.00 | 6 P5 V S M other 0 .1.00 1.00 1.00"},
		{"P1\tV1\tS1\tM1\t0\t0", "1 P1 V1 S1 M1 equal 0 ."},
		{"", ""},
	} {
		var got []string
		for r, err := range nhsa.ReadStatement(iotest.OneByteReader(strings.NewReader(c.text))) {
			if err != nil {
				t.Fatalf("%q: %v", c.text, err)
			}
			amounts := []string{}
			for _, a := range []nhsa.Amount{r.Total, r.Fund, r.Account} {
				if a.Known {
					amounts = append(amounts, a.Fen.String())
				}
			}
			got = append(got, fmt.Sprintf("%d %s %s %s %s %s %s %s.%s", r.Line, string(r.PersonNo), r.VisitID, r.SettlementID, r.MsgID,
				r.Finding, r.Refund, r.Memo, strings.Join(amounts, " ")))
		}
		if s := strings.Join(got, " | "); s != c.want {
			t.Errorf("got  %s\nwant %s", s, c.want)
		}
	}
}

// A bad line is named, and the next is read.
func TestReadStatementNamesTheLine(t *testing.T) {
	good := "P\tV\tS\tM\t0\t0\t\t1\t1\t1\n"
	for line, want := range map[string]string{
		"P\tV\tS":                                "line 2: want 6, 7 or 10 fields, not 3",
		"\tV\tS\tM\t0\t0\t":                      "line 2, psn_no: want a value",
		"P\tV\tS\tM\t\t0\t":                      "line 2, stmt_rslt: want a value",
		"P\tV\tS\tM\t0\t\t":                      "line 2, refd_setl_flag: want a value",
		"P\tV\tS\tM\t0\t0\t\t1\t1.005\t1":        "line 2, fund_pay_sumamt: want an amount",
		"P\xff\tV\tS\tM\t0\t0\t":                 "line 2: want UTF-8",
		strings.Repeat("x", 70_000) + "\t\t\t\t": "line 2: want at most 65536 bytes",
	} {
		var errs []string
		n := 0
		for _, err := range nhsa.ReadStatement(strings.NewReader(good + line + "\n" + good)) {
			if err != nil {
				errs = append(errs, err.Error())
			} else {
				n++
			}
		}
		if len(errs) != 1 || errs[0] != want || n != 2 && len(line) < 70_000 {
			t.Errorf("%.40q: %q and %d good lines, want %q", line, errs, n, want)
		}
	}
	cut := io.MultiReader(strings.NewReader(good), iotest.ErrReader(io.ErrUnexpectedEOF))
	var last error
	for _, err := range nhsa.ReadStatement(cut) {
		last = err
	}
	if !errors.Is(last, io.ErrUnexpectedEOF) {
		t.Errorf("a file that is cut: %v", last)
	}
}

// What a ZIP says of itself is not believed.
func TestOpenText(t *testing.T) {
	pack := func(texts ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i, text := range texts {
			w, err := z.Create(fmt.Sprintf("../../%d", i))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, text)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bomb := pack(strings.Repeat("0", 1<<20))
	if len(bomb) > 1<<20/100 {
		t.Fatalf("%d bytes are no bomb", len(bomb))
	}
	liar := bytes.Clone(bomb)
	size := bytes.LastIndex(liar, []byte{0, 0, 16, 0}) // in the central directory
	copy(liar[size:], []byte{1, 0, 0, 0})
	for _, c := range []struct {
		name   string
		file   []byte
		text   string
		failed string // part of the error
	}{
		{"text", []byte("a\tb"), "a\tb", ""},
		{"zip", pack("a\tb"), "a\tb", ""},
		{"empty", nil, "", ""},
		{"just fits", bytes.Repeat([]byte("x"), 1000), strings.Repeat("x", 1000), ""},
		{"bomb", bomb, "", "1048576 bytes: over the limit"},
		{"a ZIP that lies", liar, "", "not a valid zip file"},
		{"text that is too long", bytes.Repeat([]byte("x"), 1001), "", "over the limit"},
		{"two files", pack("a", "b"), "", "more than one"},
		{"none", pack(), "", "no file in it"},
		{"cut", bomb[:len(bomb)-5], "", "open the ZIP"},
	} {
		got, err := open(c.file, 1000)
		if (err == nil) != (c.failed == "") || err != nil && !strings.Contains(err.Error(), c.failed) || err == nil && got != c.text {
			t.Errorf("%s: %.60q, %v", c.name, got, err)
		}
	}
}

func open(file []byte, most int64) (string, error) {
	text, err := nhsa.OpenText(bytes.NewReader(file), int64(len(file)), most)
	if err != nil {
		return "", err
	}
	defer text.Close()
	got, err := io.ReadAll(text)
	return string(got), err
}

// FuzzReadStatement looks for a file that ends the program, or a line of which more is
// taken than stands there.
func FuzzReadStatement(f *testing.F) {
	f.Add([]byte("P\tV\tS\tM\t0\t0\t\t1\t1\t1\nP\tV\tS\tM\t1\t0\n"))
	f.Add([]byte("\xef\xbb\xbfP\tnull\tnull\tM\t99\t1\tx\r\n\t\t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := open(data, 1000); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		last := 0
		for r, err := range nhsa.ReadStatement(bytes.NewReader(data)) {
			var le *nhsa.LineError
			switch {
			case errors.As(err, &le):
				r.Line = le.Line
			case err != nil:
				t.Fatalf("an error of no line: %v", err)
			case r.PersonNo == "" || r.MsgID == "" || r.Code == "" || r.Finding == "":
				t.Fatalf("a line without what it must have: %+v", r)
			}
			if r.Line <= last || r.Line > bytes.Count(data, []byte("\n"))+1 {
				t.Fatalf("line %d after %d", r.Line, last)
			}
			last = r.Line
		}
	})
}
