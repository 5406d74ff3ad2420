package policy

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"settled/settle"
)

const approval = "approved_by = \"医保办 王敏\"\napproved_on = \"2026-02-01\"\n"

// overlay is an overlay of one file.
func overlay(text string) fstest.MapFS {
	return fstest.MapFS{"2026.toml": &fstest.MapFile{Data: []byte(text)}}
}

func limitRow(value, from, to string) string {
	row := "\n[[row]]\nparameter = \"outpatient_limit\"\ngroup = \"resident\"\nvalue = \"" + value + "\"\nfrom = \"" + from + "\"\n"
	if to != "" {
		row += "to = \"" + to + "\"\n"
	}
	return row + "source = \"sz-leaflet-2024-08\"\nquote = \"年度限额\"\nconfidence = \"high\"\nstatus = \"official\"\n"
}

func limitOn(s *Set, d string) string {
	n := s.On(day(d)).Number(settle.ParamOutpatientLimit, settle.Key{settle.GroupResident})
	if n == nil {
		return "-"
	}
	return n.Text
}

// TestOverlaySupersedes: a row gives way on the days that an overlay covers, and on
// no others.
func TestOverlaySupersedes(t *testing.T) {
	s := loaded(t, overlay(approval+limitRow("2700.00", "2026-01-01", "2026-12-31")+limitRow("2500.00", "2024-07-01", "2024-07-31")))
	for d, want := range map[string]string{
		"2025-12-31": "2619.60", "2026-01-01": "2700.00", "2026-12-31": "2700.00", "2027-01-01": "",
		"2024-06-30": "2471.31", "2024-07-01": "2500.00", "2024-07-31": "2500.00", "2024-08-01": "2471.31",
	} {
		if got := limitOn(s, d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	if s.Digest() == loaded(t).Digest() {
		t.Error("the digest does not see the overlay")
	}
	if s.On(day("2026-05-05")).Illustrative {
		t.Error("an approved overlay is taken for an illustrative one")
	}
	rows := s.InForce(day("2026-05-05"))
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Param == settle.ParamOutpatientLimit && r.Key[0] == settle.GroupResident })
	if r := rows[i]; r.Value != "2700.00" || r.Overlay == nil || r.Overlay.By != "医保办 王敏" || r.File != "2026.toml" {
		t.Errorf("%+v", r)
	}
}

