package nhsa

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const samples = "../../testdata/samples"

// TestInspectSamples says of each message seen in the wild what it is. Identities are
// listed where they apply; all others must not.
func TestInspectSamples(t *testing.T) {
	type want struct {
		kind, infno, outcome, holds string
		warnings                    []string
	}
	template := []string{"template: "}
	wants := map[string]want{
		"henan-1101-req-card": {kind: KindRequest, infno: "1101"}, "henan-2205-req": {kind: KindRequest, infno: "2205"},
		"henan-2206-req": {kind: KindRequest, infno: "2206"}, "henan-2601-req": {kind: KindRequest, infno: "2601"},
		"henan-3201-req":                 {kind: KindRequest, infno: "3201"},
		"openhis-1101-resp-hebei-a":      {kind: KindReply, infno: "1101", outcome: OutcomeOK},
		"openhis-1101-resp-hebei-c":      {kind: KindReply, infno: "1101", outcome: OutcomeOK},
		"openhis-1162-resp-fail":         {kind: KindReply, outcome: OutcomeAccess},
		"openhis-1162-resp-ok":           {kind: KindReply, infno: "1162", outcome: OutcomeOK},
		"openhis-2201-resp-hebei":        {kind: KindReply, infno: "2201", outcome: OutcomeOK},
		"openhis-2204-resp-hebei":        {kind: KindReply, infno: "2204", outcome: OutcomeOK, holds: "L1"},
		"openhis-2206-resp-hebei":        {kind: KindReply, infno: "2206", outcome: OutcomeOK, holds: "I1 I2 I3 I4 S1"},
		"openhis-2207-resp-hebei":        {kind: KindReply, infno: "2207", outcome: OutcomeOK, holds: "I1 I2 I3 I4 S1"},
		"openhis-2208-resp-hebei":        {kind: KindReply, infno: "2208", outcome: OutcomeOK, holds: "I3 I4 S1"},
		"openhis-2401-resp-fail-generic": {kind: KindReply, outcome: OutcomeBusiness},
		"openhis-9001-resp-hebei":        {kind: KindReply, infno: "9001", outcome: OutcomeOK},
		"spec-annexB-1101-req": {kind: KindRequest, infno: "1101", warnings: []string{
			"sign_no: 32 characters, at most 30", "input.data.begntime: a day where a time is due",
			"input.data.mdtrt_cert_no: required, and missing", "input.data.mdtrt_cert_type: required, and missing",
			`input.data.psn_cert_type: unknown code "2"`,
		}},
		"spec-annexB-1101-resp": {kind: KindReply, infno: "1101", outcome: OutcomeOK, warnings: []string{
			`infcode: "1", where 0 or -1 is due`, `output.baseinfo.psn_cert_type: unknown code "2"`,
			"output.insuinfo.insuplc_admdvs: required, and missing", `output.insuinfo.psn_type: unknown code "1001"`,
		}},
		"wechat-medins-order-amounts":       {kind: KindUnreadable},
		"zhejiang-2601-resp-refused":        {kind: KindReply, outcome: OutcomeBusiness},
		"zhejiang-3201-resp-wrong-endpoint": {kind: KindReply, outcome: OutcomeAccess},
	}
	for _, infno := range []string{"1101", "2001", "2201", "2202", "2203", "2204", "2205", "2206", "2207", "2208", "2601", "3201", "9001"} {
		wants["shenzhen-"+infno+"-req-shape"] = want{kind: KindRequest, infno: infno, warnings: template}
	}
	files, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil || len(files) != len(wants) {
		t.Fatalf("%d samples, %d are expected (%v)", len(files), len(wants), err)
	}
	s := mustSpec(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			got, w := s.Inspect(read(t, file)), wants[name]
			if got.Kind != w.kind || got.Infno != w.infno || got.Outcome != w.outcome {
				t.Errorf("got %s %q %q (%s), want %s %q %q", got.Kind, got.Infno, got.Outcome, got.Message, w.kind, w.infno, w.outcome)
			}
			if got := holding(got.Identities); got != w.holds {
				t.Errorf("identities that apply: %q, want %q", got, w.holds)
			}
			if !slices.EqualFunc(got.Warnings, w.warnings, strings.HasPrefix) {
				t.Errorf("warnings %q, want %q", got.Warnings, w.warnings)
			}
		})
	}
}

// holding lists the identities that hold; one that is broken is marked.
func holding(ids Identities) string {
	var list []string
	for _, id := range []struct {
		name string
		Identity
	}{{"I1", ids.I1}, {"I2", ids.I2}, {"I3", ids.I3}, {"I4", ids.I4}, {"S1", ids.S1}, {"L1", ids.L1}} {
		switch id.Status {
		case StatusHolds:
			list = append(list, id.name)
		case StatusBroken:
			list = append(list, "!"+id.name)
		}
	}
	return strings.Join(list, " ")
}

