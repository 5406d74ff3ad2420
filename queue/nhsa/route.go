package nhsa

import "iter"

// Route is by which transactions a visit is settled.
type Route string

// Routes. The first is what a chain is on that does not say.
const (
	RouteOutpatient Route = ""          // the counter registers the visit (interface 3.5 to 3.9)
	RouteInpatient  Route = "inpatient" // the hospital admitted the patient; the visit is not the counter's (interface 3.11)
)

// route is the transaction of each step that a route has, and of the cancellation.
type route struct {
	first  Step // after the person is known
	asks   map[Step]ask
	cancel string
}

// ask is the request of a step.
type ask struct {
	infno string
	input func(*Chain, Visit) any
}

// asking makes the ask of a request's type.
func asking[T any](infno string, input func(*Chain, Visit) T) ask {
	return ask{infno, func(c *Chain, v Visit) any { return input(c, v) }}
}

// routes are never written to.
var routes = map[Route]route{
	RouteOutpatient: {first: StepRegister, cancel: InfoCancel, asks: map[Step]ask{
		StepPerson:     asking(InfoPerson, (*Chain).who),
		StepRegister:   asking(InfoRegister, (*Chain).register),
		StepFind:       asking(InfoVisits, (*Chain).lookup),
		StepVisit:      asking(InfoVisit, (*Chain).visit),
		StepFees:       asking(InfoFees, (*Chain).fees),
		StepClear:      asking(InfoDropFees, (*Chain).dropFees),
		StepTrial:      asking(InfoTrial, (*Chain).trial),
		StepSettle:     asking(InfoSettle, (*Chain).final),
		StepReverse:    asking(InfoReverse, reversing(InfoSettle)),
		StepDrop:       asking(InfoDropFees, (*Chain).dropFees),
		StepUnregister: asking(InfoUnregister, (*Chain).unregister),
	}},
	RouteInpatient: {first: StepFees, cancel: InfoInpatientBack, asks: map[Step]ask{
		StepPerson:  asking(InfoPerson, (*Chain).who),
		StepLines:   asking(InfoFeeLines, (*Chain).lines),
		StepFees:    asking(InfoInpatientFees, (*Chain).inpatientFees),
		StepClear:   asking(InfoInpatientDrop, (*Chain).inpatientDrop),
		StepTrial:   asking(InfoInpatientTrial, (*Chain).inpatientTrial),
		StepSettle:  asking(InfoInpatient, (*Chain).inpatientFinal),
		StepReverse: asking(InfoReverse, reversing(InfoInpatient)),
		StepDrop:    asking(InfoInpatientDrop, (*Chain).inpatientDrop),
	}},
}

// way is the chain's route. One that this version does not know has no steps.
func (c *Chain) way() route { return routes[c.Route] }

// infno is the transaction of a step, "" if the route has no such step.
func (c *Chain) infno(s Step) string { return c.way().asks[s].infno }

// has tells whether the route has a step.
func (c *Chain) has(s Step) bool { return c.infno(s) != "" }

// unknown is how often nobody knew what had become of a step's transaction.
func (c *Chain) unknown(s Step) int { return c.Unknowns[c.infno(s)] }

// standIn is in the place of what the platform has not given yet.
const standIn = "0"

// Requests gives every request by which a visit is settled if all goes well, with its
// transaction, and with stand-ins for the platform's numbers: so that its form can be
// checked while the patient is still there.
func Requests(v Visit) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		c := Chain{
			Route: v.Route, PersonNo: standIn, InsuranceType: v.InsuranceType, VisitID: or(v.ID, standIn),
			Trial: &Result{}, // of which the settlement repeats the parts
		}
		for _, c.Step = range []Step{StepPerson, StepRegister, StepVisit, StepFees, StepTrial, StepSettle} {
			for c.Uploaded = 0; c.Uploaded == 0 || c.Step == StepFees && c.Uploaded < len(v.Lines); c.Uploaded += feesPerMessage {
				infno, input, none := c.Next(v)
				if !none && !yield(infno, input) {
					return
				}
			}
		}
	}
}
