package policy

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"settled/settle"
)

func day(s string) settle.Date {
	d, err := settle.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func loaded(t *testing.T, overlays ...fs.FS) *Set {
	t.Helper()
	s, err := Load(overlays...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// data is the shipped data as files that a test may change.
func data(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("data"), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile("data/" + name)
		files[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestValues: the numbers in force, first and last day of each.
func TestValues(t *testing.T) {
	s := loaded(t)
	for _, c := range []struct {
		day   string
		param settle.Param
		key   settle.Key
		want  string // "" unknown, "-" no row
		st    settle.Standing
	}{
		{"2023-09-30", settle.ParamRegime, settle.Key{}, "256", settle.Official},
		{"2023-10-01", settle.ParamRegime, settle.Key{}, "358", settle.Official},
		{"2013-12-31", settle.ParamRegime, settle.Key{}, "-", ""},
		{"2023-09-30", settle.ParamOutpatientRate, settle.Key{"1"}, "-", ""},
		{"2023-10-01", settle.ParamOutpatientRate, settle.Key{"1"}, "0.75", settle.Official},
		{"2024-11-05", settle.ParamOutpatientRate, settle.Key{"2"}, "0.65", settle.Official},
		{"2024-11-05", settle.ParamOutpatientRate, settle.Key{"3"}, "0.55", settle.Official},
		{"2024-11-05", settle.ParamConsultationRate, settle.Key{"1"}, "0.80", settle.Official},
		{"2024-11-05", settle.ParamConsultationRate, settle.Key{"2"}, "0.70", settle.Official},
		{"2024-11-05", settle.ParamConsultationRate, settle.Key{"3"}, "0.60", settle.Official},
		{"2023-10-01", settle.ParamOutpatientLimit, settle.Key{settle.GroupResident}, "2333.45", settle.Derived},
		{"2024-01-01", settle.ParamOutpatientLimit, settle.Key{settle.GroupResident}, "2471.31", settle.Official},
		{"2024-12-31", settle.ParamOutpatientLimit, settle.Key{settle.GroupResident}, "2471.31", settle.Official},
		{"2025-01-01", settle.ParamOutpatientLimit, settle.Key{settle.GroupResident}, "2619.60", settle.Derived},
		{"2026-01-01", settle.ParamOutpatientLimit, settle.Key{settle.GroupResident}, "", settle.Unknown},
		{"2099-01-01", settle.ParamOutpatientLimit, settle.Key{settle.GroupResident}, "", settle.Unknown},
		{"2024-06-01", settle.ParamOutpatientLimit, settle.Key{settle.GroupTier1}, "9885.24", settle.Derived},
		{"2024-06-01", settle.ParamHospitalLimit, settle.Key{settle.GroupTier1Retired}, "5766.39", settle.Derived},
		{"2023-12-01", settle.ParamHospitalLimit, settle.Key{settle.GroupTier1Retired}, "5444.71", settle.Derived},
		{"2018-06-30", settle.ParamAccountThreshold, settle.Key{}, "", settle.Unknown},
		{"2018-07-01", settle.ParamAccountThreshold, settle.Key{}, "5008.80", settle.Official},
		{"2019-07-01", settle.ParamAccountThreshold, settle.Key{}, "5585.40", settle.Derived},
		{"2020-07-01", settle.ParamAccountThreshold, settle.Key{}, "6387.85", settle.Derived},
		{"2022-06-30", settle.ParamAccountThreshold, settle.Key{}, "6971.80", settle.Official},
		{"2022-07-01", settle.ParamAccountThreshold, settle.Key{}, "7778.15", settle.Derived},
		{"2023-09-30", settle.ParamAccountThreshold, settle.Key{}, "8237.70", settle.Provisional},
		{"2023-10-01", settle.ParamAccountThreshold, settle.Key{}, "0.00", settle.Provisional},
		{"2024-11-05", settle.ParamDeductible, settle.Key{settle.AdmissionNext, "3"}, "300.00", settle.Provisional},
		{"2024-11-05", settle.ParamInpatientRate, settle.Key{"2"}, "0.91", settle.Official},
		{"2024-11-05", settle.ParamOutOfTown, settle.Key{settle.PlaceTemporary}, "0.8", settle.Official},
		{"2024-11-05", settle.ParamSpecial1Rate, settle.Key{settle.From36}, "0.90", settle.Provisional},
		{"2023-09-30", settle.ParamOldLimit, settle.Key{}, "1000.00", settle.Official},
		{"2023-10-01", settle.ParamOldLimit, settle.Key{}, "-", ""},
		{"2024-08-31", settle.ParamPremium, settle.Key{settle.PremiumChild, settle.PremiumOwn}, "", settle.Unknown},
		{"2024-09-01", settle.ParamPremium, settle.Key{settle.PremiumChild, settle.PremiumOwn}, "436.32", settle.Official},
		{"2025-08-31", settle.ParamPremium, settle.Key{settle.PremiumStudent, settle.PremiumSubsidy}, "872.64", settle.Official},
		{"2025-09-01", settle.ParamPremium, settle.Key{settle.PremiumChild, settle.PremiumSubsidy}, "", settle.Unknown},
		{"2022-09-01", settle.ParamPremium, settle.Key{settle.PremiumStudent, settle.PremiumOwn}, "578.52", settle.Provisional},
	} {
		n := s.On(day(c.day)).Number(c.param, c.key)
		switch {
		case c.want == "-" && n != nil:
			t.Errorf("%s %s %v: %q, want no row", c.day, c.param, c.key, n.Text)
		case c.want != "-" && (n == nil || n.Text != c.want || n.Standing != c.st):
			t.Errorf("%s %s %v: %+v, want %q %s", c.day, c.param, c.key, n, c.want, c.st)
		}
	}
}

func TestPeriods(t *testing.T) {
	s := loaded(t)
	for d, want := range map[string]string{
		"2013-12-31": "", "2014-01-01": "2013-07", "2014-06-30": "2013-07", "2014-07-01": "2014-07",
		"2023-06-30": "2022-07", "2023-07-01": "2023-07", "2023-09-30": "2023-07", "2023-10-01": "2023-10",
		"2023-12-31": "2023-10", "2024-01-01": "2024", "2026-11-21": "2026", "2031-01-01": "",
	} {
		if r := s.On(day(d)); r.Period != want || r.Day != day(d) || r.Digest != s.Digest() {
			t.Errorf("%s: period %q, day %s; want %q", d, r.Period, r.Day, want)
		}
	}
}

var fileAndLine = regexp.MustCompile(`^[a-z0-9_/-]+\.toml:\d+: `)

// TestLoadErrors: each error names file and line.
func TestLoadErrors(t *testing.T) {
	for _, c := range []struct {
		name, file, old, replacement, want string
	}{
		{"gap", "outpatient_limit.toml", `from = "2024-01-01"`, `from = "2024-01-02"`, "outpatient_limit.toml:24: gap: the row before (line 10) ends on 2023-12-31"},
		{"overlap", "outpatient_limit.toml", `from = "2024-01-01"`, `from = "2023-12-31"`, "outpatient_limit.toml:24: row from 2023-12-31 overlaps the row from 2023-10-01 (line 10)"},
		{"out of order", "outpatient_limit.toml", `from = "2024-01-01"`, `from = "2023-01-01"`, "outpatient_limit.toml:24: row from 2023-01-01 stands after the row from 2023-10-01 (line 10): newest last"},
		{"gap at the end", "regime.toml", "value = \"358\"\nfrom = \"2023-10-01\"", "value = \"358\"\nfrom = \"2023-10-01\"\nto = \"2023-10-02\"", "regime.toml:17: gap: nothing after 2023-10-02"},
		{"not to the parameter's end", "community_limit.toml", "to = \"2023-09-30\"", "to = \"2023-09-29\"", "community_limit.toml:8: the parameter ends on 2023-09-30"},
		{"from after to", "regime.toml", `to = "2023-09-30"`, `to = "2013-09-30"`, "regime.toml:11: to 2013-09-30 is before from 2014-01-01"},
		{"no such day", "regime.toml", `to = "2023-09-30"`, `to = "2023-09-31"`, "regime.toml:11: to: not a day"},
		{"a TOML date", "regime.toml", `to = "2023-09-30"`, `to = 2023-09-30`, "regime.toml:11: to is a date or list; write it as a string"},
		{"no source", "regime.toml", "source = \"measures-358\"\n", "", "regime.toml:8: source is missing"},
		{"unknown source", "regime.toml", `source = "measures-358"`, `source = "hearsay"`, `regime.toml:12: no source "hearsay"`},
		{"no from", "regime.toml", "from = \"2014-01-01\"\n", "", "regime.toml:8: from is missing"},
		{"unknown unit", "outpatient_rate.toml", `unit = "ratio"`, `unit = "percent"`, `outpatient_rate.toml:5: unit is "percent"; outpatient_rate is counted in "ratio"`},
		{"float", "outpatient_rate.toml", `value = "0.75"`, `value = 0.75`, "outpatient_rate.toml:11: value is a float; write it as a string"},
		{"number", "outpatient_limit.toml", `value = "2471.31"`, `value = 2471`, "outpatient_limit.toml:26: value is a number; write it as a string"},
		{"ratio over 1", "outpatient_rate.toml", `value = "0.75"`, `value = "1.75"`, "outpatient_rate.toml:11: value: the ratio is over 1"},
		{"five decimals", "outpatient_rate.toml", `value = "0.75"`, `value = "0.75001"`, "outpatient_rate.toml:11: value: not a plain decimal number"},
		{"exponent", "outpatient_limit.toml", `value = "2471.31"`, `value = "2E3"`, "outpatient_limit.toml:26: value: not an amount"},
		{"unknown key of a row", "regime.toml", `to = "2023-09-30"`, `till = "2023-09-30"`, `regime.toml:11: unknown key "till"`},
		{"unknown key of a file", "regime.toml", `rule = "E-1"`, "rule = \"E-1\"\nlevel = \"1\"", `regime.toml:7: unknown key "level"`},
		{"duplicate key", "regime.toml", `to = "2023-09-30"`, "to = \"2023-09-30\"\nto = \"2023-09-30\"", "regime.toml:12:"},
		{"not TOML", "regime.toml", `to = "2023-09-30"`, `to = `, "regime.toml:11:"},
		{"unknown level", "outpatient_rate.toml", `level = "2"`, `level = "4"`, `outpatient_rate.toml:20: level is "4", not one of 1, 2, 3`},
		{"no level", "outpatient_rate.toml", "level = \"2\"\n", "", "outpatient_rate.toml:19: level is missing"},
		{"a level twice", "outpatient_rate.toml", `level = "2"`, `level = "1"`, "outpatient_rate.toml:19: row from 2023-10-01 stands after"},
		{"unknown status", "regime.toml", `status = "official"`, `status = "certain"`, `regime.toml:14: status is "certain"`},
		{"unknown confidence", "regime.toml", `confidence = "high"`, `confidence = "full"`, `regime.toml:13: confidence is "full"`},
		{"unknown with a value", "limit_period.toml", "[[row]]\nfrom = \"2031-01-01\"", "[[row]]\nvalue = \"2031\"\nfrom = \"2031-01-01\"", "an unknown row has no value"},
		{"known without a value", "regime.toml", "value = \"256\"\n", "", `regime.toml:8: value: "" is not one of 256, 358`},
		{"unknown word", "age_reached.toml", `value = "on_birthday"`, `value = "whenever"`, `value: "whenever" is not one of on_birthday, day_after`},
		{"bad alternative", "age_reached.toml", `alternative = "day_after"`, `alternative = "later"`, `alternative: "later" is not one of`},
		{"alternative without conflict", "age_reached.toml", "conflict = \"X-7\"\n", "", "an alternative needs the conflict's id"},
		{"does not re-derive", "outpatient_limit.toml", `value = "2619.60"`, `value = "2619.61"`, "outpatient_limit.toml:38: 174640.00 × 1.5 % is 2619.60, not 2619.61"},
		{"an official value that does not re-derive", "outpatient_limit.toml", `value = "2471.31"`, `value = "2471.32"`, "outpatient_limit.toml:24: 164754.00 × 1.5 % is 2471.31, not 2471.32"},
		{"another wage", "outpatient_limit.toml", `wage = "174640.00"`, `wage = "171854.00"`, "outpatient_limit.toml:38: the average_wage of 2023 is 174640.00 (average_wage.toml:"},
		{"a base year without a wage", "outpatient_limit.toml", "year = 2023", "year = 2024", "outpatient_limit.toml:38: no average_wage is known for the base year 2024"},
		{"derived without base", "outpatient_limit.toml", "base = { year = 2023, wage = \"174640.00\", percent = \"1.5\" }\n", "", "a derived row needs its base"},
		{"unknown parameter", "regime.toml", `parameter = "regime"`, `parameter = "regimen"`, `regime.toml:2: unknown parameter "regimen"`},
		{"another file's parameter", "regime.toml", `parameter = "regime"`, `parameter = "age_reached"`, `regime.toml:2: parameter "age_reached" is not the file's name`},
		{"wrong keys", "outpatient_rate.toml", `keys = ["level"]`, `keys = ["grade"]`, "outpatient_rate.toml:7: the keys of outpatient_rate are [level]"},
		{"unknown table", "regime.toml", "[[row]]", "[[line]]", `regime.toml:8: unknown table "line"`},
		{"neither quote nor note", "age_reached.toml", "note = ", "article = ", ""},
		{"source without a title", "sources/decision.toml", "title = ", "heading = ", `sources/decision.toml:2: unknown key "heading"`},
		{"source of another name", "sources/decision.toml", `id = "decision"`, `id = "whim"`, `sources/decision.toml:1: id "whim" is not the file's name`},
		{"a first row too late", "regime.toml", "value = \"256\"\nfrom = \"2014-01-01\"", "value = \"256\"\nfrom = \"2015-01-01\"", "is from 2014-01-01; no regime begins on that day, they do on 2015-01-01, 2023-10-01"},
		{"a first row that is missing", "inpatient_ceiling.toml", `from = "2023-10-01"`, `from = "2024-10-01"`, "inpatient_ceiling.toml:7: the first row of inpatient_ceiling is from 2024-10-01"},
		{"no income", "premium.toml", `income = "6060.00", percent = "0.6"`, `percent = "0.6"`, "base needs a percent, and a wage or an income"},
		{"income and wage", "premium.toml", `income = "6060.00"`, `wage = "164754.00", income = "6060.00"`, "base needs a percent, and a wage or an income"},
		{"a premium that does not re-derive", "premium.toml", `value = "436.32"`, `value = "436.31"`, "6060.00 × 12 × 0.6 % is 436.32, not 436.31"},
		{"another income", "premium.toml", `income = "6060.00"`, `income = "6059.83"`, "the resident_income of 2022 is 6060.00 (resident_income.toml:8), not 6059.83"},
		{"rule without a number", "regime.toml", `rule = "E-1"`, `rule = "E"`, `regime.toml:8: rule is "E", not an id such as R-1`},
		{"source without a date", "sources/decision.toml", `date = "2026"`, `date = "lately"`, `sources/decision.toml:4: date "lately" is not a year`},
		{"source of a 13th month", "sources/decision.toml", `date = "2026"`, `date = "2026-13"`, `sources/decision.toml:4: date "2026-13" is not a year`},
		{"source of unknown kind", "sources/decision.toml", `kind = "decision"`, `kind = "rumour"`, `sources/decision.toml:5: kind: "rumour" is not one of`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := data(t)
			text := string(files[c.file].Data)
			changed := strings.Replace(text, c.old, c.replacement, 1)
			if changed == text {
				t.Fatalf("%q is not in %s", c.old, c.file)
			}
			files[c.file] = &fstest.MapFile{Data: []byte(changed)}
			_, err := load(files)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !fileAndLine.MatchString(err.Error()) {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestMissingFiles(t *testing.T) {
	files := data(t)
	delete(files, "outpatient_rate.toml")
	if _, err := load(files); err == nil || !strings.Contains(err.Error(), "outpatient_rate.toml:1: no file") {
		t.Errorf("error %v", err)
	}
	files = data(t)
	text := string(files["account_pays.toml"].Data)
	last := strings.Index(text, "[[row]]\npart = \"vaccination\"")
	files["account_pays.toml"] = &fstest.MapFile{Data: []byte(text[:last])}
	if _, err := load(files); err == nil || !strings.Contains(err.Error(), "no row for account_pays vaccination") {
		t.Errorf("error %v", err)
	}
}

// TestEveryRowIsCited: what a row must have, and that most of it is quoted.
func TestEveryRowIsCited(t *testing.T) {
	s := loaded(t)
	for _, r := range s.Rows() {
		if _, ok := s.Source(r.Source); !ok || r.Rule == "" || r.Title == "" || r.TitleChinese == "" {
			t.Errorf("%s:%d is not whole", r.File, r.Line)
		}
		if r.Status == settle.Official && r.Confidence == "low" {
			t.Errorf("%s:%d is official with low confidence", r.File, r.Line)
		}
		if r.Conflict != "" && r.Alternative == "" && r.Note == "" {
			t.Errorf("%s:%d has a conflict and says nothing of the other reading", r.File, r.Line)
		}
	}
}

// TestEveryDayHasOneRow: from the day on which its regime begins, each key has exactly
// one row on each day, to the end of the parameter.
func TestEveryDayHasOneRow(t *testing.T) {
	s := loaded(t)
	first := map[place]settle.Date{}
	for _, r := range s.Rows() {
		at := place{r.Param, r.Key}
		if first[at] == 0 {
			first[at] = r.From
		}
	}
	for at, from := range first {
		if from != day("2014-01-01") && from != day("2023-10-01") && at.param != settle.ParamAverageWage && at.param != settle.ParamResidentIncome {
			t.Errorf("%s %v begins on %s", at.param, at.key, from)
		}
	}
	for d := day("2014-01-01"); d < day("2032-01-01"); d = d.Next() {
		seen := map[place]bool{}
		for _, r := range s.InForce(d) {
			at := place{r.Param, r.Key}
			if seen[at] {
				t.Fatalf("%s: two rows of %s %v", d, r.Param, r.Key)
			}
			seen[at] = true
		}
		for at, from := range first {
			old := strings.HasPrefix(string(at.param), "community_")
			if want := d >= from && (!old || d <= day("2023-09-30")); seen[at] != want {
				t.Fatalf("%s: row of %s %v: %t", d, at.param, at.key, seen[at])
			}
		}
	}
}
