package platform

import (
	"slices"
	"strings"
)

// Admission is a patient whom the hospital's own system admits (2401, of which the public
// texts do not give the fields).
type Admission struct {
	PsnNo       string `json:"psn_no"`
	Insutype    string `json:"insutype"`
	Institution string `json:"fixmedins_code"`
	IPT         string `json:"ipt_otp_no"` // 住院号
	Began       string `json:"begntime"`
}

// Admit admits a patient and gives the visit's number, mdtrt_id. It refuses who is in
// hospital.
func (b *Books) Admit(a Admission) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := b.known(a.PsnNo)
	switch {
	case err != nil:
		return "", err
	case p.running(a.Insutype) == nil:
		return "", no("FSI-该参保人险种[%s]不在正常参保状态", a.Insutype)
	case b.data.institutions[a.Institution].Code == "":
		return "", no("FSI-定点医药机构编号[%s]不存在", a.Institution)
	case missing(node{"begntime": a.Began}, "begntime T*") != "":
		return "", no("FSI-入院时间不正确[begntime]")
	}
	for _, v := range b.stays {
		if v.psn == a.PsnNo && !b.settled(v) {
			return "", no("FSI-FMI返回：该人员是在院状态不能办理入院")
		}
	}
	id := b.next("440391", 20)
	b.stays[id] = &visit{
		id: id, psn: a.PsnNo, otp: a.IPT, insutype: a.Insutype, institution: a.Institution, began: a.Began, uploaded: true,
	}
	return id, nil
}

// settled tells whether a visit has a settlement that stands.
func (b *Books) settled(v *visit) bool {
	return slices.ContainsFunc(b.setls, func(s *settlement) bool { return s.Live && s.MdtrtID == v.id })
}

// visit finds the visit of a number that a transaction may be about: an inpatient's is
// about admissions, a query about both.
func (b *Books) visit(c *call, id string) *visit {
	stay := strings.HasPrefix(c.infno, "23")
	if v := b.visits.byID[id]; v != nil && !stay {
		return v
	}
	if stay || c.infno == "5204" {
		return b.stays[id]
	}
	return nil
}

// mostStayFees is how many lines a 2301 may have.
const mostStayFees = 100

// stayFees is 2301: all lines or none, at most a hundred.
func (b *Books) stayFees(c *call) (node, error) {
	rows := c.input.rows("feedetail")
	if len(rows) > mostStayFees {
		return nil, no("FSI-一次最多上传%d条费用明细", mostStayFees)
	}
	_, v, err := b.patient(c, rows[0])
	switch {
	case err != nil:
		return nil, err
	case b.settled(v):
		return nil, no("FSI-就诊ID[%s]已办理结算，不能再上传费用明细", v.id)
	}
	for _, row := range rows {
		if row.get("fee_ocur_time") < v.began {
			return nil, no("FSI-费用发生时间早于入院时间[%s]", row.get("feedetl_sn"))
		}
	}
	return b.uploadFees(c)
}

// dropStayFees is 2302: one line, or "0000" for all that are not settled.
func (b *Books) dropStayFees(c *call) (node, error) {
	in := c.input.rows("data")[0]
	_, v, err := b.patient(c, in)
	if err != nil {
		return nil, err
	}
	number := in.get("feedetl_sn")
	kept := slices.DeleteFunc(slices.Clone(v.fees), func(f *charge) bool {
		return !f.settled && (number == "0000" || f.lineNo == number)
	})
	if len(kept) == len(v.fees) {
		return nil, no("FSI-未查询到可撤销的未结算费用明细[%s]", number)
	}
	v.fees = kept
	return nil, nil
}

// fileFees is 5204: the lines of a visit, with the settlement that has them.
func (b *Books) fileFees(c *call) (node, error) {
	in := c.input.rows("data")[0]
	_, v, err := b.patient(c, in)
	if err != nil {
		return nil, err
	}
	rows := []any{}
	for _, f := range v.fees {
		row := f.row()
		row["mdtrt_id"], row["psn_no"], row["setl_id"] = v.id, v.psn, nil
		row["med_list_codg"], row["medins_list_codg"] = f.code, f.hospitalCode
		for _, s := range b.setls {
			if s.Live && slices.Contains(s.fees, f) {
				row["setl_id"] = s.SetlID
			}
		}
		rows = append(rows, row)
	}
	return node{"feedetail": rows}, nil
}

