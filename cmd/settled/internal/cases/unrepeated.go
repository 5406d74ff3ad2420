package cases

import (
	"encoding/json"
	"fmt"
	"strings"

	"settled/settle"
)

// field is a name in an object, which is numbered in the order of its brace.
type field struct {
	object int
	name   string
}

// unrepeated refuses a field that occurs twice in one object, at any depth, in one pass
// over the bytes. The value must be well-formed, as a decoder has cut it out; what is
// not is refused too. Depth and names cost memory in proportion to the input, no more.
func unrepeated(raw []byte) error {
	seen := make(map[field]bool, 64)
	var open []int // objects and lists under way, by number; 0: a list
	objects, name := 0, false
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{':
			objects++
			open, name = append(open, objects), true
		case '[':
			open, name = append(open, 0), false
		case '}', ']':
			if len(open) == 0 {
				return errSyntax
			}
			open, name = open[:len(open)-1], false
		case ',':
			name = len(open) > 0 && open[len(open)-1] != 0
		case '"':
			end := closing(raw, i)
			if end < 0 {
				return errSyntax
			}
			if name {
				text := fieldName(raw[i : end+1])
				f := field{open[len(open)-1], strings.ToLower(text)} // the decoder takes ID for id
				if seen[f] {
					return fmt.Errorf("field %q twice", settle.Clip(text))
				}
				seen[f], name = true, false
			}
			i = end
		}
	}
	return nil
}

// closing gives the place of the quote that ends the string at from; -1 if none does.
func closing(raw []byte, from int) int {
	for i := from + 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// fieldName is a quoted string's text.
func fieldName(quoted []byte) string {
	plain := quoted[1 : len(quoted)-1]
	for _, c := range plain {
		if c == '\\' {
			var text string
			if json.Unmarshal(quoted, &text) == nil {
				return text
			}
			break
		}
	}
	return string(plain)
}
