package settle

// Need names something that must be so for what a family wants. Pages have words for each.
type Need string

// Needs.
const (
	NeedInsured       Need = "INSURED"        // the patient is insured in the city and has benefits now
	NeedDonorAccount  Need = "DONOR_ACCOUNT"  // the other is 职工一档, which has an account
	NeedDonorInsured  Need = "DONOR_INSURED"  // and insured now
	NeedRelation      Need = "RELATION"
	NeedOwnEmpty      Need = "OWN_EMPTY"      // to 2023-09-30 the patient's own account was empty
	NeedBalance       Need = "BALANCE"        // there is something in the account that may be used
	NeedMinor         Need = "MINOR"          // a child or student: adults pay by their own code
	NeedCard          Need = "CARD"           // the patient holds a valid card
	NeedPhone         Need = "PHONE"          // the guardian's e-card is bound, the child's associated with it
	NeedLink          Need = "LINK"           // the family accounts are linked, not only shown
	NeedRegistered    Need = "REGISTERED"     // it is the guardian of the child's enrolment
	NeedChannelExists Need = "CHANNEL_EXISTS" // before 2018-11-20 there was none for children
)

// Finding is what is known of a condition.
type Finding string

// Findings. What the counter can't see is unknown: it never passes for met.
const (
	Met     Finding = "met"
	Unmet   Finding = "unmet"
	Unclear Finding = "unknown"
)

// Condition is a need with what is known of it.
type Condition struct {
	Need    Need    `json:"need"`
	Finding Finding `json:"finding" enum:"met,unmet,unknown"`
	Rule    string  `json:"rule"`
	Over    Fen     `json:"over,omitempty"` // BALANCE: what the account must exceed
}

func found(need Need, yes bool, rule string) Condition {
	c := Condition{Need: need, Finding: Unmet, Rule: rule}
	if yes {
		c.Finding = Met
	}
	return c
}

// Binding lists what must be so for a donor's account to be linked to a beneficiary
// (家庭共济), who is the relation to the donor, on the day of the rules.
func Binding(r *Rules, beneficiary, donor Insured, relation Relation) []Condition {
	w, d := wish(r, &beneficiary), wish(r, &donor)
	list := []Condition{
		found(NeedRelation, w.relationCovered(relation), "A-3"),
		found(NeedDonorAccount, donor.Category == EmployeeTier1 && donor.Own != nil, "A-3"),
		found(NeedDonorInsured, d.insured(), "A-4"),
		found(NeedInsured, w.insured(), "A-4"),
	}
	if n := r.Number(ParamOwnFirst, Key{}); n.known() && n.Text == ZeroAtStart {
		list = append(list, found(NeedOwnEmpty, !w.ownStillFull(), "A-4"))
	}
	if donor.Own == nil {
		return list
	}
	return append(list, w.balance(donor.Own.Balance))
}

// Bars gives the refusal for the first condition of a binding that is not met; nil: the
// link may be filed. An empty account bars nothing: it only pays nothing.
func Bars(list []Condition) *Refusal {
	for _, c := range list {
		if c.Finding != Unmet || c.Need == NeedBalance {
			continue
		}
		code := map[Need]Code{
			NeedRelation: RelationNotCovered, NeedDonorAccount: DonorHasNoAccount, NeedDonorInsured: DonorNotInsured,
			NeedOwnEmpty: BeneficiaryBalanceNotZero,
		}[c.Need]
		if code == "" {
			code = NotInBenefitPeriod
		}
		return refusal(code, "", 0, "rule "+c.Rule)
	}
	return nil
}

// Payer is what is known of whose account would pay for a child by mobile payment.
type Payer struct {
	Balance    *Fen     // nil: not known
	Link       LinkKind // that is filed and holds now; "": none
	Registered bool     // is the guardian of the enrolment; false: not known here
}

// MobilePayment lists what must be so for a child's or student's visit to be paid from the
// guardian's telephone (少儿医保移动支付, A-6); card tells whether the patient's card was
// just read.
func MobilePayment(r *Rules, patient Insured, card bool, payer Payer) []Condition {
	w := wish(r, &patient)
	if patient.Category != ChildResident && patient.Category != Student {
		return []Condition{found(NeedMinor, false, "A-6")}
	}
	n := r.Number(ParamMobileGuardian, Key{})
	list := []Condition{
		found(NeedChannelExists, n.On(), "A-6"),
		found(NeedInsured, w.insured(), "A-6"),
		{Need: NeedCard, Finding: Unclear, Rule: "A-6"},
		{Need: NeedPhone, Finding: Unclear, Rule: "A-6"},
		found(NeedLink, payer.Link == MutualAid, "A-6"),
	}
	if card {
		list[2].Finding = Met
	}
	if payer.Link == FamilyDisplay {
		list[4].Rule = "A-7"
	}
	if patient.Category == ChildResident { // a student without a registered guardian needs none
		c := Condition{Need: NeedRegistered, Finding: Unclear, Rule: "A-6"}
		if payer.Registered {
			c.Finding = Met
		}
		list = append(list, c)
	}
	if payer.Balance == nil {
		return append(list, Condition{Need: NeedBalance, Finding: Unclear, Rule: "A-2"})
	}
	return append(list, w.balance(*payer.Balance))
}

// insured tells whether the person has benefits on the day (P-1..P-4).
func (w *work) insured() bool { return w.inBenefit() && !w.person.DuplicateEnrolment }

// balance tells whether something of an account may be used for relatives.
func (w *work) balance(left Fen) Condition {
	c := Condition{Need: NeedBalance, Finding: Unclear, Rule: "A-2"}
	usable, why := w.overThreshold(left)
	if n := w.rules.Number(ParamAccountThreshold, Key{}); n.known() {
		c.Over = n.Amount
	}
	switch {
	case usable > 0:
		c.Finding = Met
	case why != PolicyRowMissing:
		c.Finding = Unmet
	}
	return c
}
