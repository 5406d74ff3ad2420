package cases

import (
	"bufio"
	"bytes"
	"encoding/json"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// FuzzCut: a value is cut where a decoder ends it, wherever the windows fall.
func FuzzCut(f *testing.F) {
	for _, text := range []string{`{"a": [1, "}\\", "\""]}`, `"\\\""`, `12.5e-3`, `[]`, `null`, `{"a":{"b":[{}]}}`} {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, window int) {
		text = strings.Trim(text, " \t\r\n")
		if !json.Valid([]byte(text)) {
			return
		}
		for _, after := range []string{",1", "]", "\n}", " ,"} {
			in := bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(text+after)), 16)
			if window%2 == 0 {
				in = bufio.NewReader(strings.NewReader(text + after))
			}
			c := &cutter{in: in}
			got, size, err := c.value(nil, len(text))
			if err != nil || string(got) != text || size != len(text) || c.at != int64(size) {
				t.Errorf("%q then %q: %q, %d bytes, %v", text, after, got, size, err)
			}
		}
	})
}

// TestCutTooLong: what is too long is passed over, and its length told.
func TestCutTooLong(t *testing.T) {
	c := &cutter{in: bufio.NewReaderSize(strings.NewReader(`["`+strings.Repeat("x", 100)+`"], 2`), 16)}
	got, size, err := c.value([]byte("kept"), 50)
	if string(got) != "kept" || size != 104 || err != nil {
		t.Errorf("%q, %d bytes, %v", got, size, err)
	}
	if b, err := c.expect(","); b != ',' || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// twice gives a bundle of the first case, and of it again as changed.
func twice(t *testing.T, change func([]byte) []byte) []byte {
	t.Helper()
	_, f := bundled(t)
	one, err := json.Marshal(f.Cases[0])
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{[]byte(`{"institutions": `), f.Institutions, []byte(`, "cases": [`), one, []byte(","), change(one), []byte("]}\n")}, nil)
}

