package catalogue

import (
	"fmt"
	"strconv"

	"settled/settle"
)

// refuse keeps the first refusal of a line, in Chinese for the cashier and in English
// for the technician.
func (c *completion) refuse(code settle.Code, field, cashier, technician string) {
	if c.refused != nil {
		return
	}
	l := c.line
	if name := l.Name; name != "" {
		cashier = "账单第" + strconv.Itoa(c.number) + "行（" + settle.Clip(name) + "）" + cashier
	} else {
		cashier = "账单第" + strconv.Itoa(c.number) + "行（医保编码 " + settle.Clip(l.Code) + "）" + cashier
	}
	c.refused = &settle.Refusal{
		Code: code, Field: "items[" + strconv.Itoa(c.number-1) + "]." + field, Line: c.number, Cashier: cashier,
		Technician: fmt.Sprintf("code %q on %s: %s", settle.Clip(l.Code), c.visit.Day, technician),
	}
}

// differs names the bill's value and the catalogue's; a category is its letter, and
// what is not there is "none".
func (c *completion) differs(field, bill, catalogue string, row *Row, t Table) {
	where := fmt.Sprintf("table %s", t)
	if row.ID != "" {
		where = fmt.Sprintf("%s row %s of %s, version %s", t, row.ID, period(row), row.Updated)
	}
	c.refuse(CodeDiffers, field,
		fmt.Sprintf("的%s：账单为 %s，医保目录为 %s；请在医院系统中改正后重新发送。", fieldChinese(field), valueChinese(bill), valueChinese(catalogue)),
		fmt.Sprintf("the bill says %s %s, the catalogue %s (%s)", field, bill, catalogue, where))
}

func (c *completion) noItem() {
	switch {
	case c.line.Code == "":
		c.refuse(CodeNoItem, "code", "没有医保编码，无法核对医保目录；请在医院系统中补上编码后重新发送。", "the line has no code, and a catalogue is loaded")
	case c.answer.Known:
		c.refuse(CodeNoItem, "code", "的医保编码 "+settle.Clip(c.line.Code)+" 在就诊日不在医保目录有效期内；请核对编码和就诊日期，或联系信息科更新医保目录。",
			"the catalogue has it, but not on this day")
	default:
		c.refuse(CodeNoItem, "code", "的医保编码 "+settle.Clip(c.line.Code)+" 不在医保目录中；请核对编码，或联系信息科更新医保目录。",
			"the catalogue does not have it")
	}
}

func (c *completion) noRatio() {
	stated := none
	if !c.line.Open.Ratio {
		stated = c.line.FirstSelfPay.String()
	}
	c.refuse(CodeNoRatio, "first_self_pay_ratio",
		fmt.Sprintf("是乙类，医保目录没有险种 %s 的先自付比例，账单为 %s；请联系信息科更新医保目录。", c.insurance, valueChinese(stated)),
		fmt.Sprintf("category B, and no row of 1319 for selfpay_prop_psn_type %s; the bill: %s", c.insurance, stated))
}

func (c *completion) unclear(field, chinese, english string) {
	c.refuse(CodeUnclear, field, "的医保目录数据不明确："+chinese+"；请联系信息科。", english)
}

// none stands for a value that is not there.
const none = "none"

// period is the days on which a row holds.
func period(r *Row) string { return r.From.String() + ".." + r.To.String() }

// valueChinese gives a value as a cashier knows it.
func valueChinese(value string) string {
	switch value {
	case string(settle.GradeA):
		return "甲类"
	case string(settle.GradeB):
		return "乙类"
	case string(settle.GradeC):
		return "丙类"
	case none:
		return "无"
	}
	return value
}

// fieldChinese names a field of a line as a cashier knows it.
func fieldChinese(field string) string {
	switch field {
	case "category":
		return "医保类别（甲乙丙）"
	case "charge":
		return "收费类别"
	case "price_cap":
		return "限价"
	}
	return "先自付比例"
}
