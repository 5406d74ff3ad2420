package nhsa

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"settled/settle"
)

// LineError says that a line of a statement's file cannot be written or read.
type LineError struct {
	Line  int    // from 1
	Field string // with the interface's name; "" is the whole line
	Want  string
}

// Error names the line and the field, never its content.
func (e *LineError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("line %d: want %s", e.Line, e.Want)
	}
	return fmt.Sprintf("line %d, %s: want %s", e.Line, e.Field, e.Want)
}

// StatementRow is a line of the file for 3202 (interface 3.14): one settlement. A
// settlement that was refunded in the period has two lines, its own and the refund's, with
// negative amounts.
type StatementRow struct {
	SettlementID string     `json:"setl_id" wire:"C30*"`
	VisitID      string     `json:"mdtrt_id" wire:"C30*"`
	PersonNo     Told       `json:"psn_no" wire:"C30*"`
	Total        settle.Fen `json:"medfee_sumamt"`
	Fund         settle.Fen `json:"fund_pay_sumamt"`
	Account      settle.Fen `json:"acct_pay"`
	Refund       bool       `json:"refd_setl_flag"`
}

// StatementSum is what a statement's file adds up to, for 3201 and 3202. Cash is not in
// the file.
type StatementSum struct {
	Count                int
	Total, Fund, Account settle.Fen
}

// WriteStatement writes the file for 3202, for 9101 to carry: a ZIP of one text of that
// name, UTF-8, a line a row, fields between TABs. It keeps no row. A row that does not fit
// is a [LineError], and what was written is of no use.
func WriteStatement(w io.Writer, name string, rows iter.Seq[StatementRow]) (StatementSum, error) {
	var sum StatementSum
	archive := zip.NewWriter(w)
	file, err := archive.Create(name)
	if err != nil {
		return sum, fmt.Errorf("write the statement: %w", err)
	}
	text := bufio.NewWriter(file)
	for row := range rows {
		line, err := row.line(sum.Count + 1)
		if err != nil {
			return sum, err
		}
		if _, err := text.WriteString(line); err != nil {
			return sum, fmt.Errorf("write the statement: %w", err)
		}
		sum.Count++
		sum.Total, sum.Fund, sum.Account = sum.Total+row.Total, sum.Fund+row.Fund, sum.Account+row.Account
	}
	if err := errors.Join(text.Flush(), archive.Close()); err != nil {
		return sum, fmt.Errorf("write the statement: %w", err)
	}
	return sum, nil
}

func (r StatementRow) line(n int) (string, error) {
	var field *FieldError
	if err := check(r, ""); errors.As(err, &field) {
		return "", &LineError{Line: n, Field: field.Field, Want: field.Want}
	}
	if r.Total < 0 && !r.Refund {
		return "", &LineError{Line: n, Field: "refd_setl_flag", Want: "1 for a negative amount"}
	}
	names := [...]string{"setl_id", "mdtrt_id", "psn_no"}
	for i, s := range [...]string{r.SettlementID, r.VisitID, string(r.PersonNo)} {
		if strings.ContainsAny(s, "\t\r\n") {
			return "", &LineError{Line: n, Field: names[i], Want: "no TAB and no line end"}
		}
	}
	return strings.Join([]string{
		r.SettlementID, r.VisitID, string(r.PersonNo), r.Total.String(), r.Fund.String(), r.Account.String(), flag(r.Refund),
	}, "\t") + "\n", nil
}

// Finding is what the platform's statement says of a settlement.
type Finding string

// Findings. The base edition only tells equal from unequal; Jiangxi and Guangdong say how.
const (
	FoundEqual    Finding = "equal"
	FoundUnequal  Finding = "unequal"
	FoundCentre   Finding = "centre_only"      // 中心多: take it back with 2601 and the line's MsgID
	FoundHospital Finding = "institution_only" // 机构多
	FoundDiffers  Finding = "differs"          // 数据不一致
	FoundOther    Finding = "other"            // a code that is not known
)

