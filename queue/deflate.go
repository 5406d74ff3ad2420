package queue

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"

	"settled/queue/journal"
)

// The first byte of what is sealed.
const (
	asIs     = 0
	deflated = 1
)

// maxPlain is the most bytes that are sealed at a time, and the most that come of
// inflating them: room for an answer and its chain, none for a bomb.
const maxPlain = journal.MaxLine

// deflate packs plain: deflated if that is shorter. What is sealed is stored and never
// sent, so that its length tells nobody who could choose a part of it.
func (v *vault) deflate(plain []byte) []byte {
	p, _ := v.presses.Get().(*press)
	if p == nil {
		p = newPress()
	}
	defer v.presses.Put(p)
	out := p.pack(append(make([]byte, 0, 64+len(plain)/2), deflated), plain)
	if len(out) > len(plain) {
		return append([]byte{asIs}, plain...)
	}
	return out
}

// inflate gives back what deflate packed.
func (v *vault) inflate(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("it is empty")
	}
	switch packed[0] {
	case asIs:
		return packed[1:], nil
	case deflated:
		return v.unpressed(packed[1:])
	}
	return nil, errors.New("its first byte is neither 0 nor 1: a newer version of the program wrote it")
}

// unpresser inflates; making one takes longer than what it is used for.
type unpresser struct {
	from  bytes.Reader
	flate io.ReadCloser
}

func (v *vault) unpressed(packed []byte) ([]byte, error) {
	u, _ := v.unpressers.Get().(*unpresser)
	if u == nil {
		u = &unpresser{}
		u.flate = flate.NewReader(&u.from)
	}
	defer v.unpressers.Put(u)
	u.from.Reset(packed)
	defer u.from.Reset(nil)
	if err := u.flate.(flate.Resetter).Reset(&u.from, nil); err != nil { // as its package promises
		return nil, err
	}
	plain := bytes.NewBuffer(make([]byte, 0, 3*len(packed)+bytes.MinRead))
	_, err := plain.ReadFrom(io.LimitReader(u.flate, maxPlain+1))
	if err == nil && plain.Len() > maxPlain {
		err = errors.New("it inflates to more than can have been sealed")
	}
	return plain.Bytes(), err
}
