package settle

// Settlement is a split that was confirmed: what the journal keeps, the paper
// prints and the platform is told. It holds all that is needed to compute the
// split again, years later.
type Settlement struct {
	Number       string         `json:"number"`                 // 结算单号, given by the journal
	Key          string         `json:"key"`                    // the client's idempotency key
	Person       string         `json:"person"`                 // keyed hash of the person: how usage is kept
	Who          Identity       `json:"-"`                      // sealed at rest
	Guardian     Identity       `json:"-"`                      // whose card was in the guardian's reader; sealed at rest
	Insured      Insured        `json:"insured"`                // as it was known
	Bill         Bill           `json:"bill"`                   //
	Chart        Chart          `json:"chart"`                  // what the platform wants to know of the visit
	Usage        Usage          `json:"usage"`                  // before this settlement
	Period       string         `json:"period"`                 // limit period that Usage counts in
	Split        Split          `json:"split"`                  //
	Rules        string         `json:"rules"`                  // digest of the rules that made it
	Catalogue    string         `json:"catalogue,omitempty"`    // digest of the catalogue that completed the bill; "": none
	Illustrative bool           `json:"illustrative,omitempty"` // the rules held demonstration data
	Provisional  bool           `json:"provisional"`            // settled without the platform
	OfflineWhy   string         `json:"offline_why"`            // reason code of the degraded mode
	Warnings     []Code         `json:"warnings,omitempty"`     // soft limits that it was above when it was confirmed
	SelfPaid     *Reimbursement `json:"self_paid,omitempty"`    // the patient paid it whole, to be claimed; nil: no
	Operator     string         `json:"operator"`               //
	Device       string         `json:"device"`                 // seat
}

// Reimbursement (零星报销) says why the fund's part of a bill was not granted at the counter, and
// how the patient, who paid all of it, gets it back. Such a settlement is never brought to
// the platform.
type Reimbursement struct {
	Why   Code     `json:"why"`             // OFFLINE_LIMIT, KNOWLEDGE_TOO_OLD
	Where string   `json:"where"`           // where it is claimed
	Bring []string `json:"bring,omitempty"` // what to bring
	Until Date     `json:"until,omitempty"` // last day; zero: none is known here
}

// Chart is what the national platform is told about a visit beside the money.
type Chart struct {
	OutpatientNo string      `json:"outpatient_no"`      // 门诊号, of inpatients 住院号; ipt_otp_no
	VisitID      string      `json:"visit_id,omitempty"` // 就诊ID of an inpatient: the mdtrt_id that the hospital's system got when it admitted the patient (2401, interface 3.11)
	Began        string      `json:"began"`              // "2006-01-02 15:04:05", Asia/Shanghai; of inpatients the admission
	Department   Named       `json:"department"`         // 科室
	Specialty    string      `json:"specialty"`          // 科别 caty
	Doctor       Named       `json:"doctor"`             // 医师
	Diagnoses    []Diagnosis `json:"diagnoses"`
}

// Named is a code with its name.
type Named struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Diagnosis is a diagnosis (诊断); the first is the main one.
type Diagnosis struct {
	Code string `json:"code"` // ICD-10, 医保版
	Name string `json:"name"`
}

// Entitlement is what the platform last said of a person: who it is, what decides
// the benefits, and how much of the limit is used. Insured.Family is always empty
// here: links are kept by themselves.
type Entitlement struct {
	Person        string   `json:"person"` // keyed hash of the person
	Who           Identity `json:"-"`      // sealed at rest
	Insured       Insured  `json:"insured"`
	Period        string   `json:"period"` // limit period that Usage counts in
	Usage         Usage    `json:"usage"`
	InsuranceType string   `json:"insutype"`       // 险种类型, "390"
	PersonType    string   `json:"psn_type"`       // 人员类别, "1402"
	InsuredArea   string   `json:"insuplc_admdvs"` // 参保地医保区划, "440300"
	AsOf          string   `json:"as_of"`          // RFC 3339: when the platform said so
}

// Link lets a donor's account pay for a beneficiary (家庭共济), as it was filed.
type Link struct {
	Beneficiary        string   `json:"beneficiary"` // keyed hash of the person
	Donor              string   `json:"donor"`       // keyed hash of the person; also the account's ID
	Relation           Relation `json:"relation"`    // what the beneficiary is to the donor
	Kind               LinkKind `json:"link_type"`
	From               Date     `json:"from"`
	To                 Date     `json:"to,omitempty"`
	RegisteredGuardian bool     `json:"is_registered_guardian,omitempty"`
}