// StatementResult is a line of the file that answers 3202.
type StatementResult struct {
	Line         int
	PersonNo     Told
	VisitID      string // this and the next are blank where the centre has several
	SettlementID string
	MsgID        string // of the request that settled: omsgid of a reversal; "" where the centre has none, or several
	Code         string // stmt_rslt 对账结果, as it came
	Finding      Finding
	Refund       string // refd_setl_flag: 0, 1
	Memo         string
	Total        Amount // this and the next two: Jiangxi and Guangdong
	Fund         Amount
	Account      Amount
}

// maxLine is the longest line of a statement's result that is read.
const maxLine = 64 << 10

// ReadStatement reads the text of the file that answers 3202, as [OpenText] opens it, a
// line at a time. A line that does not fit gives a [LineError], after which the next line
// comes; an error of reading ends it.
func ReadStatement(text io.Reader) iter.Seq2[StatementResult, error] {
	return func(yield func(StatementResult, error) bool) {
		lines := bufio.NewScanner(text)
		lines.Buffer(make([]byte, 0, 4096), maxLine)
		n := 0
		for lines.Scan() {
			n++
			line := lines.Bytes()
			if n == 1 {
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if !yield(readResult(n, line)) {
				return
			}
		}
		switch err := lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(StatementResult{}, &LineError{Line: n + 1, Want: fmt.Sprintf("at most %d bytes", maxLine)})
		case err != nil:
			yield(StatementResult{}, fmt.Errorf("read the statement after line %d: %w", n, err))
		}
	}
}

func readResult(n int, line []byte) (StatementResult, error) {
	bad := func(field, want string) (StatementResult, error) {
		return StatementResult{}, &LineError{Line: n, Field: field, Want: want}
	}
	if line = inUTF8(line); !utf8.Valid(line) || bytes.ContainsRune(line, utf8.RuneError) {
		return bad("", "UTF-8")
	}
	f := strings.Split(string(bytes.TrimSuffix(line, []byte("\r"))), "\t")
	if len(f) != 6 && len(f) != 7 && len(f) != 10 {
		return bad("", fmt.Sprintf("6, 7 or 10 fields, not %d", len(f)))
	}
	for i, s := range f {
		if f[i] = strings.TrimSpace(s); strings.EqualFold(f[i], "null") { // null is the word (interface 1.3)
			f[i] = ""
		}
	}
	long := len(f) == 10
	f = append(f, make([]string, 10-len(f))...)
	for _, must := range [...]struct {
		column int
		name   string
	}{{0, "psn_no"}, {4, "stmt_rslt"}, {5, "refd_setl_flag"}} {
		if f[must.column] == "" {
			return bad(must.name, "a value")
		}
	}
	r := StatementResult{
		Line: n, PersonNo: Told(f[0]), VisitID: f[1], SettlementID: f[2], MsgID: f[3], Code: f[4],
		Finding: findingOf(f[4], long), Refund: f[5], Memo: f[6],
	}
	for i, to := range [...]struct {
		name   string
		amount *Amount
	}{{"medfee_sumamt", &r.Total}, {"fund_pay_sumamt", &r.Fund}, {"acct_pay", &r.Account}} {
		if f[7+i] == "" {
			continue
		}
		fen, err := parseYuan(f[7+i])
		if err != nil {
			return bad(to.name, "an amount")
		}
		*to.amount = Amount{Fen: fen, Known: true}
	}
	return r, nil
}

// findingOf: code 1 is "unequal" in the base edition, and "the centre has more" in those
// whose lines have the amounts.
func findingOf(code string, long bool) Finding {
	switch {
	case code == "0":
		return FoundEqual
	case code == "1" && !long:
		return FoundUnequal
	case code == "1":
		return FoundCentre
	case code == "2", code == "99":
		return FoundHospital
	case code == "3":
		return FoundDiffers
	}
	return FoundOther
}
