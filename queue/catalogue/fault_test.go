package catalogue_test

import (
	"errors"
	"strings"
	"testing"

	"settled/queue/catalogue"
)

// TestFaults: what is wrong is named with file, line and field, and nothing of any
// file of the load is kept.
func TestFaults(t *testing.T) {
	row := [7]string{"A1", "2024-01-01", "", "10.00", "1", "r1", "2024-01-01"}
	with := func(i int, value string) string {
		bad := row
		bad[i] = value
		return caps([7]string{"A0", "2024-01-01", "", "1", "1", "r0", "2024-01-01"}, bad)
	}
	item := `{"hilist_code":"A1","hilist_name":"药","insu_admdvs":"440300","begndate":"2024-01-01","med_chrgitm_type":"09","chrgitm_lv":"01","lmt_used_flag":"0","vali_flag":"1","rid":"r1","updt_time":"2024-01-01"}`
	reply := func(rows string) string { return "{\"infcode\":0,\"output\":{\"data\":[\n" + rows + "]}}\n" }
	edit := func(old, replacement string) string {
		return reply(strings.Replace(item, `"A1"`, `"A0"`, 1) + ",\n" + strings.Replace(item, old, replacement, 1))
	}
	for _, c := range []struct{ name, file, text, want string }{
		{"no code", "a.txt", with(0, ""), "a.txt:3: hilist_code: \"\": is missing"},
		{"a long code", "a.txt", with(0, strings.Repeat("药", 31)), "a.txt:3: hilist_code: "},
		{"no day", "a.txt", with(1, "2024-02-30"), "a.txt:3: begndate: "},
		{"ends before", "a.txt", with(2, "2023-12-31"), "a.txt:3: enddate: "},
		{"a negative price", "a.txt", with(3, "-1"), "a.txt:3: hilist_pric_uplmt_amt: "},
		{"an exponent", "a.txt", with(3, "1E1000000000"), "a.txt:3: hilist_pric_uplmt_amt: "},
		{"a flag", "a.txt", with(4, "2"), "a.txt:3: vali_flag: "},
		{"no rid", "a.txt", with(5, "null"), "a.txt:3: rid: "},
		{"no version", "a.txt", with(6, "yesterday"), "a.txt:3: updt_time: "},
		{"not UTF-8", "a.txt", with(0, "\xb8\xd0"), "a.txt:3: hilist_code: "},
		{"a short line", "a.txt", header + "A1\t3\n", "a.txt:2: overlmt_dspo_way: the line ends after 2 columns"},
		{"overlap", "a.txt", caps(row, [7]string{"A1", "2024-06-01", "", "9", "1", "r2", "2024-06-01"}), "a.txt:3: begndate: 1318 A1 3: 2024-06-01.. overlaps 2024-01-01.. of row r1 (a.txt:2)"},
		{"two rows of one moment", "a.txt", caps(row, [7]string{"A1", "2024-01-01", "", "9", "1", "r1", "2024-01-01"}), "a.txt:3: updt_time: "},
		{"which table", "a.txt", "A1\t3\n", "a.txt:1: which table is it?"},
		{"two tables in the name", "1318-1319.txt", "A1\t3\n", "which table is it?"},
		{"columns that do not tell", "a.txt", "hilist_code\tx\nA1\t3\n", "a.txt:2: which table is it?"},
		{"in the order of the table", "1318.txt", "A1\t3\t1\t440300\t2024-01-01\t\tten\t1\tr1\t2024-01-01\n", "1318.txt:1: hilist_pric_uplmt_amt: \"ten\""},
		{"a level", "a.json", edit(`"chrgitm_lv":"01"`, `"chrgitm_lv":"1"`), "a.json:3: row 2: chrgitm_lv: \"1\": want 01, 02 or 03"},
		{"a field twice", "a.json", edit(`"rid":"r1"`, `"rid":"r1","rid":"r2"`), "a.json:3: row 2: rid: is there twice"},
		{"a list as field", "a.json", edit(`"rid":"r1"`, `"rid":["r1"]`), "a.json:3: row 2: rid: want a text or a number"},
		{"no table", "a.json", reply(`{"hilist_code":"A1"}`), "a.json:2: row 1: neither chrgitm_lv"},
		{"cut off", "a.json", reply(item)[:200], "the JSON ends early"},
		{"no output", "a.json", `{"infcode":0}`, "a.json:1: output: is missing"},
		{"a refusal", "a.json", `{"err_msg":"FSI-未签到","infcode":-1}`, "a.json:1: infcode: is not 0: the platform refused: FSI-未签到"},
		{"a refusal with an object", "a.json", `{"infcode":"-1","err_msg":{"a":[1]}}`, "a.json:1: infcode: is not 0"},
		{"not UTF-8, in JSON", "a.json", edit(`"药"`, "\"\xb8\xd0\""), "a.json:3: row 2: hilist_name: "},
		{"an empty file", "1312.json", "", "1312.json:1: the file is empty"},
		{"a list", "a.json", "{\"output\":{\"data\":{}}}", "output.data: want a list"},
		{"something after it", "a.json", reply(item) + "[]", "a.json:3: a reply is a JSON object"},
		{"no zip", "a.zip", "PK\x03\x04 and nothing more", "a.zip:1: "},
		{"a ratio over one", "1319.txt", "A1\t390\t10\t440300\t2024-01-01\t\t10\t1\tr1\t2024-01-01\n", "selfpay_prop: \"10\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			load(t, dir, shipped()...)
			s := open(t, dir)
			before := digest(t, s)
			good := write(t, "good.txt", caps([7]string{"B1", "2024-01-01", "", "1", "1", "b1", "2024-01-01"}))
			_, err := catalogue.Load(dir, options(), []string{good, write(t, c.file, c.text)})
			var fault *catalogue.Fault
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if after := digest(t, s); after != before {
				t.Error("something was kept")
			}
		})
	}
}

