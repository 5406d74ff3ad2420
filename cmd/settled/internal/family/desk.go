// Package family is what a family does at a terminal besides paying: it looks up what is
// used and left, where the patient has selected to be treated, and whose account may pay;
// it is told which condition of mobile payment fails; it selects or changes the
// institution, which is filed at the platform. Binding a parent's account is the
// counter's own ([counter.Session.FileLink]), since the platform has no transaction for it.
package family

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"settled/cmd/settled/internal/counter"
	"settled/queue"
	"settled/settle"
)

// Codes of this package.
const (
	Offline settle.Code = "CHOICE_OFFLINE" // a first selection holds at once, and the line is down
	Moved   settle.Code = "CHOICE_MOVED"   // the day that was shown is no longer the one
)

// Window is what a desk needs of its window; *counter.Session is one.
type Window interface {
	Holder(counter.Role) (settle.Entitlement, bool)
	Screen() counter.Screen
	Trouble() settle.Code
}

// Choices keeps what was selected; *queue.Queue does. Errors that are refusals are
// *settle.Refusal.
type Choices interface {
	Choose(ctx context.Context, c queue.Choice) (entry uint64, err error)
	TakeBack(ctx context.Context, entry uint64, by queue.By) error
	LastChoice(person string) (c queue.Choice, ok bool, err error)
	Changed() <-chan struct{}
}

// Options of a Desk. All but Wait are needed.
type Options struct {
	Window   Window
	Rulebook counter.Rulebook
	Position func(ctx context.Context, person, period string) (counter.Position, error)
	Known    func(person string) (settle.Entitlement, bool, error) // who a donor is
	Choices  Choices
	Nudge    func()               // the platform is to be told
	Places   []settle.Institution // that may be selected
	Here     settle.Institution
	Seat     string
	Now      func() time.Time
	Wait     time.Duration // for the platform's answer to a filing; 5 s if zero
}

// Desk answers the family whose card lies in the patient's reader.
type Desk struct{ o Options }

// New makes a desk.
func New(o Options) *Desk {
	if o.Wait <= 0 {
		o.Wait = 5 * time.Second
	}
	return &Desk{o}
}

// at is the patient, and the rules of today.
func (d *Desk) at() (settle.Entitlement, *settle.Rules, error) {
	e, ok := d.o.Window.Holder(counter.Patient)
	if !ok {
		return e, nil, refuse(settle.NoCard, settle.NoCard.Cashier(), "nobody is known to be in the patient's reader")
	}
	return e, d.o.Rulebook.On(counter.DayOf(d.o.Now())), nil
}

// Standing is what a family looks up. Nothing in it is unmasked.
type Standing struct {
	Category   settle.Category `json:"category"`
	Offline    settle.Code     `json:"offline,omitempty" doc:"why the platform was not asked just now"`
	AsOf       string          `json:"as_of" doc:"when the platform said it"`
	Benefit    Benefit         `json:"benefit"`
	Allowance  *Allowance      `json:"allowance,omitempty" doc:"absent: the limit of the year is not known"`
	Own        *settle.Fen     `json:"own,omitempty" doc:"what is left in the patient's own account"`
	Selections []Selection     `json:"selections" doc:"those that hold, and those to come"`
	Links      []Link          `json:"links" doc:"filed at this counter"`
	Choice     *Choice         `json:"choice,omitempty" doc:"the last selection that was made at this counter"`
}

// Benefit is the benefit period (待遇享受期).
type Benefit struct {
	From settle.Date `json:"from,omitempty"`
	To   settle.Date `json:"to,omitempty" doc:"absent: open"`
	Rule string      `json:"rule"`
	Now  bool        `json:"now"`
}

// Allowance is the year's limit and what is used of it.
type Allowance struct {
	Period      string     `json:"period"`
	Limit       settle.Fen `json:"limit"`
	Used        settle.Fen `json:"used"`
	Left        settle.Fen `json:"left"`
	Rule        string     `json:"rule"`
	Provisional bool       `json:"provisional"`
}

// Selection is an institution that is selected.
type Selection struct {
	Name string      `json:"name"`
	From settle.Date `json:"from"`
	To   settle.Date `json:"to,omitempty"`
	Now  bool        `json:"now"`
}

// Link is an account that may pay for the patient.
type Link struct {
	Holder   string          `json:"holder"` // masked
	Relation settle.Relation `json:"relation"`
	From     settle.Date     `json:"from"`
	To       settle.Date     `json:"to,omitempty"`
	Now      bool            `json:"now"`
	Here     bool            `json:"here" doc:"whose it is stands at the guardian's reader"`
}

