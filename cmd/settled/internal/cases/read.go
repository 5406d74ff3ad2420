package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"settled/settle"
)

// reader reads one JSON value field by field. It refuses unknown fields, fields that
// occur twice in an object at any depth, text that is not UTF-8 and lone surrogates
// (RFC 8259, 8.1 and 8.2), and says by name and line where each is. The first refusal
// sticks: after it every read gives nothing. null reads as if the field were not there.
type reader struct {
	raw    []byte
	at     int
	path   []segment
	failed error
}

// segment is one step of the way to a value: a field's name, or a place in a list.
type segment struct {
	name  []byte // nil: the place
	place int
}

// maxDepth is how deep a value may nest, as in encoding/json.
const maxDepth = 10_000

// maxPath is how many steps of the way to a value are told.
const maxPath = 16

var errSyntax = errors.New("not JSON")

// read reads the whole of raw by a function.
func read(raw []byte, value func(*reader)) error {
	r := reader{raw: raw, path: make([]segment, 0, 8)}
	return r.whole(value)
}

// whole reads all there is by a function.
func (r *reader) whole(value func(*reader)) error {
	value(r)
	if r.failed == nil && r.peek() != 0 {
		r.failed = errSyntax
	}
	return r.failed
}

// fail says what is wrong with the value under way, and where that is.
func (r *reader) fail(format string, args ...any) {
	if r.failed != nil {
		return
	}
	var where strings.Builder
	for i, s := range r.path {
		switch {
		case i == maxPath:
			where.WriteString("…")
		case i > maxPath:
		case s.name == nil:
			fmt.Fprintf(&where, "[%d]", s.place)
		default:
			if where.Len() > 0 {
				where.WriteByte('.')
			}
			where.WriteString(settle.Clip(string(s.name)))
		}
	}
	if len(r.path) > 1 && string(r.path[0].name) == "items" {
		fmt.Fprintf(&where, " (line %d of the bill)", r.path[1].place+1)
	}
	if where.Len() > 0 {
		where.WriteString(": ")
	}
	r.failed = fmt.Errorf("%s%w", where.String(), fmt.Errorf(format, args...))
}

