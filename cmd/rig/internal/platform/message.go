package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// node is an object of a message.
type node map[string]any

// get reads a field as text, whether it came as a string or as a number.
func (n node) get(field string) string {
	switch v := n[field].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// rows reads a node as a list, which may have come as a single object.
func (n node) rows(field string) []node {
	var out []node
	switch v := n[field].(type) {
	case map[string]any:
		out = append(out, v)
	case []any:
		for _, one := range v {
			if m, ok := one.(map[string]any); ok {
				out = append(out, m)
			}
		}
	}
	return out
}

func parse(body []byte) (node, bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var n node
	if dec.Decode(&n) != nil || dec.More() {
		return nil, false
	}
	return n, true
}

// headFields is the request head as the specification has it.
const headFields = "infno C6*, msgid C30*, mdtrtarea_admvs C6*, insuplc_admdvs C6*, recer_sys_code C10*, dev_no C100, " +
	"dev_safe_info C2000, cainfo C1024, signtype C10, infver C6*, opter_type C3*, opter C30*, opter_name C50*, " +
	"inf_time T*, fixmedins_code C12*, fixmedins_name C200*, sign_no C30"

// missing holds a node against a list of fields in the specification's notation and
// says, in the platform's way, what is wrong; "" if nothing is.
func missing(n node, fields string) string {
	for field := range strings.SplitSeq(fields, ", ") {
		name, rule, _ := strings.Cut(field, " ")
		rule, required := strings.CutSuffix(rule, "*")
		value := n.get(name)
		if value == "" {
			if required {
				return fmt.Sprintf("FSI-%s不能为空[%s]", name, name)
			}
			continue
		}
		if !fits(value, rule) {
			return fmt.Sprintf("FSI-%s格式或长度不正确[%s]", name, rule)
		}
	}
	return ""
}

func fits(value, rule string) bool {
	switch rule[0] {
	case 'C':
		most, _ := strconv.Atoi(rule[1:])
		return utf8.RuneCountInString(value) <= most
	case 'T':
		_, err := time.Parse("2006-01-02 15:04:05", value)
		return err == nil
	case 'D':
		_, err := time.Parse("2006-01-02", value)
		return err == nil
	case 'N':
		r, ok := fraction(value)
		if !ok {
			return false
		}
		_, places, _ := strings.Cut(rule, ",")
		most, _ := strconv.Atoi(places)
		_, frac, _ := strings.Cut(value, ".")
		return len(strings.TrimRight(frac, "0")) <= most && r != nil
	}
	return false
}

// loosen rewrites an answer as some provinces write theirs: numbers as strings, a
// list of one row as the row, empty lists as null.
func loosen(v any) any {
	switch v := v.(type) {
	case node:
		return loosenObject(v)
	case map[string]any:
		return loosenObject(v)
	case []any:
		switch len(v) {
		case 0:
			return nil
		case 1:
			return loosen(v[0])
		}
		for i := range v {
			v[i] = loosen(v[i])
		}
		return v
	case json.Number:
		return v.String() + "00"
	}
	return v
}

func loosenObject(m map[string]any) map[string]any {
	for k := range m {
		m[k] = loosen(m[k])
	}
	return m
}

// number writes an amount as a JSON number.
func number(y yuan) json.Number { return json.Number(y.String()) }