// TestRawCases: what only bytes can show is an error of its case, and the case before
// is answered all the same.
func TestRawCases(t *testing.T) {
	replace := func(old, new string) func([]byte) []byte {
		return func(c []byte) []byte {
			c = bytes.Replace(c, []byte(`"G001"`), []byte(`"G002"`), 1)
			if !bytes.Contains(c, []byte(old)) {
				t.Fatalf("no %s in the case", old)
			}
			return bytes.Replace(c, []byte(old), []byte(new), 1)
		}
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		id     string
		want   string
	}{
		"lone surrogate":  {replace(`"阿莫西林"`, `"\udc00"`), "G002", `the text has the lone surrogate \udc00`},
		"GBK":             {replace(`"阿莫西林"`, "\"\xb0\xa2\""), "G002", "the text is not UTF-8"},
		"in a title":      {replace(`"title":"`, "\"title\":\"\xff"), "G002", "title: the text is not UTF-8"},
		"no object":       {func([]byte) []byte { return []byte("5") }, "", "case 2: an object is expected, not a number"},
		"id as a number":  {replace(`"id":"G002"`, `"id":2`), "", "case 2: id: text is expected, not a number"},
		"no id":           {replace(`"id":"G002"`, `"id":null`), "", "case 2 has no id"},
		"twice below":     {replace(`"category":"A"`, `"category":"A","category":"B"`), "G002", `items[0] (line 1 of the bill): field "category" twice`},
		"twice passed by": {replace(`"expected":{`, `"expected":{"status":1,`), "G002", `expected: field "status" twice`},
		"too long":        {replace(`"title":"`, `"title":"`+strings.Repeat("x", maxCase)), "", "case 2 has 419"},
		"too deep":        {replace(`"title":"`, `"why":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`,"title":"`), "G002", "why" + strings.Repeat("[0]", 15) + "…: nested too deep"},
		"a refund of one": {func([]byte) []byte {
			return []byte(`{"id": "G002", "kind": "refund", "original_case": "G002", "keep_item_indexes": []}`)
		}, "G002", "original case: it is no settlement case"},
	} {
		t.Run(name, func(t *testing.T) {
			a := answers(t, bytes.NewReader(twice(t, c.change)), shipped(t).On)
			if len(a) != 2 || a[0]["fund"] != "75.00" {
				t.Fatalf("%v", a)
			}
			text, _ := a[1]["error"].(string)
			if a[1]["id"] != c.id || !strings.Contains(text, c.want) {
				t.Errorf("%.300v, want %q of %q", a[1], c.want, c.id)
			}
		})
	}
}

// TestBadRegistry: an institution that cannot be read is an error of the cases that name
// it, and of no other.
func TestBadRegistry(t *testing.T) {
	_, f := bundled(t)
	visit := func(id string) string {
		c := f.Cases[0]
		delete(c, "institution")
		c["institution_id"] = id
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for bad, want := range map[string]string{
		`{"level": "1"}`:           `institution_id: institutions.BAD: level: a whole number is expected, not text`,
		`{"floor": 1}`:             `institution_id: institutions.BAD: unknown field "floor"`,
		`{"id": "B"}`:              `institution_id: institutions.BAD: it calls itself "B"`,
		"{\"name\": \"\xb0\xa2\"}": `institution_id: institutions.BAD: name: the text is not UTF-8`,
		`{"name": ["}]{"], "level": 1, "level": 2}`: `institution_id: institutions.BAD: name: text is expected, not a list`,
	} {
		raw := strings.Replace(string(f.Institutions), "{", `{"BAD": `+bad+", ", 1)
		a := answers(t, strings.NewReader(`{"cases": [`+visit("SK-A1")+","+visit("BAD")+`], "institutions": `+raw+"}"), shipped(t).On)
		if a[0]["fund"] != "75.00" || a[1]["error"] != want {
			t.Errorf("%s: %v, then %v", bad, a[0], a[1])
		}
	}
}

// TestUnread: what is no bundle is told with file, line and place.
func TestUnread(t *testing.T) {
	for text, want := range map[string]string{
		"": "line 1: byte 0: it ends early",
		"{\"cases\": [\n{\"id\": \"a\"},\n{\"id\":":    "line 3: cases: case 2: byte 31: it ends early",
		"{\n\"institutions\": {\"A\": {},\n\"A\": {}}": `line 3: institutions: byte 31: field "A" twice`,
		"{\"cases\": [],\n\"meta\": NaN}":              "line 2: meta: byte 22: not JSON: invalid character 'N' looking for beginning of value",
		"{\"cases\": [],\n\"cases\": []}":              `line 2: byte 22: "cases" twice`,
	} {
		name := t.TempDir() + "/bundle.json"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		err = Run(file, io.Discard, shipped(t).On, nil)
		if err == nil || err.Error() != name+": not a bundle of cases: "+want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSameID: a bundle put together from others is answered case by case, and a refund
// means the nearest case before it, or the first behind it if there is none.
func TestSameID(t *testing.T) {
	refund := []byte(`{"id": "R", "kind": "refund", "original_case": "G001", "keep_item_indexes": []}`)
	bundle := twice(t, func(c []byte) []byte {
		dearer := bytes.Replace(c, []byte(`"unit_price":"100.00"`), []byte(`"unit_price":"40.00"`), 1)
		if bytes.Equal(c, dearer) {
			t.Fatalf("no price in %s", c)
		}
		return bytes.Join([][]byte{refund, dearer, refund}, []byte(","))
	})
	bundle = bytes.Replace(bundle, []byte(`"cases": [`), append([]byte(`"cases": [`), append(refund, ',')...), 1)
	var got []any
	for _, a := range answers(t, bytes.NewReader(bundle), shipped(t).On) {
		if back, ok := a["return"].(map[string]any); ok {
			got = append(got, back["fund"])
		} else {
			got = append(got, a["fund"])
		}
	}
	if want := []any{"75.00", "75.00", "75.00", "30.00", "30.00"}; !slices.Equal(got, want) {
		t.Errorf("fund %v, want %v", got, want)
	}
}

// TestSameHash: ids are told apart by their text, not by their hash alone.
func TestSameHash(t *testing.T) {
	raw := `[{"id": "a"},{"id": "b"},{"x": {"id": "c"}, "\u0069d": "c"}]`
	x := &index{seed: maphash.MakeSeed(), source: strings.NewReader(raw), byID: []int32{0, 1, 2}}
	for _, e := range []string{`{"id": "a"}`, `{"id": "b"}`, raw[strings.Index(raw, `{"x"`) : len(raw)-1]} {
		x.cases = append(x.cases, entry{offset: int64(strings.Index(raw, e)), size: len(e)})
	}
	got := map[string]int{}
	for _, id := range []string{"a", "b", "c", "d"} {
		for i := range x.cases {
			x.cases[i].id = x.hash(id)
		}
		if number, ok := x.find(id, -1); ok {
			got[id] = number
		}
	}
	if d := cmp.Diff(map[string]int{"a": 0, "b": 1, "c": 2}, got); d != "" {
		t.Error(d)
	}
}
