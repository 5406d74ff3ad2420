package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"settled/settle"
)

// State is how books stand.
type State string

// States.
const (
	Equal     State = "equal"     // the platform's total is ours
	Accounted State = "accounted" // it is not, and all that differs is explained: nothing to repair here
	Unequal   State = "unequal"   // there is something to repair
	Late      State = "late"      // the platform's result is not there yet: ask again
)

// Books are a group's totals and what the platform says of them (3201).
type Books struct {
	Total
	State State  `json:"state" enum:"equal,unequal"`
	Words string `json:"words,omitempty"` // the platform's
}

// Detail is what a statement (3202) found in the groups of a clearing type and office, of
// which one is unequal: it does not tell insurance types apart.
type Detail struct {
	Clearing string    `json:"clr_type"`
	Office   string    `json:"setl_optins"`
	State    State     `json:"state" enum:"accounted,unequal,late"`
	Words    string    `json:"words,omitempty"` // the platform's, where it is late
	Unread   int       `json:"unread"`          // lines of its result that could not be read
	Findings []Finding `json:"findings"`
}

// Judge sets the state of what was found. A statement that names nothing leaves an unequal
// total unequal.
func (d *Detail) Judge() {
	d.State = Accounted
	if len(d.Findings) == 0 || d.Unread > 0 {
		d.State = Unequal
	}
	for i := range d.Findings {
		if !d.Findings[i].Settled() {
			d.State = Unequal
		}
	}
}

// Report is a reconciliation of a day.
type Report struct {
	ID      string      `json:"id"` // tells it from another of the same day: what is repaired is what was shown
	Day     settle.Date `json:"day"`
	At      time.Time   `json:"at"`
	Books   []Books     `json:"books"`
	Details []Detail    `json:"details"`
	Bridge  Bridge      `json:"bridge"`
	Drawers []Drawer    `json:"drawers"`
	Others  []Other     `json:"others"`          // counters whose books are in it
	Apart   string      `json:"apart,omitempty"` // why the books that counters share could not be read or written, in Chinese
}

// Other is another counter of the institution whose books of the day were at hand.
type Other struct {
	Counter string    `json:"counter"`
	At      time.Time `json:"at"` // as of when
	Rows    int       `json:"rows"`
}

// State is how the day stands as a whole.
func (r *Report) State() State {
	state := Equal
	for _, b := range r.Books {
		if b.State != Equal {
			state = Accounted
		}
	}
	for _, d := range r.Details {
		switch d.State {
		case Unequal:
			return Unequal
		case Late:
			state = Late
		}
	}
	if state == Accounted && len(r.Details) == 0 {
		return Unequal
	}
	return state
}

// Day is a day of the platform's on which it booked something of this counter's.
type Day struct {
	Day       settle.Date `json:"day"`
	Settled   int         `json:"settled"`   // booked with a time of that day
	Withdrawn int         `json:"withdrawn"` // reversals booked with a time of that day
	State     State       `json:"state,omitempty" enum:"equal,accounted,unequal,late"`
	Report    string      `json:"report,omitempty"` // id of the last reconciliation's
	At        *time.Time  `json:"at,omitempty"`     // of it
	Due       bool        `json:"due"`              // to be reconciled: it was not, or not evenly, or more was booked since
}

// Number gives the findings their numbers, and the report its id.
func (r *Report) Number() error {
	n := 0
	for i := range r.Details {
		for j := range r.Details[i].Findings {
			n++
			r.Details[i].Findings[j].Item = n
		}
	}
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("report of %s: %w", r.Day, err)
	}
	sum := sha256.Sum256(data)
	r.ID = hex.EncodeToString(sum[:8])
	return nil
}

// Finding gives the finding of a number.
func (r *Report) Finding(item int) (Finding, bool) {
	for _, b := range r.Details {
		for _, f := range b.Findings {
			if f.Item == item {
				return f, true
			}
		}
	}
	return Finding{}, false
}

// Open counts the findings that somebody has to look at.
func (r *Report) Open() (n int) {
	for _, b := range r.Details {
		for i := range b.Findings {
			if !b.Findings[i].Settled() {
				n++
			}
		}
	}
	return n
}

// Summary is what the journal keeps of it: a line a group and a line a finding, without
// personal data.
func (r *Report) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "report %s of %s\n", r.ID, r.Day)
	for _, o := range r.Others {
		fmt.Fprintf(&b, "with %d of counter %s, as of %s\n", o.Rows, o.Counter, o.At.Format(time.DateTime))
	}
	for _, g := range r.Books {
		fmt.Fprintf(&b, "%s %s %s: %s, +%d %s, -%d %s, fund %s, account %s\n", g.Type, g.Clearing, g.Office, g.State,
			g.Positive.Count, g.Positive.Total, g.Negative.Count, g.Negative.Total, g.Positive.Fund+g.Negative.Fund, g.Positive.Account+g.Negative.Account)
	}
	for _, d := range r.Details {
		fmt.Fprintf(&b, "3202 %s %s: %s\n", d.Clearing, d.Office, d.State)
		for _, f := range d.Findings {
			fmt.Fprintf(&b, "%d %s %s msgid %s setl_id %s\n", f.Item, f.Kind, f.Number, f.MsgID, f.SettlementID)
		}
	}
	return b.String()
}
