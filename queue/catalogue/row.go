package catalogue

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// Row is one row of a table: what holds of an item from one day to another.
type Row struct {
	Code    string      `json:"code"`              // 医保目录编码
	For     string      `json:"for,omitempty"`     // 1318: kind of limit, 1319: kind of insurance
	Kind    string      `json:"kind,omitempty"`    // 1319: selfpay_prop_type
	From    settle.Date `json:"from"`              // inclusive
	To      settle.Date `json:"to,omitempty"`      // inclusive; zero: open
	Valid   bool        `json:"valid"`             // 有效标志; a row that is not valid was withdrawn
	ID      string      `json:"rid"`               // 唯一记录号, by which a newer version is known
	Updated string      `json:"updated"`           // "2006-01-02 15:04:05": the version
	Name    string      `json:"name,omitempty"`    // 1312
	Charge  string      `json:"charge,omitempty"`  // 1312: 收费类别
	Level   string      `json:"level,omitempty"`   // 1312: "01", "02", "03" for 甲, 乙, 丙
	Limited bool        `json:"limited,omitempty"` // 1312: 限制使用
	Way     string      `json:"way,omitempty"`     // 1318: 超限处理方式
	Number  string      `json:"number,omitempty"`  // 1318: yuan a unit, "" for no ceiling; 1319: ratio
}

// noCeiling are prices that stand for no ceiling.
var noCeiling = [...]string{"999999", "99999999"}

// withdrawn and valid are the values of a flag; some areas write two digits.
func flag(s string) (on, ok bool) {
	switch s {
	case "1", "01":
		return true, true
	case "0", "00":
		return false, true
	}
	return false, false
}

// reading is a row's fields on their way to a Row; the first fault sticks.
type reading struct {
	table  Table
	fields map[string]string
	fault  *Fault
}

// rowOf checks the fields of a row: lengths, dates, numbers, codes. area is the row's
// own.
func rowOf(t Table, fields map[string]string) (row Row, area string, fault *Fault) {
	r := &reading{table: t, fields: fields}
	for _, c := range t.columns() {
		r.check(c)
	}
	row = Row{Code: fields[fieldCode], ID: fields[fieldRow], Updated: r.moment(fieldUpdated)}
	row.From, row.To = r.day(fieldFrom), r.day(fieldTo)
	if row.To != 0 && row.To < row.From {
		r.fail(fieldTo, "ends before it begins")
	}
	row.Valid = r.flag(fieldValid)
	switch t {
	case Items:
		row.Name, row.Charge, row.Limited = fields[fieldName], fields[fieldCharge], r.flag(fieldLimited)
		if row.Level = fields[fieldLevel]; gradeOf(row.Level) == "" {
			r.fail(fieldLevel, "want 01, 02 or 03")
		}
	case Caps:
		row.For, row.Way, row.Number = fields[fieldCapType], fields[fieldWay], r.cap()
	case Ratios:
		row.For, row.Kind, row.Number = fields[fieldPerson], fields[fieldKind], r.ratio()
	}
	return row, fields[fieldArea], r.fault
}

// gradeOf gives the category of a level; "" for another one.
func gradeOf(level string) settle.Grade {
	switch level {
	case "01":
		return settle.GradeA
	case "02":
		return settle.GradeB
	case "03":
		return settle.GradeC
	}
	return ""
}

func (r *reading) fail(field, why string) {
	if r.fault == nil {
		r.fault = &Fault{Field: field, Why: strconv.Quote(settle.Clip(r.fields[field])) + ": " + why}
	}
}

func (r *reading) check(c column) {
	switch text := r.fields[c.name]; {
	case text == "" && c.required:
		r.fail(c.name, "is missing")
	case !utf8.ValidString(text), strings.ContainsRune(text, utf8.RuneError): // for which JSON's reader puts that
		r.fail(c.name, "is not UTF-8")
	case utf8.RuneCountInString(text) > c.most:
		r.fail(c.name, "is over "+strconv.Itoa(c.most)+" characters")
	case strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }):
		r.fail(c.name, "has a control character")
	}
}

func (r *reading) flag(field string) bool {
	on, ok := flag(r.fields[field])
	if !ok {
		r.fail(field, "want 0 or 1")
	}
	return on
}

func (r *reading) day(field string) settle.Date {
	text := r.fields[field]
	if text == "" {
		return 0
	}
	moment, err := momentOf(text)
	if err != nil {
		r.fail(field, err.Error())
		return 0
	}
	day, ok := settle.NewDate(moment.Year(), int(moment.Month()), moment.Day())
	if !ok && moment.Year() > 2999 { // 9999-12-31
		return 0
	}
	if !ok {
		r.fail(field, errMoment.Error())
	}
	return day
}

func (r *reading) moment(field string) string {
	moment, err := momentOf(r.fields[field])
	if err != nil {
		r.fail(field, err.Error())
		return ""
	}
	return moment.Format("2006-01-02 15:04:05.999")
}

var errMoment = errors.New("want a day such as 2006-01-02, with or without a time, or milliseconds")

// momentOf reads a day or a moment of Asia/Shanghai in one of the forms that platforms
// use: "2006-01-02", "2006-01-02 15:04:05" with or without a fraction, and
// milliseconds since 1970.
func momentOf(s string) (time.Time, error) {
	for _, layout := range [...]string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05"} {
		if moment, err := time.Parse(layout, s); err == nil {
			return moment, nil
		}
	}
	if milli, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) >= 12 && len(s) <= 14 {
		return time.UnixMilli(milli).In(time.FixedZone("Asia/Shanghai", 8*60*60)), nil
	}
	return time.Time{}, errMoment
}

// cap gives a price without needless digits, "" for no ceiling.
func (r *reading) cap() string {
	price, err := settle.ParseDecimal(r.fields[fieldCap], 10, 6)
	if err != nil {
		r.fail(fieldCap, err.Error())
		return ""
	}
	text := price.String()
	for _, none := range noCeiling {
		if text == none {
			return ""
		}
	}
	return text
}

func (r *reading) ratio() string {
	ratio, err := settle.ParseDecimal(r.fields[fieldRatio], 1, 4)
	if err != nil {
		r.fail(fieldRatio, err.Error())
		return ""
	}
	if ratio.GreaterThan(decimal.New(1, 0)) {
		r.fail(fieldRatio, "the ratio is not from 0 to 1")
	}
	return ratio.String()
}
