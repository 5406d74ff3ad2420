package settle

import "github.com/shopspring/decimal"

// Param names a parameter of the rules. Package policy declares each with its unit
// and keys, and refuses data for any other.
type Param string

// Parameters that hold from 2014 or from 2023-10-01 on; the comment gives the keys
// (in this order) and the rule.
const (
	ParamRegime               Param = "regime"                             // E-1
	ParamLimitPeriod          Param = "limit_period"
	ParamOutpatientRate       Param = "outpatient_rate"                    // level; R-1
	ParamRetireeBonus         Param = "retiree_bonus"
	ParamSeniorAge            Param = "senior_age"
	ParamConsultationRate     Param = "consultation_rate"                  // level; R-2
	ParamConsultationNeedsSel Param = "consultation_needs_selection"
	ParamConsultationInLimit  Param = "consultation_counts_to_limit"
	ParamLargeEquipmentRate   Param = "large_equipment_rate"
	ParamOutpatientLimit      Param = "outpatient_limit"                   // group; L-1..L-4
	ParamHospitalLimit        Param = "outpatient_limit_level2"            // group; L-3
	ParamInpatientRate        Param = "inpatient_rate"                     // level; I-1
	ParamInpatientRetiredRate Param = "inpatient_rate_retired"             // I-1
	ParamDeductible           Param = "inpatient_deductible"               // admission, level; I-2
	ParamInpatientCeiling     Param = "inpatient_ceiling"                  // I-5
	ParamOutOfTown            Param = "out_of_town"                        // place; C-1..C-4
	ParamSpecial1Rate         Param = "special_disease_rate"               // months; M-1
	ParamDirectHospitalAge    Param = "direct_hospital_age"                // S-2
	ParamDirectHospitalLevel  Param = "direct_hospital_level"              // S-2
	ParamOtherPrimary         Param = "other_primary_any_age"              // S-1, X-18
	ParamAgeReached           Param = "age_reached"
	ParamHospitalCovers       Param = "hospital_covers_centres"
	ParamAffiliated           Param = "affiliated_centres"                 // S-4
	ParamSettlementReferral   Param = "settlement_hospital_needs_referral" // S-8
	ParamSelectionChange      Param = "selection_change"                   // S-7, X-19. No bill needs it
	ParamAnnualBenefitStart   Param = "annual_benefit_start"               // P-1
	ParamNewbornMonths        Param = "newborn_months"                     // P-2
	ParamAverageWage          Param = "average_wage"                       // base of derived rows
	ParamResidentIncome       Param = "resident_income"                    // base of the premiums; P-5
	ParamPremium              Param = "premium"                            // person, payer; P-5. No bill needs it
)

// Parameters of the family's accounts.
const (
	ParamAccountThreshold Param = "account_threshold"
	ParamThresholdMode    Param = "account_threshold_mode"
	ParamOwnFirst         Param = "own_account_first"
	ParamRelations        Param = "account_relations"
	ParamMobileGuardian   Param = "mobile_guardian"
	ParamAccountPays      Param = "account_pays"           // part
)

// Parameters of the regime before 2023-10-01.
const (
	ParamOldDrugRate    Param = "community_drug_rate"      // grade; O256-1
	ParamOldServiceRate Param = "community_service_rate"   // O256-2
	ParamOldServiceCap  Param = "community_service_cap"    // O256-2
	ParamOldTier1Rate   Param = "community_tier1_rate"     // O256-3
	ParamOldElsewhere   Param = "community_elsewhere_rate" // level; S-5, S-8
	ParamOldLimit       Param = "community_limit"          // O256-1
)

// Values of the parameters that are choices.
const (
	Regime256     = "256" // 深圳市社会医疗保险办法, to 2023-09-30
	Regime358     = "358" // 深圳市医疗保障办法, from 2023-10-01
	OnBirthday    = "on_birthday"
	DayAfter      = "day_after"
	Excess        = "excess" // the threshold is taken off the balance
	Gate          = "gate"   // the balance must exceed the threshold
	ZeroAtStart   = "zero_at_start"
	OwnThenFamily = "own_then_family"
	NextMonth     = "next_month" // from the first of the next month on
	AtOnce        = "at_once"
	Yes           = "yes"
	No            = "no"
)

