package backtest

import (
	"fmt"
	"slices"

	"settled/settle"
)

// Amounts are who pays what of a bill.
type Amounts struct {
	Status settle.Status `json:"status"`
	Fund   settle.Fen    `json:"fund"`   // 统筹基金
	Own    settle.Fen    `json:"own"`    // 个人账户
	Family settle.Fen    `json:"mutual"` // 家庭共济
	Cash   settle.Fen    `json:"cash"`   // 现金
}

func amounts(s *settle.Split) Amounts { return Amounts{s.Status, s.Fund, s.Own, s.Family, s.Cash} }

// String is for people.
func (a Amounts) String() string {
	return fmt.Sprintf("%s: fund %s own %s family %s cash %s", a.Status, a.Fund, a.Own, a.Family, a.Cash)
}

func (a Amounts) parts() [4]settle.Fen { return [...]settle.Fen{a.Fund, a.Own, a.Family, a.Cash} }

// moved is how much money another payer pays.
func moved(before, after Amounts) (sum settle.Fen) {
	is := after.parts()
	for i, was := range before.parts() {
		sum += max(0, is[i]-was)
	}
	return sum
}

// sameMoney tells whether two splits of a bill agree on every amount in them; what they
// say of the reasons may differ.
func sameMoney(a, b *settle.Split) bool {
	return a.Total == b.Total && a.Deductible == b.Deductible && a.Eligible == b.Eligible && a.UsageAfter == b.UsageAfter &&
		slices.Equal(a.Buckets, b.Buckets) && slices.Equal(a.Draws, b.Draws) && slices.EqualFunc(a.Lines, b.Lines, sameLine)
}

func sameLine(a, b settle.LineSplit) bool {
	return a.Amount == b.Amount && a.OverCap == b.OverCap && a.FirstSelfPay == b.FirstSelfPay && a.SelfFunded == b.SelfFunded &&
		a.InScope == b.InScope && a.Bucket == b.Bucket && a.Fund == b.Fund
}
