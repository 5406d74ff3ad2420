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

// idlePresses is how many compressors are kept for the next callers.
const idlePresses = 4

// deflate packs plain: deflated if that is shorter, and fast, since a cashier waits for
// it: to deflate as well as can be saves 3 % more and takes three times as long. What is sealed with a secret is
// stored, never sent, so that its length tells nobody anything by trying.
func (v *vault) deflate(plain []byte) ([]byte, error) {
	out := bytes.NewBuffer(make([]byte, 0, 1+len(plain)))
	out.WriteByte(deflated)
	var w *flate.Writer
	select {
	case w = <-v.press:
		w.Reset(out)
	default:
		var err error
		if w, err = flate.NewWriter(out, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	select {
	case v.press <- w:
	default:
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
