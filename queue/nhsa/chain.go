package nhsa

import (
	"errors"
	"fmt"
	"slices"

	"settled/settle"
)

// Step is where a chain stands: what it does next.
type Step string

// Steps. The way up is person, register, visit, fees, trial, settle, done; of inpatients,
// whom the hospital admitted, person, fees, trial, settle, done. The rest resolve an
// unknown outcome (find, clear, reverse, lines) or take back what was done (drop,
// unregister) before the chain is held or undone. Where two transactions stand, the second
// is the inpatients'.
const (
	StepPerson     Step = ""           // 1101
	StepRegister   Step = "register"   // 2201
	StepFind       Step = "find"       // 5201: the visit of a registration whose answer was lost
	StepVisit      Step = "visit"      // 2203
	StepFees       Step = "fees"       // 2204, 2301
	StepClear      Step = "clear"      // 2205, 2302, then fees from the first line
	StepTrial      Step = "trial"      // 2206, 2303
	StepSettle     Step = "settle"     // 2207, 2304
	StepReverse    Step = "reverse"    // 2601 for every message in Open
	StepLines      Step = "lines"      // 5204: what an inpatient's visit has of ours
	StepDrop       Step = "drop"       // 2205, 2302, then unregister
	StepUnregister Step = "unregister" // 2202
	StepDone       Step = "done"       // the platform has it: Result
	StepHeld       Step = "held"       // a person must look: Refusal
	StepUndone     Step = "undone"     // given up by [Chain.Abandon], nothing left at the platform
)

// maxRounds is how often fees or a settlement that are refused after a lost one are
// cleared and tried again.
const maxRounds = 3

// Chain brings one settlement to the platform, one request at a time:
//
//	infno, input, done := chain.Next(visit)
//	body := Encode(head, infno, msgid, …)   // a new msgid, every time
//	store body, msgid and chain             // before the first byte leaves
//	reply, err := client.Send(ctx, infno, body)
//	err = chain.Answer(visit, infno, msgid, reply, err)
//	store chain
//
// It is a pure state machine: no clock, no network. All of its state is its exported
// fields, so it can be stored as JSON between any two calls; a chain that is found
// with a stored request and no answer is told [Chain.Lost]. The state holds personal
// data in clear: seal it at rest.
//
// The comments name an outpatient's transactions; an inpatient's are in their place
// ([Route]).
//
// An unknown outcome of 2207 is reversed with the original msgid until the platform
// gives a definite answer, and only then settled anew. "Nothing to reverse" may mean
// that the request is still under way, so such a msgid is kept (Gone) and reversed
// again should the platform later say that the visit is settled, as long as the visit is
// there and fees may be uploaded to it. Wait a little
// before the first Next after Lost.
type Chain struct {
	Step          Step            `json:"step"`
	Route         Route           `json:"route,omitempty"` // of the visit, from the person on
	PersonNo      Told            `json:"psn_no,omitempty"`
	InsuranceType string          `json:"insutype,omitempty"`
	VisitID       string          `json:"mdtrt_id,omitempty"`
	Uploaded      int             `json:"uploaded,omitempty"` // lines the platform has
	Trial         *Result         `json:"trial,omitempty"`
	Result        *Result         `json:"result,omitempty"`    // when done
	Open          []string        `json:"open,omitempty"`      // msgids of 2207 that may be booked
	Gone          []string        `json:"gone,omitempty"`      // msgids of 2207 that most likely did nothing
	Unknowns      map[string]int  `json:"unknowns,omitempty"`  // unknown outcomes by transaction
	Rounds        int             `json:"rounds,omitempty"`    // see maxRounds
	Resent        int             `json:"resent,omitempty"`    // how often fees were sent anew that were not those sent
	Refusal       *settle.Refusal `json:"refusal,omitempty"`   // why it is, or will be, held
	Left          []string        `json:"left,omitempty"`      // transactions that could not be taken back
	Abandoned     bool            `json:"abandoned,omitempty"` // undone on purpose
	Doubt         bool            `json:"doubt,omitempty"`     // see [Chain.Restored]
	Cleared       []string        `json:"cleared,omitempty"`   // visits that were taken back while in doubt
	Repair        uint64          `json:"repair,omitempty"`    // see [Chain.Repaired]
	Anew          bool            `json:"anew,omitempty"`      // on its way back, to begin again
	Warnings      []string        `json:"warnings,omitempty"`
}

// ErrStep says that an answer is not to what the chain asked: it was ignored.
var ErrStep = errors.New("the answer is not to the chain's step")

// Next gives the next request, or done when the chain is done, held or undone. It
// changes nothing, so the same call gives the same request.
func (c *Chain) Next(v Visit) (infno string, input any, done bool) {
	a, more := c.way().asks[c.Step]
	if !more {
		return "", nil, true
	}
	return a.infno, a.input(c, v), false
}

// Answer takes what [Client.Send] gave for the request. What it returns is for the
// log and for pacing: the chain has already moved as it must. An *[AccessRefusal],
// an *[Unknown] that was NotSent and a refusal for a stale sign-in leave it where it
// was: with the first two the same stored body may be sent once the cause is gone.
func (c *Chain) Answer(v Visit, infno, msgid string, r Reply, err error) error {
	if err == nil {
		return c.Take(v, msgid, r)
	}
	if e, ok := asRefused(err); ok {
		if !e.StaleSignIn() {
			c.Refused(infno, e)
		}
		return err
	}
	var away *AccessRefusal
	switch e, unknown := asUnknown(err); {
	case unknown && !e.NotSent:
		c.Lost(infno, msgid)
	case errors.As(err, &away) && c.Step == StepSettle && infno == c.asks():
		c.doubtful(msgid)
	}
	return err
}

