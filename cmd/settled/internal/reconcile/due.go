package reconcile

import (
	"slices"
	"strings"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Difference is a settlement that the platform made otherwise than the counter did.
type Difference struct {
	Number    string          `json:"number"`
	Made      settle.Date     `json:"made"` // day at the counter
	Local     counter.Amounts `json:"local"`
	Platform  counter.Amounts `json:"platform"`
	Cash      settle.Fen      `json:"cash"` // to collect; negative: to give back
	Tolerated bool            `json:"tolerated"`
	person    string
	who       settle.Identity
}

// NewDifference makes one of a person, known by a keyed hash.
func NewDifference(s settle.Settlement, made settle.Date, local, platform counter.Amounts) Difference {
	return Difference{Number: s.Number, Made: made, Local: local, Platform: platform, person: s.Person, who: s.Who}
}

// Debt is what a person owes or gets. Name and number are masked.
type Debt struct {
	Name  settle.Private `json:"name"`
	ID    settle.Private `json:"id_number"`
	Cash  settle.Fen     `json:"cash"` // to collect; negative: to give back; what is tolerated is not in it
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
		d.Cash = d.Platform.Cash - d.Local.Cash
		d.Tolerated = -tolerate <= d.Cash && d.Cash <= tolerate
		if !d.Tolerated {
			debts[i].Cash += d.Cash
		}
		debts[i].Items = append(debts[i].Items, d)
	}
	return debts
}
