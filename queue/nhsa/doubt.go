package nhsa

import (
	"slices"

	"settled/settle"
)

// RestoredSettled is the code of a settlement that another copy of the counter may have
// brought to the platform, and that the platform does not take back.
const RestoredSettled settle.Code = "RESTORED_SETTLED"

// Restored says that messages may have been sent of which the chain knows nothing: it
// comes from a backup, and went on elsewhere after that was made. Their message ids are
// lost, so 2601 can't be asked. What the platform has of the visit is found by the
// person, the day and the outpatient number (5201), and taken back (2205, 2202), which
// the platform refuses once it is settled. Of an inpatient the visit is known, and its
// lines are asked for (5204). So the chain begins anew only when nothing is there, and is
// held, [RestoredSettled], when something stays. Telling it twice is the
// same as once. It does nothing to a chain that is done or undone.
func (c *Chain) Restored() {
	if c.Step == StepDone || c.Step == StepUndone {
		return
	}
	c.Doubt, c.Refusal, c.Left, c.Rounds = true, nil, nil, 0
	switch {
	case c.PersonNo == "":
		c.Step = StepPerson
	case len(c.Open) > 0:
		c.Step = StepReverse
	default:
		c.Step = c.search()
	}
}

// search is the step that finds out in doubt what the platform has.
func (c *Chain) search() Step {
	switch {
	case c.has(StepLines):
		return StepLines
	case c.VisitID == "":
		return StepFind
	}
	return StepDrop
}

// certain ends the doubt: the platform has nothing of the visit. A late 2304 may still
// come to an admission, which stays.
func (c *Chain) certain() {
	c.Doubt, c.Uploaded, c.Trial, c.Unknowns = false, 0, nil, nil
	if c.has(StepUnregister) {
		c.Gone = nil
	}
	if c.Abandoned {
		c.end()
		return
	}
	c.Step = c.way().first
}

// stays takes the refusal of a 2202 in doubt: what keeps the visit is most likely a
// settlement. After a lost 2202, or if the platform says so, it may be gone instead.
func (c *Chain) stays(e *BusinessRefusal) {
	if (c.unknown(StepUnregister) > 0 || nothingToReverse(e)) && c.Rounds < maxRounds {
		c.Rounds++
		c.VisitID, c.Step = "", StepFind
		return
	}
	if register := c.infno(StepRegister); !slices.Contains(c.Left, register) {
		c.Left = append(c.Left, register)
	}
	c.Refusal = &settle.Refusal{
		Code:       RestoredSettled,
		Cashier:    "本机由备份恢复，平台上已有该门诊号的就诊且不能撤销，可能在恢复前已结算。请医保办在平台核对后处理，勿重复结算。",
		Technician: "restored from a backup: visit " + settle.Clip(c.VisitID) + " of this outpatient number is at the platform and can't be taken back (2202: " + settle.Clip(maskNumbers(e.Message)) + "); it is most likely settled there",
	}
	c.end()
}

// Restored says the same of a withdrawal. Of a cancellation that is under way nothing is
// in doubt: it is repeated, and "refunded already" is its yes.
func (w *Withdrawal) Restored() {
	if w.Chain.Step != StepDone {
		w.Held, w.Refusal = false, nil
		w.Chain.Restored()
	}
}
