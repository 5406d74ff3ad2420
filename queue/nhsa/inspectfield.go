package nhsa

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// checker holds a message's fields against the specification.
type checker struct {
	spec      *Spec
	in        *Inspection
	templates int // fields that hold a placeholder: "<form.psn_no>"
}

// nodes checks the nodes of an input or output.
func (c *checker) nodes(path string, v any, nodes map[string]node) {
	if len(nodes) == 0 {
		return
	}
	o, ok := v.(map[string]any)
	if text, _ := v.(string); strings.TrimSpace(text) != "" {
		c.words(path, text)
		return
	}
	if _, list := v.([]any); !ok && !(list && has(nodes, "*")) {
		c.in.warn("%s: missing", path)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		n, at, here := nodes[name], path+"."+name, any(o)
		switch name {
		case ".":
			at = path
		case "*":
			here = nameless(v)
		default:
			here = child(o, name)
		}
		rows := rowsOf(here)
		if len(rows) == 0 && !n.optional {
			c.in.warn("%s: missing", at)
		}
		for i, row := range rows {
			if _, list := unwrapped(here).([]any); list {
				c.row(fmt.Sprintf("%s[%d]", at, i), row, n.fields)
			} else {
				c.row(at, row, n.fields)
			}
		}
	}
}

// row checks the fields of one object. Of those that its node does not list, it checks what
// holds wherever they stand: the length of a text, and the code.
func (c *checker) row(path string, row map[string]any, want fields) {
	names := slices.AppendSeq(slices.Collect(maps.Keys(row)), maps.Keys(want))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		at := strings.TrimPrefix(path+"."+name, ".")
		form, required := strings.CutSuffix(want[name], "*")
		if !has(want, name) {
			form = c.spec.elsewhere[name]
		}
		value, ok := scalar(row[name])
		switch {
		case !ok && (form == "" || !has(want, name)):
		case !ok:
			c.in.warn("%s: an object or list where %s is due", at, firstForm(form))
		case value == "" && required:
			c.in.warn("%s: required, and missing", at)
		case value == "":
		case strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">"):
			c.templates++
		default:
			c.field(at, value, form)
			c.code(at, name, value)
		}
	}
}

func (c *checker) field(at, value, form string) {
	switch {
	case form == "T":
		if !isTime(value) {
			c.in.warn("%s: not a time yyyy-MM-dd HH:mm:ss", at)
		} else if len(value) == len("2006-01-02") {
			c.in.warn("%s: a day where a time is due", at)
		}
	case form == "D":
		if DayOf(value) == 0 {
			c.in.warn("%s: not a day yyyy-MM-dd", at)
		}
	case strings.HasPrefix(form, "C"):
		most, err := strconv.Atoi(form[1:])
		if n := utf8.RuneCountInString(value); err == nil && n > most {
			c.in.warn("%s: %d characters, at most %d", at, n, most)
		}
	case strings.HasPrefix(form, "N"), strings.HasPrefix(form, "-N"):
		if problem := numberProblem(value, strings.TrimLeft(form, "-N")); problem != "" {
			c.in.warn("%s: %s", at, problem)
		} else if c.in.Kind == KindRequest && form[0] == 'N' && value[0] == '-' {
			c.in.warn("%s: below zero", at)
		}
	}
}

// numberProblem says what is wrong with a number of form "16,2", "" for nothing.
func numberProblem(value, form string) string {
	digits, places, _ := strings.Cut(form, ",")
	total, _ := strconv.Atoi(digits)
	frac, _ := strconv.Atoi(places)
	mantissa, exponent, err := splitExponent(value)
	if err != nil {
		return "not a number"
	}
	whole, rest, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	whole, rest = shift(whole, rest, exponent)
	whole, rest = strings.TrimLeft(whole, "0"), strings.TrimRight(rest, "0")
	switch {
	case len(rest) > frac:
		return fmt.Sprintf("%d decimals, at most %d", len(rest), frac)
	case len(whole) > total-frac:
		return fmt.Sprintf("%d digits before the point, at most %d", len(whole), total-frac)
	}
	return ""
}