// TestInspectChanged changes one thing of a message and looks for what it must do.
func TestInspectChanged(t *testing.T) {
	settled := string(read(t, filepath.Join(samples, "openhis-2207-resp-hebei.json")))
	fees := string(read(t, filepath.Join(samples, "openhis-2204-resp-hebei.json")))
	trial := string(read(t, filepath.Join(samples, "henan-2206-req.json")))
	swap := func(s, old, with string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("the sample has no %s", old)
		}
		return strings.Replace(s, old, with, 1)
	}
	cases := map[string]struct {
		text, holds, outcome, warning string
	}{
		"a fen less cash":       {swap(settled, `"psn_cash_pay": 0`, `"psn_cash_pay": -0.01`), "I1 !I2 I3 I4 !S1", OutcomeOK, ""},
		"a fen more fund":       {swap(settled, `"fund_pay_sumamt": 0`, `"fund_pay_sumamt": "0.01"`), "!I1 I2 !I3 I4 S1", OutcomeOK, ""},
		"a fund that is new":    {swap(swap(settled, `"fund_pay_sumamt": 0`, `"hifdm_pay": 1, "fund_pay_sumamt": 1`), `"psn_part_amt": 4.52`, `"psn_part_amt": 3.52`), "I1 !I2 I3 I4 S1", OutcomeOK, ""},
		"in scope a fen off":    {swap(settled, `"inscp_scp_amt": 4.29,`+"\n      \"insutype\"", `"inscp_scp_amt": 4.30,`+"\n      \"insutype\""), "I1 I2 I3 !I4 S1", OutcomeOK, ""},
		"no personal part":      {swap(settled, `"psn_part_amt": 4.52`, `"psn_part_amt": null`), "I3 I4 S1", OutcomeOK, "output.setlinfo.psn_part_amt: required, and missing"},
		"numbers as text":       {swap(settled, `"acct_pay": 4.52`, `"acct_pay": "4.520"`), "I1 I2 I3 I4 S1", OutcomeOK, ""},
		"three decimals":        {swap(settled, `"acct_pay": 4.52`, `"acct_pay": 4.521`), "I1 I3 I4 S1", OutcomeOK, "output.setlinfo.acct_pay: 3 decimals, at most 2"},
		"scientific":            {swap(settled, `"acct_pay": 4.52`, `"acct_pay": 4.52E0`), "I1 I2 I3 I4 S1", OutcomeOK, ""},
		"huge exponent":         {swap(settled, `"acct_pay": 4.52`, `"acct_pay": 1E1000000000`), "I1 I3 I4 S1", OutcomeOK, "output.setlinfo.acct_pay: not a number"},
		"a line off":            {swap(fees, `"det_item_fee_sumamt": 4.52`, `"det_item_fee_sumamt": 4.53`), "!L1", OutcomeOK, ""},
		"refused":               {swap(settled, `"infcode": 0`, `"infcode": "-1"`), "", OutcomeBusiness, ""},
		"unknown level":         {swap(fees, `"chrgitm_lv": "02"`, `"chrgitm_lv": "07"`), "L1", OutcomeOK, `output.result[0].chrgitm_lv: unknown code "07"`},
		"output in a string":    {`{"infcode":"0","inf_refmsgid":"1","output":"{\"stmtinfo\":{\"stmt_rslt\":\"0\"}}"}`, "", OutcomeOK, ""},
		"required field absent": {swap(trial, `"psn_setlway": "01"`, `"psn_setlway": ""`), "", "", "input.data.psn_setlway: required, and missing"},
		"too long":              {swap(trial, `"insutype": "310"`, `"insutype": "3101234"`), "", "", "input.data.insutype: 7 characters, at most 6"},
		"a list for text":       {swap(trial, `"insutype": "310"`, `"insutype": ["310"]`), "", "", "input.data.insutype: an object or list where C6 is due"},
		"no input":              {`{"infno":"2206","msgid":"1"}`, "", "", "input: missing"},
		"unknown transaction":   {`{"infno":"7777","msgid":"1"}`, "", "", `infno "7777": not a transaction that is known`},
		"2207 with odd parts": {
			`{"infno":"2207A","input":{"data":{"medfee_sumamt":"3","fulamt_ownpay_amt":1,"overlmt_selfpay":"0","preselfpay_amt":0,"inscp_scp_amt":1}}}`,
			"", "", "input.data: total 3.00 is not the sum of its four parts 2.00",
		},
		"2207 below zero": {`{"infno":"2207A","input":{"data":{"medfee_sumamt":"-3"}}}`, "", "", "input.data.medfee_sumamt: below zero"},
		"cut":             {settled[:len(settled)/2], "", OutcomeUnreadable, ""},
		"rubbish":         {"<html>502 Bad Gateway</html>", "", "", ""},
		"nothing":         {"", "", "", ""},
		"two messages":    {settled + settled, "", OutcomeUnreadable, ""},
		"deep":            {strings.Repeat("[", 1_000_000), "", "", ""},
	}
	s := mustSpec(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := s.Inspect([]byte(c.text))
			if h := holding(got.Identities); h != c.holds || got.Outcome != c.outcome {
				t.Errorf("identities %q, outcome %q; want %q, %q (%+v)", h, got.Outcome, c.holds, c.outcome, got)
			}
			if c.warning != "" && !slices.Contains(got.Warnings, c.warning) {
				t.Errorf("warnings %q, want %q among them", got.Warnings, c.warning)
			}
		})
	}
}

func TestInspectGB18030(t *testing.T) {
	text, err := simplifiedchinese.GB18030.NewEncoder().String(`{"infcode":-1,"err_msg":"该参保人的参保信息为空"}`)
	if err != nil {
		t.Fatal(err)
	}
	got := mustSpec(t).Inspect([]byte(text))
	if got.Message != "该参保人的参保信息为空" || len(got.Warnings) != 1 {
		t.Errorf("got %+v", got)
	}
}

// FuzzInspect looks for a message that ends the program.
func FuzzInspect(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(read(f, file))
	}
	s, err := LoadSpec()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := s.Inspect(data); got.Kind == "" {
			t.Errorf("no kind: %+v", got)
		}
	})
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