// peek gives the next byte that is no space, 0 at the end and after a refusal.
func (r *reader) peek() byte {
	for r.failed == nil && r.at < len(r.raw) {
		switch c := r.raw[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// null passes over a null, and tells whether there was one.
func (r *reader) null() bool {
	if r.peek() != 'n' {
		return false
	}
	r.bare()
	return true
}

// opened enters an object or a list; false for null and after a refusal.
func (r *reader) opened(brace byte, what string) bool {
	switch c := r.peek(); {
	case r.null():
		return false
	case c != brace:
		r.fail("%s is expected, not %s", what, kind(c))
		return false
	case len(r.path) > maxDepth:
		r.fail("nested too deep")
		return false
	}
	r.at++
	return true
}

// more tells whether something follows, the first or a further one, before the closing
// brace.
func (r *reader) more(first bool, brace byte) bool {
	switch c := r.peek(); {
	case r.failed != nil:
		return false
	case c == brace:
		r.at++
		return false
	case first:
		return true
	case c == ',':
		r.at++
		return true
	}
	r.failed = errSyntax
	return false
}

// object reads an object: field reads the value of a field, or says that it is unknown.
func (r *reader) object(field func(name []byte) (known bool)) {
	if !r.opened('{', "an object") {
		return
	}
	var few [24][]byte
	seen := names{few: few[:0]}
	for first := true; r.more(first, '}'); first = false {
		name := r.quoted()
		if r.failed == nil && r.peek() != ':' {
			r.failed = errSyntax
		}
		switch {
		case r.failed != nil:
			return
		case !seen.add(name):
			r.fail("field %q twice", settle.Clip(string(name)))
			return
		}
		r.at++
		r.path = append(r.path, segment{name: name})
		known := field(name)
		r.path = r.path[:len(r.path)-1]
		if !known {
			r.fail("unknown field %q", settle.Clip(string(name)))
		}
	}
}

// names are those of one object: a list while they are few, so that most objects cost
// nothing, then a set.
type names struct {
	few  [][]byte
	many map[string]bool
}

// add tells whether the name is new.
func (n *names) add(name []byte) bool {
	if n.many == nil {
		for _, old := range n.few {
			if bytes.Equal(old, name) {
				return false
			}
		}
		if len(n.few) < cap(n.few) {
			n.few = append(n.few, name)
			return true
		}
		n.many = map[string]bool{}
		for _, old := range n.few {
			n.many[string(old)] = true
		}
	}
	if n.many[string(name)] {
		return false
	}
	n.many[string(name)] = true
	return true
}

// list reads a list of at most most elements.
func (r *reader) list(most int, element func()) {
	if !r.opened('[', "a list") {
		return
	}
	i := 0
	for ; r.more(i == 0, ']'); i++ {
		if i == most {
			r.fail("more than %d", most)
			return
		}
		r.path = append(r.path, segment{place: i})
		element()
		r.path = r.path[:len(r.path)-1]
	}
}

// pass reads over a value that only describes the case; what no value may hold is
// refused there too.
func (r *reader) pass() {
	switch r.peek() {
	case '{':
		r.object(func([]byte) bool { r.pass(); return true })
	case '[':
		r.list(len(r.raw), r.pass)
	case '"':
		r.quoted()
	default:
		r.bare()
	}
}

// quoted reads a string.
func (r *reader) quoted() []byte {
	end := -1
	if r.peek() == '"' {
		end = closing(r.raw, r.at)
	}
	if end < 0 {
		if r.failed == nil {
			r.failed = errSyntax
		}
		return nil
	}
	whole := r.raw[r.at : end+1]
	r.at = end + 1
	text := whole[1 : len(whole)-1]
	if !utf8.Valid(text) {
		r.fail("the text is not UTF-8")
		return nil
	}
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	if bad := loneSurrogate(text); bad != "" {
		r.fail(`the text has the lone surrogate %s, which is no character`, bad)
		return nil
	}
	var plain string
	if json.Unmarshal(whole, &plain) != nil {
		r.failed = errSyntax
		return nil
	}
	return []byte(plain)
}

// closing gives the place of the quote that ends the string at from; -1 if none does.
func closing(raw []byte, from int) int {
	for at := from + 1; at < len(raw); {
		quote := bytes.IndexByte(raw[at:], '"')
		if quote < 0 {
			return -1
		}
		escape := bytes.IndexByte(raw[at:at+quote], '\\')
		if escape < 0 {
			return at + quote
		}
		at += escape + 2
	}
	return -1
}

// loneSurrogate gives the first escape of half a character whose other half is not
// beside it.
func loneSurrogate(text []byte) string {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		switch unit := escaped(text[i-1:]); {
		case unit>>10 == 0xD800>>10 && escaped(text[min(i+5, len(text)):])>>10 == 0xDC00>>10:
			i += 10
		case unit>>11 == 0xD800>>11:
			return string(text[i-1 : i+5])
		}
	}
	return ""
}

// escaped is the number that the text's first six bytes write as \uXXXX, 0 if none.
func escaped(text []byte) uint64 {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	n, _ := strconv.ParseUint(string(text[2:6]), 16, 16) // 0 if it is none
	return n
}

// bare reads what has no quotes: a number, true, false, null.
func (r *reader) bare() []byte {
	r.peek()
	from := r.at
	for r.at < len(r.raw) && strings.IndexByte(",]} \t\n\r:{[\"", r.raw[r.at]) < 0 {
		r.at++
	}
	if r.at == from && r.failed == nil {
		r.failed = errSyntax
	}
	return r.raw[from:r.at]
}

// text reads a string; ok is false for null and after a refusal.
func (r *reader) text(what string) (text []byte, ok bool) {
	switch c := r.peek(); {
	case r.null():
		return nil, false
	case c != '"':
		r.fail("%s is expected, not %s", what, kind(c))
	default:
		text = r.quoted()
	}
	return text, r.failed == nil
}

// count reads a whole number.
func (r *reader) count(to *int) {
	switch c := r.peek(); {
	case r.null():
	case c != '-' && (c < '0' || c > '9'):
		r.fail("a whole number is expected, not %s", kind(c))
	default:
		n, err := strconv.ParseInt(string(r.bare()), 10, 32)
		if err != nil {
			r.fail("a whole number is expected")
		}
		*to = int(n)
	}
}

// flag reads true or false.
func (r *reader) flag(to *bool) {
	switch c := r.peek(); {
	case r.null():
	case c != 't' && c != 'f':
		r.fail("true or false is expected, not %s", kind(c))
	default:
		*to = string(r.bare()) == "true"
	}
}

// kind names the kind of value that begins with a byte.
func kind(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	case 0:
		return "the end"
	}
	return "a number"
}
