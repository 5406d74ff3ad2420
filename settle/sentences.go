package settle

import (
	"strconv"
	"strings"
)

// Sentences gives the step in Chinese and in English, from its other fields.
func (s *Step) Sentences() (chinese, english string) {
	var zh, en strings.Builder
	s.chinese(prose{&zh})
	s.english(prose{&en})
	return zh.String(), en.String()
}

// FillSentences makes the sentences of all steps, in one piece of memory. It writes
// into the steps: give it a split of its own.
func (s *Split) FillSentences() {
	var text strings.Builder
	text.Grow(256 * len(s.Steps))
	p := prose{&text}
	for i := range s.Steps {
		st := &s.Steps[i]
		from := text.Len()
		st.chinese(p)
		middle := text.Len()
		st.english(p)
		all := text.String() // no copy; a later growth leaves this one in place
		st.Chinese, st.English = all[from:middle], all[middle:]
	}
}

// prose is a text in the making.
type prose struct{ *strings.Builder }

func (p prose) add(text string) prose {
	p.WriteString(text)
	return p
}

func (p prose) yuan(f Fen) prose {
	var digits [24]byte
	p.Write(f.append(digits[:0]))
	return p
}

func (p prose) number(n int) prose {
	var digits [24]byte
	p.Write(strconv.AppendInt(digits[:0], int64(n), 10))
	return p
}

// percent adds a ratio such as "0.495" as "49.5%". The ratio is well-formed: it was
// read as a decimal from 0 to 1.
func (p prose) percent(ratio string) prose {
	digit := func(i int) byte { // of the ratio without its point, 0 beyond its end
		if i > 0 {
			i++
		}
		if i < len(ratio) {
			return ratio[i]
		}
		return '0'
	}
	last := max(2, len(ratio)-2)
	for last > 2 && digit(last) == '0' {
		last--
	}
	started := false
	for i := 0; i <= last; i++ {
		if i == 3 {
			p.WriteByte('.')
		}
		if started = started || digit(i) != '0' || i >= 2; started {
			p.WriteByte(digit(i))
		}
	}
	return p.add("%")
}

// points adds a ratio such as "0.05" as "5", for what is added to a percentage.
func (p prose) points(ratio string) prose {
	var digits strings.Builder
	prose{&digits}.percent(ratio)
	return p.add(strings.TrimSuffix(digits.String(), "%"))
}

// threshold gives the threshold of a family account's step between two words, "" if there
// is none.
func (s *Step) threshold(before, after string) string {
	counts := s.What == StepDraw || s.Reason == BelowThreshold
	if !counts || strings.Trim(s.Number, "0.") == "" {
		return ""
	}
	return before + s.Number + after
}

// hospitals gives the words where a step is about the limit within the limit (L-3).
func (s *Step) hospitals(words string) string {
	if s.Note != NoteHospitals {
		return ""
	}
	return words
}

// chinese adds the sentence for people, with rule and source.
func (s *Step) chinese(p prose) {
	if s.Line > 0 {
		p = p.add("第").number(s.Line).add("行：")
	}
	p = s.chineseBody(p).add("〔").add(s.Rule)
	if s.Source != "" {
		p = p.add("，").add(s.Source)
	}
	switch Standing(s.Status) {
	case Derived:
		p = p.add("，推算值")
	case Provisional:
		p = p.add("，暂定值")
	}
	p.add("〕")
}

func (s *Step) chineseBody(p prose) prose {
	switch s.What {
	case StepOverCap:
		return p.add("超过限价的 ").yuan(s.Amount).add(" 元不在报销范围，由患者负担")
	case StepFirstSelfPay:
		return p.add("乙类先自付 ").percent(s.Number).add("，计 ").yuan(s.Amount).add(" 元")
	case StepSelfFunded:
		return p.add("丙类（目录外）").yuan(s.Amount).add(" 元，全部自费")
	case StepVaccination:
		return p.add("预防接种 ").yuan(s.Amount).add(" 元，统筹基金不支付")
	case StepDeductible:
		return p.add("起付线 ").add(s.Number).add(" 元，本次先由患者负担 ").yuan(s.Amount).add(" 元")
	case StepFund:
		p = p.add(s.Bucket.Chinese()).add(" ").yuan(s.Base)
		if s.Number == "" {
			return p.add(" 元按各行比例合计，统筹基金支付 ").yuan(s.Amount).add(" 元")
		}
		return p.add(" 元 × ").percent(s.Number).add("，统筹基金支付 ").yuan(s.Amount).add(" 元")
	case StepBonus:
		return p.add(s.Bucket.Chinese()).add("支付比例增加 ").points(s.Number).add(" 个百分点（退休或年满规定年龄）")
	case StepLine:
		return p.add(s.Bucket.Chinese()).add("范围内 ").yuan(s.Base).add(" 元 × ").percent(s.Number).
			add("，分得统筹基金 ").yuan(s.Amount).add(" 元")
	case StepCap:
		return p.add("单项最多支付 ").add(s.Number).add(" 元")
	case StepLimit:
		return p.add("年度限额").add(s.hospitals("（二级及以上医院部分）")).add(" ").add(s.Number).add(" 元已不足支付 ").yuan(s.Base).
			add(" 元，统筹基金只付 ").yuan(s.Amount).add(" 元")
	case StepLimitLeft:
		return p.add("年度限额 ").add(s.Number).add(" 元，结算前剩余 ").yuan(s.Base).add(" 元，结算后剩余 ").yuan(s.Amount).add(" 元")
	case StepNoFund:
		return p.add("范围内 ").yuan(s.Amount).add(" 元统筹基金不支付")
	case StepPlace:
		return p.add("市外就医，统筹基金支付的部分按市内比例的 ").percent(s.Number)
	}
	return s.chinesePayer(p)
}

