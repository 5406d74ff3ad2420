package sscard

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"settled/devices/apdu"
)

// selectName is SELECT of an application by name (ISO 7816-4, 11.1.1: P1 04). It
// goes without Le: cards answer 61xx, or 9000 with or without the file's template.
func (r *reading) selectName(ctx context.Context, name string) (template []byte, err error) {
	c := apdu.Command{INS: apdu.InsSelect, P1: 0x04, Data: []byte(name)}
	answer, err := apdu.Send(ctx, r.t, c)
	if err != nil {
		return nil, fmt.Errorf("select application: %w", err)
	}
	return answer.Data, nil
}

// algorithm finds the cipher in an application's template: 9F0C 03 8601 xx. It is
// looked for wherever it stands, as the ministry's own readers do.
func algorithm(template []byte) Algorithm {
	_, after, found := bytes.Cut(template, []byte{0x9F, 0x0C, 0x03, 0x86, 0x01})
	if !found || len(after) == 0 {
		return TripleDES
	}
	return Algorithm(after[0])
}

// selectFile is SELECT of a file by identifier: P1 00 on most cards, 02 on some. What
// worked is tried first the next time.
func (r *reading) selectFile(ctx context.Context, id uint16) error {
	first := r.form.SelectP1
	var failed error
	for _, p1 := range []byte{first, first ^ 0x02} {
		c := apdu.Command{INS: apdu.InsSelect, P1: p1, Data: []byte{byte(id >> 8), byte(id)}}
		_, err := apdu.Send(ctx, r.t, c)
		if err == nil {
			r.form.SelectP1 = p1
			return nil
		}
		err = fmt.Errorf("select %04X: %w", id, err)
		if !isOneOf(err, apdu.FileNotFound, apdu.WrongP1P2, apdu.FunctionUnknown, apdu.WrongOffset, apdu.WrongData) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

func isOneOf(err error, statuses ...apdu.Status) bool {
	for _, s := range statuses {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// records reads these records of the current file, by tag. A card that does not know
// reading by tag, shown by the first tag or by an answer with another one, is read by
// number, where the order of EF06 differs between cards: the tag that comes back says
// what a record is. A tag that is missing is not in the map; after an error the map has
// what came before it.
func (r *reading) records(ctx context.Context, tags ...tag) (map[tag][]byte, error) {
	values := map[tag][]byte{}
	for i, want := range tags {
		got, value, err := r.readRecord(ctx, byte(want), 0)
		switch {
		case err == nil && got == want:
			values[want] = value
		case err == nil,
			i == 0 && isOneOf(err, apdu.RecordNotFound, apdu.WrongP1P2, apdu.FunctionUnknown, apdu.WrongOffset, apdu.InsUnknown):
			r.form.ByNumber = true
			return values, r.numbered(ctx, values)
		case !errors.Is(err, apdu.RecordNotFound):
			return values, err
		}
	}
	return values, nil
}

// numbered reads all records of the current file.
func (r *reading) numbered(ctx context.Context, values map[tag][]byte) error {
	for n := byte(1); n <= lastRecord; n++ {
		got, value, err := r.readRecord(ctx, n, 4)
		if isOneOf(err, apdu.RecordNotFound, apdu.WrongP1P2) {
			break
		}
		if err != nil {
			return err
		}
		if _, twice := values[got]; !twice {
			values[got] = value
		}
	}
	return nil
}

// readRecord is READ RECORD (ISO 7816-4, 11.3.3) in the current file: mode 0 takes
// p1 as a tag, mode 4 as a number. Le is 00, what all cards bear: those that insist
// on the exact length answer 6Cxx.
func (r *reading) readRecord(ctx context.Context, p1, mode byte) (tag, []byte, error) {
	c := apdu.Command{INS: apdu.InsReadRecord, P1: p1, P2: mode, Le: apdu.MaxLe}
	answer, err := apdu.Send(ctx, r.t, c)
	if err != nil {
		return 0, nil, fmt.Errorf("read record %02X, mode %d: %w", p1, mode, err)
	}
	got, value, err := parseRecord(answer.Data)
	if err != nil {
		return 0, nil, &Fault{Kind: Malformed, Err: fmt.Errorf("record %02X, mode %d: %w", p1, mode, err)}
	}
	return got, value, nil
}
