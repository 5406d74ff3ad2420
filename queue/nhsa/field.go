package nhsa

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// FieldError says that a field of a request is missing or does not fit, so that
// the request was not made.
type FieldError struct {
	Field string // path with the interface's names: "input.feedetail[2].pric"
	Want  string // what the field must be
}

// Error names the field, never its content.
func (e *FieldError) Error() string { return fmt.Sprintf("request field %s: want %s", e.Field, e.Want) }

// Refusal is the error for people.
func (e *FieldError) Refusal() *settle.Refusal {
	return &settle.Refusal{
		Code: "PLATFORM_FIELD", Field: e.Field,
		Cashier:    "上传医保平台的数据不完整或过长（" + e.Field + "），请修改后重新上传。",
		Technician: e.Error(),
	}
}

// check walks the fields of a request and holds them against their wire tags, which
// are in the specification's notation: C30* is required text of at most 30
// characters, N16,4 a number with at most 16 digits, 4 of them after the point,
// T a time, D a day; a - before a number lets it be negative. L* is a list with at least
// one row, L100* one of at most 100.
func check(v any, path string) error { return checkValue(reflect.ValueOf(v), path, "") }

func checkValue(v reflect.Value, path, rule string) error {
	if !v.IsValid() {
		return &FieldError{Field: path, Want: "something"}
	}
	switch v.Kind() { // a settle.Fen passes: N16,2 holds every one
	case reflect.Struct:
		switch d := v.Interface().(type) {
		case decimal.Decimal:
			return checkNumber(d, path, rule)
		case FileBytes:
			if len(d.Bytes) == 0 && rule == "*" {
				return &FieldError{Field: path, Want: "the bytes of a file"}
			}
			return nil
		}
		return checkStruct(v, path)
	case reflect.Slice:
		if rule == "" {
			return nil // json.RawMessage and the like
		}
		return checkList(v, path, rule)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return &FieldError{Field: path, Want: "something"}
		}
		return checkValue(v.Elem(), path, rule)
	case reflect.String:
		return checkText(v.String(), path, rule)
	}
	return nil
}

func checkStruct(v reflect.Value, path string) error {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name := jsonName(f)
		if !f.IsExported() || name == "-" {
			continue
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		if err := checkValue(v.Field(i), at, f.Tag.Get("wire")); err != nil {
			return err
		}
	}
	return nil
}

func checkList(v reflect.Value, path, rule string) error {
	if v.Len() == 0 && strings.HasSuffix(rule, "*") {
		return &FieldError{Field: path, Want: "at least one row"}
	}
	if most, err := strconv.Atoi(strings.Trim(rule, "L*")); err == nil && v.Len() > most {
		return &FieldError{Field: path, Want: fmt.Sprintf("at most %d rows", most)}
	}
	for i := range v.Len() {
		if err := checkValue(v.Index(i), fmt.Sprintf("%s[%d]", path, i), ""); err != nil {
			return err
		}
	}
	return nil
}

func checkText(s, path, rule string) error {
	rule, required := strings.CutSuffix(rule, "*")
	if s == "" {
		if required {
			return &FieldError{Field: path, Want: "a value"}
		}
		return nil
	}
	if !utf8.ValidString(s) {
		return &FieldError{Field: path, Want: "valid UTF-8"}
	}
	switch {
	case rule == "T":
		if !isTime(s) {
			return &FieldError{Field: path, Want: "a time yyyy-MM-dd HH:mm:ss"}
		}
	case rule == "D":
		if _, err := settle.ParseDate(s); err != nil {
			return &FieldError{Field: path, Want: "a day yyyy-MM-dd"}
		}
	case strings.HasPrefix(rule, "N"):
		if numberProblem(s, rule[1:]) != "" || strings.HasPrefix(s, "-") {
			return &FieldError{Field: path, Want: "a number " + rule}
		}
	case strings.HasPrefix(rule, "C"):
		most, err := strconv.Atoi(rule[1:])
		if err != nil || utf8.RuneCountInString(s) > most {
			return &FieldError{Field: path, Want: "at most " + rule[1:] + " characters"}
		}
	}
	return nil
}

func checkNumber(d decimal.Decimal, path, rule string) error {
	rule, signed := strings.CutPrefix(strings.TrimSuffix(rule, "*"), "-")
	digits, places, _ := strings.Cut(strings.TrimPrefix(rule, "N"), ",")
	total, err1 := strconv.ParseUint(digits, 10, 8)
	frac, err2 := strconv.ParseUint(places, 10, 8)
	if err1 != nil || err2 != nil || // a tag that cannot be read lets nothing pass
		d.Exponent() > 16 || d.Exponent() < -32 || d.NumDigits() > 40 || // bounds before arithmetic
		(d.IsNegative() && !signed) || !d.Equal(d.Truncate(int32(frac))) || len(d.Abs().Truncate(0).String()) > int(total)-int(frac) {
		return &FieldError{Field: path, Want: "a number " + rule}
	}
	return nil
}

// jsonName is a field's name on the wire.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
