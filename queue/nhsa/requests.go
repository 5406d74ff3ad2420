package nhsa

import (
	"fmt"
	"strconv"
	"strings"

	"settled/settle"
)

// The requests of a chain, from the visit and what the platform has said so far.

func (c *Chain) who(v Visit) PersonQuery {
	q, err := NewPersonQuery(v.Who)
	if err != nil { // VisitOf made sure; an empty query fails its own check
		return PersonQuery{}
	}
	return q
}

func (c *Chain) register(v Visit) Register {
	var r Register
	d := &r.Data
	d.PersonNo, d.Type, d.Began = c.PersonNo, c.InsuranceType, v.Chart.Began
	d.CertKind, d.CertNo, d.OutpatientNo = v.Certificate.Kind, v.Certificate.No, v.Chart.OutpatientNo
	d.DoctorCode, d.DoctorName = v.Chart.Doctor.Code, v.Chart.Doctor.Name
	d.DeptCode, d.DeptName, d.Specialty = v.Chart.Department.Code, v.Chart.Department.Name, v.Chart.Specialty
	return r
}

func (c *Chain) unregister(v Visit) Unregister {
	var r Unregister
	r.Data.PersonNo, r.Data.VisitID, r.Data.OutpatientNo = c.PersonNo, c.VisitID, v.Chart.OutpatientNo
	return r
}

func (c *Chain) lookup(v Visit) VisitsQuery {
	var q VisitsQuery
	day := v.Chart.Began
	if len(day) > 10 {
		day = day[:10]
	}
	q.Data.PersonNo, q.Data.MedType = c.PersonNo, v.MedType
	q.Data.From, q.Data.To = day+" 00:00:00", day+" 23:59:59"
	return q
}

func (c *Chain) visit(v Visit) VisitUpload {
	up := VisitUpload{Visit: VisitRow{
		VisitID: c.VisitID, PersonNo: c.PersonNo, MedType: v.MedType, Began: v.Chart.Began,
	}}
	for i, d := range v.Chart.Diagnoses {
		kind := "2"
		if i == 0 {
			kind = "1"
			up.Visit.DiseaseCode, up.Visit.DiseaseName = d.Code, d.Name
		}
		up.Diagnoses = append(up.Diagnoses, Diagnosed{
			Kind: kind, No: Number(strconv.Itoa(i + 1)), Code: d.Code, Name: d.Name,
			Department: v.Chart.Department.Name, DoctorCode: v.Chart.Doctor.Code, DoctorName: v.Chart.Doctor.Name,
			Time: v.Chart.Began, Valid: "1",
		})
	}
	return up
}

// feesPerMessage is how many lines go into one 2204, what clients send at most, and into
// one 2301 (interface 3.11).
const feesPerMessage = 100

// waiting are the lines of the next message.
func (c *Chain) waiting(v Visit) []VisitLine {
	end := min(c.Uploaded+feesPerMessage, len(v.Lines))
	return v.Lines[min(c.Uploaded, end):end]
}

func (c *Chain) fees(v Visit) FeeUpload {
	var up FeeUpload
	for _, line := range c.waiting(v) {
		up.Fees = append(up.Fees, Fee{
			LineNo: line.No, VisitID: c.VisitID, PersonNo: c.PersonNo, Batch: v.Number, Prescription: v.Number,
			Outside: "0", Time: v.Chart.Began, Code: line.Code, HospitalCode: line.HospitalCode,
			Quantity: line.Quantity, Price: line.Price, Amount: line.Amount, Days: "0",
			DeptCode: v.Chart.Department.Code, DeptName: v.Chart.Department.Name,
			DoctorCode: v.Chart.Doctor.Code, DoctorName: v.Chart.Doctor.Name, Approved: v.Approval,
		})
	}
	return up
}

func (c *Chain) dropFees(Visit) DropFees {
	var r DropFees
	r.Data.VisitID, r.Data.Batch, r.Data.PersonNo = c.VisitID, AllBatches, c.PersonNo
	return r
}

// reversing asks to take back the first open message of transaction infno. Without one the
// request fails its check.
func reversing(infno string) func(*Chain, Visit) Reverse {
	return func(c *Chain, _ Visit) Reverse {
		return NewReverse(c.PersonNo, infno, strings.Join(c.Open[:min(1, len(c.Open))], ""))
	}
}

func (c *Chain) trial(v Visit) Trial {
	var t Trial
	d := &t.Data
	d.PersonNo, d.CertKind, d.CertNo = c.PersonNo, v.Certificate.Kind, v.Certificate.No
	d.MedType, d.Total, d.Way, d.VisitID, d.Batch = v.MedType, v.Total, v.Way, c.VisitID, v.Number
	d.Accounts, d.Type = flag(v.UseAccounts), c.InsuranceType
	return t
}

func (c *Chain) final(v Visit) Final {
	var f Final
	t, d := c.trial(v).Data, &f.Data
	d.PersonNo, d.CertKind, d.CertNo = t.PersonNo, t.CertKind, t.CertNo
	d.MedType, d.Total, d.Way, d.VisitID, d.Batch = t.MedType, t.Total, t.Way, t.VisitID, t.Batch
	d.Accounts, d.Type = t.Accounts, t.Type
	if c.Trial != nil {
		d.SelfFunded, d.OverCap = c.Trial.SelfFunded, c.Trial.OverCap
		d.FirstSelfPay, d.InScope = c.Trial.FirstSelfPay, c.Trial.InScope
	}
	return f
}

func flag(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// checkTrial warns if the platform's total is not ours.
func checkTrial(v settle.Fen, t Result) []string {
	if t.Total == v {
		return nil
	}
	return []string{fmt.Sprintf("trial: the platform's total is %s, ours %s", t.Total, v)}
}