func (c *checker) code(at, name, value string) {
	if known, ok := c.spec.codes[name]; ok && !slices.Contains(known, value) {
		c.in.warn("%s: unknown code %q", at, settle.Clip(value))
	}
}

// parts warns of a 2207 whose four parts are not its total; platforms are known to
// take such.
func (c *checker) parts(input any) {
	o, _ := input.(map[string]any)
	for _, row := range rowsOf(child(o, "data")) {
		if id := fourParts(row); id.Status == StatusBroken {
			c.in.warn("input.data: total %s is not the sum of its four parts %s", *id.Left, *id.Right)
		}
	}
}

// family warns of a family's account that paid more than all accounts, which contain it (I5).
func (c *checker) family(output any) {
	o, _ := output.(map[string]any)
	for _, row := range rowsOf(child(o, "setlinfo")) {
		all, known := amountOf(row, "acct_pay")
		part, told := amountOf(row, "acct_mulaid_pay")
		if known && told && max(part, -part) > max(all, -all) {
			c.in.warn("output.setlinfo: acct_mulaid_pay %s is not within acct_pay %s", part, all)
		}
	}
}

// products warns of lines of fees whose amount is not price times quantity, which platforms
// refuse (interface 5).
func (c *checker) products(input any) {
	o, _ := input.(map[string]any)
	for i, row := range rowsOf(child(o, "feedetail")) {
		price, err1 := looseDecimal(text1(row, "pric"))
		count, err2 := looseDecimal(text1(row, "cnt"))
		amount, known := amountOf(row, "det_item_fee_sumamt")
		if err1 != nil || err2 != nil || !known {
			continue
		}
		product := price.Mul(count).Round(2)
		if !product.Equal(decimal.New(int64(amount), -2)) {
			c.in.warn("input.feedetail[%d]: price times quantity is %s, not %s", i, product.StringFixed(2), amount)
		}
	}
}

// looseDecimal reads a price or quantity, bounds before arithmetic.
func looseDecimal(s string) (decimal.Decimal, error) {
	if _, _, err := splitExponent(s); err != nil {
		return decimal.Decimal{}, err
	}
	return decimal.NewFromString(s)
}

func firstForm(form string) string { return or(form, "a value") }

// has tells whether a key is there, null or not.
func has[V any](o map[string]V, key string) bool { _, ok := o[key]; return ok }

// child is a node of an object by its name, spelt in whatever case.
func child(o map[string]any, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	for key, v := range o {
		if strings.EqualFold(key, name) {
			return v
		}
	}
	return nil
}

// nameless are the rows of an output whose node may have any name: a list instead of the
// output, or the rows of all that it holds.
func nameless(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	var rows []any
	for _, name := range slices.Sorted(maps.Keys(o)) {
		for _, row := range rowsOf(o[name]) {
			rows = append(rows, row)
		}
	}
	return rows
}

// rowsOf gives the rows of a node: of a list, or the one of an object.
func rowsOf(v any) []map[string]any {
	var rows []map[string]any
	switch v := unwrapped(v).(type) {
	case map[string]any:
		if len(v) > 0 {
			rows = append(rows, v)
		}
	case []any:
		for _, one := range v {
			if row, ok := one.(map[string]any); ok && len(row) > 0 {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// unwrapped takes JSON out of the string in which some gateways put it.
func unwrapped(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") {
		return v
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var inner any
	if dec.Decode(&inner) != nil {
		return v
	}
	return inner
}

// scalar is a value as text; null and absence are "".
func scalar(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func text1(o map[string]any, key string) string {
	s, _ := scalar(o[key])
	return s
}

func firstText(o map[string]any, keys ...string) string {
	for _, key := range keys {
		if s := text1(o, key); s != "" {
			return s
		}
	}
	return ""
}

// amountOf is an amount of a row; known is false for null, "" and what is none.
func amountOf(row map[string]any, key string) (fen settle.Fen, known bool) {
	s := text1(row, key)
	if s == "" {
		return 0, false
	}
	fen, err := parseYuan(s)
	return fen, err == nil
}
