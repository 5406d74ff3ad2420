package nhsa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"settled/queue/nhsa"
	"settled/settle"
)

// bought is a settlement of a child's visit with n lines, part paid by the family.
func bought(n int) settle.Settlement {
	s := settle.Settlement{
		Number:   "012026112100017",
		Who:      settle.Identity{Name: "张小满", IDNumber: "440305201806010023", CardNumber: "F18060102", CardCode: "440300D1560000050000018A6F3C27E1"},
		Guardian: settle.Identity{CardNumber: "F88050510", CardCode: "440300D15600000500000B41C95D70A2"},
		Insured:  settle.Insured{Category: settle.ChildResident},
		Bill:     settle.Bill{Visit: settle.Visit{Day: 20261121, Kind: settle.Outpatient}},
		Chart: settle.Chart{
			OutpatientNo: "MZ0017", Began: "2026-11-21 09:12:00", Department: settle.Named{Code: "0301", Name: "儿科"},
			Specialty: "0301", Doctor: settle.Named{Code: "D440300000001", Name: "林医生"},
			Diagnoses: []settle.Diagnosis{{Code: "J06.900", Name: "急性上呼吸道感染"}, {Code: "R50.900", Name: "发热"}},
		},
		Split: settle.Split{Status: settle.Settled, Family: 500},
	}
	for range n {
		s.Bill.Lines = append(s.Bill.Lines, settle.Line{
			Code: "XJ01CAA040E001010102345", HospitalCode: "YP01", UnitPrice: decimal.RequireFromString("12.50"), Quantity: decimal.RequireFromString("2"),
		})
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Amount: 2500})
		s.Split.Total += 2500
	}
	return s
}