// TestForms: the forms in which platforms give the same row.
func TestForms(t *testing.T) {
	row := `{"hilist_code":"A1","hilist_lmtpric_type":"3","overlmt_dspo_way":"1","insu_admdvs":"440300","begndate":%B,"enddate":%E,"hilist_pric_uplmt_amt":%P,"vali_flag":"1","rid":"r1","updt_time":"2024-01-01 08:00:00","new_field":{"deep":[1,2]}}`
	for _, c := range []struct{ begin, end, price, envelope string }{
		{`"2024-01-01"`, `null`, `"10.0000"`, `{"output":{"data":[%]}}`},
		{`"2024-01-01 00:00:00"`, `"9999-12-31 00:00:00"`, `10`, `{"infcode":"0","output":[%]}`},
		{`1704038400000`, `""`, `10.00`, "\ufeff{\"output\":{\"data\":null}}\n{\"output\":{\"x\":[[]],\"data\":[%]},\"infcode\":0}"},
		{`"2024-01-01 00:00:00.0"`, `null`, `"10"`, `{"output":null}{"output":{"data":[%]}}`},
		{`"2024-01-01"`, `null`, `"10"`, `{"output":{"data":[%]}}{"infcode":-1,"err_msg":"FSI-已经是最新数据"}`},
	} {
		text := strings.NewReplacer("%B", c.begin, "%E", c.end, "%P", c.price).Replace(row)
		dir := t.TempDir()
		load(t, dir, write(t, "a.json", strings.Replace(c.envelope, "%", text, 1)))
		a := find(t, open(t, dir), "A1", "2024-01-01")
		if len(a.Caps) != 1 || a.Caps[0].Number != "10" || a.Caps[0].To != 0 || a.Caps[0].From != 20240101 {
			t.Errorf("%s: %+v", text, a.Caps)
		}
	}
}
