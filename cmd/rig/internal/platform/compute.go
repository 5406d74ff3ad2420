package platform

import (
	"math/big"
	"slices"
	"strings"
)

// charge is one uploaded fee with the platform's view of it: amount = full + over +
// pre + inScope.
type charge struct {
	lineNo, batch              string
	item                       item
	amount                     yuan
	full, over, pre, inScope   yuan
	settled                    bool
	code, hospitalCode, doctor string
	cnt, pric                  *big.Rat
}

// judge takes a fee apart (全自费, 超限价, 先行自付, 符合范围).
func (c *charge) judge(approval string) {
	c.full, c.over, c.pre, c.inScope = 0, 0, 0, 0
	known := c.item.Code != "" && c.item.Level != "03"
	if !known || approval == "2" || (c.item.Restricted && approval != "1") {
		c.full = c.amount
		return
	}
	if top := c.item.Ceiling.Rat; top != nil && c.pric.Cmp(top) > 0 {
		c.over = c.amount - roundYuan(new(big.Rat).Mul(top, c.cnt))
	}
	if prop := c.item.Prop.Rat; prop != nil {
		c.pre = roundYuan((c.amount - c.over).of(prop))
	}
	c.inScope = c.amount - c.over - c.pre
}

// bill is the platform's computation of one settlement.
type bill struct {
	total, full, over, pre, inScope yuan
	fund, own, family, cash         yuan
	ordinary, level2                yuan // what counts against the year's limits
	deductible                      yuan // of a stay; in inScope
	year                            string
	draws                           []draw
	balance                         yuan // own account, after
}

type draw struct {
	PsnNo  string `json:"psn_no"`
	Amount yuan   `json:"amount"`
}

// compute is the platform's opinion: fund by bucket, rounded once a bucket; then the
// own account; then the family's accounts, largest balance first; the rest is cash.
func (d *Data) compute(p *person, ins *insurance, at institution, began string, fees []*charge, accounts bool) bill {
	b := bill{year: began[:4]}
	var ordinary, consultation, large yuan
	for _, f := range fees {
		b.total, b.full, b.over, b.pre, b.inScope = b.total+f.amount, b.full+f.full, b.over+f.over, b.pre+f.pre, b.inScope+f.inScope
		switch {
		case f.item.Consultation:
			consultation += f.inScope
		case f.item.Large && ins.Insutype == "310":
			large += f.inScope
		default:
			ordinary += f.inScope
		}
	}
	day := began[:10]
	if d.selected(p, at, day) {
		b.ordinary = d.withinLimits(p, ins, at, b.year, roundYuan(ordinary.of(d.ordinaryRate(p, ins, at, day))))
	}
	if at.Level >= 2 {
		b.level2 = b.ordinary
	}
	b.fund = b.ordinary + roundYuan(consultation.of(d.rules.Consultation[level(at)].Rat)) + roundYuan(large.of(d.rules.Large.Rat))
	d.drawAccounts(&b, p, ins, accounts)
	return b
}

func level(at institution) string { return string(rune('0' + at.Level)) }

// ordinaryRate adds five points for the retired and for residents from sixty on.
func (d *Data) ordinaryRate(p *person, ins *insurance, at institution, day string) *big.Rat {
	rate := d.rules.Ordinary[level(at)].Rat
	sixty := p.Brdy[:4] != "" && yearsLater(p.Brdy, 60) <= day
	if retired(ins) || (ins.Insutype == "390" && sixty) {
		return new(big.Rat).Add(rate, d.rules.ElderBonus.Rat)
	}
	return rate
}

func retired(ins *insurance) bool { return strings.HasPrefix(ins.PsnType, "12") }

// yearsLater moves the year of "2006-01-02"; good enough to compare with.
func yearsLater(day string, n int) string {
	y := int(day[0]-'0')*1000 + int(day[1]-'0')*100 + int(day[2]-'0')*10 + int(day[3]-'0') + n
	return string([]byte{byte('0' + y/1000%10), byte('0' + y/100%10), byte('0' + y/10%10), byte('0' + y%10)}) + day[4:]
}

// selected tells whether the institution is among those the person selected: the
// selected one; for a selected 社康 also its hospital and that hospital's other 社康.
// Emergencies are not simulated.
func (d *Data) selected(p *person, at institution, day string) bool {
	for _, s := range p.Selections {
		if day < s.From || (s.To != "" && day > s.To) {
			continue
		}
		chosen := d.institutions[s.Code]
		switch {
		case s.Code == at.Code:
			return true
		case chosen.Kind != "community_health" || chosen.Hospital == "":
		case chosen.Hospital == at.Code, at.Kind == "community_health" && at.Hospital == chosen.Hospital:
			return true
		}
	}
	return false
}

// withinLimits cuts a fund amount to what is left of the year's limits.
func (d *Data) withinLimits(p *person, ins *insurance, at institution, year string, fund yuan) yuan {
	// The years are in order; the last one goes on, so that the simulator does not age.
	i := slices.IndexFunc(d.rules.Years, func(l limits) bool { return l.Year > year })
	if i < 0 {
		i = len(d.rules.Years)
	}
	if i == 0 {
		return 0
	}
	l, u := d.rules.Years[i-1], p.usedIn(year)
	all, level2 := l.Resident, l.Resident
	if ins.Insutype == "310" {
		all, level2 = l.Employee, l.EmployeeLevel2
		if retired(ins) {
			all, level2 = l.Retired, l.RetiredLevel2
		}
	}
	fund = min(fund, max(0, all-u.Ordinary))
	if at.Level >= 2 && ins.Insutype == "310" {
		fund = min(fund, max(0, level2-u.Level2))
	}
	return fund
}

// drawAccounts pays what is in scope and left from accounts: the own one first, then
// the donors', largest balance first (since 2023-10).
func (d *Data) drawAccounts(b *bill, p *person, ins *insurance, accounts bool) {
	rest := b.pre + b.inScope - b.fund
	b.balance = ins.Balance
	if accounts {
		if ins.Insutype == "310" {
			b.own = min(rest, ins.Balance)
			b.balance -= b.own
			rest -= b.own
		}
		for _, donor := range d.donors(p) {
			row := donor.running("310")
			if amount := min(rest, row.Balance); amount > 0 {
				b.draws = append(b.draws, draw{PsnNo: donor.PsnNo, Amount: amount})
				b.family += amount
				rest -= amount
			}
		}
	}
	b.cash = b.total - b.fund - b.own - b.family
}

func (d *Data) donors(p *person) []*person {
	var out []*person
	for _, no := range p.Donors {
		if donor := d.people[no]; donor != nil && donor.running("310") != nil {
			out = append(out, donor)
		}
	}
	slices.SortStableFunc(out, func(a, b *person) int {
		return int(b.running("310").Balance - a.running("310").Balance)
	})
	return out
}

// differ moves some fen between fund and cash, to be wrong on purpose.
func (b *bill) differ(by yuan) {
	by = max(-b.fund, min(by, b.cash))
	b.fund += by
	b.cash -= by
}