func visitOf(t *testing.T, n int) nhsa.Visit {
	t.Helper()
	v, err := nhsa.VisitOf(bought(n), nhsa.Manner{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What the platform might answer, in short.
const (
	person  = `{"baseinfo":{"psn_no":"P1","certno":"440305201806010023"},"insuinfo":[{"insutype":"310","psn_insu_stas":"1","insuplc_admdvs":"440300"},{"insutype":"390","psn_insu_stas":"1","insuplc_admdvs":"440300"}]}`
	visitID = `{"data":{"mdtrt_id":"V1"}}`
	trial   = `{"setlinfo":{"medfee_sumamt":25,"inscp_scp_amt":20,"preselfpay_amt":5}}`
	final   = `{"setlinfo":{"medfee_sumamt":25,"inscp_scp_amt":20,"preselfpay_amt":5,"setl_id":"S1","mdtrt_id":"V1","fund_pay_sumamt":10,"hifp_pay":10,"acct_pay":15,"acct_mulaid_pay":15,"psn_cash_pay":0}}`
	found   = `{"mdtrtinfo":[{"mdtrt_id":"V0","ipt_otp_no":"other"},{"mdtrt_id":"V1","ipt_otp_no":"MZ0017"}]}`
)

// as is v as a T, and the test's end if it is none.
func as[T any](t *testing.T, v any) T {
	t.Helper()
	x, ok := v.(T)
	if !ok {
		t.Fatalf("a %T, want a %T", v, x)
	}
	return x
}

// script runs a chain through "infno answer" lines, where an answer is yes <output>,
// no <text>, lost, away, unsent or empty (a yes without output), and gives the
// requests it made. After every answer the state goes through JSON.
func script(t *testing.T, v nhsa.Visit, lines ...string) (nhsa.Chain, []any) {
	t.Helper()
	var c nhsa.Chain
	return play(t, c, v, lines...)
}

func play(t *testing.T, c nhsa.Chain, v nhsa.Visit, lines ...string) (nhsa.Chain, []any) {
	t.Helper()
	var inputs []any
	for i, line := range lines {
		want, answer, _ := strings.Cut(line, " ")
		infno, input, done := c.Next(v)
		if done || infno != want {
			t.Fatalf("step %d is %s (done %v, held for %v), want %s", i+1, infno, done, c.Refusal, want)
		}
		inputs = append(inputs, input)
		msgid := fmt.Sprintf("H44030500001m%d", i+1)
		reply, err := given(infno, answer)
		_ = c.Answer(v, infno, msgid, reply, err)
		stored, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		c = nhsa.Chain{}
		if err := json.Unmarshal(stored, &c); err != nil {
			t.Fatal(err)
		}
	}
	return c, inputs
}

func given(infno, answer string) (nhsa.Reply, error) {
	word, rest, _ := strings.Cut(answer, " ")
	switch word {
	case "yes":
		return nhsa.Reply{Infno: infno, Output: json.RawMessage(rest)}, nil
	case "no":
		return nhsa.Reply{}, &nhsa.BusinessRefusal{Infno: infno, Message: rest}
	case "lost":
		return nhsa.Reply{}, &nhsa.Unknown{Infno: infno, Err: errors.New("cut")}
	case "unsent":
		return nhsa.Reply{}, &nhsa.Unknown{Infno: infno, NotSent: true, Err: errors.New("refused")}
	case "away":
		return nhsa.Reply{}, &nhsa.AccessRefusal{Infno: infno}
	}
	return nhsa.Reply{Infno: infno}, nil
}

// upTo are the lines of a good chain until (and without) the given transaction.
func upTo(infno string, then ...string) []string {
	good := []string{"1101 yes " + person, "2201 yes " + visitID, "2203 ok", "2204 ok", "2206 yes " + trial, "2207 yes " + final}
	i := slices.IndexFunc(good, func(s string) bool { return strings.HasPrefix(s, infno) })
	if infno == "" {
		i = len(good)
	}
	return append(slices.Clone(good[:i]), then...)
}

func TestChainsEnd(t *testing.T) {
	const gone = "2601 no 冲正失败:未查询到原报文"
	done := "2207 yes " + final
	for _, c := range []struct {
		name  string
		lines []string
		step  nhsa.Step
		left  string
	}{
		{"straight", upTo(""), nhsa.StepDone, ""},
		{"unsent and turned away change nothing", append([]string{"1101 unsent", "1101 away", "1101 no 签到流水号无效，请重新签到"}, upTo("")...), nhsa.StepDone, ""},
		{"person lost", append([]string{"1101 lost"}, upTo("")...), nhsa.StepDone, ""},
		{"person unknown to the platform", []string{"1101 no 参保信息为空"}, nhsa.StepHeld, ""},
		{"somebody else's card", []string{`1101 yes {"baseinfo":{"psn_no":"P2","certno":"440305198805051013"}}`}, nhsa.StepHeld, ""},
		{"not insured here", []string{`1101 yes {"baseinfo":{"psn_no":"P1"},"insuinfo":{"insutype":"390","insuplc_admdvs":"441900"}}`}, nhsa.StepHeld, ""},
		{"person unreadable, then good", append([]string{`1101 yes {"baseinfo":[]}`}, upTo("")...), nhsa.StepDone, ""},
		{"registration lost, repeat taken", upTo("2201", append([]string{"2201 lost"}, upTo("")[1:]...)...), nhsa.StepDone, ""},
		{"registration lost, repeat refused, found", upTo("2201", append([]string{"2201 lost", "2201 no 已有", "5201 yes " + found}, upTo("")[2:]...)...), nhsa.StepDone, ""},
		{"registration of a visit known before", upTo("2201", append([]string{"2201 no 门诊号已挂号", "5201 yes " + found}, upTo("")[2:]...)...), nhsa.StepDone, ""},
		{"registration lost, repeat refused, search lost, found", upTo("2201", append([]string{"2201 lost", "2201 no 已有", "5201 lost", "5201 yes " + found}, upTo("")[2:]...)...), nhsa.StepDone, ""},
		{"registration lost, repeat refused, not found", upTo("2201", "2201 lost", "2201 no 已有", "5201 empty"), nhsa.StepHeld, ""},
		{"registration lost, repeat refused, search refused", upTo("2201", "2201 lost", "2201 no 已有", "5201 no 不支持"), nhsa.StepHeld, ""},
		{"registration refused", upTo("2201", "2201 no 不能挂号"), nhsa.StepHeld, ""},
		{"visit lost", upTo("2203", append([]string{"2203 lost"}, upTo("")[2:]...)...), nhsa.StepDone, ""},
		{"visit refused", upTo("2203", "2203 no 诊断不正确", "2202 ok"), nhsa.StepHeld, ""},
		{"visit refused, registration stays", upTo("2203", "2203 no 诊断不正确", "2202 lost", "2202 no 不能撤销"), nhsa.StepHeld, "2201"},
		{"fees lost, cleared", upTo("2204", append([]string{"2204 lost", "2205 ok"}, upTo("")[3:]...)...), nhsa.StepDone, ""},
		{"fees lost, nothing to clear", upTo("2204", append([]string{"2204 lost", "2205 lost", "2205 no 没有明细"}, upTo("")[3:]...)...), nhsa.StepDone, ""},
		{"fees lost, cleared before they came", upTo("2204", append([]string{"2204 lost", "2205 no 没有明细", "2204 no 重复", "2205 ok"}, upTo("")[3:]...)...), nhsa.StepDone, ""},
		{"fees refused", upTo("2204", "2204 no 目录不存在", "2202 ok"), nhsa.StepHeld, ""},
		{"fees refused for good after a loss", upTo("2204", "2204 lost", "2205 ok", "2204 no x", "2205 ok", "2204 no x", "2205 ok", "2204 no x", "2205 no x", "2204 no x", "2205 no 没有明细", "2202 ok"), nhsa.StepHeld, ""},
		{"trial lost", upTo("2206", "2206 lost", "2206 yes "+trial, done), nhsa.StepDone, ""},
		{"trial refused", upTo("2206", "2206 no 不予支付", "2205 ok", "2202 ok"), nhsa.StepHeld, ""},
		{"trial refused, fees were cleared since", upTo("2206", append([]string{"2206 no 费用不相等", "2205 no 没有明细"}, upTo("")[3:]...)...), nhsa.StepDone, ""},
		{"settlement refused, fees were cleared since", upTo("2207", append([]string{"2207 no 总费用35.00,已上传费用0.00不相等", "2205 no 没有明细"}, upTo("")[3:]...)...), nhsa.StepDone, ""},
		{"settlement lost, and fees cleared twice since", upTo("2207", slices.Concat([]string{"2207 lost", gone}, slices.Repeat([]string{"2207 no 总费用35.00,已上传费用0.00不相等", gone}, 3),
			slices.Repeat([]string{"2207 no 总费用35.00,已上传费用0.00不相等", "2205 ok", "2204 ok", "2206 yes " + trial}, 2), []string{done})...), nhsa.StepDone, ""},
		{"trial refused, fees differ for good", upTo("2206", slices.Concat(slices.Repeat([]string{"2206 no 费用不相等", "2205 ok", "2204 ok"}, 3), []string{"2206 no 费用不相等", "2205 ok", "2202 ok"})...), nhsa.StepHeld, ""},
		{"trial refused, undo lost and refused", upTo("2206", "2206 no 不予支付", "2205 lost", "2205 no x", "2202 no x"), nhsa.StepHeld, "2204 2201"},
		{"settlement lost, reversed", upTo("2207", "2207 lost", "2601 ok", done), nhsa.StepDone, ""},
		{"settlement unreadable, reversed", upTo("2207", `2207 yes {"setlinfo":{}}`, "2601 ok", done), nhsa.StepDone, ""},
		{"settlement answered with another person's", upTo("2207", "2207 yes "+strings.Replace(final, `"setl_id"`, `"psn_no":"P2","setl_id"`, 1), "2601 ok", done), nhsa.StepDone, ""},
		{"settlement answered with another visit's", upTo("2207", "2207 yes "+strings.Replace(final, `"V1"`, `"V2"`, 1), "2601 ok", done), nhsa.StepDone, ""},
		{"settlement answered with another bill's", upTo("2207", "2207 yes "+strings.Replace(final, `"setl_id"`, `"medins_setl_id":"H44030500001m0","setl_id"`, 1), "2601 ok", done), nhsa.StepDone, ""},
		{"another program's number in the answer", upTo("2207", "2207 yes "+strings.Replace(final, `"setl_id"`, `"medins_setl_id":"HIS-4711","setl_id"`, 1)), nhsa.StepDone, ""},
		{"trial answered with another person's", upTo("2206", "2206 yes "+strings.Replace(trial, `{"setlinfo":{`, `{"setlinfo":{"psn_no":"P2",`, 1), "2206 yes "+trial, done), nhsa.StepDone, ""},
		{"registration answered with another person's", upTo("2201", append([]string{`2201 yes {"data":{"mdtrt_id":"V2","psn_no":"P2"}}`, "2201 no 已挂号", "5201 yes " + found}, upTo("")[2:]...)...), nhsa.StepDone, ""},
		{"registration answered with another visit's", upTo("2201", append([]string{`2201 yes {"data":{"mdtrt_id":"V2","psn_no":"P1","ipt_otp_no":"MZ0018"}}`, "2201 no 已挂号", "5201 yes " + found}, upTo("")[2:]...)...), nhsa.StepDone, ""},
		{"settlement lost, never came", upTo("2207", "2207 lost", "2601 lost", "2601 lost", gone, done), nhsa.StepDone, ""},
		{"settlement lost, reversal lost but done", upTo("2207", "2207 lost", "2601 lost", "2601 no 退费结算标志不为未退费", done), nhsa.StepDone, ""},
		{"settlement lost twice", upTo("2207", "2207 lost", "2601 ok", "2207 lost", gone, done), nhsa.StepDone, ""},
		{"settlement came after it was asked for", upTo("2207", "2207 lost", gone, "2207 no 已结算", "2601 ok", done), nhsa.StepDone, ""},
		{"settlement refused", upTo("2207", "2207 no 余额不足", "2205 ok", "2202 ok"), nhsa.StepHeld, ""},
		{"settlement lost, then refused for good", upTo("2207", "2207 lost", gone, "2207 no x", gone, "2207 no x", gone, "2207 no x", gone, "2207 no x", "2205 ok", "2202 ok"), nhsa.StepHeld, ""},
		{"settlement reversed, then refused", upTo("2207", "2207 lost", "2601 ok", "2207 no x", "2205 ok", "2202 ok"), nhsa.StepHeld, ""},
		{"reversal refused without saying why", upTo("2207", "2207 lost", "2601 no 系统繁忙"), nhsa.StepHeld, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := script(t, visitOf(t, 1), c.lines...)
			if _, _, done := got.Next(visitOf(t, 1)); got.Step != c.step || !done {
				t.Errorf("ends at %q (done %v), want %q", got.Step, done, c.step)
			}
			if (got.Step == nhsa.StepHeld) != (got.Refusal != nil) || (got.Step == nhsa.StepDone) != (got.Result != nil) {
				t.Errorf("refusal %v, result %v at %q", got.Refusal, got.Result, got.Step)
			}
			if left := strings.Join(got.Left, " "); left != c.left {
				t.Errorf("left %q, want %q", left, c.left)
			}
		})
	}
}

func TestReversalNamesTheLostMessage(t *testing.T) {
	c, inputs := script(t, visitOf(t, 1), upTo("2207", "2207 lost", "2601 lost", "2601 no 冲正失败:未查询到原报文", "2207 no 已结算", "2601 ok", "2207 yes "+final)...)
	for i, in := range inputs {
		if r, ok := in.(nhsa.Reverse); ok && (r.Data.MsgID != "H44030500001m6" || r.Data.Infno != "2207" || r.Data.PersonNo != "P1") {
			t.Errorf("request %d reverses %+v", i+1, r)
		}
	}
	if c.Result.MsgID != "H44030500001m11" || c.Result.Family != 1500 || c.Result.Own != 0 || c.Result.Fund != 1000 {
		t.Errorf("result %+v", c.Result)
	}
}

// In doubt, nothing may be settled anew; what a clerk releases goes on where it was.
func TestDoubtIsKept(t *testing.T) {
	v := visitOf(t, 1)
	c, _ := script(t, v, upTo("2207", "2207 lost", "2601 no 系统繁忙")...)
	if len(c.Open) == 0 {
		t.Fatal("not in doubt")
	}
	c.Resume()
	c, _ = play(t, c, v, "2601 ok", "2207 yes "+final)
	if c.Step != nhsa.StepDone || len(c.Open) > 0 {
		t.Errorf("ends at %q", c.Step)
	}
}

func TestResume(t *testing.T) {
	v := visitOf(t, 1)
	c, _ := script(t, v, upTo("2206", "2206 no x", "2205 ok", "2202 ok")...)
	c.Resume()
	if c, _ = play(t, c, v, upTo("")...); c.Step != nhsa.StepDone {
		t.Errorf("clean: ends at %q", c.Step)
	}
	c, _ = script(t, v, upTo("2206", "2206 no x", "2205 no y", "2202 no y")...)
	c.Resume()
	if c, _ = play(t, c, v, "2203 ok", "2204 no 重复", "2205 ok", "2204 ok", "2206 yes "+trial, "2207 yes "+final); c.Step != nhsa.StepDone {
		t.Errorf("with fees left: ends at %q", c.Step)
	}
}

func TestAbandon(t *testing.T) {
	for _, c := range []struct {
		name  string
		until []string
		then  []string
		step  nhsa.Step
	}{
		{"before anything", nil, nil, nhsa.StepUndone},
		{"registered", upTo("2203"), []string{"2202 ok"}, nhsa.StepUndone},
		{"fees up", upTo("2206"), []string{"2205 ok", "2202 ok"}, nhsa.StepUndone},
		{"fees lost", upTo("2204", "2204 lost"), []string{"2205 no 没有明细", "2202 ok"}, nhsa.StepUndone},
		{"settlement lost", upTo("2207", "2207 lost"), []string{"2601 ok", "2205 ok", "2202 ok"}, nhsa.StepUndone},
		{"cannot be taken back", upTo("2206"), []string{"2205 no x", "2202 no x"}, nhsa.StepHeld},
		{"registration lost, not there", upTo("2201", "2201 lost"), []string{"5201 empty"}, nhsa.StepUndone},
		{"registration lost, there", upTo("2201", "2201 lost"), []string{"5201 lost", "5201 yes " + found, "2202 ok"}, nhsa.StepUndone},
		{"registration lost, nobody knows", upTo("2201", "2201 lost"), []string{"5201 no 不支持"}, nhsa.StepHeld},
		{"others are settled in the visit", upTo("2206"), []string{"2205 ok", "2202 no 存在费用明细或结算信息"}, nhsa.StepUndone},
		{"no fees, others are settled in the visit", upTo("2204", "2204 lost"), []string{"2205 no 未查询到费用", "2202 no 存在费用明细或结算信息"}, nhsa.StepUndone},
		{
			"settlement came after it was asked for", upTo("2207", "2207 lost"),
			[]string{"2601 no 未查询到原报文", "2205 no 未查询到费用", "2601 ok", "2205 ok", "2202 ok"},
			nhsa.StepUndone,
		},
		{"held, then given up", upTo("2207", "2207 lost", "2601 no 系统繁忙"), []string{"2601 ok", "2205 ok", "2202 ok"}, nhsa.StepUndone},
		{
			"settlement may be there", upTo("2207", "2207 lost"), []string{
				"2601 no 未查询到", "2205 no 未查询到", "2601 no 未查询到", "2205 no 未查询到", "2601 no 未查询到", "2205 no 未查询到",
				"2601 no 未查询到", "2205 no 未查询到", "2202 no 存在费用明细或结算信息",
			}, nhsa.StepHeld,
		},
	} {
		v := visitOf(t, 1)
		chain, _ := script(t, v, c.until...)
		if !chain.Abandon() {
			t.Fatalf("%s: not abandoned", c.name)
		}
		if chain, _ = play(t, chain, v, c.then...); chain.Step != c.step || (c.step == nhsa.StepHeld) != (chain.Refusal != nil) {
			t.Errorf("%s: ends at %q for %v, want %q", c.name, chain.Step, chain.Refusal, c.step)
		}
		chain.Resume()
		if c.step == nhsa.StepHeld && chain.Step == nhsa.StepVisit {
			t.Errorf("%s: what was given up goes on after its release", c.name)
		}
	}
	done, _ := script(t, visitOf(t, 1), upTo("")...)
	if done.Abandon() {
		t.Error("abandoned what is settled")
	}
}

func TestLostTwiceIsLostOnce(t *testing.T) {
	c, _ := script(t, visitOf(t, 1), upTo("2207")...)
	c.Lost(nhsa.InfoSettle, "m6")
	c.Lost(nhsa.InfoSettle, "m6")
	if len(c.Open) != 1 || c.Step != nhsa.StepReverse {
		t.Errorf("open %v at %q", c.Open, c.Step)
	}
}

func TestForeignAnswerIsIgnored(t *testing.T) {
	v := visitOf(t, 1)
	c, _ := script(t, v, upTo("2206")...)
	if err := c.Take(v, "m", nhsa.Reply{Infno: "2207", Output: json.RawMessage(final)}); !errors.Is(err, nhsa.ErrStep) || c.Step != nhsa.StepTrial {
		t.Errorf("error %v at %q", err, c.Step)
	}
	c.Refused("2207", &nhsa.BusinessRefusal{})
	c.Lost("2207", "m")
	if c.Step != nhsa.StepTrial || len(c.Open) != 0 {
		t.Errorf("at %q, open %v", c.Step, c.Open)
	}
}

func TestManyLinesGoInParts(t *testing.T) {
	v := visitOf(t, 250)
	c, inputs := script(t, v, upTo("2204", "2204 ok", "2204 lost", "2205 ok", "2204 ok", "2204 ok", "2204 ok")...)
	if c.Step != nhsa.StepTrial {
		t.Fatalf("at %q", c.Step)
	}
	seen := map[string]bool{}
	for _, in := range inputs[6:] { // after 2205
		for _, fee := range as[nhsa.FeeUpload](t, in).Fees {
			if seen[fee.LineNo] || len(fee.LineNo) > 15 || strings.Trim(fee.LineNo, "0123456789") != "" {
				t.Errorf("line number %s again, too long or not digits", fee.LineNo)
			}
			seen[fee.LineNo] = true
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d lines, want 250", len(seen))
	}
}

// Every request of a chain passes the checks of Encode.
func TestRequestsOfAChainEncode(t *testing.T) {
	for _, lines := range [][]string{
		upTo(""), upTo("2201", "2201 lost", "2201 no x", "5201 empty"), upTo("2207", "2207 lost", "2601 ok"), upTo("2206", "2206 no x", "2205 ok", "2202 ok"),
	} {
		_, inputs := script(t, visitOf(t, 2), lines...)
		for i, in := range inputs {
			infno, _, _ := strings.Cut(lines[i], " ")
			if _, err := nhsa.Encode(seat(), infno, msgID, at(), "S", in); err != nil {
				t.Errorf("%s %T: %v", infno, in, err)
			}
			if _, err := nhsa.Encode(seat(), "3101", msgID, at(), "S", in); err == nil {
				t.Errorf("%T goes as 3101", in)
			}
		}
	}
}

func TestVisitOf(t *testing.T) {
	v := visitOf(t, 1)
	if v.Certificate.Kind != "03" || !v.UseAccounts || v.MedType != "11" || v.InsuranceType != "390" || v.Lines[0].No != "011121000170001" {
		t.Errorf("visit %+v", v)
	}
	for _, c := range []struct {
		name   string
		change func(*settle.Settlement)
		code   settle.Code
	}{
		{"own cash only", func(s *settle.Settlement) { s.Split.Family, s.Guardian = 0, settle.Identity{} }, ""},
		{"mobile consent", func(s *settle.Settlement) { s.Guardian, s.Bill.Visit.Channel = settle.Identity{}, settle.Mobile }, ""},
		{"id number alone", func(s *settle.Settlement) { s.Who.CardCode = "" }, ""},
		{"no consent", func(s *settle.Settlement) { s.Guardian = settle.Identity{} }, "PLATFORM_NO_CONSENT"},
		{"nobody", func(s *settle.Settlement) { s.Who = settle.Identity{} }, "PLATFORM_NO_CERTIFICATE"},
		{"refused", func(s *settle.Settlement) { s.Split.Status = settle.Refused }, "PLATFORM_REFUSED_SPLIT"},
		{"inpatient", func(s *settle.Settlement) { s.Bill.Visit.Kind, s.Chart.VisitID = settle.Inpatient, "V1" }, ""},
		{"inpatient, not admitted", func(s *settle.Settlement) { s.Bill.Visit.Kind = settle.Inpatient }, "PLATFORM_NO_ADMISSION"},
		{"nobody knows what", func(s *settle.Settlement) { s.Bill.Visit.Kind = "home" }, "PLATFORM_VISIT_KIND"},
		{"lines", func(s *settle.Settlement) { s.Split.Lines = nil }, "PLATFORM_LINES"},
	} {
		s := bought(1)
		c.change(&s)
		v, err := nhsa.VisitOf(s, nhsa.Manner{})
		var refusal *settle.Refusal
		if errors.As(err, &refusal) != (c.code != "") || (refusal != nil && (refusal.Code != c.code || refusal.Cashier == "")) {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
		if c.name == "own cash only" && v.UseAccounts {
			t.Error("accounts are used without a draw")
		}
	}
}

// What the requests say, where it is not simply the visit's.
func TestRequestsSayWhatTheySay(t *testing.T) {
	_, inputs := script(t, visitOf(t, 1), upTo("")...)
	reg := as[nhsa.Register](t, inputs[1]).Data
	up := as[nhsa.VisitUpload](t, inputs[2])
	fee := as[nhsa.FeeUpload](t, inputs[3]).Fees[0]
	tr := as[nhsa.Trial](t, inputs[4]).Data
	fin := as[nhsa.Final](t, inputs[5]).Data
	got := fmt.Sprint(
		reg.CertKind, reg.CertNo == "F18060102", reg.Type, reg.OutpatientNo, " | ",
		up.Visit.DiseaseCode, up.Diagnoses[0].Kind, up.Diagnoses[0].No, up.Diagnoses[1].Kind, up.Diagnoses[1].No, " | ",
		fee.LineNo, fee.VisitID, fee.Batch, fee.Approved, fee.Quantity, fee.Price, fee.Amount, " | ",
		tr.Accounts, tr.MedType, tr.Way, tr.Total, tr.Batch, " | ", fin.InScope, fin.FirstSelfPay, fin.SelfFunded, fin.VisitID, fin.Accounts)
	want := "03 true 390 MZ0017 | J06.900 1 1 2 2 | 011121000170001 V1 012026112100017 1 2 12.5 25.00 | " +
		"1 11 01 25.00 012026112100017 | 20.00 5.00 0.00 V1 1"
	if squeeze(got) != squeeze(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }
