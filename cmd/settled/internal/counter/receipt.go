package counter

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// Paper widths in columns of half-width characters (font A of ESC/POS).
const (
	Paper80 = 48 // 80 mm
	Paper58 = 32 // 58 mm
)

// Receipt is a slip (结算凭条) as data. It is not the tax-controlled 票据.
type Receipt struct {
	Settlement settle.Settlement
	At         time.Time // when it was settled
	Shift      uint64    // that it was settled in; 0: none was open
	Void       string    // number of the void that reversed it; "": none did
	From       string    // of kept lines: the settlement that they were kept of
	Copy       int       // 0: the original; n: the n-th reprint
}

// Row is one line of a slip, or a code on it.
type Row struct {
	Text string
	Tall bool   // double height, the width is the same
	Code string // a QR code of this text, in the middle; a terminal leaves it out
}

// Name implements [Paper].
func (r Receipt) Name() string { return copied(r.Settlement.Number, r.Copy) }

// Text gives the slip as plain lines for paper of that many columns, at least 32.
func (r Receipt) Text(columns int) string { return Text(r, columns) }

// Rows lays the slip out for paper of that many columns, at least 32.
func (r Receipt) Rows(columns int) []Row {
	p := &page{columns: max(columns, Paper58)}
	r.head(p)
	p.rule()
	for i := range r.Settlement.Split.Lines {
		r.line(p, i)
	}
	p.rule()
	r.amounts(p)
	p.rule()
	r.foot(p)
	return p.rows
}

func (r Receipt) head(p *page) {
	st := &r.Settlement
	p.tall(centre(r.title(), p.columns))
	for _, mark := range r.marks() {
		p.add(centre(mark, p.columns))
	}
	p.field("机构", st.Bill.Visit.Institution.Name)
	p.field("单号", st.Number)
	if st.Key != "" && r.From == "" { // of kept lines it is the reversal's
		p.field("账单", st.Key)
	}
	if r.From != "" {
		p.field("原单", r.From)
	}
	p.time("时间", r.At)
	r.visit(p)
	p.field("窗口", st.Device+"  收费员 "+st.Operator)
	p.shift(r.Shift)
	p.field("患者", st.Who.Name.String()+"  "+st.Who.IDNumber.String())
	if st.Split.Family > 0 {
		p.field("共济", st.Guardian.Name.String()+"  "+st.Guardian.IDNumber.String())
	}
}

// visit says when the patient was there.
func (r Receipt) visit(p *page) {
	v, c := &r.Settlement.Bill.Visit, &r.Settlement.Chart
	switch {
	case v.Kind != settle.Inpatient:
		p.field("就诊", v.Day.String())
		return
	case len(c.Began) >= len(v.Day.String()):
		p.field("住院", c.Began[:len(v.Day.String())]+" 至 "+v.Day.String())
	default:
		p.field("出院", v.Day.String())
	}
	if c.OutpatientNo != "" {
		p.field("住院号", c.OutpatientNo)
	}
}

// marks are what must be seen before anything else.
func (r Receipt) marks() []string {
	var marks []string
	if r.Void != "" {
		marks = append(marks, "【已作废，见 "+r.Void+"】")
	}
	if r.Copy > 0 {
		marks = append(marks, fmt.Sprintf("【重打 第%d次】", r.Copy))
	}
	if r.Settlement.SelfPaid != nil {
		marks = append(marks, "【医保未支付 凭此条报销】")
	}
	if r.Settlement.Provisional {
		marks = append(marks, "【离线结算 待上传】")
	}
	if r.Settlement.Illustrative {
		marks = append(marks, "【演示用政策数据，不作依据】")
	}
	return marks
}

func (r Receipt) line(p *page, i int) {
	var asked *settle.Line
	if i < len(r.Settlement.Bill.Lines) {
		asked = &r.Settlement.Bill.Lines[i]
	}
	p.line(&r.Settlement.Split.Lines[i], asked)
}

// line prints one line of a bill; asked may be nil.
func (p *page) line(treated *settle.LineSplit, asked *settle.Line) {
	p.add(wrap(printable(treated.Name), p.columns, 2)...)
	count := ""
	if asked != nil {
		count = fmt.Sprintf("  %s×%s", price(asked.UnitPrice), asked.Quantity)
	}
	p.add(spread(count, treated.Amount.String(), p.columns)...)
	parts := []struct {
		name   string
		amount settle.Fen
	}{
		{"统筹", treated.Fund}, {"先自付", treated.FirstSelfPay}, {"超限价", treated.OverCap}, {"自费", treated.SelfFunded},
	}
	var words []string
	for _, part := range parts {
		if part.amount != 0 {
			words = append(words, part.name+part.amount.String())
		}
	}
	p.add(fill(words, p.columns, 2)...)
}

