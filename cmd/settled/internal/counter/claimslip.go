package counter

import (
	"cmp"
	"strings"

	"settled/settle"
)

// claimTitle heads the slip of a bill that the patient paid whole (零星报销单): it is what
// the family takes to the office that pays the fund's part later.
const claimTitle = "先自费后报销凭条"

// title heads a slip.
func (r Receipt) title() string {
	if r.Settlement.SelfPaid != nil {
		return claimTitle
	}
	return "医疗保险结算凭条"
}

// claim says why nothing was granted, and how it is claimed.
func (p *page) claim(c *settle.Reimbursement) {
	p.add(wrap("* 本次医保基金和账户均未支付："+short(c.Why), p.columns, 2)...)
	p.add(wrap("* 到何处报销："+printable(cmp.Or(c.Where, "请咨询本院医保办")), p.columns, 2)...)
	if len(c.Bring) > 0 {
		p.add(wrap("* 请携带："+printable(strings.Join(c.Bring, "、")), p.columns, 2)...)
	}
	if c.Until != 0 {
		p.add(wrap("* 请于 "+c.Until.String()+" 前办理", p.columns, 2)...)
	}
	p.add(wrap("* 报销金额以医保经办机构核定为准", p.columns, 2)...)
}
