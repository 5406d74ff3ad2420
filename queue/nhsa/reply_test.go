package nhsa_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/queue/nhsa"
	"settled/settle"
)

// Every recorded reply is read, and into the right kind.
func TestSamples(t *testing.T) {
	want := map[string]string{
		"openhis-1101-resp-hebei-a.json": "yes", "openhis-1101-resp-hebei-c.json": "yes", "openhis-2201-resp-hebei.json": "yes",
		"openhis-2204-resp-hebei.json": "yes", "openhis-2206-resp-hebei.json": "yes", "openhis-2207-resp-hebei.json": "yes",
		"openhis-2208-resp-hebei.json": "yes", "openhis-9001-resp-hebei.json": "yes",
		"openhis-2401-resp-fail-generic.json": "business", "zhejiang-2601-resp-refused.json": "business",
		"zhejiang-3201-resp-wrong-endpoint.json": "access", "openhis-1162-resp-fail.json": "access",
		"openhis-1162-resp-ok.json":  "unknown", // a yes of another interface
		"spec-annexB-1101-resp.json": "unknown", // the annex's "1" for a yes contradicts its own text
	}
	seen := 0
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "samples", "*-resp*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.Contains(name, "-req") {
			continue
		}
		seen++
		infno := strings.Split(name, "-")[1]
		r, err := nhsa.ReadReply(infno, 200, read(t, name))
		if got := kind(err); got != want[name] {
			t.Errorf("%s: %s, want %s: %v", name, got, want[name], err)
		}
		if err == nil && readAll(infno, r) != nil {
			t.Errorf("%s: %v", name, readAll(infno, r))
		}
	}
	if seen != len(want) {
		t.Errorf("%d replies in the samples, %d expected", seen, len(want))
	}
}

// readAll reads a reply as its own transaction's.
func readAll(infno string, r nhsa.Reply) error {
	var err error
	switch infno {
	case nhsa.InfoPerson:
		_, err = nhsa.ReadPerson(r)
	case nhsa.InfoRegister:
		_, err = nhsa.ReadRegistered(r)
	case nhsa.InfoFees:
		_, err = nhsa.ReadFees(r)
	case nhsa.InfoTrial, nhsa.InfoSettle, nhsa.InfoCancel:
		_, err = nhsa.ReadResult("m", r)
	case nhsa.InfoSignIn:
		_, err = nhsa.ReadSignIn(r)
	case nhsa.InfoBenefit:
		_, err = nhsa.ReadBenefits(r)
	case nhsa.InfoSelections:
		_, err = nhsa.ReadSelections(r)
	case nhsa.InfoUsage:
		_, err = nhsa.ReadUsage(r)
	case nhsa.InfoVisits:
		_, err = nhsa.ReadVisits(r)
	case nhsa.InfoFile:
		_, err = nhsa.ReadFiled(r)
	case nhsa.InfoTotals:
		_, err = nhsa.ReadTotals(r)
	case nhsa.InfoDetails:
		_, err = nhsa.ReadDetails(r)
	case nhsa.InfoClaim:
		_, err = nhsa.ReadClaimed(r)
	case nhsa.InfoUpload:
		_, err = nhsa.ReadUploaded(r)
	}
	return err
}

