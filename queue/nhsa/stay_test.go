package nhsa_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"settled/queue/nhsa"
	"settled/settle"
)

// stayed is a settlement of a child's stay with n lines, part paid by the family.
func stayed(n int) settle.Settlement {
	s := bought(n)
	s.Bill.Visit.Kind, s.Bill.Visit.AdmissionNo = settle.Inpatient, 1
	s.Chart.OutpatientNo, s.Chart.VisitID, s.Chart.Began = "ZY0017", "V1", "2026-11-18 22:10:00"
	return s
}

func stayOf(t *testing.T, n int) nhsa.Visit {
	t.Helper()
	return visitWith(t, stayed(n))
}

func visitWith(t *testing.T, s settle.Settlement) nhsa.Visit {
	t.Helper()
	v, err := nhsa.VisitOf(s, nhsa.Manner{MedType: "9901"}) // which is for outpatients
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What 5204 may answer: nothing, lines that are not ours, some of them settled, one that
// is not, ours, ours settled.
const (
	noLines     = `{"feedetail":[]}`
	otherLines  = `{"feedetail":[{"feedetl_sn":"17","setl_id":"S0"},{"feedetl_sn":"18","setl_id":null}]}`
	strayLines  = `{"feedetail":[{"feedetl_sn":"18"}]}`
	ourLines    = `{"feedetail":[{"feedetl_sn":"17","setl_id":null},{"feedetl_sn":"011121000170001","setl_id":""}]}`
	settledThem = `{"feedetail":[{"feedetl_sn":"011121000170001","setl_id":"S7"}]}`
)

// stayUpTo are the lines of a good inpatient's chain until (and without) the given
// transaction.
func stayUpTo(infno string, then ...string) []string {
	good := []string{"1101 yes " + person, "2301 ok", "2303 yes " + trial, "2304 yes " + final}
	i := slices.IndexFunc(good, func(s string) bool { return strings.HasPrefix(s, infno) })
	if infno == "" {
		i = len(good)
	}
	return append(slices.Clone(good[:i]), then...)
}

// TestStaysEnd: whatever becomes of an inpatient's requests, the fees are up and settled
// once or taken back, and the admission is never touched.
func TestStaysEnd(t *testing.T) {
	const (
		gone    = "2601 no 冲正失败:未查询到原报文"
		nothing = "2302 no 未查询到可撤销的费用明细"
		done    = "2304 yes " + final
	)
	for _, c := range []struct {
		name  string
		lines []string
		step  nhsa.Step
		left  string
	}{
		{"straight", stayUpTo(""), nhsa.StepDone, ""},
		{"unsent and turned away change nothing", append([]string{"1101 unsent", "1101 away", "1101 no 签到流水号无效，请重新签到"}, stayUpTo("")...), nhsa.StepDone, ""},
		{"person lost", append([]string{"1101 lost"}, stayUpTo("")...), nhsa.StepDone, ""},
		{"person unknown to the platform", []string{"1101 no 参保信息为空"}, nhsa.StepHeld, ""},
		{"somebody else's card", []string{`1101 yes {"baseinfo":{"psn_no":"P2","certno":"440305198805051013"}}`}, nhsa.StepHeld, ""},
		{"fees lost, cleared", stayUpTo("2301", append([]string{"2301 lost", "2302 ok"}, stayUpTo("")[1:]...)...), nhsa.StepDone, ""},
		{"fees lost, nothing to clear", stayUpTo("2301", append([]string{"2301 lost", "2302 lost", nothing}, stayUpTo("")[1:]...)...), nhsa.StepDone, ""},
		{"fees lost, cleared before they came", stayUpTo("2301", append([]string{"2301 lost", nothing, "2301 no 重复", "2302 ok"}, stayUpTo("")[1:]...)...), nhsa.StepDone, ""},
		{"not admitted there", stayUpTo("2301", "2301 no 就诊信息不存在"), nhsa.StepHeld, ""},
		{"fees refused for good after a loss", stayUpTo("2301", "2301 lost", "2302 ok", "2301 no x", "2302 ok", "2301 no x", "2302 ok", "2301 no x", "2302 no x", "2301 no x", nothing), nhsa.StepHeld, ""},
		{"trial lost", stayUpTo("2303", "2303 lost", "2303 yes "+trial, done), nhsa.StepDone, ""},
		{"trial refused", stayUpTo("2303", "2303 no 待遇冻结", "2302 ok"), nhsa.StepHeld, ""},
		{"trial refused, undo lost and refused", stayUpTo("2303", "2303 no 待遇冻结", "2302 lost", "2302 no x"), nhsa.StepHeld, "2301"},
		{"trial refused, others' fees are there", stayUpTo("2303", append([]string{"2303 no 费用不相等", "2302 ok"}, stayUpTo("")[1:]...)...), nhsa.StepDone, ""},
		{"settlement refused, fees were cleared since", stayUpTo("2304", append([]string{"2304 no 费用不相等", nothing}, stayUpTo("")[1:]...)...), nhsa.StepDone, ""},
		{"trial refused, fees differ for good", stayUpTo("2303", slices.Concat(slices.Repeat([]string{"2303 no 费用不相等", "2302 ok", "2301 ok"}, 3), []string{"2303 no 费用不相等", "2302 ok"})...), nhsa.StepHeld, ""},
		{"settlement lost, reversed", stayUpTo("2304", "2304 lost", "2601 ok", done), nhsa.StepDone, ""},
		{"settlement unreadable, reversed", stayUpTo("2304", `2304 yes {"setlinfo":{}}`, "2601 ok", done), nhsa.StepDone, ""},
		{"settlement lost, never came", stayUpTo("2304", "2304 lost", "2601 lost", "2601 lost", gone, done), nhsa.StepDone, ""},
		{"settlement lost, reversal lost but done", stayUpTo("2304", "2304 lost", "2601 lost", "2601 no 退费结算标志不为未退费", done), nhsa.StepDone, ""},
		{"settlement lost twice", stayUpTo("2304", "2304 lost", "2601 ok", "2304 lost", gone, done), nhsa.StepDone, ""},
		{"settlement turned away, then refused", stayUpTo("2304", "2304 away", "2304 no x", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", "2302 ok"), nhsa.StepHeld, ""},
		{"settlement came after it was asked for", stayUpTo("2304", "2304 lost", gone, "2304 no 已结算", "2601 ok", done), nhsa.StepDone, ""},
		{"settlement refused", stayUpTo("2304", "2304 no 余额不足", "2302 ok"), nhsa.StepHeld, ""},
		{"settlement lost, then refused for good", stayUpTo("2304", "2304 lost", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", "2302 ok"), nhsa.StepHeld, ""},
		{"settlement lost, refused for good, nothing of it there", stayUpTo("2304", "2304 lost", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", "2302 lost", nothing, "5204 lost", "5204 yes "+otherLines), nhsa.StepHeld, ""},
		{"settlement lost, refused for good, it is settled", stayUpTo("2304", "2304 lost", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", gone, "2304 no x", nothing, "5204 yes "+settledThem), nhsa.StepHeld, "2301"},
		{"settlement reversed, then refused", stayUpTo("2304", "2304 lost", "2601 ok", "2304 no x", "2302 ok"), nhsa.StepHeld, ""},
		{"reversal refused without saying why", stayUpTo("2304", "2304 lost", "2601 no 系统繁忙"), nhsa.StepHeld, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, inputs := script(t, stayOf(t, 1), c.lines...)
			if _, _, done := got.Next(stayOf(t, 1)); got.Step != c.step || !done {
				t.Errorf("ends at %q (done %v), want %q", got.Step, done, c.step)
			}
			if (got.Step == nhsa.StepHeld) != (got.Refusal != nil) || (got.Step == nhsa.StepDone) != (got.Result != nil) {
				t.Errorf("refusal %v, result %v at %q", got.Refusal, got.Result, got.Step)
			}
			if left := strings.Join(got.Left, " "); left != c.left {
				t.Errorf("left %q, want %q", left, c.left)
			}
			fitting(t, c.lines, inputs)
		})
	}
}

// fitting checks that every request passes the checks of Encode, as its own transaction
// only, and is about the admission.
func fitting(t *testing.T, lines []string, inputs []any) {
	t.Helper()
	for i, in := range inputs {
		infno, _, _ := strings.Cut(lines[i], " ")
		body, err := nhsa.Encode(seat(), infno, msgID, at(), "S", in)
		if err != nil {
			t.Errorf("%s %T: %v", infno, in, err)
		}
		if infno != "1101" && infno != "2601" && !strings.Contains(string(body), `"mdtrt_id":"V1"`) {
			t.Errorf("%s is not about the visit: %s", infno, body)
		}
		if r, ok := in.(nhsa.Reverse); ok && (r.Data.Infno != "2304" || r.Data.MsgID == "") {
			t.Errorf("reverses %+v", r)
		}
	}
}

// TestStaysRequestsSay: what the requests of an inpatient say.
func TestStaysRequestsSay(t *testing.T) {
	_, inputs := script(t, stayOf(t, 1), stayUpTo("")...)
	fee := as[nhsa.InpatientFees](t, inputs[1]).Fees[0]
	tr := as[nhsa.InpatientTrial](t, inputs[2]).Data
	fin := as[nhsa.InpatientFinal](t, inputs[3]).Data
	got := fmt.Sprint(
		fee.LineNo, fee.VisitID, fee.MedType, fee.Time, fee.Quantity, fee.Price, fee.Amount, fee.Approved, fee.DeptCode, " | ",
		tr.PersonNo == "P1", tr.CertKind, tr.CertNo == "F18060102", tr.VisitID, tr.Total, tr.Way, tr.Accounts, tr.Type, " | ",
		fin.VisitID, fin.Total, fin.Accounts, fin.Type, fin.InScope, fin.FirstSelfPay, fin.SelfFunded)
	want := "011121000170001 V1 21 2026-11-18 22:10:00 2 12.5 25.00 1 0301 | true 03 true V1 25.00 01 1 390 | V1 25.00 1 390 20.00 5.00 0.00"
	if squeeze(got) != squeeze(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestStaysManyLines: 2301 takes at most 100 lines, all or none; a loss begins anew.
func TestStaysManyLines(t *testing.T) {
	lines := stayUpTo("2301", "2301 ok", "2301 lost", "2302 ok", "2301 ok", "2301 ok", "2301 ok")
	c, inputs := script(t, stayOf(t, 250), lines...)
	if c.Step != nhsa.StepTrial {
		t.Fatalf("at %q", c.Step)
	}
	fitting(t, lines, inputs)
	seen := map[string]bool{}
	for _, in := range inputs[4:] { // after 2302
		for _, fee := range as[nhsa.InpatientFees](t, in).Fees {
			seen[fee.LineNo] = true
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d lines, want 250", len(seen))
	}
	if c, _ = script(t, stayOf(t, 250), stayUpTo("2301", "2301 ok", "2301 no 目录不存在", "2302 ok")...); c.Step != nhsa.StepHeld || len(c.Left) > 0 {
		t.Errorf("second part refused: at %q, left %v", c.Step, c.Left)
	}
}

// TestStaysResume: what a clerk releases begins with the person again, and finds fees that
// were left.
func TestStaysResume(t *testing.T) {
	v := stayOf(t, 1)
	for name, c := range map[string]struct{ before, then []string }{
		"clean":      {stayUpTo("2303", "2303 no x", "2302 ok"), stayUpTo("")},
		"fees left":  {stayUpTo("2303", "2303 no x", "2302 no y"), append(stayUpTo("2301", "2301 no 重复", "2302 ok"), stayUpTo("")[1:]...)},
		"in doubt":   {stayUpTo("2304", "2304 lost", "2601 no 系统繁忙"), []string{"2601 ok", "2304 yes " + final}},
		"no person":  {[]string{"1101 no x"}, stayUpTo("")},
		"unadmitted": {stayUpTo("2301", "2301 no 就诊信息不存在"), stayUpTo("")},
	} {
		chain, _ := script(t, v, c.before...)
		if chain.Step != nhsa.StepHeld {
			t.Fatalf("%s: not held at %q", name, chain.Step)
		}
		chain.Resume()
		if chain, _ = play(t, chain, v, c.then...); chain.Step != nhsa.StepDone || len(chain.Open) > 0 {
			t.Errorf("%s: ends at %q", name, chain.Step)
		}
	}
}

// TestStaysRepaired: wherever a chain stands when it is repaired, what the visit has of it is
// taken back first, and then it goes from the start, to the visit of the mended number.
func TestStaysRepaired(t *testing.T) {
	const gone = "2601 no 冲正失败:未查询到原报文"
	for _, c := range []struct {
		name          string
		before, after []string
		step          nhsa.Step
	}{
		{"never begun", nil, stayUpTo(""), nhsa.StepDone},
		{"no such visit", stayUpTo("2301", "2301 no 就诊信息不存在"), stayUpTo(""), nhsa.StepDone},
		{"fees stayed", stayUpTo("2303", "2303 no 目录编码不存在", "2302 no 系统繁忙"), append([]string{"2302 ok"}, stayUpTo("")...), nhsa.StepDone},
		{"held on the way", stayUpTo("2303"), append([]string{"2302 ok"}, stayUpTo("")...), nhsa.StepDone},
		{"2304 unclear", stayUpTo("2304", "2304 lost", "2601 no 系统繁忙"), append([]string{"2601 ok", "2302 ok"}, stayUpTo("")...), nhsa.StepDone},
		{"2304 unclear, clearing lost", stayUpTo("2304", "2304 lost", "2601 no 系统繁忙"), append([]string{gone, "2302 lost", "2302 no 未查询到", "5204 yes " + noLines}, stayUpTo("")...), nhsa.StepDone},
		{"it can't be taken back", stayUpTo("2303"), []string{"2302 no 系统繁忙"}, nhsa.StepHeld},
	} {
		wrong := stayed(1)
		wrong.Chart.VisitID = "V0"
		mended, err := nhsa.Mended(wrong, map[string]string{"visit_id": "V1"})
		if err != nil {
			t.Fatal(err)
		}
		chain, _ := script(t, visitWith(t, wrong), c.before...)
		if !chain.Repaired(7) || chain.Repaired(7) {
			t.Errorf("%s: the same repair changed something, or the first nothing", c.name)
		}
		chain, inputs := play(t, chain, visitWith(t, mended), c.after...)
		if chain.Step != c.step || chain.Repair != 7 || chain.Step == nhsa.StepHeld && chain.Refusal == nil {
			t.Errorf("%s: %+v", c.name, chain)
		}
		for i, in := range inputs { // what is taken back is the old visit's
			drop, ok := in.(nhsa.InpatientDrop)
			if ok && drop.Data.VisitID != "V0" {
				t.Errorf("%s: request %d takes back fees of %s", c.name, i+1, drop.Data.VisitID)
			}
			if up, ok := in.(nhsa.InpatientFees); ok && up.Fees[0].VisitID != "V1" {
				t.Errorf("%s: request %d uploads to %s", c.name, i+1, up.Fees[0].VisitID)
			}
		}
	}
}

// TestStaysAbandon: what is given up leaves nothing of its own at the platform, and the
// admission as it was.
func TestStaysAbandon(t *testing.T) {
	const nothing = "2302 no 未查询到可撤销的费用明细"
	for _, c := range []struct {
		name  string
		until []string
		then  []string
		step  nhsa.Step
	}{
		{"before anything", nil, nil, nhsa.StepUndone},
		{"person known", stayUpTo("2301"), nil, nhsa.StepUndone},
		{"fees up", stayUpTo("2303"), []string{"2302 ok"}, nhsa.StepUndone},
		{"fees lost", stayUpTo("2301", "2301 lost"), []string{nothing}, nhsa.StepUndone},
		{"settlement lost", stayUpTo("2304", "2304 lost"), []string{"2601 ok", "2302 ok"}, nhsa.StepUndone},
		{"cannot be taken back", stayUpTo("2303"), []string{"2302 no x"}, nhsa.StepHeld},
		{"settlement came after it was asked for", stayUpTo("2304", "2304 lost"), []string{"2601 no 未查询到原报文", nothing, "5204 yes " + settledThem, "2601 ok", "2302 ok"}, nhsa.StepUndone},
		{"settlement never came, clearing lost", stayUpTo("2304", "2304 lost"), []string{"2601 no 未查询到原报文", "2302 lost", nothing, "5204 yes " + noLines}, nhsa.StepUndone},
		{"settlement never came, no lines is a refusal", stayUpTo("2304", "2304 lost"), []string{"2601 no 未查询到原报文", "2302 lost", nothing, "5204 no 未查询到费用明细"}, nhsa.StepUndone},
		{"lines that stay", stayUpTo("2304", "2304 lost"), []string{
			"2601 no 未查询到", nothing, "5204 yes " + ourLines, nothing, "5204 yes " + ourLines, nothing, "5204 yes " + ourLines, nothing, "5204 yes " + ourLines,
		}, nhsa.StepHeld},
		{"settlement may be there", stayUpTo("2304", "2304 lost"), []string{
			"2601 no 未查询到", nothing, "5204 yes " + settledThem, "2601 no 未查询到", nothing, "5204 yes " + settledThem,
			"2601 no 未查询到", nothing, "5204 yes " + settledThem, "2601 no 未查询到", nothing, "5204 yes " + settledThem,
		}, nhsa.StepHeld},
		{"nobody tells", stayUpTo("2304", "2304 lost"), []string{"2601 no 未查询到", nothing, "5204 no 不支持"}, nhsa.StepHeld},
		{"held, then given up", stayUpTo("2304", "2304 lost", "2601 no 系统繁忙"), []string{"2601 ok", "2302 ok"}, nhsa.StepUndone},
	} {
		v := stayOf(t, 1)
		chain, _ := script(t, v, c.until...)
		if !chain.Abandon() {
			t.Fatalf("%s: not abandoned", c.name)
		}
		var inputs []any
		if chain, inputs = play(t, chain, v, c.then...); chain.Step != c.step || (c.step == nhsa.StepHeld) != (chain.Refusal != nil) {
			t.Errorf("%s: ends at %q for %v, want %q", c.name, chain.Step, chain.Refusal, c.step)
		}
		fitting(t, c.then, inputs)
		chain.Resume()
		if infno, _, done := chain.Next(v); c.step == nhsa.StepHeld && (done || infno != "2302") {
			t.Errorf("%s: after its release it goes on with %q", c.name, infno)
		}
	}
}

// TestStaysWithdrawal: a void cancels (2305), and takes the fees back (2302) for the stay's
// next bill.
func TestStaysWithdrawal(t *testing.T) {
	const nothing = "2302 no 未查询到可撤销的费用明细"
	for _, c := range []struct {
		name    string
		until   []string // of the chain
		answers []string
		end     string // done, done blind (no amounts), undone, held
	}{
		{"straight", stayUpTo(""), []string{"2305 yes " + back, "2302 ok"}, "done"},
		{"fees lost", stayUpTo(""), []string{"2305 yes " + back, "2302 lost", "2302 away", nothing}, "done"},
		{"fees stay", stayUpTo(""), []string{"2305 yes " + back, "2302 no x"}, "done"},
		{"stale sign-in between", stayUpTo(""), []string{"2305 yes " + back, "2302 no 请重新签到", "2302 ok"}, "done"},
		{"lost, repeat taken", stayUpTo(""), []string{"2305 lost", "2305 yes " + back, "2302 ok"}, "done"},
		{"lost, repeat refused", stayUpTo(""), []string{"2305 lost", "2305 unsent", "2305 no 退费结算标志不为未退费", "2302 ok"}, "done blind"},
		{"taken back by hand", stayUpTo(""), []string{"2305 no 退费结算标志不为未退费", nothing}, "done blind"},
		{"refused", stayUpTo(""), []string{"2305 no 已清算"}, "held"},
		{"lost, repeat refused in other words, was booked", stayUpTo(""), []string{"2305 lost", "2305 no 状态不正确", "2601 ok", "2305 yes " + back, "2302 ok"}, "done"},
		{"lost, never came, refused", stayUpTo(""), []string{"2305 lost", "2305 no 已清算", "2601 no 未查询到", "2305 no 已清算"}, "held"},
		{"nothing sent", nil, nil, "undone"},
		{"settlement lost, was booked", stayUpTo("2304", "2304 lost"), []string{"2601 ok", "2302 ok"}, "undone"},
		{"settlement lost, nobody knows", stayUpTo("2304", "2304 lost"), []string{"2601 no 系统繁忙"}, "held"},
	} {
		v := stayOf(t, 1)
		chain, _ := script(t, v, c.until...)
		w := withdraw(t, nhsa.NewWithdrawal(chain, nil), v, c.answers...)
		got := "open"
		switch {
		case w.Done && w.Result == nil:
			got = "done blind"
		case w.Done:
			got = "done"
		case w.Undone():
			got = "undone"
		case w.Why() != nil:
			got = "held"
		}
		if _, _, done := w.Next(v); !done || got != c.end {
			t.Errorf("%s: ends %s (%v), want %s: %+v", c.name, got, done, c.end, w)
		}
	}
	booked := &nhsa.Result{SettlementID: "S1", VisitID: "V1"}
	w := withdraw(t, nhsa.NewWithdrawal(nhsa.Chain{}, booked), stayOf(t, 1), "1101 yes "+person, "2305 yes "+back, "2302 ok")
	if !w.Done || w.MsgID != "w2305" {
		t.Errorf("acknowledged by hand: %+v", w)
	}
}

// TestStaysRestored: a chain from a backup looks at the visit's lines before it settles,
// and settles only when none of its own is there.
func TestStaysRestored(t *testing.T) {
	const nothing = "2302 no 未查询到可撤销的费用明细"
	anew := stayUpTo("")[1:] // from 2301 on
	asked := func(lines ...string) []string { return append([]string{"1101 yes " + person}, lines...) }
	for _, c := range []struct {
		name   string
		before []string // in the backup
		then   []string
		step   nhsa.Step
	}{
		{"nothing sent, nothing there", nil, asked(append([]string{"5204 yes " + noLines}, anew...)...), nhsa.StepDone},
		{"nothing sent, others' lines there", nil, asked(append([]string{"5204 yes " + strayLines, "2302 ok", "5204 yes " + noLines}, anew...)...), nhsa.StepDone},
		{"settled elsewhere under another number", nil, asked("5204 yes " + otherLines), nhsa.StepHeld},
		{"nothing sent, no lines is a refusal", nil, asked(append([]string{"5204 no 未查询到费用明细"}, anew...)...), nhsa.StepDone},
		{"nothing sent, fees there", nil, asked(append([]string{"5204 yes " + ourLines, "2302 ok", "5204 yes " + noLines}, anew...)...), nhsa.StepDone},
		{"settled elsewhere", nil, asked("5204 yes " + settledThem), nhsa.StepHeld},
		{"settled elsewhere meanwhile", nil, asked("5204 yes "+ourLines, nothing, "5204 yes "+settledThem), nhsa.StepHeld},
		{"fees that stay", nil, asked("5204 yes "+ourLines, "2302 no x", "5204 yes "+ourLines, "2302 no x", "5204 yes "+ourLines, "2302 no x", "5204 yes "+ourLines), nhsa.StepHeld},
		{"answers lost", nil, append([]string{"1101 lost", "1101 yes " + person, "5204 lost", "5204 yes " + ourLines, "2302 lost", nothing, "5204 yes " + noLines}, anew...), nhsa.StepDone},
		{"taking back is refused, yet they are gone", nil, asked(append([]string{"5204 yes " + ourLines, "2302 no x", "5204 yes " + noLines}, anew...)...), nhsa.StepDone},
		{"5204 refused", nil, asked("5204 no x"), nhsa.StepHeld},
		{"fees were up", stayUpTo("2303"), append([]string{"5204 yes " + ourLines, "2302 ok", "5204 yes " + noLines}, anew...), nhsa.StepDone},
		{"fees were up, settled since", stayUpTo("2303"), []string{"5204 yes " + settledThem}, nhsa.StepHeld},
		{"a lost 2304 is reversed first", stayUpTo("2304", "2304 lost"), append([]string{"2601 ok", "5204 yes " + ourLines, "2302 ok", "5204 yes " + noLines}, anew...), nhsa.StepDone},
		{"a lost 2304 that nobody knows, settled elsewhere", stayUpTo("2304", "2304 lost"), []string{
			"2601 no 未查询到", "5204 yes " + settledThem, "2601 no 未查询到", "5204 yes " + settledThem, "2601 no 未查询到", "5204 yes " + settledThem, "2601 no 未查询到", "5204 yes " + settledThem,
		}, nhsa.StepHeld},
		{"held for a refusal", stayUpTo("2303", "2303 no x", "2302 ok"), append([]string{"5204 yes " + noLines}, anew...), nhsa.StepDone},
	} {
		v := stayOf(t, 1)
		chain, _ := script(t, v, c.before...)
		chain.Restored()
		chain.Restored()
		chain, inputs := play(t, chain, v, c.then...)
		held := c.step == nhsa.StepHeld
		if chain.Step != c.step || chain.Doubt != held || (len(chain.Left) > 0) != held {
			t.Errorf("%s: ends at %q, doubt %v, left %v, want %q", c.name, chain.Step, chain.Doubt, chain.Left, c.step)
		}
		if chain.Step == nhsa.StepHeld && chain.Refusal == nil {
			t.Errorf("%s: held without a reason", c.name)
		}
		if strings.HasPrefix(c.name, "settled elsewhere") && chain.Refusal.Code != nhsa.RestoredSettled {
			t.Errorf("%s: held for %v", c.name, chain.Refusal)
		}
		fitting(t, c.then, inputs)
		chain.Resume()
		if c.step == nhsa.StepHeld {
			if infno, _, _ := chain.Next(v); infno != "5204" {
				t.Errorf("%s: released, it goes on with %q", c.name, infno)
			}
		}
	}
}

// TestStaysRestoredVoid: a reversal in a restored copy looks at the lines before it says
// that nothing is there.
func TestStaysRestoredVoid(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // in the backup
		then   []string
		undone bool
	}{
		{"nothing there", nil, []string{"1101 yes " + person, "5204 yes " + noLines}, true},
		{"fees there", nil, []string{"1101 yes " + person, "5204 yes " + ourLines, "2302 ok", "5204 yes " + noLines}, true},
		{"settled elsewhere", nil, []string{"1101 yes " + person, "5204 yes " + settledThem}, false},
		{"a lost 2304 is reversed first", stayUpTo("2304", "2304 lost"), []string{"2601 ok", "5204 yes " + ourLines, "2302 ok", "5204 yes " + noLines}, true},
	} {
		v := stayOf(t, 1)
		chain, _ := script(t, v, c.before...)
		chain.Restored()
		w := withdraw(t, nhsa.NewWithdrawal(chain, nil), v, c.then...)
		if _, _, done := w.Next(v); !done || w.Undone() != c.undone {
			t.Errorf("%s: %+v", c.name, w)
		}
		if !c.undone && (w.Why() == nil || w.Why().Code != nhsa.RestoredSettled) {
			t.Errorf("%s: held for %v", c.name, w.Why())
		}
	}
}
