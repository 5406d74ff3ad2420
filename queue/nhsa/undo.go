package nhsa

import "settled/settle"

// Refused takes the platform's no. What was done before is taken back, and then the
// chain is held with the reason; except where the no may itself be the trace of a
// lost request that did get through.
func (c *Chain) Refused(infno string, e *BusinessRefusal) {
	if infno != c.asks() {
		return
	}
	switch c.Step {
	case StepRegister:
		c.refusedRegister(e)
	case StepFind:
		if c.takesBack() || c.Refusal == nil { // else held with the refusal of 2201
			c.Refusal, c.Left = e.Refusal(), append(c.Left, c.infno(StepRegister))
		}
		c.end()
	case StepFees:
		c.refusedFees(e)
	case StepClear:
		c.Uploaded, c.Step = 0, StepFees // most likely there was nothing to clear
	case StepTrial:
		if !c.sendAgain(e) {
			c.undo(e.Refusal())
		}
	case StepSettle:
		c.refusedSettle(e)
	case StepReverse:
		c.refusedReverse(e)
	case StepLines:
		c.refusedLines(e)
	case StepDrop:
		c.refusedDrop(e)
	case StepUnregister:
		c.refusedUnregister(e)
	default:
		c.undo(e.Refusal())
	}
}

// refusedRegister: a registration that was lost, or that an earlier settlement of the
// same visit made, may be what makes the platform refuse; look for it.
func (c *Chain) refusedRegister(e *BusinessRefusal) {
	if c.unknown(StepRegister) == 0 && !e.mentions("已挂号", "已登记", "重复", "已存在") {
		c.undo(e.Refusal())
		return
	}
	c.Refusal, c.Step = e.Refusal(), StepFind
}

// refusedFees: fees that were lost may have arrived after they were cleared.
func (c *Chain) refusedFees(e *BusinessRefusal) {
	if c.unknown(StepFees) > 0 && c.Rounds < maxRounds {
		c.Rounds++
		c.Uploaded, c.Step = 0, StepClear
		return
	}
	c.undo(e.Refusal())
}

// refusedSettle: a 2207 that the platform did not know when it was asked to reverse
// it may have been booked since.
func (c *Chain) refusedSettle(e *BusinessRefusal) {
	if len(c.Gone) > 0 && c.Rounds < maxRounds {
		c.Rounds++
		c.Open, c.Gone, c.Step = c.Gone, nil, StepReverse
		return
	}
	if !c.sendAgain(e) {
		c.undo(e.Refusal())
	}
}

// sendAgain uploads the fees anew if the platform has others than were sent: a 2205 whose
// answer was lost, of this bill or of the one before it in the visit, may have arrived
// behind them.
func (c *Chain) sendAgain(e *BusinessRefusal) bool {
	if c.Resent >= maxRounds || !e.otherFees() {
		return false
	}
	c.Resent++
	c.Uploaded, c.Step = 0, StepClear
	return true
}

// otherFees guesses from its words that the refusal is about fees that are not those sent.
func (e *BusinessRefusal) otherFees() bool {
	return e.mentions("费用") && e.mentions("不相等", "不一致", "不符")
}

// refusedReverse: "already reversed" and "not found" are answers. Any other no
// leaves it open whether the money moved: held, with Open as it is.
func (c *Chain) refusedReverse(e *BusinessRefusal) {
	if !nothingToReverse(e) {
		c.Refusal, c.Step = e.Refusal(), StepHeld
		return
	}
	if !e.mentions("未退费", "已冲正", "已经冲正", "已退费", "已撤销") && len(c.Open) > 0 {
		c.doubtful(c.Open[0])
	}
	c.reversed()
}

// refusedDrop: fees that cannot be removed may be settled, by a 2207 that the platform
// did not know when it was asked to reverse it. Of an inpatient no 2202 follows that would
// tell, so the lines are looked at.
func (c *Chain) refusedDrop(e *BusinessRefusal) {
	if c.has(StepLines) && (c.Doubt || len(c.Gone) > 0) {
		c.Step = StepLines
		return
	}
	if len(c.Gone) > 0 && c.Rounds < maxRounds {
		c.Rounds++
		c.Open, c.Gone, c.Step = c.Gone, nil, StepReverse
		return
	}
	if len(c.Gone) > 0 || !nothingToReverse(e) {
		c.left(StepFees, e)
	}
	c.dropped()
}