func yes(t *testing.T, infno, body string) nhsa.Reply {
	t.Helper()
	r, err := nhsa.ReadReply(infno, 200, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// All requests among the samples are valid JSON that the head's names cover.
func TestSampleRequestsAreJSON(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "samples", "*-req*.json"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d requests, error %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || !json.Valid(data) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestRecordedSettlement(t *testing.T) {
	r := yes(t, nhsa.InfoSettle, string(read(t, "openhis-2207-resp-hebei.json")))
	if len(r.RefTime) != 17 || len(r.RespondTime) != 17 || r.RefMsgID == "" {
		t.Errorf("head: %q %q %q", r.RefMsgID, r.RefTime, r.RespondTime)
	}
	res, err := nhsa.ReadResult("H13110200026202111291809520478", r)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s total %s fund %s own %s family %s cash %s pre %s in %s dedc %s balc %s %v %v",
		res.SettlementID, res.VisitID, res.Total, res.Fund, res.Own, res.Family, res.Cash, res.FirstSelfPay, res.InScope,
		res.Deductible, res.Balance, res.Funds, res.Warnings)
	want := "400125241 300179916 total 4.52 fund 0.00 own 4.52 family 0.00 cash 0.00 pre 0.23 in 4.29 dedc 4.29 balc 1373.63 " +
		"[{310200 城镇职工基本医疗保险个人账户基金 4.52}] []"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	other, err := nhsa.ReadResult("another", r)
	if err != nil || len(other.Warnings) != 1 || !strings.Contains(other.Warnings[0], "medins_setl_id") {
		t.Errorf("a reply to another request: %v, %v", other.Warnings, err)
	}
}

// A refund is negative; what it leaves null is not checked.
func TestRecordedRefund(t *testing.T) {
	r := yes(t, nhsa.InfoCancel, string(read(t, "openhis-2208-resp-hebei.json")))
	res, err := nhsa.ReadResult("H13110200026202111261147436094", r)
	if err != nil || res.Total != -2510 || res.Own != -2510 || len(res.Warnings) != 0 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestIdentities(t *testing.T) {
	good := map[string]string{
		"setl_id": "s", "medfee_sumamt": "100.00", "fund_pay_sumamt": "50.00", "hifp_pay": "50", "psn_part_amt": "49", "hosp_part_amt": "1",
		"acct_pay": "40", "acct_mulaid_pay": "30", "psn_cash_pay": "9", "fulamt_ownpay_amt": "5", "overlmt_selfpay": "4",
		"preselfpay_amt": "11", "inscp_scp_amt": "80",
		"cvlserv_pay": "0", "hifes_pay": "0", "hifmi_pay": "0", "hifob_pay": "0", "maf_pay": "0", "oth_pay": "0",
	}
	for _, c := range []struct{ change, to, broken string }{
		{"", "", ""},
		{"hosp_part_amt", "0", "I1"},
		{"acct_pay", "41", "I2"},
		{"hifp_pay", "49.99", "I3"},
		{"inscp_scp_amt", "80.01", "I4"},
		{"acct_mulaid_pay", "40.01", "I5"},
		{"psn_part_amt", "", ""},
		{"oth_pay", "", ""},
		{"hifp_pay", "", ""}, // a fund that is not told leaves it open
	} {
		info := map[string]string{}
		for k, v := range good {
			info[k] = v
		}
		if c.change != "" {
			info[c.change] = c.to
		}
		body, _ := json.Marshal(map[string]any{"infcode": 0, "output": map[string]any{"setlinfo": info}})
		res, err := nhsa.ReadResult("m", yes(t, nhsa.InfoSettle, string(body)))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(res.Warnings, "; "); (c.broken == "") != (got == "") || !strings.HasPrefix(got, c.broken) {
			t.Errorf("%s = %s: warnings %q, want %q", c.change, c.to, got, c.broken)
		}
		if c.change == "" && (res.Own != 1000 || res.Family != 3000 || res.Cash != 900 || res.Hospital != 100) {
			t.Errorf("by source: %+v", res)
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		in   string
		want settle.Fen
		ok   bool
	}{
		{`"4.52"`, 452, true},
		{`4.520000`, 452, true},
		{`4`, 400, true},
		{`-25.1`, -2510, true},
		{`"-0.05"`, -5, true},
		{`2.693388E4`, 2693388, true},
		{`1E+1`, 1000, true},
		{`5e-2`, 5, true},
		{`1.0E7`, 1_000_000_000, true},
		{`0.0000`, 0, true},
		{`" 12.30 "`, 1230, true},
		{`999999999999.99`, 0, false},
		{`4.525`, 0, false},
		{`4.5200000000001`, 0, false},
		{`"1,000.00"`, 0, false},
		{`"abc"`, 0, false},
		{`1e1000000000`, 0, false},
		{`1E31`, 0, false},
		{`9e-3`, 0, false},
		{`"--1"`, 0, false},
		{`"1.2.3"`, 0, false},
		{`"."`, 0, false},
		{`"٣"`, 0, false},
	} {
		var a nhsa.Amount
		err := json.Unmarshal([]byte(c.in), &a)
		if (err == nil) != c.ok || a.Fen != c.want || (c.ok && !a.Known) {
			t.Errorf("%s: %v %v, want %v", c.in, a, err, c.want)
		}
	}
	for _, in := range []string{`null`, `""`, `{}`} {
		var a nhsa.Amount
		if err := json.Unmarshal([]byte(in), &a); err != nil || a.Known {
			t.Errorf("%s: %v %v, want not known", in, a, err)
		}
	}
}

func TestLenientShapes(t *testing.T) {
	for _, output := range []string{
		`{"data":{"mdtrt_id":7,"psn_no":12}}`, `{"data":[{"mdtrt_id":"7"}]}`, `{"DATA":[null,{},{"mdtrt_id":"7","new":[1,{}]}],"x":1}`,
		`"{\"data\":{\"mdtrt_id\":\"7\"}}"`,
	} {
		got, err := nhsa.ReadRegistered(yes(t, nhsa.InfoRegister, `{"infcode":"0","output":`+output+`}`))
		if err != nil || got.VisitID != "7" {
			t.Errorf("%s: %+v, %v", output, got, err)
		}
	}
	for _, output := range []string{`null`, `{}`, `""`, `[]`, `{"data":null}`, `{"data":[]}`, `{"data":"x"}`, `7`} {
		if got, err := nhsa.ReadRegistered(yes(t, nhsa.InfoRegister, `{"infcode":0,"output":`+output+`}`)); kind(err) != "unknown" {
			t.Errorf("%s: %+v, %v, want an unknown outcome", output, got, err)
		}
	}
	for _, output := range []string{`null`, `{}`, `{"cuminfo":null}`, `{"cuminfo":[]}`, `{"cuminfo":{}}`, `{"cuminfo":""}`} {
		if rows, err := nhsa.ReadUsage(yes(t, nhsa.InfoUsage, `{"infcode":0,"output":`+output+`}`)); err != nil || len(rows) != 0 {
			t.Errorf("%s: %v, %v, want no rows", output, rows, err)
		}
	}
}

// TestRanOut: a no that says that something behind it was too slow leaves open what was
// done; one about a time stamp or a code that is too old does not.
func TestRanOut(t *testing.T) {
	for body, want := range map[string]string{
		`{"infcode":-1,"err_msg":"FSI-调用业务基础子系统超时"}`:             "unknown",
		`{"infcode":"-1","err_msg":"Read timed out"}`:            "unknown",
		`{"type":"error","infcode":-1,"err_msg":"服务调用超时，请稍后再试"}`: "unknown",
		`{"code":-1,"message":"请求超时"}`:                           "unknown",
		`{"code":"408","message":"Gateway Timeout"}`:             "unknown",
		`{"success":false,"message":"connect timeout"}`:          "unknown",
		`{"code":401,"message":"签名时间戳超时!"}`:                      "access",
		`{"infcode":-1,"err_msg":"电子凭证二维码已超时失效"}`:                "business",
		`{"infcode":0,"err_msg":"系统超时","output":{}}`:             "yes",
	} {
		if _, err := nhsa.ReadReply("2207", 200, []byte(body)); kind(err) != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// TestGatewaysWords: refusals in GB18030 are read, and what a gateway is known to say comes
// with what is to be looked at; words of another are left as they are.
func TestGatewaysWords(t *testing.T) {
	gb := func(text string) []byte {
		out, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for text, want := range map[string]string{
		`{"infcode":-1,"err_msg":"该参保人的参保信息为空"}`: "医保平台不予办理（交易2206）：该参保人的参保信息为空",
		`{"code":401,"message":"签名时间戳超时!"}`:      "医保接入网关拒绝了请求（签名时间戳超时!），请通知信息科核对本机时钟。",
		`{"code":401,"message":"签名不一致!"}`:        "医保接入网关拒绝了请求（签名不一致!），请通知信息科核对接入密钥。",
		`{"code":403,"message":"未授权"}`:           "医保接入网关拒绝了请求（未授权），请通知信息科。",
	} {
		for _, body := range [][]byte{[]byte(text), gb(text)} {
			_, err := nhsa.ReadReply("2206", 200, body)
			says, ok := err.(interface{ Refusal() *settle.Refusal })
			if !ok || says.Refusal().Cashier != want {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	if _, err := nhsa.ReadReply("2206", 200, []byte("\xff\xff{")); kind(err) != "unknown" {
		t.Errorf("neither: %v", err)
	}
}

func TestPersonalDataIsMasked(t *testing.T) {
	r := yes(t, nhsa.InfoPerson, string(read(t, "openhis-1101-resp-hebei-a.json")))
	p, err := nhsa.ReadPerson(r)
	if err != nil {
		t.Fatal(err)
	}
	no := &nhsa.BusinessRefusal{Infno: "1101", Message: "证件号码440305201806010023已存在"}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v", p, p, p), fmt.Sprintf("%v %+v %#v", r, r, r), no.Error(), no.Refusal().Cashier} {
		for _, secret := range []string{"990000198401010812", "13030000000068313156", "测试乙", "440305201806010023"} {
			if strings.Contains(s, secret) {
				t.Errorf("%s shows in %.200s", secret, s)
			}
		}
	}
	if encoded, err := json.Marshal(p.Base.IDNumber); err != nil || string(encoded) != `"990000198401010812"` {
		t.Errorf("encoded %s, %v: messages need it in clear", encoded, err)
	}
}

func FuzzReadReply(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "samples", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(data)
		}
	}
	f.Add([]byte("\xef\xbb\xbf{\"infcode\":\"0\",\"output\":\"{\\\"data\\\":1}\"}"))
	f.Add([]byte(`{"infcode":0,"output":{"setlinfo":[{"setl_id":{},"medfee_sumamt":1e30}],"cuminfo":{"cum":"-1"}}}`))
	infos := []string{"9001", "1101", "2001", "2201", "2204", "2206", "2207", "2208", "2505", "3201", "3202", "3203", "5201", "5206", "5302", "9101"}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, infno := range infos {
			r, err := nhsa.ReadReply(infno, 200, data)
			if got := kind(err); got != "yes" && got != "unknown" && got != "access" && got != "business" {
				t.Fatalf("an error of no kind: %v", err)
			}
			if err != nil {
				continue
			}
			if err := readAll(infno, r); err != nil && kind(err) != "unknown" {
				t.Fatalf("reading %s: %v", infno, err)
			}
			c := nhsa.Chain{Step: nhsa.StepSettle, VisitID: "v", PersonNo: "p"}
			_ = c.Take(nhsa.Visit{}, "m", r)
		}
	})
}

// The readers of single answers take nothing for them that is none.
func TestReadersLack(t *testing.T) {
	for infno, want := range map[string]string{
		nhsa.InfoFile: `{"result":{"trt_dcla_detl_sn":1}}`, nhsa.InfoTotals: `{"stmtinfo":{"stmt_rslt":0}}`,
		nhsa.InfoDetails: `{"fileinfo":[{"file_qury_no":"x"}]}`, nhsa.InfoClaim: `{"result":{"clr_appy_evt_id":"x"}}`,
	} {
		if err := readAll(infno, yes(t, infno, `{"infcode":0,"output":`+want+`}`)); err != nil {
			t.Errorf("%s: %v", infno, err)
		}
		for _, output := range []string{`null`, `{"result":{},"stmtinfo":[],"fileinfo":null}`, `{"result":{"x":1},"stmtinfo":{"x":1},"fileinfo":{"x":1}}`} {
			if err := readAll(infno, yes(t, infno, `{"infcode":0,"output":`+output+`}`)); kind(err) != "unknown" {
				t.Errorf("%s %s: %v", infno, output, err)
			}
		}
	}
}
