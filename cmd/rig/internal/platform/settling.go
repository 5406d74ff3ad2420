package platform

import (
	"encoding/json"
	"slices"
)

func jsonNumber(s string) json.Number { return json.Number(s) }

// reckon checks a 2206 or 2207 against the uploaded fees and computes it.
func (b *Books) reckon(c *call, in node) (*person, *visit, []*charge, bill, error) {
	fail := func(err error) (*person, *visit, []*charge, bill, error) { return nil, nil, nil, bill{}, err }
	p, v, err := b.patient(c, in)
	if err != nil {
		return fail(err)
	}
	ins := p.running(in.get("insutype"))
	if ins == nil || in.get("insutype") != v.insutype {
		return fail(no("FSI-险种类型[%s]与挂号险种不一致或不在正常参保状态", in.get("insutype")))
	}
	if in.get("psn_setlway") != "01" || !slices.Contains([]string{"0", "1"}, in.get("acct_used_flag")) {
		return fail(no("FSI-个人结算方式或个人账户使用标志不正确"))
	}
	var fees []*charge
	var sum yuan
	for _, f := range v.fees {
		if f.batch != in.get("chrg_bchno") {
			continue
		}
		if f.settled {
			return fail(no("FSI-收费批次[%s]已结算，请勿重复结算", f.batch))
		}
		fees, sum = append(fees, f), sum+f.amount
	}
	told, _ := fraction(in.get("medfee_sumamt"))
	if roundYuan(told) != sum || len(fees) == 0 {
		return fail(no("FSI-医疗总费用%s,已上传费用%s不相等", roundYuan(told), sum))
	}
	r := b.data.compute(p, ins, b.data.institutions[c.institution], v.began, fees, in.get("acct_used_flag") == "1")
	r.differ(b.mood.Differ)
	if b.differ != nil {
		r.differ(b.differ(in.get("chrg_bchno")))
	}
	return p, v, fees, r, nil
}

func (b *Books) trial(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, v, _, r, err := b.reckon(c, in)
	if err != nil {
		return nil, err
	}
	info := b.setlinfo(p, in, r, 1)
	info["mdtrt_id"], info["setl_id"], info["setl_time"], info["medins_setl_id"] = v.id, nil, nil, c.msgid
	return node{"setlinfo": info, "setldetail": detail(in.get("insutype"), r, 1), "expContent": nil}, nil
}

func (b *Books) settle(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, v, fees, r, err := b.reckon(c, in)
	if err != nil {
		return nil, err
	}
	return b.enter(c, in, &settlement{
		PsnNo: p.PsnNo, MdtrtID: v.id, OTP: v.otp, Insutype: in.get("insutype"), Batch: in.get("chrg_bchno"), bill: r, fees: fees,
	}), nil
}

