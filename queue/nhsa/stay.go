package nhsa

import (
	"slices"

	"settled/settle"
)

// StayNotCleared is the code of an inpatient's settlement that was given up here while its
// lines stay at the platform, most likely settled.
const StayNotCleared settle.Code = "STAY_NOT_CLEARED"

// The requests of an inpatient's chain (interface 3.11). The visit is the hospital's
// admission: its number comes with the bill, and it is never taken back.

func (c *Chain) lines(Visit) FeeLinesQuery {
	var q FeeLinesQuery
	q.Data.PersonNo, q.Data.VisitID = c.PersonNo, c.VisitID
	return q
}

func (c *Chain) inpatientFees(v Visit) InpatientFees {
	var up InpatientFees
	for _, line := range c.waiting(v) {
		up.Fees = append(up.Fees, InpatientFee{
			LineNo: line.No, VisitID: c.VisitID, PersonNo: c.PersonNo, MedType: v.MedType, Time: v.Chart.Began,
			Code: line.Code, HospitalCode: line.HospitalCode, Amount: line.Amount, Quantity: line.Quantity, Price: line.Price,
			DeptCode: v.Chart.Department.Code, DeptName: v.Chart.Department.Name,
			DoctorCode: v.Chart.Doctor.Code, DoctorName: v.Chart.Doctor.Name, Approved: v.Approval,
		})
	}
	return up
}

func (c *Chain) inpatientDrop(Visit) InpatientDrop {
	var r InpatientDrop
	r.Data.LineNo, r.Data.VisitID, r.Data.PersonNo = AllBatches, c.VisitID, c.PersonNo
	return r
}

func (c *Chain) inpatientTrial(v Visit) InpatientTrial {
	var t InpatientTrial
	d := &t.Data
	d.PersonNo, d.CertKind, d.CertNo = c.PersonNo, v.Certificate.Kind, v.Certificate.No
	d.Total, d.Way, d.VisitID = v.Total, v.Way, c.VisitID
	d.Accounts, d.Type = flag(v.UseAccounts), c.InsuranceType
	return t
}

func (c *Chain) inpatientFinal(v Visit) InpatientFinal {
	var f InpatientFinal
	t, d := c.inpatientTrial(v).Data, &f.Data
	d.PersonNo, d.CertKind, d.CertNo = t.PersonNo, t.CertKind, t.CertNo
	d.Total, d.Way, d.VisitID, d.Accounts, d.Type = t.Total, t.Way, t.VisitID, t.Accounts, t.Type
	if c.Trial != nil {
		d.SelfFunded, d.OverCap = c.Trial.SelfFunded, c.Trial.OverCap
		d.FirstSelfPay, d.InScope = c.Trial.FirstSelfPay, c.Trial.InScope
	}
	return f
}

// takeLines takes what the visit has on file, in doubt or after a 2304 of which nobody
// knows: a line with a settlement's id is settled, one without can still be taken back, and
// where there is none nothing can be booked. In doubt every line counts: another copy may
// have settled the stay under a number that is not known here.
func (c *Chain) takeLines(v Visit, r Reply) error {
	rows, err := ReadFeesOnFile(r)
	if err != nil {
		return err
	}
	there, settled := c.concerning(v, rows)
	switch again := c.Rounds < maxRounds; {
	case !there:
		c.cleared()
	case settled != "" && len(c.Gone) > 0 && again:
		c.Rounds++
		c.Open, c.Gone, c.Step = c.Gone, nil, StepReverse
	case settled == "" && again:
		c.Rounds++
		c.Step = StepDrop
	default:
		c.remain(settled)
	}
	return nil
}

// concerning tells whether lines that count are on file, and the id of a settlement that has
// one.
func (c *Chain) concerning(v Visit, rows []FeeOnFile) (there bool, settled string) {
	for _, row := range rows {
		if c.Doubt || slices.ContainsFunc(v.Lines, func(l VisitLine) bool { return l.No == string(row.LineNo) }) {
			there, settled = true, or(settled, string(row.SettlementID))
		}
	}
	return there, settled
}

// cleared goes on when no line that counts is in the visit.
func (c *Chain) cleared() {
	c.Uploaded = 0
	if c.Doubt {
		c.certain()
		return
	}
	c.end()
}

// refusedLines: no lines at all is an answer.
func (c *Chain) refusedLines(e *BusinessRefusal) {
	if nothingToReverse(e) {
		c.cleared()
		return
	}
	c.Left = append(c.Left, c.infno(StepFees))
	if c.takesBack() || c.Refusal == nil {
		c.Refusal = e.Refusal()
	}
	c.end()
}

// remain stops the chain while lines of ours are in the visit that can't be taken back.
func (c *Chain) remain(settled string) {
	c.Left = append(c.Left, c.infno(StepFees))
	code, zh := StayNotCleared, "平台上该次住院仍有本单的费用明细且不能撤销，可能已结算。请医保办在平台核对后处理，勿重复结算。"
	if c.Doubt {
		code, zh = RestoredSettled, "本机由备份恢复，平台上该次住院已有费用明细且不能撤销，可能在恢复前已结算。请医保办在平台核对后处理，勿重复结算。"
	}
	c.Refusal = &settle.Refusal{
		Code: code, Cashier: zh,
		Technician: "lines are on file (5204) in visit " + settle.Clip(c.VisitID) + " and can't be taken back; setl_id there: " + settle.Clip(or(settled, "none")),
	}
	c.end()
}
