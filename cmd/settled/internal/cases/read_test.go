package cases

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestPass: what no value may hold is refused at any depth, and named; the same name in
// two objects, or as a value, is no repeat.
func TestPass(t *testing.T) {
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf(`"n%d": 1`, i)
	}
	for text, want := range map[string]string{
		`{}`: "", `[]`: "", `"a"`: "", `1`: "", `null`: "", ` { "a" : [ ] } `: "",
		`{"a": 1, "b": 2}`:                                    "",
		`{"a": 1, "a": 2}`:                                    `field "a" twice`,
		`{"a": 1, "A": 2}`:                                    "",
		`{"a": 1, "\u0061": 2}`:                               `field "a" twice`,
		`{"a": "a", "b": "a", "c": ["a", "a"]}`:               "",
		`[{"a": 1}, {"a": 1}]`:                                "",
		`{"x": {"a": 1}, "a": {"a": {"a": 1}}}`:               "",
		`{"x": [{"a": 1, "b": [], "a": 1}]}`:                  `x[0]: field "a" twice`,
		`{"x": {}, "y": [], "x": 1}`:                          `field "x" twice`,
		`{"x": [1, {"y": 1}, 2], "x": 1}`:                     `field "x" twice`,
		`{"a\"": 1, "a": "\"", "b": "\\", "c": 1}`:            "",
		`{"a": "\\", "b": 1, "b": 1}`:                         `field "b" twice`,
		`{"a": "{", "b": "}", "c": ",", "d": ":"}`:            "",
		`{` + strings.Join(many, ",") + `}`:                   "",
		`{` + strings.Join(append(many, many[70]), ",") + `}`: `field "n70" twice`,
		`{"x": {"y": "\ud800"}}`:                              `x.y: the text has the lone surrogate \ud800`,
		`{"x": ["\ud83d\ude00", "\uDC00"]}`:                   `x[1]: the text has the lone surrogate \uDC00`,
		`{"x": "\ud83d\u0041"}`:                               `x: the text has the lone surrogate \ud83d`,
		`{"x": "\\ud800 \ud83d\ude00\\"}`:                     "",
		`{"\udfff": 1}`:                                       `the text has the lone surrogate \udfff`,
		"{\"x\": \"\xb0\xa2\"}":                               `x: the text is not UTF-8`,
		"{\"x\xff\": 1}":                                      `the text is not UTF-8`,
	} {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is not JSON", text)
		}
		err := read([]byte(text), (*reader).pass)
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if err := read([]byte(strings.Repeat(`{"a":[`, 4_000)+strings.Repeat(`]}`, 4_000)), (*reader).pass); err != nil {
		t.Error(err)
	}
	if err := read([]byte(strings.Repeat(`[`, 1_000_000)), (*reader).pass); err == nil {
		t.Error("no end of depth")
	}
}

// FuzzRead: no bytes make the reader stop or go on for ever; of JSON it refuses only
// what [TestPass] names, and finds the id that a decoder finds.
func FuzzRead(f *testing.F) {
	f.Add(`{"a": {"b": [1, {"a": 2}]}, "c": "}"}`)
	f.Add(`{"id": "G001", "items": [{"qty": "\ud83d\ude00"}]}`)
	f.Add(`}`)
	f.Fuzz(func(t *testing.T, text string) {
		raw := []byte(text)
		var k kase
		_ = read(raw, k.read)
		err, id := read(raw, (*reader).pass), identity(raw)
		var decoded any
		if json.Unmarshal(raw, &decoded) != nil {
			return
		}
		if err != nil && !strings.Contains(err.Error(), "twice") && !strings.Contains(err.Error(), "surrogate") && !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%v", err)
		}
		if object, ok := decoded.(map[string]any); ok && err == nil {
			if want, _ := object["id"].(string); id != want {
				t.Errorf("id %q, want %q", id, want)
			}
		}
	})
}
