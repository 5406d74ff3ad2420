package queue

import (
	"slices"

	"settled/settle"
)

// use is what one settlement used of the limit.
type use struct {
	Entry  uint64       `json:"entry"` // of the settlement
	Period string       `json:"period"`
	Usage  settle.Usage `json:"usage"`
	Acked  int64        `json:"acked,omitempty"` // when the platform had it, Unix milliseconds; 0: not yet
	Back   back         `json:"back,omitempty"`
	Sent   bool         `json:"sent,omitempty"` // the platform was asked to take it back
}

// draw is what one settlement took from the account.
type draw struct {
	Entry  uint64 `json:"entry"`
	Amount fen    `json:"amount"`
	Acked  int64  `json:"acked,omitempty"`
	Back   back   `json:"back,omitempty"`
	Sent   bool   `json:"sent,omitempty"`
}

// back says how what a settlement used counts beside the platform's word.
type back uint8

const (
	notBack back = iota // it is not reversed and not in the word: it adds
	evened              // it is reversed, and neither is in the word: they add nothing
	given               // it is reversed, and it is in the word, the reversal not: it takes off
)

// times is the sign with which a use or a draw counts.
func (b back) times() fen {
	switch b {
	case evened:
		return 0
	case given:
		return -1
	}
	return 1
}

// told is what becomes of a use or a draw by the platform's word; contained says that
// the settlement is in it, sent that the platform had been asked to take it back before.
// Whether it had done so is not known: the limit is then rather thought to be used than
// to be left.
func (b back) told(contained, sent bool) (after back, drop bool) {
	switch b {
	case evened:
		if contained {
			return given, sent
		}
		return evened, false
	case given:
		return given, sent
	}
	return notBack, contained
}

// draw puts d in place of the draw of the same settlement; one of nothing is left
// out. If it changes the balance, entry did.
func (p *personRow) draw(d draw, entry uint64) {
	var before fen
	list := slices.DeleteFunc(slices.Clone(p.Draws), func(o draw) bool {
		if o.Entry == d.Entry {
			before += o.Back.times() * o.Amount
		}
		return o.Entry == d.Entry
	})
	if d.Amount > 0 {
		list = append(list, d)
	}
	p.Draws = list
	if before != d.Back.times()*d.Amount {
		p.Account = entry
	}
}

// reverse is what becomes of a use or a draw when its settlement is reversed. found
// says that there is one, else the platform's word contains it; never, that the platform
// certainly has not booked it.
func (b back) reverse(found, never bool) (after back, drop bool) {
	switch {
	case never:
		return b, true
	case !found:
		return given, false
	case b == notBack:
		return evened, false
	}
	return b, false
}

// giveUse makes what a settlement used of the limit count no more.
func (p *personRow) giveUse(u use, entry uint64, never bool) {
	i := slices.IndexFunc(p.Uses, func(o use) bool { return o.Entry == u.Entry })
	if i >= 0 {
		u = p.Uses[i]
	}
	before := fen(0)
	if i >= 0 {
		before = u.Back.times()
	}
	list := slices.DeleteFunc(slices.Clone(p.Uses), func(o use) bool { return o.Entry == u.Entry })
	after, drop := u.Back.reverse(i >= 0, never)
	now := fen(0)
	if u.Back = after; !drop && u.Usage != (settle.Usage{}) {
		list, now = append(list, u), u.Back.times()
	}
	if p.Uses = list; before != now {
		p.Touched = entry
	}
}

// giveDraw makes what a settlement drew from the account count no more.
func (p *personRow) giveDraw(d draw, entry uint64, never bool) {
	i := slices.IndexFunc(p.Draws, func(o draw) bool { return o.Entry == d.Entry })
	if i >= 0 {
		d = p.Draws[i]
	}
	after, drop := d.Back.reverse(i >= 0, never)
	if d.Back = after; drop {
		d.Amount = 0
	}
	p.draw(d, entry)
}

// askedBack keeps that the platform was asked to take the settlement back.
func (p *personRow) askedBack(settlement uint64) {
	p.Uses, p.Draws = slices.Clone(p.Uses), slices.Clone(p.Draws)
	for i := range p.Uses {
		p.Uses[i].Sent = p.Uses[i].Sent || p.Uses[i].Entry == settlement
	}
	for i := range p.Draws {
		p.Draws[i].Sent = p.Draws[i].Sent || p.Draws[i].Entry == settlement
	}
}

// ack marks what the settlement used and drew as known to the platform.
func (p *personRow) ack(settlement uint64, at int64) {
	p.Uses, p.Draws = slices.Clone(p.Uses), slices.Clone(p.Draws)
	for i := range p.Uses {
		if p.Uses[i].Entry == settlement {
			p.Uses[i].Acked = at
		}
	}
	for i := range p.Draws {
		if p.Draws[i].Entry == settlement {
			p.Draws[i].Acked = at
		}
	}
}

// spoken takes off what a new word of the platform as of a time contains.
func (p *personRow) spoken(period string, asOf int64) {
	contained := func(acked int64) bool { return acked != 0 && acked <= asOf }
	var uses []use
	for _, u := range p.Uses {
		drop := false
		if u.Period == period {
			u.Back, drop = u.Back.told(contained(u.Acked), u.Sent)
		}
		if !drop {
			uses = append(uses, u)
		}
	}
	var draws []draw
	for _, d := range p.Draws {
		after, drop := d.Back.told(contained(d.Acked), d.Sent)
		if d.Back = after; !drop {
			draws = append(draws, d)
		}
	}
	p.Uses, p.Draws = uses, draws
}
