package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// Codes of what the catalogue refuses.
const (
	CodeNoItem  settle.Code = "CATALOGUE_NO_ITEM"  // the code is not in the catalogue on the day
	CodeDiffers settle.Code = "CATALOGUE_DIFFERS"  // the bill states something else
	CodeNoRatio settle.Code = "CATALOGUE_NO_RATIO" // 乙类 without a first self-pay for the kind of insurance
	CodeUnclear settle.Code = "CATALOGUE_UNCLEAR"  // rows contradict each other, or are of a kind that is not known
)

// consultationCharge is the 收费类别 of 诊察费.
const consultationCharge = "02"

// Manner says how bills are completed.
type Manner struct {
	// AcceptStated takes a line whose code is not in the catalogue, or that has none, as
	// the bill states it. Otherwise such a line is refused.
	AcceptStated bool
	// CapTypes are the kinds of price limit (hilist_lmtpric_type) that hold for this
	// institution; none: "1" to "3" or "01" to "03", by its level.
	CapTypes []string
}

// Completer completes bills from a store.
type Completer struct {
	Store  *Store
	Manner Manner
}

// Complete gives the bill with what its lines leave open, for a person of a kind of
// insurance (险种类型, "310"), and the digest of the catalogue, "" if none is loaded:
// then the bill is as it was. The error is a *[settle.Refusal] that names the line, or
// says that the catalogue cannot be read.
func (c *Completer) Complete(bill settle.Bill, insurance string) (settle.Bill, string, error) {
	queries := make([]Query, len(bill.Lines))
	for i := range bill.Lines {
		queries[i] = Query{Code: bill.Lines[i].Code, Day: bill.Visit.Day}
	}
	found, err := c.Store.Find(queries)
	if err != nil {
		return bill, "", err
	}
	if found.Digest == "" {
		return bill, "", nil
	}
	full, refused := Complete(bill, insurance, found, c.Manner)
	if refused != nil {
		return bill, found.Digest, refused
	}
	return full, found.Digest, nil
}

// Complete fills in what the lines of a bill leave open and refuses what they state
// otherwise than the catalogue; found has the answer of each line. It is a pure
// function.
//
// The category is chrgitm_lv; an item of 甲类 with a first self-pay is treated as one of
// 乙类. The price cap is that of the institution's kind, the ratio that of the person's
// insurance. A table that was never loaded says nothing: what the bill states of it
// stands. The flag of a consultation (门诊诊查费), which no table has, is taken from the
// kind of charge 02 (诊察费) where an outpatient bill leaves it open; that of large
// equipment is the bill's alone. The name is filled in and never compared: hospitals
// have their own.
func Complete(bill settle.Bill, insurance string, found Found, m Manner) (settle.Bill, *settle.Refusal) {
	bill.Lines = slices.Clone(bill.Lines)
	for i := range bill.Lines {
		c := completion{line: &bill.Lines[i], number: i + 1, answer: &found.Answers[i], visit: &bill.Visit, insurance: insurance, found: &found, manner: m}
		c.run()
		if c.refused != nil {
			return bill, c.refused
		}
	}
	return bill, nil
}

// completion is one line under way; the first refusal sticks.
type completion struct {
	line      *settle.Line
	number    int
	answer    *Answer
	visit     *settle.Visit
	insurance string
	found     *Found
	manner    Manner
	newest    string // of the rows that were used
	refused   *settle.Refusal
}

func (c *completion) run() {
	l, item := c.line, c.answer.Item
	if item == nil {
		if !c.manner.AcceptStated || l.Grade == "" {
			c.noItem()
		}
		return
	}
	c.newest = item.Updated
	grade := gradeOf(item.Level)
	if grade != settle.GradeC {
		grade = c.ratio(grade)
		c.cap()
	}
	if l.Grade != "" && l.Grade != grade && l.Grade != gradeOf(item.Level) {
		c.differs("category", string(l.Grade), string(grade), item, Items)
	}
	if l.Charge != "" && l.Charge != item.Charge {
		c.differs("charge", l.Charge, item.Charge, item, Items)
	}
	if c.refused != nil {
		return
	}
	if l.Name == "" {
		l.Name = item.Name
	}
	outpatient := c.visit.Kind == settle.Outpatient || c.visit.Kind == settle.Emergency
	if l.Open.Consultation && outpatient && item.Charge == consultationCharge {
		l.Consultation = true
	}
	l.Grade, l.Charge = grade, item.Charge
	l.Open.Consultation, l.Open.Ratio = false, l.Open.Ratio && grade == settle.GradeB
	l.Source = "catalogue " + item.Code + " " + c.newest
}