// price writes yuan with two places, or as many as there are if more.
func price(d decimal.Decimal) string {
	if d.Exponent() < -2 && !d.Equal(d.Round(2)) {
		return d.String()
	}
	return d.StringFixed(2)
}

func (r Receipt) amounts(p *page) {
	sp := r.Settlement.Split
	p.amount("总额", sp.Total)
	p.amount("统筹基金", sp.Fund)
	p.amount("个人账户", sp.Own)
	p.amount("家庭共济", sp.Family)
	p.amount("现金", sp.Cash)
	if sp.Deductible > 0 { // a part of what is above, not one more sum to pay
		p.small("其中起付线（患者负担）", sp.Deductible)
	}
	if sp.LimitAfter != nil {
		p.add(spread("门诊年度限额剩余", "￥"+sp.LimitAfter.String(), p.columns)...)
	}
}

func (r Receipt) foot(p *page) {
	if c := r.Settlement.SelfPaid; c != nil {
		p.claim(c)
		p.code(r.Code().String())
		return
	}
	for _, code := range r.Settlement.Split.Reasons {
		p.add(wrap("* "+short(code), p.columns, 2)...)
	}
	if r.Settlement.Provisional {
		p.add(wrap("* 平台未应答，以平台核定为准", p.columns, 2)...)
	}
	p.code(r.Code().String())
	p.add(centre("本凭条不作报销凭证", p.columns))
}

// short is a reason in few words, for the patient.
func short(code settle.Code) string {
	if denied, ok := strings.CutPrefix(string(code), settle.MutualPrefix); ok {
		return "共济未付：" + short(settle.Code(denied))
	}
	if s, ok := shortReasons[code]; ok {
		return s
	}
	return printable(code.Cashier())
}

// shortReasons is never written to.
var shortReasons = map[settle.Code]string{
	settle.SelectedDirect:             "选定机构就诊",
	settle.SelectedSettlementHospital: "选定社康的结算医院",
	settle.SelectedAffiliated:         "与选定社康同属一家结算医院",
	settle.Referred:                   "市内转诊",
	settle.RescueVisit:                "急诊抢救",
	settle.NotSelected:                "非选定机构且无转诊，普通门诊费统筹不付",
	settle.NoSelection:                "未选定机构，普通门诊费统筹不付",
	settle.SelectionInvalidAge14:      "满14周岁，所选机构不在可选范围，普通门诊费统筹不付",
	settle.ReferralRequired:           "须先转诊，统筹不支付",
	settle.InpatientVisit:             "住院",
	settle.SpecialClass1:              "门诊特定病种一类",
	settle.Tier1AccountOnly:           "职工一档由个人账户支付",
	settle.Tier1Pool30:                "职工一档社康：统筹支付三成",
	settle.OutOfTownTemporary:         "异地临时就医，统筹按市内比例打折",
	settle.OutOfTownInProvince:        "省内异地临时就医，统筹按市内比例打折",
	settle.OutOfTownEmergency:         "异地急诊抢救，统筹按市内比例打折",
	settle.FiledLongTerm:              "已办长期异地就医备案",
	settle.FiledReferral:              "已办市外转诊",
	settle.LimitReached:               "可用的普通门诊年度限额已用完",
	settle.NotMutualAidLink:           "只是亲情账户",
	settle.LinkNotActive:              "绑定未生效或已失效",
	settle.DonorHasNoAccount:          "对方没有个人账户",
	settle.RelationNotCovered:         "亲属关系不在共济范围",
	settle.MobileGuardianMismatch:     "付款人不是登记的监护人",
	settle.BeneficiaryBalanceNotZero:  "患者本人账户仍有余额",
	settle.DonorBalanceZero:           "对方账户余额为零",
	settle.BelowThreshold:             "对方余额未超过共济门槛",
	settle.OfflineLimit:               "断网期间的结算额度已用完",
	settle.KnowledgeTooOld:            "断网，且参保信息过旧",
}
