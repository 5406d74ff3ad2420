package nhsa

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
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
		"family over all":       {swap(settled, `"acct_mulaid_pay": 0`, `"acct_mulaid_pay": 4.53`), "I1 I2 I3 I4 S1", OutcomeOK, "output.setlinfo: acct_mulaid_pay 4.53 is not within acct_pay 4.52"},
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

// TestInspectAround puts the same message into what provinces and gateways put around it:
// it is found, and what the daemon would not read so is warned of.
func TestInspectAround(t *testing.T) {
	reply := string(read(t, filepath.Join(samples, "openhis-2207-resp-hebei.json")))
	request := string(read(t, filepath.Join(samples, "henan-2206-req.json")))
	var parts struct{ Output, Input json.RawMessage }
	for _, text := range []string{reply, request} {
		if err := json.Unmarshal([]byte(text), &parts); err != nil {
			t.Fatal(err)
		}
	}
	output, input := string(parts.Output), string(parts.Input)
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	const all = "I1 I2 I3 I4 S1"
	cases := map[string]struct{ text, kind, infno, holds, warning string }{
		"in a string":           {quoted(reply), KindReply, "2207", all, "the message is JSON in a string"},
		"in a list":             {"[" + reply + "]", KindReply, "2207", all, "the message is in a list"},
		"in a gateway's":        {`{"code":200,"message":"ok","data":` + reply + `}`, KindReply, "2207", all, `the message is inside "data"`},
		"in a gateway's text":   {`{"code":0,"data":` + quoted(reply) + `}`, KindReply, "2207", all, "the message is JSON in a string"},
		"of no code":            {`{"success":true,"data":` + output + `}`, KindReply, "2207", all, ""},
		"a request in a log":    {`{"body":` + request + `}`, KindRequest, "2206", "", `the message is inside "body"`},
		"output in data":        {`{"infcode":0,"inf_refmsgid":"1","output":{"data":` + output + `}}`, KindReply, "2207", all, "output.data: a layer that the interface does not have"},
		"output in a list":      {`{"infcode":0,"inf_refmsgid":"1","output":[` + output + `]}`, KindReply, "2207", all, "output: a list where an object is due"},
		"input in a list":       {strings.Replace(request, input, "["+input+"]", 1), KindRequest, "2206", "", "input: a list where an object is due"},
		"input in input":        {strings.Replace(request, input, `{"input":`+input+"}", 1), KindRequest, "2206", "", "input.input: a layer that the interface does not have"},
		"upper case":            {`{"INFCODE":0,"INF_REFMSGID":"1","OUTPUT":` + strings.ReplaceAll(strings.ToUpper(output), "NULL", "null") + `}`, KindReply, "2207", all, "names: ACCT_MULAID_PAY is spelt acct_mulaid_pay in the interface; 52 such"},
		"without strokes":       {`{"infCode":"0","infRefmsgid":"1","output":` + output + `}`, KindReply, "2207", all, "names: infCode is spelt infcode in the interface; 2 such"},
		"a request of strokes":  {strings.Replace(request, `"psn_no"`, `"psnNo"`, 1), KindRequest, "2206", "", "names: psnNo is spelt psn_no in the interface; 1 such"},
		"output under a key":    {`{"infcode":0,"inf_refmsgid":"1","enctype":"SM4","output":"b64=="}`, KindReply, "", "", "output: encrypted (enctype); its fields cannot be seen"},
		"output in base64":      {`{"infcode":"0","inf_refmsgid":"1","err_msg":"成功","output":"PznBlnVSzpDlyl54Vk3/hg==","signtype":"SM2"}`, KindReply, "", "", "output: encrypted, it seems; its fields cannot be seen"},
		"output of words":       {`{"infcode":0,"inf_refmsgid":"1","output":"done"}`, KindReply, "", "", "output: text where an object is due"},
		"input in base64":       {`{"infno":"2206","input":"PznBlnVSzpDlyl54Vk3/hg=="}`, KindRequest, "2206", "", "input: encrypted, it seems; its fields cannot be seen"},
		"input of words":        {`{"infno":"2206","input":"x"}`, KindRequest, "2206", "", "input: text where an object is due"},
		"a long text, unlisted": {`{"infno":"2401","input":{"mdtrtinfo":{"psn_no":"1","mdtrt_cert_no":"` + strings.Repeat("卡", 51) + `"}}}`, KindRequest, "2401", "", "input.mdtrtinfo.mdtrt_cert_no: 51 characters, at most 50"},
		"a code, unlisted":      {`{"infno":"2401","input":{"mdtrtinfo":{"psn_no":"1","insutype":"311","exp_content":{"a":"b"}}}}`, KindRequest, "2401", "", `input.mdtrtinfo.insutype: unknown code "311"`},
		"no insured person":     {`{"infcode":0,"inf_refmsgid":"1","output":{"baseinfo":{"psn_name":"x"}}}`, KindReply, "1101", "", "output.baseinfo.psn_no: required, and missing"},
		"no time":               {`{"infcode":-1,"inf_refmsgid":"1","err_msg":"请求超时"}`, KindReply, "", "", "err_msg: this no leaves open what became of the request: " + errRanOut.Error()},
		"sent twice":            {`{"infcode":"-1","inf_refmsgid":"1","err_msg":"报文ID重复"}`, KindReply, "", "", "err_msg: this no leaves open what became of the request: " + errArrived.Error()},
		"another code":          {`{"infcode":-2,"err_msg":"超时"}`, KindReply, "", "", `infcode: "-2", where 0 or -1 is due`},
		"a total below zero":    {`{"infno":"3201","input":{"data":{"medfee_sumamt":"-3"}}}`, KindRequest, "3201", "", "input.data.clr_type: required, and missing"},
		"a line that is off":    {`{"infno":"2204","input":{"feedetail":{"pric":"3.3333","cnt":"3","det_item_fee_sumamt":"10.01"}}}`, KindRequest, "2204", "", "input.feedetail[0]: price times quantity is 10.00, not 10.01"},
	}
	s := mustSpec(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := s.Inspect([]byte(c.text))
			if h := holding(got.Identities); got.Kind != c.kind || got.Infno != c.infno || h != c.holds {
				t.Errorf("got %s %q, %q (%s); want %s %q, %q", got.Kind, got.Infno, h, got.Message, c.kind, c.infno, c.holds)
			}
			if (c.warning != "" || len(got.Warnings) > 0) && !slices.Contains(got.Warnings, c.warning) {
				t.Errorf("warnings %q, want %q among them", got.Warnings, c.warning)
			}
			for _, w := range got.Warnings {
				if strings.Contains(w, "below zero") {
					t.Errorf("warning %q: sums are net of refunds", w)
				}
			}
		})
	}
}

