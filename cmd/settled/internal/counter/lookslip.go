package counter

import (
	"context"
	"errors"
	"time"

	"settled/settle"
)

// LookSlip is what a family looked up at a terminal (查询单) as data. It names the patient
// and those who pay masked, and no diagnosis or drug.
type LookSlip struct {
	At          time.Time
	Institution string
	Seat        string
	Who         settle.Identity
	AsOf        string // when the platform said what it knows, RFC 3339
	Offline     bool   // it was not asked just now
	Period      string // year of the limit; "": the limit is not known
	Limit       settle.Fen
	Used        settle.Fen
	Left        settle.Fen
	Provisional bool        // the limit is
	Own         *settle.Fen // left in the patient's own account; nil: none, or not known
	Benefit     string      // the days of the benefit period; "": no benefits now
	Selected    []LookTerm  // institutions
	Links       []LookTerm  // whose accounts may pay, masked
	Visits      []LookVisit // newest first
}

// LookTerm is something that holds for some days.
type LookTerm struct{ What, Days string }

// LookVisit is a settlement among what a family looks up.
type LookVisit struct {
	Day  settle.Date
	Void bool // it was reversed
	Amounts
}

// Name implements [Paper].
func (s LookSlip) Name() string { return "look-" + s.At.In(Shanghai()).Format("20060102-150405.000") }

// Rows implements [Paper].
func (s LookSlip) Rows(columns int) []Row {
	p := &page{columns: max(columns, Paper58)}
	p.tall(centre("医保查询单", p.columns))
	p.field("机构", s.Institution)
	p.field("窗口", s.Seat)
	p.time("时间", s.At)
	p.field("患者", s.Who.Name.String()+"  "+s.Who.IDNumber.String())
	p.rule()
	s.limit(p)
	s.standing(p)
	if len(s.Visits) > 0 {
		p.rule()
		s.visits(p)
	}
	p.rule()
	s.foot(p)
	return p.rows
}

func (s LookSlip) limit(p *page) {
	if s.Period == "" {
		p.add(wrap("年度限额暂时查不到，请到人工窗口", p.columns, 2)...)
		return
	}
	year := "年度限额 " + s.Period
	if s.Provisional {
		year += "（暂定）"
	}
	p.small(year, s.Limit)
	p.small("已用", s.Used)
	p.amount("门诊还可报", s.Left)
}

func (s LookSlip) standing(p *page) {
	if s.Own != nil {
		p.small("个人账户余额", *s.Own)
	}
	if s.Benefit == "" {
		p.field("待遇", "目前不能享受，请到人工窗口")
	} else {
		p.field("待遇", s.Benefit)
	}
	for _, sel := range s.Selected {
		p.field("选定", sel.What)
		p.add("     " + sel.Days)
	}
	if len(s.Selected) == 0 {
		p.field("选定", "还没有选定机构")
	}
	for _, l := range s.Links {
		p.field("共济", l.What)
		p.add("     " + l.Days)
	}
}

func (s LookSlip) visits(p *page) {
	family := settle.Fen(0)
	p.add("本窗口最近结算")
	for _, v := range s.Visits {
		day := v.Day.String()
		if v.Void {
			day += " 已退"
		} else {
			family += v.Family
		}
		p.small(day, v.Total)
		words := []string{"统筹 " + v.Fund.String()}
		for _, part := range []struct {
			name   string
			amount settle.Fen
		}{{"账户 ", v.Own}, {"共济 ", v.Family}, {"现金 ", v.Cash}} {
			if part.amount > 0 {
				words = append(words, part.name+part.amount.String())
			}
		}
		p.add(fill(words, p.columns, 2)...)
	}
	p.small("其中家庭共济", family)
}

func (s LookSlip) foot(p *page) {
	asOf := s.AsOf
	if at, err := time.Parse(time.RFC3339, s.AsOf); err == nil {
		asOf = at.In(Shanghai()).Format("2006-01-02 15:04")
	}
	if s.Offline {
		p.add(wrap("* 医保平台暂时连不上，是最近一次的资料", p.columns, 2)...)
	}
	p.add(wrap("* 来自医保平台（"+asOf+" 所述）和本院其后的结算，以平台核定为准", p.columns, 2)...)
	p.add(wrap("* 只作了解，不作报销凭证", p.columns, 2)...)
}

// PrintNow prints a slip for somebody who waits for it, and returns when it is out. Where
// the printer is known not to print, nothing is sent to it. The error is a
// *settle.Refusal.
func (s *Session) PrintNow(ctx context.Context, p Paper) error {
	if s.ports.Printer == nil || s.options.Paperless {
		return refuse(LookNoPrinter)
	}
	if why := s.ports.Printer.Trouble(); why != "" && why != PrinterPaperLow {
		return refuseBecause(LookUnprinted, "the printer is %s", why)
	}
	if err := ctx.Err(); err != nil {
		return refuseBecause(LookUnprinted, "nobody waits: %v", err)
	}
	err := s.printOne(p)
	if _, kept := errors.AsType[*Kept](err); kept {
		return refuseBecause(LookKept, "slip %s: %v", p.Name(), err)
	}
	if err != nil {
		return refuseBecause(LookUnprinted, "slip %s: %v", p.Name(), err)
	}
	return nil
}
