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

// presses are the compressors, made once: each is 800 KB and takes as long to make as
// ten settlements to pack. They work fast rather than well, since a cashier waits:
// to work as well as can be saves 3 % more, and takes up to three times as long.
func presses() (chan *flate.Writer, error) {
	const n = 2
	c := make(chan *flate.Writer, n)
	for range n {
		w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
		if err != nil {
			return nil, err
		}
		c <- w
	}
	return c, nil
}

// deflate packs plain: deflated if that is shorter. What is sealed is stored and never
// sent, so that its length tells nobody who could choose a part of it.
func (v *vault) deflate(plain []byte) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, 1+len(plain)))
	out.WriteByte(deflated)
	w := <-v.press
	defer func() { v.press <- w }()
	w.Reset(out)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if out.Len() > len(plain) {
		return append([]byte{asIs}, plain...), nil
	}
	return out.Bytes(), nil
}

// inflate gives back what deflate packed.
func inflate(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("it is empty")
	}
	switch packed[0] {
	case asIs:
		return packed[1:], nil
	case deflated:
		plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed[1:])), maxPlain+1))
		if err == nil && len(plain) > maxPlain {
			err = errors.New("it inflates to more than can have been sealed")
		}
		return plain, err
	}
	return nil, errors.New("its first byte is neither 0 nor 1: a newer version of the program wrote it")
}