// TestInspectTurnedAway tells gateways' refusals, of whatever shape, from what is no
// message.
func TestInspectTurnedAway(t *testing.T) {
	cases := map[string]struct{ text, kind, outcome, message string }{
		"success false":   {`{"success":false,"message":"系统繁忙"}`, KindReply, OutcomeAccess, "系统繁忙"},
		"success as text": {`{"success":"false","errorCode":"E1","msg":"不可用"}`, KindReply, OutcomeAccess, "不可用"},
		"a status":        {`{"timestamp":"x","status":404,"error":"Not Found","path":"/2207"}`, KindReply, OutcomeAccess, "Not Found"},
		"a result's code": {`{"resultCode":"1","resultMsg":"token失效"}`, KindReply, OutcomeAccess, "token失效"},
		"a code of words": {`{"return_code":"SUCCESS","return_msg":"OK"}`, KindReply, OutcomeOK, "OK"},
		"an object":       {`{"error":{"code":1,"message":"bad sign"}}`, KindReply, OutcomeAccess, "bad sign"},
		"upper case":      {`{"Code":401,"Message":"非法用户!"}`, KindReply, OutcomeAccess, "非法用户!"},
		"behind it":       {`{"code":500,"message":"内部错误"}`, KindReply, OutcomeAccess, "内部错误"},
		"type alone":      {`{"type":"error","message":"x"}`, KindReply, OutcomeAccess, "x"},
		"business inside": {`{"code":0,"data":"{\"infcode\":-1,\"err_msg\":\"已结算\"}"}`, KindReply, OutcomeBusiness, "已结算"},
		"upper business":  {`{"INFCODE":-1,"ERR_MSG":"人员不存在","OUTPUT":null}`, KindReply, OutcomeBusiness, "人员不存在"},
		"camel business":  {`{"infCode":"-1","errMsg":"人员不存在"}`, KindReply, OutcomeBusiness, "人员不存在"},
		"HTML":            {"<html><head><title>502 Bad Gateway</title></head></html>", KindUnreadable, "", "an HTML page, not JSON: 502 Bad Gateway"},
		"XML":             {`<?xml version="1.0"?><r><infcode>0</infcode></r>`, KindUnreadable, "", "XML, not JSON"},
		"encrypted":       {`{"appId":"1","encType":"SM4","encData":"AB"}`, KindUnreadable, "", "encrypted (encData): decrypt it first"},
		"a pair":          {`{"request":{"infno":"1101"},"response":{"infcode":0}}`, KindUnreadable, "", "2 messages (request, response): each needs a file of its own"},
		"pairs of people": {`{"440300201506010015":{"infno":"1101"},"x":{"infcode":0}}`, KindUnreadable, "", "2 messages (440*************15, x): each needs a file of its own"},
		"a list":          {`[{"a":1},{"a":1}]`, KindUnreadable, "", "a list of 2, not one message"},
		"nobody's":        {`{"a":1,"message":"x"}`, KindUnreadable, "", "neither a request (no infno) nor a reply (no infcode, no code)"},
		"long words":      {`{"infcode":-1,"err_msg":"` + strings.Repeat("长", 3000) + `"}`, KindReply, OutcomeBusiness, strings.Repeat("长", 2000) + "…"},
		"many layers":     {strings.Repeat("[", 9) + strings.Repeat("]", 9), KindUnreadable, "", "more than 4 layers around the message"},
	}
	s := mustSpec(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := s.Inspect([]byte(c.text))
			if got.Kind == KindReply && got.Outcome == OutcomeUnreadable {
				got.Kind = KindUnreadable // it is a reply by the word infcode alone
			}
			if got.Kind != c.kind || (got.Outcome != c.outcome && c.kind == KindReply) || got.Message != c.message {
				t.Errorf("got %s %s %q, want %s %s %q", got.Kind, got.Outcome, got.Message, c.kind, c.outcome, c.message)
			}
		})
	}
}

func TestInspectUTF16(t *testing.T) {
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`{"infcode":-1,"err_msg":"该参保人的参保信息为空"}`)
	if err != nil {
		t.Fatal(err)
	}
	got := mustSpec(t).Inspect([]byte(text))
	if got.Message != "该参保人的参保信息为空" || !slices.Contains(got.Warnings, "not UTF-8; read as UTF-16") {
		t.Errorf("got %+v", got)
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
