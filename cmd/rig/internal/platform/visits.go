package platform

import (
	"math/big"
	"slices"
)

// visits are the registrations (挂号), found by their number, by the hospital's own, and
// by person.
type visits struct {
	byID     map[string]*visit
	byOTP    map[string][]*visit // by institution and ipt_otp_no
	byPerson map[string][]*visit // by psn_no
}

func newVisits() visits {
	return visits{byID: map[string]*visit{}, byOTP: map[string][]*visit{}, byPerson: map[string][]*visit{}}
}

func (v *visit) otpKey() string { return v.institution + " " + v.otp }

func (vs *visits) add(v *visit) {
	vs.byID[v.id] = v
	vs.byOTP[v.otpKey()] = append(vs.byOTP[v.otpKey()], v)
	vs.byPerson[v.psn] = append(vs.byPerson[v.psn], v)
}

func (vs *visits) remove(v *visit) {
	same := func(o *visit) bool { return o == v }
	delete(vs.byID, v.id)
	vs.byOTP[v.otpKey()] = slices.DeleteFunc(vs.byOTP[v.otpKey()], same)
	vs.byPerson[v.psn] = slices.DeleteFunc(vs.byPerson[v.psn], same)
}

// patient finds the person and the visit, which must be theirs and the caller's.
func (b *Books) patient(c *call, row node) (*person, *visit, error) {
	p, err := b.known(row.get("psn_no"))
	if err != nil {
		return nil, nil, err
	}
	v := b.visit(c, row.get("mdtrt_id"))
	if v == nil || v.psn != p.PsnNo || v.institution != c.institution {
		return nil, nil, no("FSI-就诊ID[%s]对应的就诊信息不存在", row.get("mdtrt_id"))
	}
	return p, v, nil
}

func (b *Books) register(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, err := b.known(in.get("psn_no"))
	if err != nil {
		return nil, err
	}
	if p.running(in.get("insutype")) == nil {
		return nil, no("FSI-该参保人险种[%s]不在正常参保状态", in.get("insutype"))
	}
	v := &visit{
		psn: p.PsnNo, otp: in.get("ipt_otp_no"), insutype: in.get("insutype"), institution: c.institution, began: in.get("begntime"),
	}
	known := b.visits.byOTP[v.otpKey()]
	switch {
	case len(known) > 0 && b.mood.SameVisit == "same":
		v = known[0]
	case len(known) > 0 && b.mood.SameVisit != "new":
		return nil, no("FSI-门诊号[%s]已挂号，请勿重复挂号", v.otp)
	default:
		v.id = b.next("440391", 20)
		b.visits.add(v)
	}
	return node{"data": node{"mdtrt_id": v.id, "psn_no": p.PsnNo, "ipt_otp_no": in.get("ipt_otp_no"), "exp_content": nil}}, nil
}

func (b *Books) unregister(c *call) (node, error) {
	_, v, err := b.patient(c, c.input.rows("data")[0])
	switch {
	case err != nil:
		return nil, err
	case len(v.fees) > 0:
		return nil, no("FSI-就诊ID[%s]存在费用明细或结算信息，不能撤销挂号", v.id)
	}
	b.visits.remove(v)
	return nil, nil
}

func (b *Books) findVisits(c *call) (node, error) {
	in := c.input.rows("data")[0]
	if _, err := b.known(in.get("psn_no")); err != nil {
		return nil, err
	}
	rows := []any{}
	for _, v := range b.visits.byPerson[in.get("psn_no")] {
		if v.institution == c.institution && within(v.began, in.get("begntime"), in.get("endtime")) {
			rows = append(rows, node{"mdtrt_id": v.id, "psn_no": v.psn, "ipt_otp_no": v.otp, "begntime": v.began, "med_type": "11"})
		}
	}
	return node{"mdtrtinfo": rows}, nil
}

func (b *Books) visitInfo(c *call) (node, error) {
	info := c.input.rows("mdtrtinfo")[0]
	_, v, err := b.patient(c, info)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"11", "12", "13"}, info.get("med_type")) {
		return nil, no("FSI-医疗类别[%s]不支持", info.get("med_type"))
	}
	v.uploaded, v.began = true, info.get("begntime")
	return nil, nil
}

