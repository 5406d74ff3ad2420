package doctor

import (
	"fmt"

	"settled/settle"
	"settled/settle/policy"
)

// staleMonths is how far ahead values that run out are told.
const staleMonths = 3

// PolicyOn looks at the rules of a day: which values bills are refused for want of, or
// soon will be.
func PolicyOn(rules *policy.Set, day settle.Date) Check {
	f := Check{Kind: Policy, Name: "rules", Level: OK, State: "fresh"}
	var missing, ending, shown int
	for _, s := range rules.Stale(day, day.AddMonths(staleMonths)) {
		switch {
		case !s.Bills:
		case s.Why == policy.StaleMissing:
			missing++
		case s.Why == policy.StaleEnding:
			ending++
		default:
			shown++
		}
	}
	f.Chinese, f.English = "政策数据齐全", fmt.Sprintf("all values of %s are known", day)
	switch {
	case missing > 0:
		f.State, f.Level = "missing", Warn
		f.Chinese, f.English = fmt.Sprintf("政策缺 %d 项数值，用到的账单会被拒绝", missing), fmt.Sprintf("%d values are missing: bills that need them are refused", missing)
	case shown > 0:
		f.State, f.Level = "illustrative", Warn
		f.Chinese, f.English = fmt.Sprintf("%d 项政策数值为演示用，不能用于真实结算", shown), fmt.Sprintf("%d values are for demonstration alone", shown)
	case ending > 0:
		f.State, f.Level = "ending", Warn
		f.Chinese, f.English = fmt.Sprintf("%d 项政策数值将在 %d 个月内到期", ending, staleMonths), fmt.Sprintf("%d values run out within %d months", ending, staleMonths)
	default:
		return f
	}
	f.Mend = "settled policy stale --on " + day.String()
	return f
}
