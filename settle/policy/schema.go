package policy

import "settled/settle"

// unit is how a value is written and bounded; the list is closed.
type unit string

const (
	unitYuan       unit = "yuan"       // amount with at most 2 decimals
	unitRatio      unit = "ratio"      // 0 to 1, at most 4 decimals
	unitMultiplier unit = "multiplier" // 0 to 1, at most 2 decimals
	unitFlag       unit = "flag"       // yes or no
	unitChoice     unit = "choice"     // one word of the parameter's list
	unitSet        unit = "set"        // words of the parameter's list, with a space between
	unitPeriod     unit = "period"     // id of a limit period: digits and hyphens
	unitYears      unit = "years"      // 1 to 150
	unitMonths     unit = "months"     // 1 to 120
	unitMonth      unit = "month"      // 1 to 12
	unitLevel      unit = "level"      // 1 to 3
)

// schema is one parameter that the engine knows: its unit, keys with their values,
// and the words that it may be. Data for any other parameter do not load, and each
// combination of the keys must have rows.
type schema struct {
	param settle.Param
	unit  unit
	keys  []keySchema
	words []string
}

type keySchema struct {
	name   string
	values []string
}

// schemas lists every parameter, in the order in which they are shown.
func schemas() []schema {
	levels := []keySchema{{"level", []string{"1", "2", "3"}}}
	tier1 := []keySchema{{"group", []string{settle.GroupTier1, settle.GroupTier1Retired}}}
	return []schema{
		{settle.ParamRegime, unitChoice, nil, []string{settle.Regime256, settle.Regime358}},
		{settle.ParamLimitPeriod, unitPeriod, nil, nil},
		{settle.ParamOutpatientRate, unitRatio, levels, nil},
		{settle.ParamRetireeBonus, unitRatio, nil, nil},
		{settle.ParamSeniorAge, unitYears, nil, nil},
		{settle.ParamConsultationRate, unitRatio, levels, nil},
		{settle.ParamConsultationNeedsSel, unitFlag, nil, nil},
		{settle.ParamConsultationInLimit, unitFlag, nil, nil},
		{settle.ParamLargeEquipmentRate, unitRatio, nil, nil},
		{settle.ParamOutpatientLimit, unitYuan, []keySchema{{
			"group",
			[]string{settle.GroupResident, settle.GroupTier1, settle.GroupTier1Retired},
		}}, nil},
		{settle.ParamHospitalLimit, unitYuan, tier1, nil},
		{settle.ParamInpatientRate, unitRatio, levels, nil},
		{settle.ParamInpatientRetiredRate, unitRatio, nil, nil},
		{settle.ParamDeductible, unitYuan, []keySchema{{
			"admission",
			[]string{settle.AdmissionFirst, settle.AdmissionNext},
		}, levels[0]}, nil},
		{settle.ParamInpatientCeiling, unitYuan, nil, nil},
		{settle.ParamOutOfTown, unitMultiplier, []keySchema{{"place", []string{
			settle.PlaceTemporary, settle.PlaceProvinceOutpat,
			settle.PlaceProvinceInpatient, settle.PlaceEmergency, settle.PlaceFiled,
		}}}, nil},
		{settle.ParamSpecial1Rate, unitRatio, []keySchema{{"months", []string{settle.Under12, settle.From12, settle.From36}}}, nil},
		{settle.ParamDirectHospitalAge, unitYears, nil, nil},
		{settle.ParamDirectHospitalLevel, unitLevel, nil, nil},
		{settle.ParamOtherPrimary, unitFlag, nil, nil},
		{settle.ParamAgeReached, unitChoice, nil, []string{settle.OnBirthday, settle.DayAfter}},
		{settle.ParamHospitalCovers, unitFlag, nil, nil},
		{settle.ParamAffiliated, unitFlag, nil, nil},
		{settle.ParamSettlementReferral, unitFlag, nil, nil},
		{settle.ParamSelectionChange, unitChoice, nil, []string{settle.NextMonth, settle.AtOnce}},
		{settle.ParamAnnualBenefitStart, unitMonth, nil, nil},
		{settle.ParamNewbornMonths, unitMonths, nil, nil},
		{settle.ParamAverageWage, unitYuan, nil, nil},
		{settle.ParamResidentIncome, unitYuan, nil, nil},
		{settle.ParamPremium, unitYuan, []keySchema{
			{"person", []string{settle.PremiumChild, settle.PremiumStudent, settle.PremiumResident}},
			{"payer", []string{settle.PremiumOwn, settle.PremiumSubsidy}},
		}, nil},
		{settle.ParamAccountThreshold, unitYuan, nil, nil},
		{settle.ParamThresholdMode, unitChoice, nil, []string{settle.Excess, settle.Gate}},
		{settle.ParamOwnFirst, unitChoice, nil, []string{settle.ZeroAtStart, settle.OwnThenFamily}},
		{settle.ParamRelations, unitSet, nil, []string{"child", "parent", "spouse", "sibling", "grandparent", "grandchild"}},
		{settle.ParamMobileGuardian, unitFlag, nil, nil},
		{settle.ParamAccountPays, unitFlag, []keySchema{{"part", []string{
			settle.PartRateShare, settle.PartOverLimit,
			settle.PartNotSelected, settle.PartFirstSelfPay, settle.PartDeductible, settle.PartOverCap,
			settle.PartSelfFunded, settle.PartVaccination,
		}}}, nil},
		{settle.ParamOldDrugRate, unitRatio, []keySchema{{"grade", []string{"A", "B"}}}, nil},
		{settle.ParamOldServiceRate, unitRatio, nil, nil},
		{settle.ParamOldServiceCap, unitYuan, nil, nil},
		{settle.ParamOldTier1Rate, unitRatio, nil, nil},
		{settle.ParamOldElsewhere, unitRatio, levels, nil},
		{settle.ParamOldLimit, unitYuan, nil, nil},
	}
}

// find gives the schema of a parameter.
func find(list []schema, p settle.Param) (*schema, bool) {
	for i := range list {
		if list[i].param == p {
			return &list[i], true
		}
	}
	return nil, false
}

// combinations lists every key that must have rows.
func (s *schema) combinations() []settle.Key {
	all := []settle.Key{{}}
	for i, k := range s.keys {
		var next []settle.Key
		for _, partial := range all {
			for _, v := range k.values {
				partial[i] = v
				next = append(next, partial)
			}
		}
		all = next
	}
	return all
}
