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
		"gap before":         {approval + limitRow("2000.00", "2020-01-01", "2020-12-31"), "2026.toml:4: gap between \"2020-12-31\" and 2023-10-01"},
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

// TestOverlaysOfOneDirectory: of two files the later name wins, but they may not state
// the same row; another directory may.
func TestOverlaysOfOneDirectory(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(approval + text)} }
	late := limitRow("2700.00", "2026-07-01", "2026-12-31")
	s := loaded(t, fstest.MapFS{"a.toml": file(limitRow("2600.00", "2026-01-01", "")), "b.toml": file(late)})
	for d, want := range map[string]string{"2026-06-30": "2600.00", "2026-07-01": "2700.00", "2027-01-01": "2600.00"} {
		if got := limitOn(s, d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	_, err := Load(fstest.MapFS{"a.toml": file(late), "b.toml": file("note = \"again\"\n" + late)})
	if want := "b.toml:5: states the same row as a.toml:4, outpatient_limit resident from 2026-07-01"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v\nwant %s", err, want)
	}
	s = loaded(t, overlay(approval+late), overlay(approval+strings.Replace(late, "2700", "2800", 1)))
	if got := limitOn(s, "2026-07-01"); got != "2800.00" {
		t.Errorf("of two directories the first one wins: %s", got)
	}
}

// TestOverlayDeclares: a rule and a conflict that an overlay names are known, or are
// declared by it.
func TestOverlayDeclares(t *testing.T) {
	row := strings.Replace(limitRow("2700.00", "2026-01-01", ""), "status", "rule = \"L-9\"\nconflict = \"X-99\"\nstatus", 1)
	rule, dispute := "\n[[rule]]\nid = \"L-9\"\ntitle = \"本院协议\"\n", "\n[[conflict]]\nid = \"X-99\"\ntitle = \"两种读法\"\n"
	for name, c := range map[string]struct{ text, want string }{
		"neither":        {row, `2026.toml:12: no rule "L-9"`},
		"only the rule":  {rule + row, `2026.toml:17: no conflict "X-99"`},
		"both":           {rule + dispute + row, ""},
		"twice":          {rule + rule + dispute + row, `2026.toml:9: rule "L-9" is known already`},
		"a shipped one":  {strings.Replace(rule, "L-9", "L-1", 1) + row, `2026.toml:5: rule "L-1" is known already`},
		"no title":       {"\n[[rule]]\nid = \"L-9\"\n" + row, "2026.toml:4: title is missing"},
		"no id":          {strings.Replace(rule, "L-9", "第九条", 1) + row, `2026.toml:5: rule is "第九条", not an id such as R-1`},
		"unknown key":    {strings.Replace(rule, "title", "text", 1) + row, `2026.toml:6: unknown key "text"`},
		"unknown table":  {"\n[[rules]]\nid = \"L-9\"\n" + row, `2026.toml:4: unknown table "rules"`},
		"not an id":      {strings.Replace(row, "X-99", "X99", 1), `2026.toml:13: conflict is "X99", not an id such as X-1`},
		"not a rule's":   {strings.Replace(row, "L-9", "rule nine", 1), `2026.toml:12: rule is "rule nine", not an id such as R-1`},
		"a known rule's": {strings.Replace(strings.Replace(row, "L-9", "L-4", 1), "X-99", "X-1", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(overlay(approval + c.text))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestApproval: a file approved tomorrow is not put into force, one that reaches back
// before its approval is told of.
func TestApproval(t *testing.T) {
	s := loaded(t, overlay(approval+limitRow("2700.00", "2026-01-01", "2026-01-31")+limitRow("2800.00", "2026-02-01", "")))
	if err := s.CheckApproved(day("2026-02-01")); err != nil {
		t.Error(err)
	}
	err := s.CheckApproved(day("2026-01-31"))
	if want := "2026.toml:2: approved_on 2026-02-01 is in the future, today is 2026-01-31"; err == nil || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}
	if back := s.Retroactive(); len(back) != 1 || back[0].From != day("2026-01-01") || back[0].Line != 4 || back[0].Overlay.On != day("2026-02-01") {
		t.Errorf("%+v", back)
	}
	// Not only rows that are still in force count, nor as others have cut them.
	hidden := loaded(t, overlay(approval+limitRow("2700.00", "2026-01-01", "")),
		overlay(strings.Replace(approval, "2026-02-01", "2025-12-01", 1)+limitRow("2800.00", "2026-01-01", "")))
	if back := hidden.Retroactive(); len(back) != 1 || hidden.CheckApproved(day("2026-01-01")) == nil {
		t.Errorf("%+v", back)
	}
}

// TestDirectory: what cannot be read is an error, never passed over.
func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(dir+"/"+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("README", []byte("no rules"))
	write("old.toml.bak", []byte("no TOML"))
	if s := loaded(t, os.DirFS(dir)); s.Digest() != loaded(t).Digest() {
		t.Error("a file that is no .toml changes the rules")
	}
	for name, c := range map[string]struct {
		make func() error
		want string
	}{
		"loop.toml":      {func() error { return os.Symlink("loop.toml", dir+"/loop.toml") }, "loop.toml"},
		"directory.toml": {func() error { return os.Mkdir(dir+"/directory.toml", 0o700) }, "directory.toml:1: not a regular file"},
		"large.toml":     {func() error { write("large.toml", make([]byte, 10<<20)); return nil }, "large.toml:1: file is over 1048576 bytes"},
		"binary.toml":    {func() error { write("binary.toml", []byte("\x7fELF\x00\x01")); return nil }, "binary.toml:1: "},
		"text.toml":      {func() error { write("text.toml", []byte("approved_by = 医保办\n")); return nil }, "text.toml:1: "},
	} {
		if err := c.make(); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v\nwant %s", name, err, c.want)
		}
		if err := os.Remove(dir + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
	for _, missing := range []string{dir + "/nowhere", dir + "/README"} {
		if _, err := Load(os.DirFS(missing)); err == nil {
			t.Errorf("%s loads as a directory of rules", missing)
		}
	}
}