// uploadFees takes all lines or none.
func (b *Books) uploadFees(c *call) (node, error) {
	var fees []*charge
	var into *visit
	for _, row := range c.input.rows("feedetail") {
		_, v, err := b.patient(c, row)
		if err != nil {
			return nil, err
		}
		if into != nil && into != v {
			return nil, no("FSI-一次只能上传同一就诊的费用明细")
		}
		into = v
		fee, err := b.fee(v, row, fees)
		if err != nil {
			return nil, err
		}
		fees = append(fees, fee)
	}
	rows := []any{}
	for _, f := range fees {
		rows = append(rows, f.row())
	}
	into.fees = append(into.fees, fees...)
	return node{"result": rows}, nil
}

func (b *Books) fee(v *visit, row node, before []*charge) (*charge, error) {
	number := row.get("feedetl_sn")
	same := func(f *charge) bool { return f.lineNo == number }
	cnt, _ := fraction(row.get("cnt"))
	pric, _ := fraction(row.get("pric"))
	sum, _ := fraction(row.get("det_item_fee_sumamt"))
	amount := roundYuan(new(big.Rat).Mul(cnt, pric))
	switch {
	case !v.uploaded:
		return nil, no("FSI-就诊ID[%s]未上传就诊信息", v.id)
	case slices.ContainsFunc(v.fees, same) || slices.ContainsFunc(before, same):
		return nil, no("FSI-费用明细流水号[%s]重复", number)
	case slices.ContainsFunc(v.fees, func(f *charge) bool { return f.settled && f.batch == row.get("chrg_bchno") }):
		return nil, no("FSI-收费批次[%s]已结算，不能再上传费用明细", row.get("chrg_bchno"))
	case !isFen(sum) || roundYuan(sum) != amount:
		return nil, no("FSI-费用明细[%s]数量乘单价与金额不相等", number)
	}
	f := &charge{
		lineNo: number, batch: row.get("chrg_bchno"), code: row.get("med_list_codg"), hospitalCode: row.get("medins_list_codg"),
		doctor: row.get("bilg_dr_codg"), cnt: cnt, pric: pric, amount: amount, item: b.data.items[row.get("med_list_codg")],
	}
	f.judge(row.get("hosp_appr_flag"))
	return f, nil
}

// row is the answer's line for a fee.
func (c *charge) row() node {
	ceiling, prop, lv := "999999", "0", c.item.Level
	if c.item.Ceiling.Rat != nil {
		ceiling = c.item.Ceiling.FloatString(2)
	}
	if c.item.Prop.Rat != nil {
		prop = c.item.Prop.FloatString(4)
	}
	if lv == "" {
		lv, prop = "03", "1.0000"
	}
	return node{
		"feedetl_sn": c.lineNo, "det_item_fee_sumamt": number(c.amount),
		"cnt": jsonNumber(c.cnt.FloatString(4)), "pric": jsonNumber(c.pric.FloatString(6)), "pric_uplmt_amt": jsonNumber(ceiling),
		"selfpay_prop": jsonNumber(prop), "fulamt_ownpay_amt": number(c.full), "overlmt_amt": number(c.over),
		"preselfpay_amt": number(c.pre), "inscp_scp_amt": number(c.inScope), "chrgitm_lv": lv,
		"med_chrgitm_type": c.item.Charge, "lmt_used_flag": bit(c.item.Restricted), "bas_medn_flag": "0",
		"hi_nego_drug_flag": "0", "chld_medc_flag": nil, "list_sp_item_flag": nil, "drt_reim_flag": "0", "memo": nil, "exp_content": nil,
	}
}

func bit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

func (b *Books) dropFees(c *call) (node, error) {
	in := c.input.rows("data")[0]
	_, v, err := b.patient(c, in)
	if err != nil {
		return nil, err
	}
	batch := in.get("chrg_bchno")
	kept := slices.DeleteFunc(slices.Clone(v.fees), func(f *charge) bool {
		return !f.settled && (batch == "0000" || f.batch == batch)
	})
	if len(kept) == len(v.fees) {
		return nil, no("FSI-未查询到可撤销的未结算费用明细[%s]", batch)
	}
	v.fees = kept
	return nil, nil
}
