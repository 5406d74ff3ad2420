package settle

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxBody is the most bytes that a bill may have as JSON.
const MaxBody = 4 << 20

// maxText is the most bytes of one text of a bill: a name, a code.
const maxText = 1024

// decoder reads one JSON object field by field. Unlike a decoder by reflection it
// refuses unknown and repeated fields at any depth, tells numbers from strings, and
// names field and line in what it refuses. The first refusal sticks: after it every
// read gives nothing.
type decoder struct {
	tokens *json.Decoder
	line   int // line of the bill from 1, 0 outside
	failed *Refusal
}

// newDecoder checks size and encoding before anything is read.
func newDecoder(data []byte) (*decoder, *Refusal) {
	switch {
	case len(data) > MaxBody:
		return nil, refusal(BodyTooLarge, "", 0, strconv.Itoa(len(data))+" bytes")
	case !utf8.Valid(data):
		return nil, refusal(BadEncoding, "", 0, "send UTF-8, not GBK")
	}
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber()
	return &decoder{tokens: tokens}, nil
}

func (d *decoder) fail(code Code, field, detail string) {
	if d.failed == nil {
		d.failed = refusal(code, field, d.line, detail)
		if d.line > 0 {
			d.failed.Cashier = "账单第" + strconv.Itoa(d.line) + "行" + namedChinese(field) + "：" + d.failed.Cashier
		}
	}
}

// token gives the next token, nil after a refusal.
func (d *decoder) token(field string) json.Token {
	if d.failed != nil {
		return nil
	}
	t, err := d.tokens.Token()
	if err != nil {
		detail := "the JSON ends early"
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			detail = Clip(err.Error())
		}
		d.fail(BadSyntax, field, detail)
		return nil
	}
	return t
}

// end checks that nothing follows.
func (d *decoder) end() {
	if d.failed != nil {
		return
	}
	if _, err := d.tokens.Token(); !errors.Is(err, io.EOF) {
		d.fail(BadSyntax, "", "something follows the object")
	}
}

// field is one field of an object and how it is read.
type field struct {
	name     string
	required bool
	read     func(path string)
}

// object reads an object whose fields are among those listed.
func (d *decoder) object(path string, fields []field) {
	if t := d.token(path); t != json.Delim('{') {
		d.fail(BadField, path, "an object is expected")
		return
	}
	var seen uint64 // by position in fields: there are fewer than 64
	for d.failed == nil && d.tokens.More() {
		name, ok := d.token(path).(string)
		if !ok {
			d.fail(BadSyntax, path, "a field's name is expected")
			return
		}
		at := position(fields, name)
		switch {
		case at < 0:
			d.fail(UnknownField, join(path, Clip(name)), "")
			return
		case seen&(1<<at) != 0:
			d.fail(DuplicateField, join(path, name), "")
			return
		}
		seen |= 1 << at
		fields[at].read(join(path, name))
	}
	d.token(path) // the closing brace
	for i := range fields {
		if fields[i].required && seen&(1<<i) == 0 {
			d.fail(MissingField, join(path, fields[i].name), "")
		}
	}
}

func position(fields []field, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// list reads a list of at most most elements.
func (d *decoder) list(path string, most int, tooMany Code, element func(i int, path string)) {
	if t := d.token(path); t != json.Delim('[') {
		d.fail(BadField, path, "a list is expected")
		return
	}
	for i := 0; d.failed == nil && d.tokens.More(); i++ {
		if i == most {
			d.fail(tooMany, path, "at most "+strconv.Itoa(most))
			return
		}
		element(i, path+"["+strconv.Itoa(i)+"]")
	}
	d.token(path) // the closing bracket
}

// text reads a string, which may not be empty.
func (d *decoder) text(to *string) func(string) {
	return func(path string) {
		t := d.token(path)
		s, ok := t.(string)
		switch {
		case d.failed != nil:
		case !ok:
			d.fail(BadField, path, "a string is expected")
		case len(s) > maxText:
			d.fail(BadField, path, "the text is over "+strconv.Itoa(maxText)+" bytes")
		case strings.ContainsRune(s, utf8.RuneError):
			d.fail(BadEncoding, path, "the text has a broken character")
		case strings.ContainsFunc(s, control):
			d.fail(BadField, path, "the text has a control character")
		case strings.TrimSpace(s) == "":
			d.fail(BadField, path, "the text is empty")
		default:
			*to = s
		}
	}
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// flag reads true or false.
func (d *decoder) flag(to *bool) func(string) {
	return func(path string) {
		b, ok := d.token(path).(bool)
		if !ok {
			d.fail(BadField, path, "true or false is expected")
		}
		*to = b
	}
}

// digits reads an exact number: a string of digits, never a JSON number, which a
// program may have passed through a binary float.
func (d *decoder) digits(path string) string {
	switch t := d.token(path).(type) {
	case string:
		return t
	case json.Number:
		d.fail(BadField, path, "send the number as a string such as \"12.30\", not as a JSON number: "+Clip(t.String()))
	default:
		d.fail(BadField, path, "a number in a string is expected")
	}
	return ""
}

// count reads a small whole number.
func (d *decoder) count(to *int, most int) func(string) {
	return func(path string) {
		n, ok := d.token(path).(json.Number)
		v, err := strconv.Atoi(string(n))
		if !ok || err != nil || v < 0 || v > most {
			d.fail(BadField, path, "a whole number from 0 to "+strconv.Itoa(most)+" is expected")
			return
		}
		*to = v
	}
}
