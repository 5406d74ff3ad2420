package family

import (
	"cmp"
	"slices"
	"strings"

	"settled/settle"
)

// Place is an institution that the patient may select, with the day from which it would
// hold.
type Place struct {
	ID          string                 `json:"id"`
	Name        string                 `json:"name"`
	Kind        settle.InstitutionKind `json:"kind"`
	Level       int                    `json:"level"`
	From        settle.Date            `json:"from"`
	Rule        string                 `json:"rule"`
	Provisional bool                   `json:"provisional"` // the day is not from an official source
}

// Wanted says which places to list.
type Wanted struct {
	Search   string // part of a name, or if it is digits, of the institution's code; "": all
	District string // administrative division, 6 digits; "": all
	After    int    // how many were seen
	Most     int
}

// Page is some of the places that were wanted.
type Page struct {
	Places    []Place    `json:"places"`
	Total     int        `json:"total"` // that were wanted
	Districts []District `json:"districts" doc:"those of all places that may be selected; none: their codes do not tell"`
}

// District is an administrative division with places in it.
type District struct {
	Code  string `json:"code"`           // 行政区划代码, GB/T 2260
	Name  string `json:"name,omitempty"` // absent: not known here
	Count int    `json:"count"`
}

// Places lists what the patient may select, those of this hospital first, a page at a
// time. The error says why nothing can be selected.
func (d *Desk) Places(w Wanted) (Page, error) {
	e, rules, err := d.at()
	if err != nil {
		return Page{}, err
	}
	found, count := []Place{}, map[string]int{}
	for _, i := range d.o.Places {
		c, no := settle.Choose(rules, e.Insured, i)
		if no != nil {
			switch no.Code {
			case settle.SelectionPending, settle.NotInBenefitPeriod, settle.SelectionNotNeeded, settle.PolicyRowMissing:
				return Page{}, no // not because of the institution
			}
			continue
		}
		district := division(i.ID)
		count[district]++
		if w.takes(i, district) {
			found = append(found, Place{ID: i.ID, Name: i.Name, Kind: i.Kind, Level: i.Level, From: c.From, Rule: c.Rule, Provisional: c.Provisional})
		}
	}
	slices.SortFunc(found, func(a, b Place) int {
		return cmp.Or(cmp.Compare(d.far(a), d.far(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	from := min(w.After, len(found))
	return Page{Places: found[from:min(from+w.Most, len(found))], Total: len(found), Districts: districts(count)}, nil
}

func (w *Wanted) takes(i settle.Institution, district string) bool {
	if w.District != "" && w.District != district {
		return false
	}
	search := strings.TrimSpace(w.Search)
	return strings.Contains(i.Name, search) || strings.Trim(search, "0123456789") == "" && strings.Contains(i.ID, search)
}

// far is 0 of a place of this hospital, which comes first.
func (d *Desk) far(p Place) int {
	i, _ := d.place(p.ID)
	if i.ID == d.o.Here.ID || i.SettlementHospital != "" && (i.SettlementHospital == d.o.Here.ID || i.SettlementHospital == d.o.Here.SettlementHospital) {
		return 0
	}
	return 1
}

// division is the administrative division in an institution's code (定点医药机构编号): a
// letter, six digits of division, five of serial; "" if it is none.
func division(id string) string {
	const length, digits = 12, 6
	if len(id) != length || strings.Trim(id[1:], "0123456789") != "" {
		return ""
	}
	return id[1 : 1+digits]
}

// districts lists the divisions by code, if there is more than one to choose from.
func districts(count map[string]int) []District {
	names := map[string]string{ // GB/T 2260
		"440303": "罗湖区", "440304": "福田区", "440305": "南山区", "440306": "宝安区", "440307": "龙岗区",
		"440308": "盐田区", "440309": "龙华区", "440310": "坪山区", "440311": "光明区",
	}
	list := []District{}
	for code, n := range count {
		if code != "" {
			list = append(list, District{Code: code, Name: names[code], Count: n})
		}
	}
	if len(list) < 2 {
		return []District{}
	}
	slices.SortFunc(list, func(a, b District) int { return cmp.Compare(a.Code, b.Code) })
	return list
}
