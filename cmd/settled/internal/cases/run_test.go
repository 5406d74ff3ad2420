package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"settled/settle"
	"settled/settle/policy"
)

const bundleFile = "../../../../testdata/cases/settlements.json"

// file is the bundle as the test reads it: cases stay as they are.
type file struct {
	Institutions json.RawMessage  `json:"institutions"`
	Cases        []map[string]any `json:"cases"`
}

func bundled(t testing.TB) (raw []byte, f file) {
	t.Helper()
	raw, err := os.ReadFile(bundleFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return raw, f
}

// as is v as a T, and the test's end if it is none.
func as[T any](t *testing.T, v any) T {
	t.Helper()
	x, ok := v.(T)
	if !ok {
		t.Fatalf("a %T, want a %T", v, x)
	}
	return x
}

func shipped(t testing.TB) *policy.Set {
	t.Helper()
	set, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// answers runs a bundle and gives its lines, in order.
func answers(t *testing.T, r io.Reader, rules func(settle.Date) *settle.Rules) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	if err := Run(r, &out, rules, nil); err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	for text := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
		var a map[string]any
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		list = append(list, a)
	}
	return list
}

// TestCases: every worked case matches field for field.
func TestCases(t *testing.T) {
	raw, f := bundled(t)
	got := answers(t, bytes.NewReader(raw), shipped(t).On)
	n := 0
	for _, c := range f.Cases {
		if c["kind"] == "duplicate" {
			continue // the journal's matter: it has no answer
		}
		id := as[string](t, c["id"])
		if n == len(got) || got[n]["id"] != id {
			t.Fatalf("answer %d is not that of %s", n, id)
		}
		a := got[n]
		n++
		delete(a, "id")
		want := map[string]any{"return": c["expected_return"]}
		if c["kind"] == "settlement" {
			want = as[map[string]any](t, c["expected"])
		}
		if d := cmp.Diff(want, a); d != "" {
			t.Errorf("%s %v: -want +got\n%s", id, c["title"], d)
		}
	}
	if n != len(got) || n < 100 {
		t.Errorf("%d answers for %d cases", len(got), n)
	}
}

// TestBoundaries: cases at the edges of ages, days, limits and accounts, each worked out by
// hand from the rules, have what is written of them.
func TestBoundaries(t *testing.T) {
	for name, least := range map[string]int{"boundaries.json": 100, "byhand.json": 90} {
		cases, got := worked(t, name, least)
		for i, c := range cases {
			want := map[string]any{"return": c["expected_return"]}
			if c["kind"] == "settlement" {
				want = as[map[string]any](t, c["expected"])
			}
			if d := cmp.Diff(any(want), toldOf(want, got[i])); d != "" {
				t.Errorf("%s %s: -want +got\n%s", c["id"], c["title"], d)
			}
		}
	}
}

// toldOf gives of an answer what a case says something of: its fields, those of each line.
func toldOf(want, got any) any {
	if list, ok := want.([]any); ok {
		told, ok := got.([]any)
		for i := range told {
			if i < len(list) {
				told[i] = toldOf(list[i], told[i])
			}
		}
		if ok {
			return told
		}
	}
	fields, one := want.(map[string]any)
	told, other := got.(map[string]any)
	if !one || !other {
		return got
	}
	some := map[string]any{}
	for name, value := range fields {
		if _, there := told[name]; there {
			some[name] = toldOf(value, told[name])
		}
	}
	return some
}