// Values of the keys.
const (
	GroupResident     = "resident"      // residents, children, students and tier 2 (L-1)
	GroupTier1        = "tier1"         // L-3
	GroupTier1Retired = "tier1_retired" // L-3

	PartRateShare    = "rate_share"     // what the rate leaves
	PartOverLimit    = "over_limit"     // what the yearly limit leaves
	PartNotSelected  = "not_selected"   // in scope, but the fund pays nothing (S-5a)
	PartFirstSelfPay = "first_self_pay" // 乙类先自付
	PartDeductible   = "deductible"     // 起付线
	PartOverCap      = "over_cap"       // 超限价
	PartSelfFunded   = "self_funded"    // 丙类
	PartVaccination  = "vaccination"    // 预防接种

	PlaceTemporary         = "temporary"              // C-1
	PlaceProvinceOutpat    = "in_province_outpatient" // C-2
	PlaceProvinceInpatient = "in_province_inpatient"  // C-2
	PlaceEmergency         = "emergency"              // C-3
	PlaceFiled             = "filed"                  // C-4

	AdmissionFirst = "first"
	AdmissionNext  = "next"

	PremiumChild    = "child"    // 少儿
	PremiumStudent  = "student"  // 大学生
	PremiumResident = "resident" // 成年居民
	PremiumOwn      = "own"      // 个人缴费
	PremiumSubsidy  = "subsidy"  // 财政补助

	Under12 = "under_12" // months of continuous insurance (M-1)
	From12  = "from_12"
	From36  = "from_36"
)

// Standing says how far a number can be trusted.
type Standing string

// Standings. Unknown has no value: whatever needs it is refused (D-9).
const (
	Official    Standing = "official"
	Derived     Standing = "derived"
	Provisional Standing = "provisional"
	Unknown     Standing = "unknown"
)

// Key tells the rows of one parameter apart: its values in the order in which the
// parameter declares its keys, "" for those that it lacks.
type Key [2]string

// Number is one value of the rules in force on a day, with where it comes from.
type Number struct {
	Param    Param
	Key      Key
	Rule     string   // rule id: "R-1"
	Source   string   // source and article: "sz-leaflet-2024-08 三、4"
	Text     string   // the value as written: "0.65", "2471.31", "yes"; "" if unknown
	Standing Standing //
	Conflict string   // conflict id, if sources differ: "X-1"
	From, To Date     // both inclusive; zero To: open
	Where    string   // file and line, or what to add if it is unknown

	Amount  Fen             // of an amount in yuan
	Decimal decimal.Decimal // of a ratio or multiplier
	Count   int             // of a number of years, months, a level
	micro   int64           // Decimal in millionths
}

// On tells whether a flag is set.
func (n *Number) On() bool { return n != nil && n.Text == Yes }

func (n *Number) known() bool { return n != nil && n.Standing != Unknown }

// Rules are the numbers in force on one day. Package policy makes them; they are
// never written to afterwards and may be shared.
type Rules struct {
	Day          Date
	Digest       string    // SM3 of the whole rule set, hex
	Period       string    // limit period in which usage counts: "2024"; "" if unknown
	Illustrative bool      // some number in force is for demonstration only
	NonOfficial  []*Number // numbers in force that are not official, to be named in the audit trail

	numbers map[ref]*Number
}

type ref struct {
	param Param
	key   Key
}

// NewRules makes the rules of a day from the numbers in force on it.
func NewRules(day Date, digest string, numbers []*Number) *Rules {
	r := &Rules{Day: day, Digest: digest, numbers: make(map[ref]*Number, len(numbers))}
	for _, n := range numbers {
		if micro, ok := toMicro(n.Decimal); ok {
			n.micro = micro
		}
		r.numbers[ref{n.Param, n.Key}] = n
		if n.Standing != Official {
			r.NonOfficial = append(r.NonOfficial, n)
		}
	}
	if p := r.Number(ParamLimitPeriod, Key{}); p.known() {
		r.Period = p.Text
	}
	return r
}

// On gives the same rules for another day on which the same rows are in force.
func (r *Rules) On(day Date) *Rules {
	same := *r
	same.Day = day
	return &same
}

// Number gives the row in force, nil if there is none.
func (r *Rules) Number(p Param, k Key) *Number { return r.numbers[ref{p, k}] }

// level is the key of a level 1 to 3.
func level(n int) Key {
	switch n {
	case 1:
		return Key{"1"}
	case 2:
		return Key{"2"}
	default:
		return Key{"3"}
	}
}
