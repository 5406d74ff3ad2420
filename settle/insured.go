package settle

import "strings"

// Category is the kind of insurance a person has (参保类别).
type Category string

// Categories of insured persons.
const (
	ChildResident Category = "child_resident" // 少儿居民
	Student       Category = "student"        // 大学生
	Resident      Category = "resident"       // 成年居民
	EmployeeTier1 Category = "employee_tier1" // 职工一档
	EmployeeTier2 Category = "employee_tier2" // 职工二档
)

// Identity is who a person is. It takes no part in the computation.
type Identity struct {
	PersonNo   Private `json:"person_no,omitempty"`   // 人员编号, the platform's psn_no
	IDNumber   Private `json:"id_number,omitempty"`   // 社会保障号码
	Name       Private `json:"name,omitempty"`        // 姓名
	CardNumber Private `json:"card_number,omitempty"` // 社保卡卡号
	CardCode   Private `json:"card_code,omitempty"`   // 卡识别码, the platform's card_sn
}

// Mask masks in a text, such as the platform's words, what is this person's.
func (i *Identity) Mask(text string) string {
	for _, p := range []Private{i.Name, i.IDNumber, i.CardNumber, i.CardCode, i.PersonNo} {
		if p != "" {
			text = strings.ReplaceAll(text, p.ClearPersonalData(), p.String())
		}
	}
	return text
}

// Insured is what decides a person's benefits.
type Insured struct {
	Category           Category        `json:"category"`
	Retired            bool            `json:"retired,omitempty"`
	Birth              Date            `json:"birth_date"`
	ShenzhenHukou      bool            `json:"shenzhen_hukou"` // 深户
	Benefit            Benefit         `json:"benefit"`
	Selections         []Selection     `json:"selections"`
	DuplicateEnrolment bool            `json:"duplicate_enrolment,omitempty"` // 重复参保 (P-4)
	Own                *Account        `json:"own_account"`                   // nil: has none
	Family             []FamilyAccount `json:"family_accounts"`               // in the order in which they are drawn (D-7)
}

// BenefitKind says how a benefit period (待遇享受期) is stated.
type BenefitKind string

// Kinds of benefit periods.
const (
	BenefitAnnual   BenefitKind = "annual"   // paid a school year at once (P-1)
	BenefitNewborn  BenefitKind = "newborn"  // newborn of the city (P-2)
	BenefitExplicit BenefitKind = "explicit" // from and to as the platform states them (P-3)
)

// Benefit is the period in which a person has benefits.
type Benefit struct {
	Kind          BenefitKind `json:"kind"`
	SchoolYear    int         `json:"paid_school_year_start,omitempty"` // annual: year in whose September it starts
	RegisteredOn  Date        `json:"registered_on,omitempty"`          // newborn
	PaidFromBirth bool        `json:"paid_from_birth,omitempty"`        // newborn
	From          Date        `json:"from,omitempty"`                   // explicit, inclusive
	To            Date        `json:"to,omitempty"`                     // explicit, inclusive
}

// Selection is an institution that the person has selected for ordinary outpatient
// visits (基层选定 / 绑定), with the days on which it holds, both inclusive.
type Selection struct {
	Institution Institution `json:"institution"`
	From        Date        `json:"from"`
	To          Date        `json:"to,omitempty"` // zero: open
}

// Account is a personal account (个人账户).
type Account struct {
	Balance Fen `json:"balance"`
}

// LinkKind tells sharing money from showing a code.
type LinkKind string

// Kinds of links between relatives.
const (
	MutualAid     LinkKind = "mutual_aid"     // 家庭共济
	FamilyDisplay LinkKind = "family_display" // 亲情账户
)

// Relation is what the patient is to the account's holder.
type Relation string

// Relations that occur; which of them are covered is a rule by date.
const (
	RelationChild       Relation = "child"
	RelationParent      Relation = "parent"
	RelationSpouse      Relation = "spouse"
	RelationSibling     Relation = "sibling"
	RelationGrandparent Relation = "grandparent"
	RelationGrandchild  Relation = "grandchild"
	RelationSelf        Relation = "self" // never: nobody is linked to oneself
)

// FamilyAccount is a relative's account that may pay for the patient (家庭共济).
type FamilyAccount struct {
	ID                 string   `json:"account_id"`
	Holder             string   `json:"holder,omitempty"` // masked name, for the sentences of the steps
	Relation           Relation `json:"relation"`
	DonorTier          Category `json:"donor_tier"`
	Link               LinkKind `json:"link_type"`
	LinkFrom           Date     `json:"link_from"`
	LinkTo             Date     `json:"link_to,omitempty"` // zero: open
	Balance            Fen      `json:"balance"`
	RegisteredGuardian bool     `json:"is_registered_guardian,omitempty"` // A-6, mobile payment
}

// Usage is the fund money already used in the running limit period (P-4 of the
// period table; X-13), in this order: ordinary outpatient, and of it at hospitals of
// level 2 and up.
type Usage struct {
	Ordinary       Fen `json:"ordinary"`
	OrdinaryLevel2 Fen `json:"ordinary_l2plus"`
}