// TestContested: the other reading of a conflict is an overlay away, and gives what
// the case says it would.
func TestContested(t *testing.T) {
	row := func(lines ...string) string {
		return "\n[[row]]\n" + strings.Join(lines, "\n") + "\nsource = \"decision\"\nnote = \"the other reading\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
	}
	flag := func(param, value, from string, more ...string) string {
		return row(append(more, "parameter = \""+param+"\"", "value = \""+value+"\"", "from = \""+from+"\"")...)
	}
	overlays := map[string]string{
		"consult_counts_to_limit true":       flag("consultation_counts_to_limit", "yes", "2023-10-01"),
		"consult_requires_selection true":    flag("consultation_needs_selection", "yes", "2023-10-01"),
		"direct_hospital_covers_its_sk true": flag("hospital_covers_centres", "yes", "2014-01-01"),
		"age14 day_after":                    flag("age_reached", "day_after", "2014-01-01"),
		"first_selfpay_account_ok false":     flag("account_pays", "no", "2014-01-01", `part = "first_self_pay"`),
		"over_cap_account_ok true":           flag("account_pays", "yes", "2014-01-01", `part = "over_cap"`),
		"near_relatives_2024 false":          flag("account_relations", "child parent spouse", "2024-07-01"),
		"threshold_end 2023-12-31":           flag("account_threshold", "8237.70", "2023-10-01", `to = "2023-12-31"`),
		"threshold_end 2022-11-30":           flag("account_threshold", "0.00", "2022-12-01", `to = "2023-09-30"`),
		"threshold_mode gate":                flag("account_threshold_mode", "gate", "2014-01-01"),
		"own_zero_at_start false":            flag("own_account_first", "own_then_family", "2014-01-01"),
		"in_prov_temp_outpatient 0.80":       flag("out_of_town", "0.80", "2023-10-01", `place = "in_province_outpatient"`),
		"limit_2025_known false":             "\n[[row]]\nparameter = \"outpatient_limit\"\ngroup = \"resident\"\nfrom = \"2025-01-01\"\nto = \"2025-12-31\"\nsource = \"decision\"\nnote = \"not official\"\nconfidence = \"low\"\nstatus = \"unknown\"\n",
		"limit_year july_june": flag("outpatient_limit", "2333.45", "2023-10-01", `to = "2024-06-30"`, `group = "resident"`) +
			flag("outpatient_limit", "2471.31", "2024-07-01", `to = "2025-06-30"`, `group = "resident"`) +
			flag("limit_period", "2023-07", "2023-10-01", `to = "2024-06-30"`) + flag("limit_period", "2024-07", "2024-07-01", `to = "2025-06-30"`),
	}
	_, f := bundled(t)
	known, readings, checked, used := map[any]bool{}, 0, 0, map[string]bool{}
	for _, row := range shipped(t).Rows() {
		known[row.Conflict] = true
	}
	for _, c := range f.Cases {
		contested, _ := c["contested"].([]any)
		for _, one := range contested {
			reading := as[map[string]any](t, one)
			readings++
			if !known[reading["conflict"]] {
				t.Errorf("%s: no row names conflict %v", c["id"], reading["conflict"])
			}
			for name, value := range as[map[string]any](t, reading["override"]) {
				text, ok := overlays[fmt.Sprintf("%s %v", name, value)]
				if !ok {
					t.Errorf("%s: no overlay for %s %v", c["id"], name, value)
					continue
				}
				set, err := policy.Load(fstest.MapFS{"x.toml": &fstest.MapFile{Data: []byte("approved_by = \"test\"\napproved_on = \"2026-01-01\"\n" + text)}})
				if err != nil {
					t.Fatal(err)
				}
				raw, err := json.Marshal(file{f.Institutions, []map[string]any{c}})
				if err != nil {
					t.Fatal(err)
				}
				a := answers(t, bytes.NewReader(raw), set.On)[0]
				used[fmt.Sprintf("%s %v", name, value)] = true
				for field, want := range as[map[string]any](t, reading["expected"]) {
					if d := cmp.Diff(want, a[field]); d != "" {
						t.Errorf("%s by %s %v: %s: -want +got\n%s", c["id"], name, value, field, d)
					}
				}
				checked++
			}
		}
	}
	if checked != readings || readings < 16 || len(used) != len(overlays) {
		t.Errorf("%d of %d other readings were checked, by %d of %d overlays", checked, readings, len(used), len(overlays))
	}
}