// maxGone bounds Gone, however often the gateway turns a 2207 away.
const maxGone = 20

// doubtful keeps the msgid of a 2207 that most likely did nothing, in case the
// platform later says that the visit is settled.
func (c *Chain) doubtful(msgid string) {
	if !slices.Contains(c.Gone, msgid) {
		c.Gone = append(c.Gone, msgid)
	}
	c.Gone = c.Gone[max(0, len(c.Gone)-maxGone):]
}

// Lost says that the outcome of the request is unknown: no answer, or none on
// record after a restart. Telling it twice is the same as once.
func (c *Chain) Lost(infno, msgid string) {
	if infno != c.asks() {
		return
	}
	if c.Unknowns == nil {
		c.Unknowns = map[string]int{}
	}
	c.Unknowns[infno]++
	switch c.Step {
	case StepSettle:
		if !slices.Contains(c.Open, msgid) {
			c.Open = append(c.Open, msgid)
		}
		c.Step = StepReverse
	case StepFees:
		c.Uploaded, c.Step = 0, StepClear
	}
}

// asks is the transaction of the chain's step.
func (c *Chain) asks() string { return c.infno(c.Step) }

// Take takes a yes. If it cannot be read, that is an unknown outcome and the chain
// goes on as after [Chain.Lost]; the error is then *[Unknown]. A yes that shows the
// person not to be insured here holds the chain; the error is then *settle.Refusal.
func (c *Chain) Take(v Visit, msgid string, r Reply) error {
	if r.Infno != c.asks() {
		return fmt.Errorf("%w: %s, want %q", ErrStep, r.Infno, c.asks())
	}
	err := c.take(v, msgid, r)
	var refusal *settle.Refusal
	switch {
	case errors.As(err, &refusal):
		c.undo(refusal)
	case err != nil:
		c.Lost(r.Infno, msgid)
	}
	return err
}

func (c *Chain) take(v Visit, msgid string, r Reply) error {
	switch c.Step {
	case StepPerson:
		return c.takePerson(v, r)
	case StepRegister:
		return c.takeRegistered(v, r)
	case StepFind:
		return c.takeFound(v, r)
	case StepVisit:
		c.Step = StepFees
	case StepFees:
		c.Uploaded = min(c.Uploaded+feesPerMessage, len(v.Lines))
		if c.Uploaded == len(v.Lines) {
			c.Step = StepTrial
		}
	case StepClear:
		c.Uploaded, c.Step = 0, StepFees
	case StepTrial:
		res, err := readOwn(msgid, r, c.PersonNo, c.VisitID)
		if err == nil {
			c.Trial, c.Step = &res, StepSettle
			c.Warnings = append(c.Warnings, checkTrial(v.Total, res)...)
		}
		return err
	case StepSettle:
		return c.takeSettled(msgid, r)
	case StepReverse:
		c.reversed()
	case StepLines:
		return c.takeLines(v, r)
	case StepDrop:
		if c.Uploaded = 0; c.Abandoned { // without fees no late 2207 is booked
			c.Gone = nil
		}
		c.dropped()
	case StepUnregister:
		if c.Doubt {
			c.Cleared, c.Step = append(c.Cleared, c.VisitID), StepFind
			c.VisitID, c.Left = "", nil
			return nil
		}
		c.unregistered()
	}
	return nil
}

func (c *Chain) takeRegistered(v Visit, r Reply) error {
	reg, err := ReadRegistered(r)
	if err == nil {
		err = errors.Join(r.about("person", string(reg.PersonNo), string(c.PersonNo)), r.about("visit", string(reg.OutpatientNo), v.Chart.OutpatientNo))
	}
	if err == nil {
		c.VisitID, c.Step = string(reg.VisitID), StepVisit
	}
	return err
}

func (c *Chain) takePerson(v Visit, r Reply) error {
	p, err := ReadPerson(r)
	if err != nil {
		return err
	}
	if err := p.same(v.Who); err != nil {
		return err
	}
	row, err := p.Insured(v.Area, v.InsuranceType)
	if err != nil {
		return err
	}
	c.PersonNo, c.InsuranceType = p.Base.PersonNo, string(row.Type)
	c.Route, c.VisitID = v.Route, v.ID
	c.Step = c.way().first
	if c.Doubt {
		c.Step = c.search()
	}
	return nil
}

func (c *Chain) takeFound(v Visit, r Reply) error {
	visits, err := ReadVisits(r)
	if err != nil {
		return err
	}
	for _, found := range visits {
		if found.VisitID == "" || string(found.OutpatientNo) != v.Chart.OutpatientNo || slices.Contains(c.Cleared, string(found.VisitID)) {
			continue
		}
		c.VisitID, c.Step, c.Refusal = string(found.VisitID), StepVisit, nil
		switch {
		case c.Doubt:
			c.Step = StepDrop
		case c.takesBack():
			c.Unknowns[c.infno(StepRegister)]--
			c.undo(nil)
		}
		return nil
	}
	if c.Doubt {
		c.certain()
		return nil
	}
	c.end()
	return nil
}

func (c *Chain) takeSettled(msgid string, r Reply) error {
	res, err := readOwn(msgid, r, c.PersonNo, c.VisitID)
	if err == nil {
		c.Result, c.Step = &res, StepDone
	}
	return err
}

// reversed takes the first of Open off and goes on.
func (c *Chain) reversed() {
	if len(c.Open) > 0 {
		c.Open = c.Open[1:]
	}
	switch {
	case len(c.Open) > 0:
	case c.Doubt:
		c.Step = c.search()
	case c.takesBack() || c.Refusal != nil:
		c.Step = StepDrop
	default:
		c.Step = StepSettle
	}
}
