package cases

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestUnrepeated: a name twice in one object is found at any depth and however it is
// written; the same name in two objects, or as a value, is none.
func TestUnrepeated(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, `[]`: true, `"a"`: true, `1`: true, `null`: true,
		`{"a": 1, "b": 2}`:                         true,
		`{"a": 1, "a": 2}`:                         false,
		`{"a": 1, "A": 2}`:                         false,
		`{"a": 1, "\u0061": 2}`:                    false,
		`{"a": "a", "b": "a", "c": ["a", "a"]}`:    true,
		`[{"a": 1}, {"a": 1}]`:                     true,
		`{"x": {"a": 1}, "a": {"a": {"a": 1}}}`:    true,
		`{"x": [{"a": 1, "b": [], "a": 1}]}`:       false,
		`{"x": {}, "y": [], "x": 1}`:               false,
		`{"x": [1, {"y": 1}, 2], "x": 1}`:          false,
		`{"a\"": 1, "a": "\"", "b": "\\", "c": 1}`: true,
		`{"a": "\\", "b": 1, "b": 1}`:              false,
		`{"a": "{", "b": "}", "c": ",", "d": ":"}`: true,
	} {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is not JSON", text)
		}
		if err := unrepeated([]byte(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	deep := strings.Repeat(`{"a":[`, 10_000) + strings.Repeat(`]}`, 10_000)
	if err := unrepeated([]byte(deep)); err != nil {
		t.Error(err)
	}
}

// FuzzUnrepeated: it agrees with a decoder's own count of the names, and no input that
// is not JSON makes it stop.
func FuzzUnrepeated(f *testing.F) {
	f.Add(`{"a": {"b": [1, {"a": 2}]}, "c": "}"}`)
	f.Add(`{"a": 1, "A": 2}`)
	f.Add(`}`)
	f.Fuzz(func(t *testing.T, text string) {
		err := unrepeated([]byte(text))
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &object) != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		names, depth, name := 0, 0, false
		for {
			token, end := d.Token()
			if end != nil {
				break
			}
			switch token {
			case json.Delim('{'), json.Delim('['):
				depth++
				name = depth == 1
				continue
			case json.Delim('}'), json.Delim(']'):
				depth--
				name = depth == 1
				continue
			}
			if depth == 1 {
				if name {
					names++
				}
				name = !name
			}
		}
		if names > len(object) && err == nil {
			t.Errorf("%d names, %d fields, and no error", names, len(object))
		}
	})
}
