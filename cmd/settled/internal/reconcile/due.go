package reconcile

import (
	"slices"
	"strings"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Difference is a settlement that the platform made otherwise than the counter did.
type Difference struct {
	Number    string          `json:"number"`
	Made      settle.Date     `json:"made"` // day at the counter
	Local     counter.Amounts `json:"local"`
	Platform  counter.Amounts `json:"platform"`
	Cash      settle.Fen      `json:"cash"`      // to collect, or collected; negative: to give back
	Tolerated bool            `json:"tolerated"` // so little that nobody is asked for it
	Open      bool            `json:"open"`      // somebody has to collect it, or to give it back
	Reversed  bool            `json:"reversed"`  // the settlement was reversed afterwards: what was collected goes back
	Done      *Done           `json:"done,omitempty"`
	person    string
	who       settle.Identity
}

// Done is what became of a difference: the last that somebody said of it.
type Done struct {
	Cash     settle.Fen `json:"cash"` // collected; negative: given back
	How      string     `json:"how" enum:"cash,other,waived" doc:"cash: in the drawer of the seat's shift; other: a transfer or the like; waived: nobody paid"`
	Operator string     `json:"operator"`
	Seat     string     `json:"seat"`
	At       time.Time  `json:"at"`
	Why      string     `json:"why,omitempty"`
}

// Chinese says what is to be done about it, or was.
func (d *Difference) Chinese() string {
	switch {
	case d.Open && d.Reversed && d.Cash > 0:
		return "已撤销，应收回 " + d.Cash.String()
	case d.Open && d.Reversed:
		return "已撤销，应退还 " + (-d.Cash).String()
	case d.Open && d.Cash > 0:
		return "应补收 " + d.Cash.String()
	case d.Open:
		return "应退还 " + (-d.Cash).String()
	case d.Done != nil:
		return d.Done.chinese()
	case d.Tolerated && d.Cash != 0:
		return "在容差内，不处理"
	}
	return "无现金差额"
}

func (d *Done) chinese() string {
	how := map[string]string{"cash": "（现金）", "other": "（非现金）"}[d.How]
	switch {
	case d.How == "waived":
		return "不再补退"
	case d.Cash > 0:
		return "已补收 " + d.Cash.String() + how
	}
	return "已退还 " + (-d.Cash).String() + how
}

// NewDifference makes one of a person, known by a keyed hash. owed is what is to be
// collected for it; done is what somebody did about it, nil for nothing.
func NewDifference(s settle.Settlement, made settle.Date, local, platform counter.Amounts, owed settle.Fen, done *Done) Difference {
	d := Difference{Number: s.Number, Made: made, Local: local, Platform: platform, Cash: owed, Open: owed != 0, Done: done, person: s.Person, who: s.Who}
	if done != nil {
		done.Why = s.Guardian.Mask(s.Who.Mask(done.Why))
		if owed == 0 {
			d.Cash = done.Cash
		}
	}
	return d
}

// Debt is what a person owes or gets. Name and number are masked.
type Debt struct {
	Name  settle.Private `json:"name"`
	ID    settle.Private `json:"id_number"`
	Cash  settle.Fen     `json:"cash"` // to collect; negative: to give back; of what is open
	Items []Difference   `json:"items"`
}

// Debts lists by person what is to be collected or given back. A difference in cash of at
// most tolerate either way is tolerated: it is shown, and nobody is asked for it.
func Debts(list []Difference, tolerate settle.Fen) []Debt {
	debts := []Debt{}
	at := map[string]int{}
	slices.SortFunc(list, func(a, b Difference) int { return strings.Compare(a.Number, b.Number) })
	for _, d := range list {
		i, known := at[d.person]
		if !known {
			i = len(debts)
			at[d.person], debts = i, append(debts, Debt{Name: d.who.Name, ID: d.who.IDNumber})
		}
		d.Tolerated = d.Done == nil && -tolerate <= d.Cash && d.Cash <= tolerate
		if d.Open = d.Open && !d.Tolerated; d.Open {
			debts[i].Cash += d.Cash
		}
		debts[i].Items = append(debts[i].Items, d)
	}
	return debts
}

// Unsettled are the debts of which something is open, with that alone.
func Unsettled(debts []Debt) []Debt {
	list := []Debt{}
	for _, d := range debts {
		d.Items = slices.DeleteFunc(slices.Clone(d.Items), func(i Difference) bool { return !i.Open })
		if len(d.Items) > 0 {
			list = append(list, d)
		}
	}
	return list
}