// account names a family account: by its holder's masked name if there is one.
func (s *Step) account() string {
	if s.Holder != "" {
		return s.Holder
	}
	return s.Account
}

func (s *Step) chinesePayer(p prose) prose {
	switch s.What {
	case StepEligible:
		return p.add("患者负担 ").yuan(s.Base).add(" 元，其中账户可付 ").yuan(s.Amount).add(" 元")
	case StepOwn:
		return p.add("本人账户余额 ").yuan(s.Base).add(" 元，支付 ").yuan(s.Amount).add(" 元")
	case StepDraw:
		return p.add("共济账户（").add(s.account()).add("）可用 ").yuan(s.Base).add(" 元").add(s.threshold("（已计共济门槛 ", " 元）")).add("，支付 ").yuan(s.Amount).add(" 元")
	case StepDenied:
		return p.add("共济账户（").add(s.account()).add("）：").add(trimStop(s.Reason.Cashier())).add(s.threshold("（门槛 ", " 元）"))
	case StepCash:
		return p.add("现金支付 ").yuan(s.Amount).add(" 元")
	case StepSelfPaid:
		return p.add("先自费 ").yuan(s.Amount).add(" 元，事后零星报销：").add(trimStop(s.Reason.Cashier()))
	}
	return p.add(trimStop(s.Reason.Cashier()))
}

// trimStop takes the full stop off a Chinese sentence: rule and source follow.
func trimStop(s string) string {
	const stop = "。"
	if n := len(s) - len(stop); n >= 0 && s[n:] == stop {
		return s[:n]
	}
	return s
}

// english adds the sentence for the technician.
func (s *Step) english(p prose) {
	if s.Line > 0 {
		p = p.add("line ").number(s.Line).add(": ")
	}
	p = s.englishBody(p)
	if s.Note != "" && s.Note != NoteHospitals {
		p = p.add(": ").add(s.Note)
	}
	p = p.add(" [").add(s.Rule)
	if s.Source != "" {
		p = p.add(", ").add(s.Source)
	}
	if s.Status != "" {
		p = p.add(", ").add(s.Status)
	}
	p.add("]")
}

func (s *Step) englishBody(p prose) prose {
	switch s.What {
	case StepOverCap:
		return p.yuan(s.Amount).add(" yuan over the price cap")
	case StepFirstSelfPay:
		return p.yuan(s.Amount).add(" yuan first self-pay at ").percent(s.Number)
	case StepSelfFunded:
		return p.yuan(s.Amount).add(" yuan outside the catalogue")
	case StepVaccination:
		return p.yuan(s.Amount).add(" yuan vaccination, not paid by the fund")
	case StepDeductible:
		return p.yuan(s.Amount).add(" yuan of the deductible ").add(s.Number)
	case StepFund:
		p = p.add(string(s.Bucket)).add(": ").yuan(s.Base)
		if s.Number == "" {
			return p.add(" by the lines' rates = ").yuan(s.Amount).add(" yuan from the fund")
		}
		return p.add(" × ").percent(s.Number).add(" = ").yuan(s.Amount).add(" yuan from the fund")
	case StepBonus:
		return p.add(string(s.Bucket)).add(": rate + ").points(s.Number).add(" percentage points for retirees and the old")
	case StepLine:
		return p.add(string(s.Bucket)).add(": ").yuan(s.Base).add(" × ").percent(s.Number).
			add(" in scope gets ").yuan(s.Amount).add(" of the fund")
	case StepCap:
		return p.add("at most ").add(s.Number).add(" yuan an item")
	case StepLimit:
		return p.add("share ").yuan(s.Base).add(" cut to ").yuan(s.Amount).add(" by the limit ").add(s.hospitals("of level 2 and up ")).add(s.Number)
	case StepLimitLeft:
		return p.add("limit ").add(s.Number).add(": ").yuan(s.Base).add(" yuan left before, ").yuan(s.Amount).add(" after")
	case StepNoFund:
		return p.yuan(s.Amount).add(" yuan in scope, not paid by the fund: ").add(string(s.Reason))
	case StepPlace:
		return p.add(string(s.Reason)).add(": in-city rate × ").add(s.Number)
	}
	return s.englishPayer(p)
}

func (s *Step) englishPayer(p prose) prose {
	switch s.What {
	case StepEligible:
		return p.add("accounts may pay ").yuan(s.Amount).add(" of the patient's ").yuan(s.Base)
	case StepOwn:
		return p.add("own account pays ").yuan(s.Amount).add(" of its ").yuan(s.Base)
	case StepDraw:
		return p.add("account ").add(s.account()).add(" pays ").yuan(s.Amount).add(" of usable ").yuan(s.Base).add(s.threshold(", threshold ", ""))
	case StepDenied:
		return p.add("account ").add(s.account()).add(" pays nothing: ").add(s.Reason.Technician()).add(s.threshold(", threshold ", ""))
	case StepCash:
		return p.add("cash ").yuan(s.Amount)
	case StepSelfPaid:
		return p.add("the patient pays ").yuan(s.Amount).add(" and claims it later: ").add(s.Reason.Technician())
	}
	return p.add(string(s.Reason)).add(": ").add(s.Reason.Technician())
}

// Chinese names the bucket on screens and paper.
func (b Bucket) Chinese() string {
	switch b {
	case BucketOrdinary:
		return "普通门诊"
	case BucketConsultation:
		return "门诊诊查费"
	case BucketLargeEquipment:
		return "大型设备检查治疗"
	case BucketInpatient:
		return "住院"
	case BucketCommunityPool:
		return "社区门诊统筹"
	case BucketSpecial1:
		return "门诊特定病种一类"
	}
	return "不支付"
}
