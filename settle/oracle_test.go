package settle_test

import (
	"sort"
	"time"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// The oracle works every bill out a second time, straight from the policy's text: plain
// decimals in yuan, days as text, numbers in place instead of rows, and none of the
// engine's code. TestOracle compares the two.

type opinion struct {
	status, multiplier          string
	reasons                     []string
	selected                    *bool
	total, fund, own, kin, cash decimal.Decimal
	eligible, deductible        decimal.Decimal
	before, after               *decimal.Decimal
	buckets                     map[string]decimal.Decimal
	lines                       []opined
	draws                       []drawn
}

type opined struct {
	amount, over, first, self, scope, fund, rate, share decimal.Decimal // share: exact, not rounded
	bucket                                              string
	vaccine, gradeC                                     bool
}

type drawn struct {
	usable, paid decimal.Decimal
	denied       string
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func money(f settle.Fen) decimal.Decimal { return decimal.New(int64(f), -2) }

// instant is a day as the oracle reckons with it.
func instant(d settle.Date) time.Time {
	return time.Date(d.Year(), time.Month(d.Month()), d.Day(), 0, 0, 0, 0, time.UTC)
}

// oracle gives what should come of a bill.
func oracle(p settle.Insured, b settle.Bill, u settle.Usage) opinion {
	v, day := b.Visit, b.Visit.Day.String()
	old := day >= "2014-01-01" && day < "2023-10-01"
	o := opinion{status: "settled", multiplier: "1", buckets: map[string]decimal.Decimal{}}
	for _, l := range b.Lines {
		o.lines = append(o.lines, opineLine(l, old))
		o.total = o.total.Add(o.lines[len(o.lines)-1].amount)
	}
	outside := v.Institution.City != "shenzhen"
	stay, special := v.Kind == settle.Inpatient, v.Kind == settle.SpecialDisease
	switch {
	case p.DuplicateEnrolment:
		return o.refused("DUPLICATE_ENROLMENT")
	case day < "2014-01-01":
		return o.refused("POLICY_ROW_MISSING")
	case !benefits(p, day):
		return o.refused("NOT_IN_BENEFIT_PERIOD")
	case old && (outside || stay || special):
		return o.refused("POLICY_ROW_MISSING")
	case !old && !stay && !special && day > "2025-12-31":
		return o.refused("POLICY_ROW_MISSING")
	}
	times := dec("1")
	ooc := ""
	if outside {
		times, ooc = abroad(p, v)
		o.multiplier = times.String()
	}
	ok := true
	switch {
	case old:
		ok = o.community(p, b, u)
	case stay:
		o.stay(p, v, times)
	case special:
		rate := "0.6"
		if v.ContinuousMonths >= 36 {
			rate = "0.9"
		} else if v.ContinuousMonths >= 12 {
			rate = "0.75"
		}
		o.reasons = []string{"MENTE_CLASS1"}
		o.all("mente1", dec(rate).Mul(times))
		o.pour("mente1", o.asked("mente1").Round(2))
	default:
		o.outpatient(p, b, u, times, ooc)
	}
	if !ok {
		return o.refused("POLICY_ROW_MISSING")
	}
	if ooc != "" && (stay || special) {
		o.reasons = append(o.reasons, ooc)
	}
	if !o.accounts(p, v, day) {
		return o.refused("POLICY_ROW_MISSING")
	}
	if o.fund.IsZero() && o.total.IsPositive() {
		o.status = "settled_no_fund"
	}
	return o
}

func (o opinion) refused(code string) opinion {
	r := opinion{status: "refused", reasons: []string{code}, multiplier: "1", total: o.total, cash: o.total, lines: o.lines}
	for i := range r.lines {
		l := &r.lines[i]
		l.bucket, l.rate, l.fund = "", decimal.Zero, decimal.Zero
	}
	return r
}

// opineLine: D-2, B-1 to B-3.
func opineLine(l settle.Line, old bool) (o opined) {
	o.amount = l.UnitPrice.Mul(l.Quantity).Round(2)
	o.vaccine, o.gradeC = l.Vaccination, l.Grade == settle.GradeC
	if l.Grade == settle.GradeC {
		o.self = o.amount
		return o
	}
	inner := o.amount
	if l.PriceCap.Valid && l.PriceCap.Decimal.LessThan(l.UnitPrice) {
		inner = l.PriceCap.Decimal.Mul(l.Quantity).Round(2)
	}
	o.over = o.amount.Sub(inner)
	if !old {
		o.first = inner.Mul(l.FirstSelfPay).Round(2)
	}
	o.scope = inner.Sub(o.first)
	return o
}

// outpatient, L-1 to L-3, from 2023-10-01.
func (o *opinion) outpatient(p settle.Insured, b settle.Bill, u settle.Usage, times decimal.Decimal, ooc string) {
	v, day := b.Visit, b.Visit.Day.String()
	home := v.Institution.City == "shenzhen"
	pays, why := chosen(p, v.Institution, day)
	was := pays
	o.selected = &was
	switch {
	case pays:
	case v.Kind == settle.EmergencyRescue:
		pays, why = true, "EMERGENCY_RESCUE"
	case home && v.ReferralInCity, !home && v.Filing == settle.FilingReferral:
		pays, why = true, "REFERRED"
	}
	o.reasons = append(o.reasons, why)
	if ooc != "" {
		o.reasons = append(o.reasons, ooc)
	}
	level := v.Institution.Level
	rate := dec([]string{"", "0.75", "0.65", "0.55"}[level])
	employee := p.Category == settle.EmployeeTier1 || p.Category == settle.EmployeeTier2
	if employee && p.Retired || p.Category == settle.Resident && aged(p, day, 60) {
		rate = rate.Add(dec("0.05"))
	}
	consultation := dec([]string{"", "0.8", "0.7", "0.6"}[level])
	for i, l := range b.Lines {
		switch {
		case l.Grade == settle.GradeC || l.Vaccination:
		case l.Consultation && (home || pays):
			o.put(i, "consultation", consultation.Mul(times))
		case l.Consultation:
		case l.LargeEquipment && home && p.Category == settle.EmployeeTier1:
			o.put(i, "large_equipment", dec("0.8"))
		case pays:
			o.put(i, "ordinary", rate.Mul(times))
		}
	}
	o.pour("consultation", o.asked("consultation").Round(2))
	o.pour("large_equipment", o.asked("large_equipment").Round(2))
	whole, part := limitOf(p, day)
	o.limited("ordinary", whole, part, level, u)
}

// limitOf: the year's amounts of L-1 to L-3; no part is no second limit.
func limitOf(p settle.Insured, day string) (whole, part decimal.Decimal) {
	wage := dec(map[string]string{"2023": "155563", "2024": "164754", "2025": "174640"}[day[:4]])
	of := func(percent string) decimal.Decimal { return wage.Mul(dec(percent)).Shift(-2).Round(2) }
	if p.Category != settle.EmployeeTier1 {
		return of("1.5"), decimal.New(1, 12)
	}
	if p.Retired {
		return of("7"), of("3.5")
	}
	return of("6"), of("3")
}

// limited pays a bucket within the limit and notes the limit.
func (o *opinion) limited(bucket string, whole, part decimal.Decimal, level int, u settle.Usage) {
	before := decimal.Max(decimal.Zero, whole.Sub(money(u.Ordinary)))
	most := before
	if level >= 2 {
		most = decimal.Min(most, decimal.Max(decimal.Zero, part.Sub(money(u.OrdinaryLevel2))))
	}
	share := o.asked(bucket).Round(2)
	if share.GreaterThan(most) {
		share = most
		o.reasons = append(o.reasons, "LIMIT_REACHED")
	}
	o.pour(bucket, share)
	after := before.Sub(share)
	o.before, o.after = &before, &after
}

// community: O256-1 to O256-3, S-8; false if what it needs is not known.
func (o *opinion) community(p settle.Insured, b settle.Bill, u settle.Usage) bool {
	v, day := b.Visit, b.Visit.Day.String()
	selected, why := chosen(p, v.Institution, day)
	o.selected = &selected
	o.buckets["community_pool"] = decimal.Zero
	if p.Category == settle.EmployeeTier1 {
		o.reasons = []string{"TIER1_ACCOUNT_ONLY"}
		if v.Institution.Kind == settle.CommunityHealth {
			o.reasons = []string{"TIER1_POOL_30"}
			o.all("community_pool", dec("0.3"))
			o.pour("community_pool", o.asked("community_pool").Round(2))
		}
		return true
	}
	direct := selected && why != "SELECTED_SETTLEMENT_HOSPITAL"
	switch {
	case direct:
	case v.Kind == settle.EmergencyRescue || v.ReferralInCity:
		return false
	case selected:
		why = "REFERRAL_REQUIRED"
	}
	o.reasons = []string{why}
	for i, l := range b.Lines {
		switch {
		case !direct || l.Grade == settle.GradeC || l.Vaccination:
		case l.Kind == settle.ServiceLine || l.Consultation || l.LargeEquipment:
			o.put(i, "community_pool", dec("0.9"))
			o.lines[i].share = decimal.Min(o.lines[i].share, dec("120"))
		case l.Grade == settle.GradeA:
			o.put(i, "community_pool", dec("0.8"))
		default:
			o.put(i, "community_pool", dec("0.6"))
		}
	}
	o.limited("community_pool", dec("1000"), decimal.Zero, 1, u)
	return true
}

// stay: I-1 to I-4.
func (o *opinion) stay(p settle.Insured, v settle.Visit, times decimal.Decimal) {
	o.reasons = []string{"INPATIENT"}
	rate := dec([]string{"", "0.92", "0.91", "0.9"}[v.Institution.Level])
	if p.Retired && (p.Category == settle.EmployeeTier1 || p.Category == settle.EmployeeTier2) {
		rate = dec("0.95")
	}
	line := decimal.New(int64(200*v.Institution.Level), 0)
	if v.AdmissionNo > 1 {
		line = line.Div(dec("2"))
	}
	o.all("inpatient", rate.Mul(times))
	scope := decimal.Zero
	for _, l := range o.lines {
		if l.bucket == "inpatient" {
			scope = scope.Add(l.scope)
		}
	}
	o.deductible = decimal.Min(scope, line)
	o.pour("inpatient", scope.Sub(o.deductible).Mul(rate).Mul(times).Round(2))
}

// all puts every line but grade C and vaccinations into a bucket.
func (o *opinion) all(bucket string, rate decimal.Decimal) {
	for i, l := range o.lines {
		if !l.gradeC && !l.vaccine {
			o.put(i, bucket, rate)
		}
	}
}

func (o *opinion) put(i int, bucket string, rate decimal.Decimal) {
	l := &o.lines[i]
	l.bucket, l.rate, l.share = bucket, rate, l.scope.Mul(rate)
}

// asked sums the exact shares of a bucket.
func (o *opinion) asked(bucket string) (sum decimal.Decimal) {
	for _, l := range o.lines {
		if l.bucket == bucket {
			sum = sum.Add(l.share)
		}
	}
	return sum
}

// pour pays a bucket and spreads it over its lines by largest remainder (D-3).
func (o *opinion) pour(bucket string, fund decimal.Decimal) {
	var members []int
	for i, l := range o.lines {
		if l.bucket == bucket {
			members = append(members, i)
		}
	}
	if len(members) == 0 {
		return
	}
	o.buckets[bucket] = fund
	o.fund = o.fund.Add(fund)
	asked, left := o.asked(bucket), fund
	if asked.IsZero() {
		return
	}
	rest := make([]decimal.Decimal, len(o.lines))
	for _, i := range members {
		var fen decimal.Decimal
		fen, rest[i] = fund.Shift(2).Mul(o.lines[i].share).QuoRem(asked, 0)
		o.lines[i].fund = fen.Shift(-2)
		left = left.Sub(o.lines[i].fund)
	}
	sort.SliceStable(members, func(a, b int) bool { return rest[members[a]].GreaterThan(rest[members[b]]) })
	for fen := dec("0.01"); left.IsPositive(); {
		for _, i := range members {
			if l := &o.lines[i]; left.IsPositive() && l.fund.LessThan(l.scope) {
				l.fund, left = l.fund.Add(fen), left.Sub(fen)
			}
		}
	}
}
