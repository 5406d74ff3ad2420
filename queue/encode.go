package queue

import (
	"encoding/json"

	"settled/settle"
)

// This file encodes what a cashier waits for, as encoding/json does (a test holds the two
// against each other), in a fraction of its time.

// encode gives the body as JSON.
func (b *settlementBody) encode() []byte {
	split := &b.Settlement.Split
	out := make([]byte, 0, 2048+160*len(split.Lines)+256*len(split.Steps))
	out = settle.AppendText(append(out, `{"digest":`...), b.Digest)
	return append(b.Settlement.AppendJSON(append(out, `,"settlement":`...)), '}')
}

// appendJSON appends the seal as JSON.
func (p *settlementSeal) appendJSON(out []byte) ([]byte, error) {
	out = p.Who.appendJSON(append(out, `{"who":`...))
	out = p.Guardian.appendJSON(append(out, `,"guardian":`...))
	out = p.Chart.AppendJSON(append(out, `,"chart":`...))
	out = settle.AppendLines(append(out, `,"lines":`...), p.Lines)
	out = append(out, `,"names":`...)
	if p.Names == nil {
		out = append(out, "null"...)
	} else {
		out = append(out, '[')
		for i, name := range p.Names {
			if i > 0 {
				out = append(out, ',')
			}
			out = settle.AppendText(out, name)
		}
		out = append(out, ']')
	}
	if len(p.Holders) > 0 {
		holders, err := json.Marshal(p.Holders)
		if err != nil {
			return nil, err
		}
		out = append(append(out, `,"holders":`...), holders...)
	}
	return append(out, '}'), nil
}

func (c *clearIdentity) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for _, f := range [...]struct{ key, text string }{
		{`"person_no":`, c.PersonNo},
		{`"id_number":`, c.IDNumber},
		{`"name":`, c.Name},
		{`"card_number":`, c.CardNumber},
		{`"card_code":`, c.CardCode},
	} {
		if f.text == "" {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = settle.AppendText(append(b, f.key...), f.text)
	}
	return append(b, '}')
}
