package main

import (
	"slices"
	"strings"

	"settled/settle"
	"settled/settle/policy"
)

// persons are the kinds of persons that `policy show --for` knows.
var persons = [...]string{"child", "student", "resident", "tier1", "tier1-retired", "tier2", "tier2-retired"}

// concerns tells whether a row can bear on a bill of such a person.
func concerns(r policy.Row, person string) bool {
	who := func(list ...string) bool { return slices.Contains(list, person) }
	retired := strings.HasSuffix(person, "-retired")
	switch r.Param {
	case settle.ParamOutpatientLimit, settle.ParamHospitalLimit:
		return r.Key[0] == limitGroup(person)
	case settle.ParamPremium:
		return r.Key[0] == person
	case settle.ParamResidentIncome:
		return who(settle.PremiumChild, settle.PremiumStudent, settle.PremiumResident)
	case settle.ParamRetireeBonus:
		return retired || who("resident")
	case settle.ParamSeniorAge:
		return who("resident")
	case settle.ParamInpatientRetiredRate:
		return retired
	case settle.ParamInpatientRate:
		return !retired
	case settle.ParamLargeEquipmentRate, settle.ParamOldTier1Rate:
		return who("tier1", "tier1-retired")
	case settle.ParamOldDrugRate, settle.ParamOldServiceRate, settle.ParamOldServiceCap, settle.ParamOldLimit, settle.ParamOldElsewhere:
		return !who("tier1", "tier1-retired")
	case settle.ParamMobileGuardian, settle.ParamNewbornMonths:
		return who("child")
	case settle.ParamDirectHospitalLevel, settle.ParamHospitalCovers:
		return who("child", "student", "resident")
	}
	return true
}

func limitGroup(person string) string {
	switch person {
	case "tier1":
		return settle.GroupTier1
	case "tier1-retired":
		return settle.GroupTier1Retired
	}
	return settle.GroupResident
}

// only keeps the rows that concern a person; all of them for "".
func only(rows []policy.Row, person string) ([]policy.Row, error) {
	if person == "" {
		return rows, nil
	}
	if !slices.Contains(persons[:], person) {
		return nil, usagef("--for: %q is not one of %s", settle.Clip(person), strings.Join(persons[:], ", "))
	}
	return slices.DeleteFunc(rows, func(r policy.Row) bool { return !concerns(r, person) }), nil
}
