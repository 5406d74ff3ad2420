package policy

import (
	"fmt"

	"settled/settle"
)

// Premium is what a person's insurance costs for the premium year of a day (P-5), and
// who pays it.
type Premium struct {
	On      settle.Date `json:"on"`
	Person  string      `json:"person"` // [settle.PremiumChild] and so on
	Total   settle.Fen  `json:"total"`
	Own     Share       `json:"own"`     // 个人缴费
	Subsidy Share       `json:"subsidy"` // 财政补助
}

// Share is one payer's part of a premium.
type Share struct {
	Amount  settle.Fen `json:"amount"`
	Formula string     `json:"formula,omitempty"` // how it comes from its base; "": no base is known
	Row     Row        `json:"row"`
}

// Premium gives the premium of a kind of person for the year in which a day lies. The
// error is a [*settle.Refusal] that says what is missing and which file to add.
func (s *Set) Premium(day settle.Date, person string) (Premium, error) {
	p := Premium{On: day, Person: person}
	lines := s.byPlace()
	for _, of := range []struct {
		payer string
		share *Share
	}{{settle.PremiumOwn, &p.Own}, {settle.PremiumSubsidy, &p.Subsidy}} {
		key := settle.Key{person, of.payer}
		row := lines[place{settle.ParamPremium, key}].on(day)
		if row == nil || row.Status == settle.Unknown {
			return Premium{}, noPremium(day, person, row)
		}
		*of.share = Share{Amount: s.On(day).Number(settle.ParamPremium, key).Amount, Row: *row}
		if row.Base != nil {
			of.share.Formula = row.Base.Formula()
		}
	}
	p.Total = p.Own.Amount + p.Subsidy.Amount
	return p, nil
}

// noPremium refuses for want of a row; nil: none states the day or the person.
func noPremium(day settle.Date, person string, unknown *Row) error {
	detail := fmt.Sprintf("no premium of %s for %s", settle.Clip(person), day)
	if unknown != nil {
		detail += "; " + unknown.remedy()
	} else {
		detail += "; the rules begin on 2014-01-01 and know the premium of child, student and resident"
	}
	return &settle.Refusal{
		Code: settle.PolicyRowMissing, Field: "premium",
		Cashier:    "政策数据中没有该人群在该日期所属年度的缴费标准；请联系信息科补录。",
		Technician: detail,
	}
}
