package counter

import (
	"fmt"

	"settled/settle"
)

// ShiftSlip is the slip of a shift (班次凭条) as data: open, or closed.
type ShiftSlip struct {
	Shift Shift
	Copy  int // 0: the original; n: the n-th reprint
}

// Name implements [Paper].
func (s ShiftSlip) Name() string { return copied(fmt.Sprintf("shift-%d", s.Shift.Number), s.Copy) }

// Rows implements [Paper].
func (s ShiftSlip) Rows(columns int) []Row {
	p := &page{columns: max(columns, Paper58)}
	sh := &s.Shift
	title := "结班凭条"
	if sh.Closed == nil {
		title = "当班凭条（未结班）"
	}
	p.tall(centre(title, p.columns))
	if s.Copy > 0 {
		p.add(centre(fmt.Sprintf("【重打 第%d次】", s.Copy), p.columns))
	}
	p.field("班次", fmt.Sprint(sh.Number))
	p.field("窗口", sh.Seat+"  收费员 "+sh.Operator)
	p.time("开班", sh.Opened)
	if sh.Closed != nil {
		p.time("结班", sh.Closed.At)
	}
	p.rule()
	p.tally("结算", sh.Settled)
	p.tally("撤销", sh.Voided)
	p.tally("退费", sh.Refunded)
	p.rule()
	s.cash(p)
	if c := sh.Closed; c != nil {
		p.rule()
		p.field("日志", fmt.Sprintf("第%d条", c.Entry))
		p.add(wrap(c.Hash, p.columns, 0)...)
	}
	return p.rows
}

func (p *page) tally(kind string, t Tally) {
	p.small(fmt.Sprintf("%s %d笔", kind, t.Count), t.Total)
	for _, part := range []struct {
		name   string
		amount settle.Fen
	}{{"  统筹基金", t.Fund}, {"  个人账户", t.Own}, {"  家庭共济", t.Family}, {"  现金", t.Cash}} {
		p.small(part.name, part.amount)
	}
}

// cash compares the drawer with what should be in it.
func (s ShiftSlip) cash(p *page) {
	sh := &s.Shift
	p.small("备用金", sh.Float)
	for _, d := range []struct {
		name string
		Tally
	}{{"补收差额", sh.Collected}, {"退还差额", sh.GivenBack}} {
		if d.Count > 0 {
			p.small(fmt.Sprintf("%s %d笔", d.name, d.Count), d.Cash)
		}
	}
	p.amount("应有现金", sh.Cash)
	if c := sh.Closed; c != nil {
		p.amount("实点现金", c.Counted)
		switch {
		case c.Over > 0:
			p.amount("长款", c.Over)
		case c.Over < 0:
			p.amount("短款", -c.Over)
		default:
			p.add("账款相符")
		}
	}
}
