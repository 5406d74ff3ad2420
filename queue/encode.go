package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"settled/settle"
)

// This file encodes what a settlement has many of, as encoding/json does (a test holds
// the two against each other), in a quarter of its time: a cashier waits for it.

// encode gives the body as JSON.
func (b settlementBody) encode() ([]byte, error) {
	s := &b.Settlement.Split
	lines, steps := s.Lines, s.Steps
	s.Lines, s.Steps = nil, nil
	shell, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	out, rest, err := opened(shell, `"items":null,"steps":null`, 160*len(lines)+256*len(steps))
	if err != nil {
		return nil, err
	}
	out = appendList(append(out, `"items":`...), lines, appendLineSplit)
	out = appendList(append(out, `,"steps":`...), steps, appendStep)
	return append(out, rest...), nil
}

// encode gives the seal as JSON.
func (p settlementSeal) encode() ([]byte, error) {
	lines, names := p.Lines, p.Names
	p.Lines, p.Names = nil, nil
	shell, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	out, rest, err := opened(shell, `"lines":null,"names":null`, 320*len(lines))
	if err != nil {
		return nil, err
	}
	out = appendList(append(out, `"lines":`...), lines, appendBillLine)
	out = appendList(append(out, `,"names":`...), names, func(b []byte, name *string) []byte { return appendText(b, *name) })
	return append(out, rest...), nil
}

// opened is a shell up to the gap, with room for more, and from behind it. No text in
// it can look like the gap: its quotes are escaped.
func opened(shell []byte, gap string, more int) (out, rest []byte, err error) {
	head, rest, ok := bytes.Cut(shell, []byte(gap))
	if !ok {
		return nil, nil, errors.New("queue: settlement is not encoded as it should be")
	}
	return append(make([]byte, 0, len(shell)+more), head...), rest, nil
}

func appendList[T any](b []byte, list []T, one func([]byte, *T) []byte) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, &list[i])
	}
	return append(b, ']')
}

func appendBillLine(b []byte, l *settle.Line) []byte {
	b = appendText(append(b, `{"name":`...), l.Name)
	b = appendIf(b, `,"code":`, l.Code)
	b = appendIf(b, `,"hospital_code":`, l.HospitalCode)
	b = appendIf(b, `,"charge":`, l.Charge)
	b = appendText(append(b, `,"category":`...), string(l.Grade))
	b = appendDecimal(append(b, `,"unit_price":`...), l.UnitPrice)
	b = appendDecimal(append(b, `,"qty":`...), l.Quantity)
	b = append(b, `,"price_cap":`...)
	if l.PriceCap.Valid {
		b = appendDecimal(b, l.PriceCap.Decimal)
	} else {
		b = append(b, "null"...)
	}
	b = appendDecimal(append(b, `,"first_self_pay_ratio":`...), l.FirstSelfPay)
	for _, flag := range [...]struct {
		key string
		is  bool
	}{{`,"consultation":true`, l.Consultation}, {`,"large_equipment":true`, l.LargeEquipment}, {`,"vaccination":true`, l.Vaccination}} {
		if flag.is {
			b = append(b, flag.key...)
		}
	}
	b = appendIf(b, `,"kind":`, string(l.Kind))
	b = appendIf(b, `,"source":`, l.Source)
	return append(b, '}')
}

func appendLineSplit(b []byte, l *settle.LineSplit) []byte {
	b = appendText(append(b, `{"name":`...), l.Name)
	b = appendFen(append(b, `,"amount":`...), l.Amount)
	b = appendFen(append(b, `,"over_cap":`...), l.OverCap)
	b = appendFen(append(b, `,"first_self_pay":`...), l.FirstSelfPay)
	b = appendFen(append(b, `,"self_funded":`...), l.SelfFunded)
	b = appendFen(append(b, `,"in_scope":`...), l.InScope)
	b = appendText(append(b, `,"bucket":`...), string(l.Bucket))
	b = appendDecimal(append(b, `,"rate":`...), l.Rate)
	b = appendFen(append(b, `,"fund":`...), l.Fund)
	return append(b, '}')
}

func appendStep(b []byte, s *settle.Step) []byte {
	b = appendText(append(b, `{"what":`...), s.What)
	if s.Line != 0 {
		b = strconv.AppendInt(append(b, `,"line":`...), int64(s.Line), 10)
	}
	b = appendIf(b, `,"bucket":`, string(s.Bucket))
	b = appendIf(b, `,"account":`, s.Account)
	b = appendIf(b, `,"holder":`, s.Holder)
	b = appendIf(b, `,"reason":`, string(s.Reason))
	b = appendText(append(b, `,"rule":`...), s.Rule)
	b = appendText(append(b, `,"source":`...), s.Source)
	b = appendIf(b, `,"number":`, s.Number)
	b = appendIf(b, `,"status":`, s.Status)
	if s.Base != 0 {
		b = appendFen(append(b, `,"base":`...), s.Base)
	}
	b = appendFen(append(b, `,"amount":`...), s.Amount)
	b = appendIf(b, `,"note":`, s.Note)
	b = appendIf(b, `,"zh":`, s.Chinese)
	b = appendIf(b, `,"en":`, s.English)
	return append(b, '}')
}

func appendIf(b []byte, key, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(append(b, key...), text)
}

// appendText leaves to encoding/json what it would escape.
func appendText(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < ' ', c == 0x7f, c == '"', c == '\\', c == '<', c == '>', c == '&', c == 0xe2: // U+2028 begins with e2
			return appendEscaped(b, text)
		}
	}
	if !utf8.ValidString(text) {
		return appendEscaped(b, text)
	}
	return append(append(append(b, '"'), text...), '"')
}

func appendEscaped(b []byte, text string) []byte {
	escaped, err := json.Marshal(text)
	if err != nil { // it has none for a string
		return append(b, `""`...)
	}
	return append(b, escaped...)
}

func appendFen(b []byte, f settle.Fen) []byte {
	n := uint64(f)
	b = append(b, '"')
	if f < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/100, 10)
	return append(b, '.', byte('0'+n/10%10), byte('0'+n%10), '"')
}

func appendDecimal(b []byte, d decimal.Decimal) []byte {
	return append(append(append(b, '"'), d.String()...), '"')
}