// TestLaterOverlayWins: of two overlays the later one holds.
func TestLaterOverlayWins(t *testing.T) {
	s := loaded(t, overlay(approval+limitRow("2700.00", "2026-01-01", "")), overlay(approval+limitRow("2800.00", "2026-07-01", "")))
	for d, want := range map[string]string{"2026-06-30": "2700.00", "2026-07-01": "2800.00", "2031-01-01": "2800.00"} {
		if got := limitOn(s, d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestIllustrativeOverlay(t *testing.T) {
	s := loaded(t, os.DirFS("../../testdata/policy.d"))
	r := s.On(day("2026-11-21"))
	if !r.Illustrative || limitOn(s, "2026-11-21") != "2655.00" || r.Period != "2026" {
		t.Errorf("illustrative %v, limit %s, period %s", r.Illustrative, limitOn(s, "2026-11-21"), r.Period)
	}
	if s.On(day("2025-11-21")).Illustrative {
		t.Error("2025 is not touched by the overlay")
	}
	found := false
	for _, n := range r.NonOfficial {
		found = found || (n.Param == settle.ParamOutpatientLimit && n.Key[0] == settle.GroupResident)
	}
	if !found {
		t.Error("the limit is not listed as non-official")
	}
}

func TestOverlayErrors(t *testing.T) {
	good := limitRow("2700.00", "2026-01-01", "2026-12-31")
	for name, c := range map[string]struct{ text, want string }{
		"nobody approved it": {good, "2026.toml:1: approved_by is missing"},
		"no day of approval": {"approved_by = \"x\"\n" + good, "2026.toml:1: approved_on is missing"},
		"no row":             {approval, "2026.toml:1: the overlay has no row"},
		"no parameter":       {approval + strings.Replace(good, "parameter = \"outpatient_limit\"\n", "", 1), "2026.toml:4: parameter is missing"},
		"unknown parameter":  {approval + strings.Replace(good, "outpatient_limit", "outpatient_limits", 1), `2026.toml:5: unknown parameter "outpatient_limits"`},
		"unknown source":     {approval + strings.Replace(good, "sz-leaflet-2024-08", "x", 1), `2026.toml:10: no source "x"`},
		"overlap inside":     {approval + good + limitRow("2700.00", "2026-12-31", ""), "2026.toml:15: row from 2026-12-31 overlaps the row in line 4"},
		"unknown key":        {approval + "force = true\n" + good, `2026.toml:3: unknown key "force"`},
		"illustrative text":  {approval + "illustrative = \"yes\"\n" + good, "2026.toml:3: illustrative is a string"},
		"gap before":         {approval + limitRow("2000.00", "2020-01-01", "2020-12-31"), "gap between"},
		"wrong base":         {approval + strings.Replace(good, "status", "base = { year = 2022, wage = \"164754.00\", percent = \"1.5\" }\nstatus", 1), "2026.toml:4: 164754.00 × 1.5 % is 2471.31, not 2700.00"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(overlay(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestOverlaySource: an overlay may bring the source that it cites.
func TestOverlaySource(t *testing.T) {
	text := approval + "\n[[source]]\nid = \"notice-2026\"\ntitle = \"关于2026年度限额的通知\"\npublisher = \"深圳市医疗保障局\"\ndate = \"2026-01\"\nkind = \"official\"\nnote = \"纸质通知\"\n" +
		strings.Replace(limitRow("2700.00", "2026-01-01", ""), "sz-leaflet-2024-08", "notice-2026", 1)
	s := loaded(t, overlay(text))
	if source, ok := s.Source("notice-2026"); !ok || source.Publisher != "深圳市医疗保障局" {
		t.Errorf("%+v", source)
	}
}

// TestUnknownRowSaysWhatToDo: the refusal names the file to add.
func TestUnknownRowSaysWhatToDo(t *testing.T) {
	n := loaded(t).On(day("2026-03-01")).Number(settle.ParamOutpatientLimit, settle.Key{settle.GroupResident})
	for _, part := range []string{"outpatient_limit.toml:", "wage of 2024", "outpatient_limit-2026.toml", "from 2026-01-01"} {
		if !strings.Contains(n.Where, part) {
			t.Errorf("%q lacks %q", n.Where, part)
		}
	}
}

// TestDigestIsOfContent: comments and file names do not count, each field does.
func TestDigestIsOfContent(t *testing.T) {
	files := data(t)
	before, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	text := files["regime.toml"].Data
	files["regime.toml"] = &fstest.MapFile{Data: append([]byte("# a comment\n"), text...)}
	if same, err := load(files); err != nil || same.Digest() != before.Digest() || len(same.Digest()) != 64 {
		t.Errorf("a comment changes the digest, or %v", err)
	}
	files["regime.toml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(text), "replaces", "ends", 1))}
	if other, err := load(files); err != nil || other.Digest() == before.Digest() {
		t.Errorf("a changed note does not change the digest, or %v", err)
	}
}

// TestNoEmptyRows: an overlay that covers whole rows leaves nothing of them.
func TestNoEmptyRows(t *testing.T) {
	s := loaded(t, overlay(approval+limitRow("2400.00", "2024-01-01", "2024-12-31")))
	for _, r := range s.Rows() {
		if r.To != 0 && r.To < r.From {
			t.Errorf("%s from %s to %s", r.Param, r.From, r.To)
		}
	}
	if len(s.Rows()) != len(loaded(t).Rows()) {
		t.Errorf("%d rows, %d before", len(s.Rows()), len(loaded(t).Rows()))
	}
}

// TestParameterEnds: after a parameter's end there is no row, also where nothing
// else begins on that day.
func TestParameterEnds(t *testing.T) {
	files := data(t)
	text := strings.ReplaceAll(string(files["community_limit.toml"].Data), "2023-09-30", "2023-08-30")
	files["community_limit.toml"] = &fstest.MapFile{Data: []byte(text)}
	s, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string]bool{"2023-08-30": true, "2023-08-31": false, "2023-09-30": false} {
		if n := s.On(day(d)).Number(settle.ParamOldLimit, settle.Key{}); (n != nil) != want {
			t.Errorf("%s: %+v", d, n)
		}
	}
}