// enter books a settlement and answers with it.
func (b *Books) enter(c *call, in node, s *settlement) node {
	r := s.bill
	s.SetlID, s.Institution, s.MsgID, s.Time = b.next("440300S", 20), c.institution, c.msgid, b.time()
	s.Total, s.Fund, s.Own, s.Family, s.Cash, s.Draws = r.total, r.fund, r.own, r.family, r.cash, r.draws
	b.setls = append(b.setls, s)
	b.byID[s.SetlID], b.byMsg[s.MsgID] = s, s
	b.book(s, 1)
	info := b.setlinfo(b.data.people[s.PsnNo], in, r, 1)
	if s.stay {
		staying(info, r, 1)
	}
	info["mdtrt_id"], info["setl_id"], info["setl_time"], info["medins_setl_id"] = s.MdtrtID, s.SetlID, s.Time, or(b.mood.Sender, c.msgid)
	return node{"setlinfo": info, "setldetail": detail(s.Insutype, r, 1), "expContent": nil}
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// setlinfo lists the amounts; sign -1 is the negative of a refund.
func (b *Books) setlinfo(p *person, in node, r bill, sign yuan) node {
	info := b.baseinfo(p)
	for name, amount := range map[string]yuan{
		"medfee_sumamt": r.total, "fulamt_ownpay_amt": r.full, "overlmt_selfpay": r.over, "preselfpay_amt": r.pre,
		"inscp_scp_amt": r.inScope, "act_pay_dedc": 0, "hifp_pay": r.fund, "cvlserv_pay": 0, "hifes_pay": 0, "hifmi_pay": 0,
		"hifob_pay": 0, "maf_pay": 0, "oth_pay": 0, "fund_pay_sumamt": r.fund, "psn_part_amt": r.total - r.fund,
		"acct_pay": r.own + r.family, "psn_cash_pay": r.cash, "hosp_part_amt": 0, "acct_mulaid_pay": r.family,
	} {
		info[name] = number(sign * amount)
	}
	for name, value := range map[string]any{
		"balc": number(r.balance), "pool_prop_selfpay": json.Number("0.0"), "insutype": in.get("insutype"), "cvlserv_flag": "0",
		"mdtrt_cert_type": in.get("mdtrt_cert_type"), "med_type": in.get("med_type"), "clr_optins": home, "clr_way": "1", "clr_type": "11",
	} {
		info[name] = value
	}
	if row := p.running(in.get("insutype")); row != nil {
		info["psn_type"] = row.PsnType
	}
	return info
}

// detail lists funds and accounts: their sum is the total less cash.
func detail(insutype string, r bill, sign yuan) []any {
	rows := []any{}
	add := func(kind, name string, amount yuan) {
		if amount != 0 {
			rows = append(rows, node{
				"fund_pay_type": kind, "fund_pay_type_name": name, "fund_payamt": number(sign * amount),
				"inscp_scp_amt": number(sign * r.inScope), "crt_payb_lmt_amt": nil, "setl_proc_info": nil,
			})
		}
	}
	if insutype == "310" {
		add("310100", "职工基本医疗保险统筹基金", r.fund)
	} else {
		add("390100", "城乡居民基本医疗保险基金", r.fund)
	}
	add("310200", "职工基本医疗保险个人账户基金", r.own)
	add("310201", "职工基本医疗保险个人账户家庭共济", r.family)
	return rows
}

const notUnrefunded = "退费结算标志不为未退费"

// cancel is 2208, of a stay 2305: a negative row with an id of its own.
func (b *Books) cancel(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, v, err := b.patient(c, in)
	if err != nil {
		return nil, err
	}
	s := b.byID[in.get("setl_id")]
	switch {
	case s == nil || s.PsnNo != p.PsnNo || s.MdtrtID != v.id:
		return nil, no("FSI-未查询到结算信息[%s]", in.get("setl_id"))
	case !s.Live:
		return nil, no("FSI-结算信息%s，不能办理结算撤销", notUnrefunded)
	}
	b.book(s, -1)
	b.byMsg[c.msgid] = s
	s.Refunded, s.RefundID, s.RefundTime = c.msgid, b.next("440300S", 20), b.time()
	info := b.setlinfo(p, node{"insutype": s.Insutype}, s.bill, -1)
	if s.stay {
		staying(info, s.bill, -1)
	}
	for name, value := range map[string]any{
		"mdtrt_id": v.id, "setl_id": s.RefundID, "setl_time": s.RefundTime, "medins_setl_id": c.msgid,
		"psn_part_amt": nil, "hosp_part_amt": nil, "acct_mulaid_pay": nil, // as recorded
	} {
		info[name] = value
	}
	return node{"setlinfo": info, "setldetail": detail(s.Insutype, s.bill, -1)}, nil
}

// reversible are the transactions that 2601 takes back: whether they cancelled, and
// whether they are a stay's.
func reversible(infno string) (cancel, stay, ok bool) {
	switch infno {
	case "2207", "2208", "2304", "2305":
		return infno == "2208" || infno == "2305", infno[:2] == "23", true
	}
	return false, false, false
}

// msgidOf is the message that settled, or the one that cancelled.
func (s *settlement) msgidOf(cancel bool) string {
	if cancel {
		return s.Refunded
	}
	return s.MsgID
}

// reverse is 2601 for a settlement or its cancellation.
func (b *Books) reverse(c *call) (node, error) {
	in := c.input.rows("data")[0]
	infno := in.get("oinfno")
	cancel, stay, ok := reversible(infno)
	if !ok {
		return nil, no("FSI-调用业务基础子系统冲正失败:交易[%s]不支持冲正", infno)
	}
	s := b.byMsg[in.get("omsgid")]
	if s != nil && (s.stay != stay || s.msgidOf(cancel) != in.get("omsgid") || s.PsnNo != in.get("psn_no") || s.Institution != c.institution) {
		s = nil
	}
	switch {
	case s == nil:
		return nil, no("FSI-调用业务基础子系统冲正失败:未查询到原报文[%s]对应的结算信息", in.get("omsgid"))
	case !cancel && !s.Live:
		return nil, no("FSI-调用业务基础子系统冲正失败:冲正的结算信息%s，不能办理冲正交易[iptPsnSetlMgtBO_4412][outpatientSettleBO_40]", notUnrefunded)
	}
	if cancel {
		b.book(s, 1)
		s.Refunded, s.RefundID, s.RefundTime = "", "", ""
		return nil, nil
	}
	b.book(s, -1)
	s.Reversed = c.msgid
	return nil, nil
}
