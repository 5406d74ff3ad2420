package counter

import (
	"fmt"
	"slices"
	"strings"

	"settled/settle"
)

// VoidSlip is the slip of a reversal (撤销凭条, 退费凭条) as data.
type VoidSlip struct {
	Void Void
	Copy int // 0: the original; n: the n-th reprint
}

// papers are what a reversal prints: its own slip, and the receipt of what is kept.
func (v Void) papers() []Paper {
	papers := []Paper{VoidSlip{Void: v}}
	if v.Kept != nil {
		papers = append(papers, Receipt{Settlement: *v.Kept, At: v.At, Shift: v.Shift, From: v.Whole.Number})
	}
	return papers
}

// Name implements [Paper].
func (s VoidSlip) Name() string { return copied(s.Void.Number, s.Copy) }

// Rows implements [Paper].
func (s VoidSlip) Rows(columns int) []Row {
	p := &page{columns: max(columns, Paper58)}
	s.head(p)
	p.rule()
	s.lines(p)
	s.back(p)
	p.rule()
	if s.Void.Kept != nil {
		s.kept(p)
		p.rule()
	}
	s.foot(p)
	return p.rows
}

func (s VoidSlip) head(p *page) {
	v, st := &s.Void, &s.Void.Whole
	title := "医疗保险撤销凭条"
	if v.Kept != nil {
		title = "医疗保险退费凭条"
	}
	p.tall(centre(title, p.columns))
	for _, mark := range s.marks() {
		p.add(centre(mark, p.columns))
	}
	p.field("机构", st.Bill.Visit.Institution.Name)
	p.field("单号", v.Number)
	p.field("原单", st.Number)
	if v.Kept != nil {
		p.field("新单", v.Kept.Number)
	}
	p.time("时间", v.At)
	p.field("窗口", v.Seat+"  收费员 "+v.Operator)
	if v.Second != "" {
		p.field("复核", v.Second)
	}
	p.shift(v.Shift)
	p.field("患者", st.Who.Name.String()+"  "+st.Who.IDNumber.String())
	if st.Split.Family > 0 {
		p.field("共济", st.Guardian.Name.String()+"  "+st.Guardian.IDNumber.String())
	}
	p.field("原因", v.Reason)
}

func (s VoidSlip) marks() []string {
	var marks []string
	if s.Copy > 0 {
		marks = append(marks, fmt.Sprintf("【重打 第%d次】", s.Copy))
	}
	if s.Void.Open {
		marks = append(marks, "【待平台确认】")
	}
	if s.Void.Whole.Illustrative {
		marks = append(marks, "【演示用政策数据，不作依据】")
	}
	return marks
}

// lines names what was taken back; of a void that is everything.
func (s VoidSlip) lines(p *page) {
	if s.Void.Kept == nil {
		p.add("整单撤销，以下金额全部退回")
		return
	}
	keep := s.Void.Keep
	if keep == nil {
		keep = found(s.Void.Kept.Bill.Lines, s.Void.Whole.Bill.Lines)
	}
	for i, l := range s.Void.Whole.Bill.Lines {
		if slices.Contains(keep, i+1) {
			continue
		}
		name := fmt.Sprintf("退 第%d行 %s", i+1, printable(l.Name))
		p.add(spread(name, s.Void.Whole.Split.Lines[i].Amount.String(), p.columns)...)
	}
}

// found gives the numbers, from 1, of lines among all of a bill, where an older journal
// does not say them: of equal ones the first.
func found(lines, all []settle.Line) (numbers []int) {
	for i, l := range all {
		if len(numbers) < len(lines) && same(lines[len(numbers)], l) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// same tells whether two lines of a bill cost and count the same.
func same(a, b settle.Line) bool {
	return a.Name == b.Name && a.Code == b.Code && a.HospitalCode == b.HospitalCode && a.Grade == b.Grade && a.Kind == b.Kind &&
		a.UnitPrice.Equal(b.UnitPrice) && a.Quantity.Equal(b.Quantity) && a.FirstSelfPay.Equal(b.FirstSelfPay) &&
		a.PriceCap.Valid == b.PriceCap.Valid && a.PriceCap.Decimal.Equal(b.PriceCap.Decimal)
}

// back says what goes back to whom. Only cash leaves the drawer.
func (s VoidSlip) back(p *page) {
	b := s.Void.Back
	p.amount("退回合计", b.Total)
	p.small("  退回统筹基金", b.Fund)
	p.small("  退回个人账户", b.Own)
	p.small("  退回家庭共济", b.Family)
	p.amount("退现金", b.Cash)
}

// kept says what stays settled.
func (s VoidSlip) kept(p *page) {
	sp := &s.Void.Kept.Split
	p.add(fmt.Sprintf("保留 %d 项，重新结算为新单", len(sp.Lines)))
	p.small("  总额", sp.Total)
	p.small("  统筹基金", sp.Fund)
	p.small("  个人账户", sp.Own)
	p.small("  家庭共济", sp.Family)
	p.small("  现金", sp.Cash)
}

func (s VoidSlip) foot(p *page) {
	p.add("* 原单作废")
	if s.Void.Open {
		p.add(wrap("* 平台尚未确认，以平台核定为准", p.columns, 2)...)
	}
	if s.Void.Differs {
		p.add(wrap("* 平台核定的金额与原单不同，已补收或退还的差额须另行处理", p.columns, 2)...)
	}
	p.add("", "", "收款人签名"+strings.Repeat("_", 16), "", centre("本凭条不作报销凭证", p.columns))
}
