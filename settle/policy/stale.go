package policy

import "settled/settle"

// Why a row needs a clerk's attention.
const (
	StaleMissing      = "missing"      // in force and unknown: what needs it is refused
	StaleEnding       = "ending"       // ends soon, and what follows is unknown
	StaleIllustrative = "illustrative" // in force for demonstration alone
)

// Stale is a row that has to be looked after.
type Stale struct {
	Why string      `json:"why"`
	On  settle.Date `json:"on"` // the first day without a value
	Row Row         `json:"row"`
	Do  string      `json:"do"` // what to add where
	// Bills tells whether bills are refused for want of the value, or merely a question
	// cannot be answered.
	Bills bool `json:"bills"`
}

// Stale lists what is missing on a day and what runs out up to another: the numbers
// that someone has to find before bills are refused for want of them.
func (s *Set) Stale(day, until settle.Date) []Stale {
	var list []Stale
	for _, r := range s.rows {
		switch now := day.Within(r.From, r.To); {
		case now && illustrates(r):
			list = append(list, Stale{StaleIllustrative, r.From, *r, "replace " + r.File + " by the published value", r.decides()})
		case r.Status != settle.Unknown:
		case now:
			list = append(list, Stale{StaleMissing, r.From, *r, r.remedy(), r.decides()})
		case r.From > day && r.From <= until:
			list = append(list, Stale{StaleEnding, r.From, *r, r.remedy(), r.decides()})
		}
	}
	return list
}

// decides tells whether the engine reads a row's parameter.
func (r *Row) decides() bool {
	switch r.Param {
	case settle.ParamAverageWage, settle.ParamResidentIncome, settle.ParamPremium, settle.ParamInpatientCeiling:
		return false
	}
	return true
}
