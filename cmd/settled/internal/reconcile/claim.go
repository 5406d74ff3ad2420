package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"settled/settle"
)

// Claim is the draft of a month's 3203 清算申请 for a clearing type and way. It is shown and
// not sent.
type Claim struct {
	Clearing string      `json:"clr_type"`
	Way      string      `json:"clr_way"` // "": not known, to be filled in
	Month    string      `json:"setlym"`  // yyyyMM
	Persons  int         `json:"psntime"` // 人次: settlements less those taken back
	Total    settle.Fen  `json:"medfee_sumamt"`
	InScope  settle.Fen  `json:"med_sumfee"` // 医保认可费用总额
	Fund     settle.Fen  `json:"fund_appy_sum"`
	Cash     settle.Fen  `json:"cash_payamt"`
	Account  settle.Fen  `json:"acct_pay"`
	From     settle.Date `json:"begndate"`
	To       settle.Date `json:"enddate"`
}

// Month is the draft of a month's claims.
type Month struct {
	Claims  []Claim `json:"claims"`
	Undated int     `json:"undated"` // settlements and reversals that the platform booked on a day that is not known: in no month
}

// Claims drafts the claims for what the platform dates within the days of a month.
func Claims(rows []Row, from, to settle.Date) Month {
	claims, undated := []Claim{}, 0
	for i := range rows {
		r := &rows[i]
		b := r.Booked
		if b != nil && b.Day() == 0 {
			undated++
		}
		if !r.within(from, to) {
			continue
		}
		at := slices.IndexFunc(claims, func(c Claim) bool { return c.Clearing == b.Clearing && c.Way == b.Way })
		if at < 0 {
			at = len(claims)
			claims = append(claims, Claim{Clearing: b.Clearing, Way: b.Way, Month: fmt.Sprintf("%06d", int(from)/100), From: from, To: to})
		}
		c := &claims[at]
		c.Persons++
		if r.Negative {
			c.Persons -= 2
		}
		c.Total, c.InScope, c.Fund = c.Total+b.Total, c.InScope+b.InScope, c.Fund+b.Fund
		c.Cash, c.Account = c.Cash+b.Cash, c.Account+b.Own+b.Family
	}
	slices.SortFunc(claims, func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.Clearing, b.Clearing), cmp.Compare(a.Way, b.Way))
	})
	return Month{claims, undated}
}
