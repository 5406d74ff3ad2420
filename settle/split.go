package settle

import "github.com/shopspring/decimal"

// Status is how a computation ended.
type Status string

// Statuses. Refused posts nothing (D-10); with NoFund accounts and cash pay.
const (
	Settled Status = "settled"
	NoFund  Status = "settled_no_fund"
	Refused Status = "refused"
)

// Bucket is a group of lines whose fund share is rounded once (D-1).
type Bucket string

// Buckets.
const (
	BucketNone           Bucket = "none"
	BucketOrdinary       Bucket = "ordinary"        // 普通门诊
	BucketConsultation   Bucket = "consultation"    // 诊查费
	BucketLargeEquipment Bucket = "large_equipment" // 大型设备
	BucketInpatient      Bucket = "inpatient"       // 住院
	BucketCommunityPool  Bucket = "community_pool"  // 社区门诊统筹, before 2023-10-01
	BucketSpecial1       Bucket = "mente1"          // 门特一类
)

// Split is who pays what, and why. Total = Fund + Own + Family + Cash; the lines'
// Fund sums to Fund; nothing is negative. [Split.Check] proves it.
type Split struct {
	Status      Status          `json:"status"`
	Reasons     []Code          `json:"reasons"` // in the order in which they arose
	Total       Fen             `json:"total"`
	Fund        Fen             `json:"fund"`   // 统筹基金
	Own         Fen             `json:"own"`    // 本人个人账户
	Family      Fen             `json:"mutual"` // 家庭共济
	Cash        Fen             `json:"cash"`   // 现金
	Buckets     []BucketFund    `json:"fund_breakdown"`
	Deductible  Fen             `json:"deductible"` // 起付线
	Multiplier  decimal.Decimal `json:"multiplier"` // out of town (C)
	Selected    *bool           `json:"selected"`   // nil: selection plays no part
	LimitBefore *Fen            `json:"limit_before"`
	LimitAfter  *Fen            `json:"limit_after"`
	Eligible    Fen             `json:"eligible_for_accounts"` // what accounts may pay of the patient's part
	Draws       []Draw          `json:"mutual_by_account"`
	Lines       []LineSplit     `json:"items"`
	Steps       []Step          `json:"steps"`
	UsageAfter  Usage           `json:"usage_after"`
}

// BucketFund is the fund's share of one bucket.
type BucketFund struct {
	Bucket Bucket `json:"bucket"`
	Fund   Fen    `json:"fund"`
}

// Draw is what one family account could pay, paid, or why it could not.
type Draw struct {
	AccountID string `json:"account_id"`
	Usable    Fen    `json:"usable"`
	Paid      Fen    `json:"paid"`
	Denied    Code   `json:"denied"` // without the MUTUAL: prefix; "" if it was not denied
}

// LineSplit is how one line was treated: Amount = OverCap + FirstSelfPay +
// SelfFunded + InScope (D-2).
type LineSplit struct {
	Name         string          `json:"name"`
	Amount       Fen             `json:"amount"`
	OverCap      Fen             `json:"over_cap"`       // 超限价
	FirstSelfPay Fen             `json:"first_self_pay"` // 乙类先自付
	SelfFunded   Fen             `json:"self_funded"`    // 全自费
	InScope      Fen             `json:"in_scope"`       // 符合范围
	Bucket       Bucket          `json:"bucket"`
	Rate         decimal.Decimal `json:"rate"`
	Fund         Fen             `json:"fund"`
}

// Closed list of what a step says.
const (
	StepVisit        = "visit"          // how the visit gets its benefits; Reason says it
	StepPlace        = "place"          // out of town: Number is the multiplier; Reason says which
	StepOverCap      = "over_cap"       // Amount of the line is over its price cap (B-2)
	StepFirstSelfPay = "first_self_pay" // Amount of the line is paid first by the patient (B-1); Number is the ratio
	StepSelfFunded   = "self_funded"    // Amount of the line is outside the catalogue (B-3)
	StepVaccination  = "vaccination"    // the fund does not pay the line
	StepDeductible   = "deductible"     // Amount of Base stays with the patient (I-3)
	StepFund         = "fund"           // fund's share Amount = Base × Number of the bucket; no Number: by its lines' rates
	StepBonus        = "bonus"          // Number is added to the bucket's rate
	StepCap          = "service_cap"    // the fund pays at most Number for the line (O256-2)
	StepLine         = "line"           // of the bucket's fund the line, Base × Number, gets Amount (D-3)
	StepLimit        = "limit"          // share Base is cut to Amount by the limit Number
	StepLimitLeft    = "limit_left"     // of Base, what was left of the limit Number, Amount is left now
	StepNoFund       = "no_fund"        // Amount in scope of the line that the fund does not pay; Reason says why
	StepEligible     = "eligible"       // accounts may pay Amount of the patient's Base
	StepOwn          = "own"            // own account pays Amount of its Base
	StepDraw         = "draw"           // family account pays Amount of its usable Base; Number is the threshold
	StepDenied       = "denied"         // family account pays nothing; Reason says why
	StepCash         = "cash"           // Amount is left for cash
	StepRefused      = "refused"        // nothing is settled; Reason says why, Note what is missing
	StepSelfPaid     = "self_paid"      // the patient pays all, Amount, and claims it later; Reason says why
)

// NoteHospitals marks the step of a limit that is tier 1's at hospitals of level 2 and up
// (L-3), not the whole one.
const NoteHospitals = "hospitals"

// Step is one reason of a split: what was taken or given, by which rule, from which
// number. The sentences are made from the other fields alone: [Compute] and what is
// stored leave them out, [Split.FillSentences] puts them in for people.
type Step struct {
	What    string `json:"what"`              // one of the list above
	Line    int    `json:"line,omitempty"`    // line of the bill from 1; 0: the whole bill
	Bucket  Bucket `json:"bucket,omitempty"`  // of a bucket's step
	Account string `json:"account,omitempty"` // of a family account's step
	Holder  string `json:"holder,omitempty"`  // of that account, masked; "": the sentences name the account
	Reason  Code   `json:"reason,omitempty"`  // why, where a code says it
	Rule    string `json:"rule"`              // rule id: "R-1"
	Source  string `json:"source"`            // article or source of the number used
	Number  string `json:"number,omitempty"`  // the rule's number used: "0.65", "2471.31"
	Status  string `json:"status,omitempty"`  // standing of that number, if not official
	Base    Fen    `json:"base,omitempty"`    // what Amount was taken from
	Amount  Fen    `json:"amount"`            // what came out
	Note    string `json:"note,omitempty"`    // technical detail: the row that is missing, [NoteHospitals]
	Chinese string `json:"zh,omitempty"`      // the sentence for people
	English string `json:"en,omitempty"`
}

// Refusal gives a refused split as a refusal, with what is missing in the
// technician's sentence; nil for a split that was settled.
func (s *Split) Refusal() *Refusal {
	if s.Status != Refused || len(s.Reasons) == 0 {
		return nil
	}
	note := ""
	if n := len(s.Steps); n > 0 {
		note = s.Steps[n-1].Note
	}
	return refusal(s.Reasons[0], "", 0, note)
}
