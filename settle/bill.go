package settle

import "github.com/shopspring/decimal"

// MaxLines is the most lines a bill may have.
const MaxLines = 1000

// InstitutionKind is the kind of a designated institution (定点医疗机构).
type InstitutionKind string

// Kinds of institutions.
const (
	CommunityHealth InstitutionKind = "community_health" // 社康机构
	OtherPrimary    InstitutionKind = "other_primary"    // 其他基层医疗机构
	Hospital        InstitutionKind = "hospital"         // 医院
)

// Institution is a designated medical institution.
type Institution struct {
	ID                 string          `json:"id"`
	Name               string          `json:"name"`
	Level              int             `json:"level"` // 1 (一级以下), 2, 3 (D-6)
	Kind               InstitutionKind `json:"kind"`
	SettlementHospital string          `json:"settlement_hospital,omitempty"` // 结算医院 of a 社康, by ID
	City               string          `json:"city"`                          // "shenzhen", …
	Province           string          `json:"province"`                      // "guangdong", …
	Networked          bool            `json:"networked"`                     // 联网
}

// VisitKind is the kind of a visit.
type VisitKind string

// Kinds of visits.
const (
	Outpatient      VisitKind = "outpatient"       // 普通门诊
	Emergency       VisitKind = "emergency"        // 急诊
	EmergencyRescue VisitKind = "emergency_rescue" // 急诊抢救
	Inpatient       VisitKind = "inpatient"        // 住院
	SpecialDisease  VisitKind = "mente"            // 门诊特定病种
)

// Filing is an out-of-town filing (备案).
type Filing string

// Kinds of filings.
const (
	NoFiling       Filing = ""
	FilingLongTerm Filing = "long_term"    // 长期异地就医备案
	FilingReferral Filing = "referral_out" // 市外转诊
)

// Channel is how the patient pays.
type Channel string

// Channels; the zero Channel is the counter.
const (
	Counter Channel = ""
	Mobile  Channel = "mobile" // 移动支付
)

// Visit is where, when and how the patient was treated. Day decides which rules
// apply (D-4).
type Visit struct {
	Day              Date        `json:"policy_date"`
	Kind             VisitKind   `json:"kind"`
	Institution      Institution `json:"institution"`
	ReferralInCity   bool        `json:"referral_in_city,omitempty"` // 市内转诊 (S-6)
	Filing           Filing      `json:"filing,omitempty"`
	AdmissionNo      int         `json:"admission_no,omitempty"`      // inpatient: which of the year, from 1
	ContinuousMonths int         `json:"continuous_months,omitempty"` // 连续参保月数 (M-1)
	Channel          Channel     `json:"channel,omitempty"`
}

// Grade is the catalogue category of a line: 甲, 乙 or 丙.
type Grade string

// Grades of the catalogue.
const (
	GradeA Grade = "A" // 甲类
	GradeB Grade = "B" // 乙类: a first part is the patient's own (B-1)
	GradeC Grade = "C" // 丙类, 自费 (B-3)
)

// LineKind tells single services and materials from the rest in the regime before
// 2023-10-01 (O256-2).
type LineKind string

// ServiceLine is a 单项诊疗项目 or material.
const ServiceLine LineKind = "service"

// Line is one line of a bill.
type Line struct {
	Name           string              `json:"name"`
	Code           string              `json:"code,omitempty"`          // 医疗目录编码, med_list_codg
	HospitalCode   string              `json:"hospital_code,omitempty"` // 院内目录编码, medins_list_codg
	Charge         string              `json:"charge,omitempty"`        // 收费类别, med_chrgitm_type: "09" 西药
	Grade          Grade               `json:"category"`
	UnitPrice      decimal.Decimal     `json:"unit_price"` // yuan, at most 4 decimals
	Quantity       decimal.Decimal     `json:"qty"`        // at most 4 decimals
	PriceCap       decimal.NullDecimal `json:"price_cap"`  // 限价, yuan a unit (B-2)
	FirstSelfPay   decimal.Decimal     `json:"first_self_pay_ratio"`
	Consultation   bool                `json:"consultation,omitempty"`    // 门诊诊查费
	LargeEquipment bool                `json:"large_equipment,omitempty"` // 大型设备检查治疗
	Vaccination    bool                `json:"vaccination,omitempty"`     // 预防接种
	Kind           LineKind            `json:"kind,omitempty"`
	Source         string              `json:"source,omitempty"` // where category, cap and ratio come from; "": the bill
	Open           Open                `json:"-"`                // what the bill left to the catalogue
}

// Open says which fields a bill left to the catalogue, beside a [Line.Grade] of "". A
// line that leaves its category open is refused by [Compute], as is one of category B
// that leaves its ratio open: complete it first.
type Open struct {
	Ratio        bool // first_self_pay_ratio
	Consultation bool // consultation
}

// Bill is what the patient is asked to pay for one visit.
type Bill struct {
	Visit Visit  `json:"visit"`
	Lines []Line `json:"items"`
}
