package queue

import (
	"errors"

	"settled/queue/journal"
	"settled/settle"
)

// selfPaid is what the state needs of the body of a "self_paid" entry, which is that of a
// "settlement": a bill that the patient paid whole, to claim it later. It is a kind of its
// own so that no version of the program takes it for one that goes to the platform, which
// would pay the fund's part of it a second time.
type selfPaid struct{ settled }

func (s selfPaid) check() error {
	o := &s.Settlement
	if a := o.Split.Amounts; a.Cash != a.Total || o.use() != (settle.Usage{}) {
		return errors.New("a bill that is paid by the patient takes from fund, account or limit")
	}
	return s.settled.check()
}

// reduce keeps number, key and the shift's cash. It never waits for the platform, is no
// exposure, and uses nothing.
func (s selfPaid) reduce(v *view, e journal.Entry) error {
	o := &s.Settlement
	row, err := o.row(v, e)
	if err != nil {
		return err
	}
	row.State = SelfPaid
	return errors.Join(
		counted(v, o.Number),
		put(v, settlements, o.Number, row),
		put(v, keys, o.Key, keyRow{Number: o.Number, Digest: s.Digest}),
		row.inShift(v, func(s *shiftRow) *Tally { return &s.Settled }, row.Amounts),
	)
}
