package counter

import (
	"errors"
	"strings"

	"settled/settle"
)

// CodePrefix begins the code of a slip, so that a scanner tells it from a 医保码.
const CodePrefix = "SETTLE"

// SlipCode is what the QR code of a slip says of a settlement: what is on the paper, no
// name, and in the number the day. By itself it proves nothing: it is compared with the
// journal, or has a seal (package slipseal).
type SlipCode struct {
	Number      string     `json:"number"` // 结算单号: the counter, the day, and how many
	Total       settle.Fen `json:"total"`
	Fund        settle.Fen `json:"fund"`
	Own         settle.Fen `json:"own"`
	Family      settle.Fen `json:"family"`
	Cash        settle.Fen `json:"cash"`
	Institution string     `json:"institution,omitempty"` // 定点医药机构编号; older slips have none
}

// Code is the slip's code, the same on each reprint.
func (r Receipt) Code() SlipCode {
	st, sp := &r.Settlement, &r.Settlement.Split
	return SlipCode{st.Number, sp.Total, sp.Fund, sp.Own, sp.Family, sp.Cash, st.Bill.Visit.Institution.ID}
}

// amounts of a code, in the order of its text.
func (c *SlipCode) amounts() []*settle.Fen {
	return []*settle.Fen{&c.Total, &c.Fund, &c.Own, &c.Family, &c.Cash}
}

// String is the text of the code. All of it is of the QR code's alphanumeric mode.
func (c SlipCode) String() string {
	text := CodePrefix + ":" + c.Number
	for _, amount := range c.amounts() {
		text += ":" + amount.String()
	}
	if c.Institution != "" {
		text += ":" + c.Institution
	}
	return text
}

var errNoSlip = errors.New("this is no code of a slip")

// ParseSlipCode reads what String wrote, without a seal.
func ParseSlipCode(text string) (c SlipCode, err error) {
	parts := strings.Split(text, ":")
	amounts := c.amounts()
	if len(parts) < 2+len(amounts) || len(parts) > 3+len(amounts) || parts[0] != CodePrefix || parts[1] == "" {
		return SlipCode{}, errNoSlip
	}
	c.Number = parts[1]
	for i, amount := range amounts {
		if *amount, err = settle.ParseFen(parts[2+i]); err != nil {
			return SlipCode{}, errNoSlip
		}
	}
	if len(parts) > 2+len(amounts) {
		c.Institution = parts[len(parts)-1]
	}
	if c.String() != text { // 1.0 for 1.00, an empty institution
		return SlipCode{}, errNoSlip
	}
	return c, nil
}

// Same tells whether two codes say the same of a settlement, where an older one does not
// name the institution.
func (c SlipCode) Same(other SlipCode) bool {
	if c.Institution == "" || other.Institution == "" {
		c.Institution, other.Institution = "", ""
	}
	return c == other
}