// reordered is the bundle with the institutions after the cases, and the refunds
// before the cases they refer to.
func reordered(t *testing.T) ([]byte, file) {
	t.Helper()
	_, f := bundled(t)
	for i, j := 0, len(f.Cases)-1; i < j; i, j = i+1, j-1 {
		f.Cases[i], f.Cases[j] = f.Cases[j], f.Cases[i]
	}
	list, err := json.Marshal(f.Cases)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"cases": %s, "policy_rows": {"x": [1]}, "institutions": %s}`, list, f.Institutions), f
}

// TestOrderOfTheBundle: institutions may come last, refunds first, and the bundle
// through a pipe.
func TestOrderOfTheBundle(t *testing.T) {
	raw, _ := bundled(t)
	want := map[any]map[string]any{}
	for _, a := range answers(t, bytes.NewReader(raw), shipped(t).On) {
		want[a["id"]] = a
	}
	back, f := reordered(t)
	got := answers(t, io.MultiReader(bytes.NewReader(back)), shipped(t).On)
	n := 0
	for _, c := range f.Cases {
		if c["kind"] == "duplicate" {
			continue
		}
		if d := cmp.Diff(want[c["id"]], got[n]); d != "" {
			t.Fatalf("%v: -want +got\n%s", c["id"], d)
		}
		n++
	}
}

// TestManyCases: order holds over many batches, and a refund finds its original far away.
func TestManyCases(t *testing.T) {
	_, f := bundled(t)
	const copies = 3000
	var raw bytes.Buffer
	fmt.Fprintf(&raw, `{"institutions": %s, "cases": [`, f.Institutions)
	for i := range copies {
		f.Cases[0]["id"] = fmt.Sprintf("N%05d", i)
		text, err := json.Marshal(f.Cases[0])
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			raw.WriteByte(',')
		}
		raw.Write(text)
	}
	raw.WriteString(`,{"id": "R", "kind": "refund", "original_case": "N00001", "keep_item_indexes": []}]}`)
	got := answers(t, &raw, shipped(t).On)
	if len(got) != copies+1 {
		t.Fatalf("%d answers", len(got))
	}
	if back, _ := got[copies]["return"].(map[string]any); back["fund"] != "75.00" {
		t.Errorf("%v", got[copies])
	}
	got = got[:copies]
	for i, a := range got {
		if a["id"] != fmt.Sprintf("N%05d", i) || a["fund"] != "75.00" {
			t.Fatalf("answer %d: %v", i, a)
		}
	}
}

type brokenPipe struct{}

var errBroken = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

// TestBadBundle: a bundle that cannot be read is an error, and prints nothing.
func TestBadBundle(t *testing.T) {
	raw, _ := bundled(t)
	for name, text := range map[string]string{
		"empty": "", "a list": "[]", "no object": `"x"`, "cut off": string(raw[:len(raw)-10]), "neither": `{"a": 1}`,
		"no cases":      `{"institutions": {}}`,
		"cases no list": `{"institutions": {}, "cases": {}}`, "a registry that is none": `{"institutions": [], "cases": []}`,
		"a tail": string(raw) + "x", "another bundle": string(raw) + string(raw), "cases twice": `{"cases": [], "cases": []}`,
		"no JSON in a case": strings.Replace(string(raw), `"id": "G155"`, `"id": G155`, 1), "a comma too many": `{"cases": [1,]}`,
		"no comma": `{"cases": [1 2]}`, "crossed braces": `{"cases": [{"a": [}]]}`, "a name without quotes": `{cases: []}`,
		"no JSON beside": `{"cases": [], "meta": nil}`, "an institution twice": `{"institutions": {"A": {}, "A": {}}, "cases": []}`,
	} {
		var out bytes.Buffer
		if err := Run(strings.NewReader(text), &out, shipped(t).On, nil); err == nil || out.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes", name, err, out.Len())
		}
	}
	if err := Run(bytes.NewReader(raw), brokenPipe{}, shipped(t).On, nil); !errors.Is(err, errBroken) {
		t.Errorf("broken output: %v", err)
	}
}

// TestWhereABundleIsBad: what is wrong with a bundle is told by line; the mark with which
// some editors begin a file is not wrong.
func TestWhereABundleIsBad(t *testing.T) {
	for text, want := range map[string]string{
		"\xef\xbb\xbf{\"cases\": []}":              "",
		"{\"cases\": [\n{\n\"id\": G1\n}]}":        "line 3: case 1: byte 20: not JSON: invalid character 'G' looking for beginning of value",
		"{\"cases\": [\n{\"id\": \"a\"}\n{\"id\"":  "line 3: cases: byte 24: '{' is not expected",
		"{\"cases\": []}\n\nx":                     "line 3: byte 15: something follows it",
		"{\n\"cases\": [],\ncases: 1}":             "line 3: byte 20: a name in quotes is expected",
		"{\"institutions\": {}, \"case\": [{}]}\n": "no cases",
	} {
		err := Run(strings.NewReader(text), io.Discard, shipped(t).On, nil)
		if (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