// Look gives what the family looks up.
func (d *Desk) Look(ctx context.Context) (Standing, error) {
	e, rules, err := d.at()
	if err != nil {
		return Standing{}, err
	}
	position, err := d.o.Position(ctx, e.Person, rules.Period)
	if err != nil {
		return Standing{}, fmt.Errorf("read the position: %w", err)
	}
	s := Standing{Category: e.Insured.Category, AsOf: e.AsOf, Selections: []Selection{}, Links: []Link{}}
	if p := d.o.Window.Screen().Patient; p != nil {
		s.Offline = p.Offline
	}
	s.Benefit.From, s.Benefit.To, s.Benefit.Rule, s.Benefit.Now = settle.BenefitPeriod(rules, e.Insured)
	if a, no := settle.AllowanceOf(rules, e.Insured, position.Usage); no == nil && position.Told {
		s.Allowance = &Allowance{Period: a.Period, Limit: a.Limit, Used: a.Used, Left: a.Left, Rule: a.Rule, Provisional: a.Provisional}
	}
	if position.Own != nil {
		s.Own = &position.Own.Balance
	}
	for _, sel := range e.Insured.Selections {
		if sel.To == 0 || sel.To >= rules.Day {
			s.Selections = append(s.Selections, Selection{
				Name: cmp.Or(sel.Institution.Name, sel.Institution.ID), From: sel.From, To: sel.To, Now: rules.Day.Within(sel.From, sel.To),
			})
		}
	}
	if s.Links, err = d.links(position, rules.Day); err != nil {
		return Standing{}, err
	}
	s.Choice, err = d.last(e.Person)
	return s, err
}

func (d *Desk) links(position counter.Position, day settle.Date) ([]Link, error) {
	list := []Link{}
	guardian, there := d.o.Window.Holder(counter.Guardian)
	for _, f := range position.Family {
		if f.Link != settle.MutualAid || f.LinkTo != 0 && f.LinkTo < day {
			continue
		}
		l := Link{Relation: f.Relation, From: f.LinkFrom, To: f.LinkTo, Now: day.Within(f.LinkFrom, f.LinkTo), Here: there && guardian.Person == f.ID}
		donor, ok, err := d.o.Known(f.ID)
		if err != nil {
			return nil, fmt.Errorf("read a donor: %w", err)
		}
		if ok {
			l.Holder = donor.Who.Name.String()
		}
		list = append(list, l)
	}
	return list, nil
}

// Mobile lists the conditions of mobile payment for the patient, by the account of
// whoever stands at the guardian's reader, else by the first that is linked.
func (d *Desk) Mobile(ctx context.Context) ([]settle.Condition, error) {
	e, rules, err := d.at()
	if err != nil {
		return nil, err
	}
	position, err := d.o.Position(ctx, e.Person, rules.Period)
	if err != nil {
		return nil, fmt.Errorf("read the position: %w", err)
	}
	guardian, there := d.o.Window.Holder(counter.Guardian)
	payer := settle.Payer{}
	for _, f := range position.Family {
		if rules.Day.Within(f.LinkFrom, f.LinkTo) && (!there || f.ID == guardian.Person) && payer.Link == "" {
			balance := f.Balance
			payer = settle.Payer{Link: f.Link, Registered: f.RegisteredGuardian, Balance: &balance}
		}
	}
	if there {
		own, err := d.o.Position(ctx, guardian.Person, rules.Period)
		if err != nil {
			return nil, fmt.Errorf("read the guardian's position: %w", err)
		}
		none := settle.Fen(0)
		if payer.Balance = &none; own.Own != nil {
			payer.Balance = &own.Own.Balance
		}
	}
	p := d.o.Window.Screen().Patient
	return settle.MobilePayment(rules, e.Insured, p != nil && !p.ByCode, payer), nil
}

// Binding lists the conditions for linking the account of whoever stands at the guardian's
// reader to the patient, who is the relation to them.
func (d *Desk) Binding(relation settle.Relation) ([]settle.Condition, error) {
	e, rules, err := d.at()
	if err != nil {
		return nil, err
	}
	guardian, ok := d.o.Window.Holder(counter.Guardian)
	if !ok {
		return nil, refuse(settle.GuardianMissing, settle.GuardianMissing.Cashier(), "nobody is known to be at the guardian's reader")
	}
	return settle.Binding(rules, e.Insured, guardian.Insured, relation), nil
}

func (d *Desk) place(id string) (settle.Institution, bool) {
	i := slices.IndexFunc(d.o.Places, func(p settle.Institution) bool { return p.ID == id })
	if i < 0 {
		return settle.Institution{}, false
	}
	return d.o.Places[i], true
}

func refuse(code settle.Code, cashier, technician string) *settle.Refusal {
	return &settle.Refusal{Code: code, Cashier: cashier, Technician: technician}
}