// dropped goes on when the fees are gone, as far as they can be: a visit that the counter
// registered is taken back, an admission is not.
func (c *Chain) dropped() {
	switch {
	case c.has(StepUnregister):
		c.Step = StepUnregister
	case c.Doubt:
		c.Step = c.search()
	default:
		c.end()
	}
}

// refusedUnregister: a visit that is not there is the lost answer's yes. One in which
// others were settled stays, and there is nothing of ours in it, if nothing was left.
func (c *Chain) refusedUnregister(e *BusinessRefusal) {
	if c.Doubt {
		c.stays(e)
		return
	}
	if nothingToReverse(e) {
		c.unregistered()
		return
	}
	if !c.takesBack() || !e.mentions("结算信息") {
		c.left(StepRegister, e)
	}
	c.end()
}

// unregistered goes on when the visit is gone, and with it whatever was left of it. What
// is given up may have been registered more than once.
func (c *Chain) unregistered() {
	c.VisitID, c.Left, c.Gone = "", nil, nil
	if c.takesBack() {
		c.undo(nil)
		return
	}
	c.end()
}

// left keeps what could not be taken back; of what was given up, that is why it is held.
func (c *Chain) left(s Step, e *BusinessRefusal) {
	c.Left = append(c.Left, c.infno(s))
	if c.takesBack() {
		c.Refusal = e.Refusal()
	}
}

// undo takes back what the platform has, then holds the chain with the reason.
func (c *Chain) undo(why *settle.Refusal) {
	c.Refusal = why
	switch {
	case len(c.Open) > 0:
		c.Step = StepReverse
	case c.VisitID == "" && c.takesBack() && c.unknown(StepRegister) > 0:
		c.Step = StepFind // it may be registered all the same
	case c.VisitID == "":
		c.end()
	case c.Uploaded > 0 || c.unknown(StepFees) > 0 || len(c.Gone) > 0 || c.Step == StepClear:
		c.Step = StepDrop
	default:
		c.dropped()
	}
}

// end stops the chain after everything was taken back that could be.
func (c *Chain) end() {
	c.Step = StepHeld
	switch {
	case len(c.Left) > 0:
	case c.Abandoned:
		c.Step, c.Refusal = StepUndone, nil
	case c.Anew:
		*c = Chain{Repair: c.Repair, Warnings: c.Warnings, Gone: c.Gone}
	}
}

// Resume sets a held chain going again, after a clerk repaired what it was held for:
// from the open reversal if there is one, from the visit that could not be taken
// back, or from the start, as of an admission. It does nothing to a chain that is not held.
func (c *Chain) Resume() {
	if c.Step != StepHeld {
		return
	}
	if c.Doubt {
		c.Restored()
		return
	}
	c.Refusal, c.Left, c.Rounds = nil, nil, 0
	if len(c.Open) == 0 { // else the fees are there still
		c.Uploaded = 0
	}
	switch {
	case c.takesBack():
		unknowns := map[string]int{c.infno(StepFees): 1}
		if n := c.unknown(StepRegister); n > 0 {
			unknowns[c.infno(StepRegister)] = n
		}
		c.Unknowns = unknowns
		c.undo(nil)
	case len(c.Open) > 0:
		c.Step = StepReverse
	case c.VisitID != "":
		c.Unknowns = map[string]int{c.infno(StepFees): 1} // fees may be there: clear them if refused
		if c.Step = StepVisit; !c.has(StepVisit) {
			c.Step = StepPerson
		}
	default:
		c.Step = StepPerson
	}
}

// Abandon gives the settlement up, say because it was voided before it was
// uploaded: what the platform has is taken back, and the chain ends undone. A chain
// that is done cannot be abandoned: use a [Withdrawal]. A request that is under way
// must first be answered or told [Chain.Lost].
func (c *Chain) Abandon() bool {
	if c.Step == StepDone {
		return false
	}
	c.Abandoned, c.Left = true, nil
	if c.Doubt {
		c.Restored() // what the platform has is to be found first
	} else {
		c.undo(nil)
	}
	return true
}