// ratio settles the first self-pay and gives the category that follows from it.
func (c *completion) ratio(grade settle.Grade) settle.Grade {
	rows := slices.DeleteFunc(slices.Clone(c.answer.Ratios), func(r Row) bool { return r.For != c.insurance })
	if len(rows) == 0 {
		if grade == settle.GradeB && c.found.Ratios {
			c.noRatio()
		}
		return grade
	}
	row := &rows[0]
	for i := range rows {
		if rows[i].Number != row.Number {
			c.unclear("first_self_pay_ratio", fmt.Sprintf("先自付比例 %s 与 %s 并存", row.Number, rows[i].Number),
				fmt.Sprintf("rows %s and %s of 1319, of selfpay_prop_type %s and %s, say %s and %s", row.ID, rows[i].ID, row.Kind, rows[i].Kind, row.Number, rows[i].Number))
			return grade
		}
	}
	value := number(row.Number)
	l := c.line
	if !l.Open.Ratio && !l.FirstSelfPay.Equal(value) {
		c.differs("first_self_pay_ratio", l.FirstSelfPay.String(), row.Number, row, Ratios)
	}
	l.FirstSelfPay, l.Open.Ratio = value, false
	c.newest = max(c.newest, row.Updated)
	if !value.IsZero() {
		return settle.GradeB
	}
	return grade
}

// cap settles the price cap.
func (c *completion) cap() {
	if !c.found.Caps {
		return
	}
	row := c.capRow()
	if c.refused != nil {
		return
	}
	var limit decimal.NullDecimal
	text := none
	if row == nil {
		row = &Row{}
	} else if row.Number != "" {
		limit, text = decimal.NewNullDecimal(number(row.Number)), row.Number
	}
	l := c.line
	if l.PriceCap.Valid && (!limit.Valid || !l.PriceCap.Decimal.Equal(limit.Decimal)) {
		c.differs("price_cap", l.PriceCap.Decimal.String(), text, row, Caps)
	}
	l.PriceCap = limit
	c.newest = max(c.newest, row.Updated)
}

// capRow gives the row of the institution's kind of limit, nil if there is none.
func (c *completion) capRow() (chosen *Row) {
	level := strconv.Itoa(c.visit.Institution.Level)
	kinds := c.manner.CapTypes
	if len(kinds) == 0 {
		kinds = []string{level, "0" + level}
	}
	for i := range c.answer.Caps {
		row := &c.answer.Caps[i]
		switch {
		case slices.Contains(kinds, row.For) && row.Number == "0":
			c.unclear("price_cap", "限价为 0", fmt.Sprintf("row %s of 1318 has a price of 0", row.ID))
		case slices.Contains(kinds, row.For) && chosen != nil && chosen.Number != row.Number:
			c.unclear("price_cap", fmt.Sprintf("限价 %s 与 %s 并存", cmp.Or(chosen.Number, "无"), cmp.Or(row.Number, "无")),
				fmt.Sprintf("rows %s and %s of 1318 both hold for this institution and say %q and %q", chosen.ID, row.ID, chosen.Number, row.Number))
		case slices.Contains(kinds, row.For):
			chosen = row
		case len(c.manner.CapTypes) == 0 && !levelKind(row.For):
			c.unclear("price_cap", "限价类型 "+row.For+" 不认识",
				fmt.Sprintf("row %s of 1318 is of hilist_lmtpric_type %q: say in [catalogue] cap_types which kinds hold here", row.ID, row.For))
		}
	}
	return chosen
}

// levelKind tells whether a kind of price limit is that of a level of hospitals.
func levelKind(kind string) bool {
	switch kind {
	case "1", "2", "3", "01", "02", "03":
		return true
	}
	return false
}

// number is a stored number; it was checked when it was loaded.
func number(text string) decimal.Decimal {
	d, err := settle.ParseDecimal(text, 10, 6)
	if err != nil {
		return decimal.Zero
	}
	return d
}
