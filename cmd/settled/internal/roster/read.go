// Package roster makes people known before the line goes down: it asks the platform about
// everybody on a list of tomorrow's appointments (预约名单), one at a time and slowly, and
// keeps the answers. The list itself is not kept: what was learned is in the journal, and
// whoever loads the same list again goes on where it was broken off.
package roster

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"settled/settle"
)

// MostPersons is the most persons of a list.
const MostPersons = 20_000

// Person is one line of a list.
type Person struct {
	Line int // of the file, from 1
	Who  settle.Identity
}

// row is a line as JSON has it.
type row struct {
	IDNumber   string `json:"id_number"`
	CardNumber string `json:"card_number"`
	CardCode   string `json:"card_code"`
	Name       string `json:"name"`
}

// columns are the names that the first line of a CSV file may have.
var columns = map[string]func(*row, string){
	"id_number":   func(r *row, v string) { r.IDNumber = v },
	"card_number": func(r *row, v string) { r.CardNumber = v },
	"card_code":   func(r *row, v string) { r.CardCode = v },
	"name":        func(r *row, v string) { r.Name = v },
}

// Read reads a list: JSON lines, each an object with id_number (社会保障号码) and, if the
// hospital has them, card_number (社保卡卡号), card_code (卡识别码), name; or CSV whose first
// line names these columns. A person needs id_number, or card_number and card_code. Card
// numbers let a card whose personal data are locked be known offline. A person who stands
// in the list twice counts once.
//
// The error is a *settle.Refusal that names the first bad line and its field; then nothing
// of the list is used.
func Read(text string) ([]Person, error) {
	text = strings.TrimPrefix(text, "\ufeff") // as Excel writes
	if !utf8.ValidString(text) {
		return nil, bad(0, "", settle.BadEncoding, "不是 UTF-8 编码", "the list is not UTF-8")
	}
	rows := readCSV
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		rows = readJSON
	}
	var list []Person
	seen := map[settle.Identity]bool{}
	err := rows(text, func(line int, r row) error {
		p, err := r.person(line)
		if err != nil {
			return err
		}
		key := p.Who
		key.Name = ""
		if seen[key] {
			return nil
		}
		seen[key] = true
		if list = append(list, p); len(list) > MostPersons {
			return bad(line, "", settle.TooManyLines, fmt.Sprintf("超过 %d 人，请分几次导入", MostPersons), "more than %d persons", MostPersons)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = bad(0, "", settle.MissingField, "里没有人", "nobody is on the list")
	}
	return list, err
}

func readJSON(text string, each func(int, row) error) error {
	line := 0
	for one := range strings.Lines(text) {
		line++
		if strings.TrimSpace(one) == "" {
			continue
		}
		var r row
		dec := json.NewDecoder(strings.NewReader(one))
		dec.DisallowUnknownFields()
		err := dec.Decode(&r)
		if err == nil {
			if _, more := dec.Token(); !errors.Is(more, io.EOF) {
				err = errors.New("more than one object")
			}
		}
		if err != nil {
			return bad(line, "", settle.BadSyntax, "不是一个 JSON 对象，或有其他字段（"+known+"）", "not one JSON object of the known fields: "+known) // its words may be personal
		}
		if err := each(line, r); err != nil {
			return err
		}
	}
	return nil
}

func readCSV(text string, each func(int, row) error) error {
	r := csv.NewReader(bytes.NewReader([]byte(text)))
	r.ReuseRecord, r.TrimLeadingSpace = true, true
	var fields []func(*row, string)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			var at *csv.ParseError
			line := 0
			if errors.As(err, &at) {
				line = at.Line
			}
			return bad(line, "", settle.BadSyntax, "不是 CSV，或列数与第一行不同", "not a line of CSV with as many fields as the first")
		}
		line, _ := r.FieldPos(0)
		if fields == nil {
			if fields, err = header(record); err != nil {
				return err
			}
			continue
		}
		var one row
		for i, set := range fields {
			set(&one, strings.TrimSpace(record[i]))
		}
		if err := each(line, one); err != nil {
			return err
		}
	}
}

func header(names []string) (fields []func(*row, string), err error) {
	seen := map[string]bool{}
	for i, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		set, ok := columns[name]
		switch {
		case !ok:
			return nil, bad(1, "", settle.UnknownField, fmt.Sprintf("应是列名，而第 %d 列不是（%s）", i+1, known), "column %d is none of %s", i+1, known)
		case seen[name]:
			return nil, bad(1, name, settle.DuplicateField, "出现两次", "the column stands twice")
		}
		seen[name] = true
		fields = append(fields, set)
	}
	return fields, nil
}

func (r *row) person(line int) (Person, error) {
	r.IDNumber, r.CardCode = strings.ToUpper(r.IDNumber), strings.ToUpper(r.CardCode)
	for _, f := range []struct {
		name, value string
		most        int
	}{{"card_number", r.CardNumber, 50}, {"card_code", r.CardCode, 32}, {"name", r.Name, 50}} {
		if len([]rune(f.value)) > f.most || strings.ContainsFunc(f.value, func(c rune) bool { return c < ' ' }) {
			return Person{}, bad(line, f.name, settle.BadField, fmt.Sprintf("超过 %d 个字，或含有控制字符", f.most), "longer than %d characters, or with control characters", f.most)
		}
	}
	switch {
	case r.IDNumber != "" && !idNumber(r.IDNumber):
		return Person{}, bad(line, "id_number", settle.BadField, "不是18位社会保障号码，或校验码不对", "not an identity number with its check digit")
	case r.IDNumber == "" && (r.CardNumber == "" || r.CardCode == ""):
		return Person{}, bad(line, "id_number", settle.MissingField, "没有填，也没有卡号和卡识别码", "neither an identity number nor a card number with its card code")
	}
	return Person{Line: line, Who: settle.Identity{
		IDNumber: settle.Private(r.IDNumber), CardNumber: settle.Private(r.CardNumber), CardCode: settle.Private(r.CardCode), Name: settle.Private(r.Name),
	}}, nil
}

// idNumber tells whether a text is a number of GB 11643: 17 digits and a check digit
// (ISO 7064 MOD 11-2), which finds every mistyped digit.
func idNumber(s string) bool {
	if len(s) != 18 {
		return false
	}
	sum := 0
	for i := range 17 {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		sum = (sum + int(s[i]-'0')) * 2 % 11
	}
	return s[17] == "0123456789X"[(12-sum)%11]
}

// known are the fields of a line.
const known = "id_number, card_number, card_code, name"

// bad names what is wrong with a line, in Chinese and in English; nothing in it is personal.
func bad(line int, field string, code settle.Code, chinese, format string, args ...any) *settle.Refusal {
	where := "名单"
	if line > 0 {
		where += "第" + strconv.Itoa(line) + "行"
	}
	if field != "" {
		where += "的 " + field + " "
	}
	return &settle.Refusal{Code: code, Field: field, Line: line, Cashier: where + chinese + "；整个名单未采用，请改正后重新导入。", Technician: fmt.Sprintf(format, args...)}
}