// reckonStay checks a 2303 or 2304 against what the stay has that is not settled, and
// computes it.
func (b *Books) reckonStay(c *call, in node) (*person, *visit, []*charge, bill, error) {
	fail := func(err error) (*person, *visit, []*charge, bill, error) { return nil, nil, nil, bill{}, err }
	p, v, err := b.patient(c, in)
	if err != nil {
		return fail(err)
	}
	ins := p.running(in.get("insutype"))
	switch {
	case ins == nil || in.get("insutype") != v.insutype:
		return fail(no("FSI-险种类型[%s]与入院险种不一致或不在正常参保状态", in.get("insutype")))
	case in.get("psn_setlway") != "01" || !slices.Contains([]string{"0", "1"}, in.get("acct_used_flag")):
		return fail(no("FSI-个人结算方式或个人账户使用标志不正确"))
	case b.settled(v):
		return fail(no("FSI-就诊ID[%s]已结算，请勿重复结算", v.id))
	}
	var sum yuan
	for _, f := range v.fees {
		sum += f.amount
	}
	if total, _ := fraction(in.get("medfee_sumamt")); roundYuan(total) != sum || len(v.fees) == 0 {
		return fail(no("FSI-医疗总费用%s,已上传费用%s不相等", roundYuan(total), sum))
	}
	at := b.data.institutions[v.institution]
	r := b.data.computeStay(p, ins, at, b.firstStay(p, b.day()[:4]), v.fees, in.get("acct_used_flag") == "1")
	r.year = b.day()[:4]
	r.differ(b.mood.Differ)
	return p, v, slices.Clone(v.fees), r, nil
}

// firstStay tells whether a person has no other stay that was settled in a year.
func (b *Books) firstStay(p *person, year string) bool {
	return !slices.ContainsFunc(b.setls, func(s *settlement) bool { return s.Live && s.stay && s.PsnNo == p.PsnNo && s.Time[:4] == year })
}

// computeStay is the platform's opinion of a stay: of what is in scope the deductible is
// the patient's, the fund pays a part of the rest, rounded once.
func (d *Data) computeStay(p *person, ins *insurance, at institution, first bool, fees []*charge, accounts bool) bill {
	var b bill
	for _, f := range fees {
		b.total, b.full, b.over, b.pre, b.inScope = b.total+f.amount, b.full+f.full, b.over+f.over, b.pre+f.pre, b.inScope+f.inScope
	}
	deductible, rate := d.rules.DeductibleNext, d.rules.Inpatient[level(at)].Rat
	if first {
		deductible = d.rules.Deductible
	}
	if retired(ins) {
		rate = d.rules.InpatientRetired.Rat
	}
	b.deductible = min(b.inScope, deductible[level(at)])
	b.fund = roundYuan((b.inScope - b.deductible).of(rate))
	d.drawAccounts(&b, p, ins, accounts)
	return b
}

// staying says in a settlement's answer what is so of a stay.
func staying(info node, r bill, sign yuan) {
	info["clr_type"], info["med_type"], info["act_pay_dedc"] = "21", "21", number(sign*r.deductible)
}

func (b *Books) stayTrial(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, v, _, r, err := b.reckonStay(c, in)
	if err != nil {
		return nil, err
	}
	info := b.setlinfo(p, in, r, 1)
	staying(info, r, 1)
	info["mdtrt_id"], info["setl_id"], info["setl_time"], info["medins_setl_id"] = v.id, nil, nil, c.msgid
	return node{"setlinfo": info, "setldetail": detail(in.get("insutype"), r, 1)}, nil
}

func (b *Books) settleStay(c *call) (node, error) {
	in := c.input.rows("data")[0]
	p, v, fees, r, err := b.reckonStay(c, in)
	if err != nil {
		return nil, err
	}
	return b.enter(c, in, &settlement{
		PsnNo: p.PsnNo, MdtrtID: v.id, OTP: v.otp, Insutype: v.insutype, stay: true, bill: r, fees: fees,
	}), nil
}

// unsettled are the admissions, and how many lines of each are not settled.
func (b *Books) unsettled() map[string]int {
	open := map[string]int{}
	for id, v := range b.stays {
		open[id] = 0
		for _, f := range v.fees {
			if !f.settled {
				open[id]++
			}
		}
	}
	return open
}
