package nhsa

import (
	"fmt"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// Manner is what an institution settles by, beside the bill. The zero Manner is
// Shenzhen's practice.
type Manner struct {
	Area     string // whose insured are settled, insuplc_admdvs; "" is 440300
	MedType  string // 医疗类别 med_type of outpatients; "" is by the kind of visit: 11 ordinary, 13 emergency
	Way      string // 结算方式 psn_setlway; "" is 01 by item
	Approval string // 医院审批标志 hosp_appr_flag of every line; "" is 1, as Shenzhen's client sends it
}

// Visit is all that the platform must be told of one settlement.
type Visit struct {
	Number        string      // 结算单号: the batch (chrg_bchno) and prescription (rxno) of its lines
	Route         Route       //
	ID            string      // 就诊ID of an inpatient's admission; of outpatients the platform gives it
	Certificate   Certificate //
	Who           settle.Identity
	Area          string       // insured area that the person must belong to
	InsuranceType string       // 险种 310 or 390
	MedType       string       //
	Way           string       //
	UseAccounts   bool         // acct_used_flag: somebody who may consented to a draw
	Chart         settle.Chart //
	Total         settle.Fen   //
	Lines         []VisitLine  //
	Approval      string       //
}

// VisitLine is one line of the bill.
type VisitLine struct {
	No           string // feedetl_sn
	Code         string // med_list_codg
	HospitalCode string // medins_list_codg
	Quantity     decimal.Decimal
	Price        decimal.Decimal // yuan a unit
	Amount       settle.Fen
}

// VisitOf takes from a settlement what the platform must be told. It refuses a split
// that was refused, and a draw on a family account that nobody consented to: the
// guardian's card in its reader, or the mobile channel, is the consent.
func VisitOf(s settle.Settlement, m Manner) (Visit, error) {
	cert, err := CertificateOf(s.Who)
	if err != nil {
		return Visit{}, refuse("PLATFORM_NO_CERTIFICATE", "who", "没有卡号和卡识别码，也没有身份证号，无法上传医保平台。", err.Error())
	}
	if err := uploadable(s); err != nil {
		return Visit{}, err
	}
	v := Visit{
		Number: s.Number, Route: RouteOutpatient, Certificate: cert, Who: s.Who, Area: or(m.Area, Shenzhen),
		InsuranceType: InsuranceType(s.Insured.Category), MedType: or(m.MedType, medType(s.Bill.Visit.Kind)),
		Way: or(m.Way, "01"), UseAccounts: s.Split.Own > 0 || s.Split.Family > 0,
		Chart: s.Chart, Total: s.Split.Total, Approval: or(m.Approval, "1"),
	}
	if s.Bill.Visit.Kind == settle.Inpatient {
		v.Route, v.ID, v.MedType = RouteInpatient, s.Chart.VisitID, medTypeInpatient
	}
	for i, line := range s.Bill.Lines {
		v.Lines = append(v.Lines, VisitLine{
			No: lineNo(s.Number, i), Code: line.Code, HospitalCode: or(line.HospitalCode, line.Code),
			Quantity: line.Quantity, Price: line.UnitPrice, Amount: s.Split.Lines[i].Amount,
		})
	}
	return v, nil
}

func uploadable(s settle.Settlement) error {
	consent := s.Guardian.CardNumber != "" || s.Guardian.IDNumber != "" || s.Bill.Visit.Channel == settle.Mobile
	switch {
	case s.Split.Status == settle.Refused:
		return refuse("PLATFORM_REFUSED_SPLIT", "split.status", "该单据未结算，不上传医保平台。", "the split was refused: nothing was posted")
	case len(s.Bill.Lines) == 0 || len(s.Bill.Lines) != len(s.Split.Lines):
		return refuse("PLATFORM_LINES", "bill.items", "费用明细与结算结果行数不一致，无法上传。",
			fmt.Sprintf("%d lines in the bill, %d in the split", len(s.Bill.Lines), len(s.Split.Lines)))
	case s.Split.Family > 0 && !consent:
		return refuse("PLATFORM_NO_CONSENT", "guardian", "使用家庭共济账户但没有监护人刷卡记录，请核实后再上传。",
			"the split draws on a family account, and no guardian's card is on record")
	case s.Bill.Visit.Kind == settle.Inpatient && s.Chart.VisitID == "":
		return refuse("PLATFORM_NO_ADMISSION", "visit.visit_id", "住院账单缺少就诊ID：请医院系统先在医保平台办理入院（交易2401），再把平台返回的 mdtrt_id 填入账单的 visit.visit_id 重新发送。",
			"an inpatient's bill carries visit.visit_id, the mdtrt_id that the hospital's system got from 2401")
	case s.Bill.Visit.Kind != settle.Inpatient && medType(s.Bill.Visit.Kind) == "":
		return refuse("PLATFORM_VISIT_KIND", "bill.visit.kind", "该就诊类别暂不支持联机上传，请按医保窗口流程办理。",
			"no transaction for visits of kind "+string(s.Bill.Visit.Kind))
	}
	return nil
}

func refuse(code settle.Code, field, zh, en string) *settle.Refusal {
	return &settle.Refusal{Code: code, Field: field, Cashier: zh, Technician: en}
}

// InsuranceType is the 险种 (interface 4) that a category belongs to. Both tiers of employees are
// 310.
func InsuranceType(c settle.Category) string {
	switch c {
	case settle.EmployeeTier1, settle.EmployeeTier2:
		return "310"
	}
	return "390"
}

// medTypeInpatient is the 医疗类别 of an ordinary stay, 普通住院 (interface 4).
const medTypeInpatient = "21"

// medType is the 医疗类别 of an outpatient visit (interface 4); "" if it is none.
func medType(k settle.VisitKind) string {
	switch k {
	case settle.Outpatient:
		return "11"
	case settle.Emergency, settle.EmergencyRescue:
		return "13"
	case settle.SpecialDisease:
		return "14"
	}
	return ""
}

// lineNo makes a number that is unique within the visit even when a visit has several
// settlements, at several counters and over months: digits only and at most 15, as the
// strictest province wants it (interface 3.7). Of the settlement's number (counter(2)
// yyyyMMdd serial(5)) it leaves out the year; then comes the line.
func lineNo(number string, i int) string {
	const counter, year = 2, 4
	if len(number) > counter+year {
		number = number[:counter] + number[counter+year:]
	}
	return fmt.Sprintf("%s%04d", number, i+1)
}
