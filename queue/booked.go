package queue

import (
	"errors"
	"fmt"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// Concerned is a settlement or a void of which the books of some days may tell.
type Concerned struct {
	Number string
	Void   bool
	Mark   Mark
}

// Mark is another after anything that [Queue.Brief] or [Queue.Chain] says of a settlement
// has changed.
type Mark struct {
	state                               State
	ack, difference, chain, asked, said journal.Loc
	void, repaired                      string
}

// Concerned lists what was made on days from one to another, both included, and what the
// platform said from the day before the first on: settlements that it has, and voids for
// which it took a settlement back; by number. The day is that of the journal, which is not
// before the platform's. Days that are archived are refused.
func (q *Queue) Concerned(from, to settle.Date) ([]Concerned, error) {
	since := from.Prev()
	stub, err := journal.ReadStub(q.file(journalDir))
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	if stub.N > 0 && dateOf(stub.At) >= since {
		return nil, &settle.Refusal{
			Code: CodeArchived, Field: "day", Cashier: "该日的账已归档，不能再对账；请查归档前的对账单。",
			Technician: fmt.Sprintf("what the platform said since %s is in an archive, which ends on %s", since, dateOf(stub.At)),
		}
	}
	var list []Concerned
	made, days := Filter{From: from, To: to}, fileDays{q: q, since: since, later: map[uint64]bool{}}
	err = q.each(func(number string, row *settlementRow) error {
		concerned, err := days.booked(row)
		if concerned || made.takes(number, row) {
			list = append(list, Concerned{Number: number, Void: row.Of != "", Mark: row.mark()})
		}
		return err
	})
	return list, err
}

func (s *settlementRow) mark() Mark {
	return Mark{
		state: s.State, ack: s.Ack, difference: s.Difference, chain: s.Chain, asked: s.Request, said: s.Answer, void: s.Void, repaired: s.Repaired,
	}
}

// fileDays tells which of the journal's files have the entries of a day or of a later
// one, by an entry of each: a file begins with a day.
type fileDays struct {
	q     *Queue
	since settle.Date
	later map[uint64]bool
}

// booked tells whether the platform said of it since that it has it, or has it no more.
func (d *fileDays) booked(row *settlementRow) (bool, error) {
	said := row.Ack
	if row.Of != "" {
		said = row.Undone
	}
	if said.Length == 0 || row.Of != "" && row.State != Acknowledged {
		return false, nil
	}
	return d.have(said)
}

func (d *fileDays) have(loc journal.Loc) (bool, error) {
	later, known := d.later[loc.Segment]
	if known {
		return later, nil
	}
	e, err := d.q.journal.Read(loc)
	switch {
	case errors.Is(err, journal.ErrArchived): // it ends before that day
		err = nil
	case err == nil:
		later = dateOf(e.At) >= d.since
	}
	d.later[loc.Segment] = later
	return later, err
}

func dateOf(at time.Time) settle.Date {
	y, m, day := at.In(zone()).Date()
	return settle.Date(y*10000 + int(m)*100 + day)
}

// Differing lists the settlements that the platform settled otherwise than the counter
// did, and that stand, or that were reversed after the difference was squared; by number.
func (q *Queue) Differing() (numbers []string, err error) {
	err = q.each(func(number string, row *settlementRow) error {
		if row.Of == "" && row.Difference.Length > 0 && (row.State == Acknowledged || row.Squared.Length > 0) {
			numbers = append(numbers, number)
		}
		return nil
	})
	return numbers, err
}

// each gives every settlement and void in the order of their numbers, in steps: commits
// wait for a read.
func (q *Queue) each(fn func(number string, row *settlementRow) error) error {
	const step = 2000
	type found struct {
		number string
		row    settlementRow
	}
	for after := ""; ; {
		var rows []found
		err := q.read(func(v *view) error {
			return scan(v, settlements, after, func(number string, row settlementRow) (bool, error) {
				rows = append(rows, found{number, row})
				return len(rows) < step, nil
			})
		})
		for i := range rows {
			err = errors.Join(err, fn(rows[i].number, &rows[i].row))
		}
		if err != nil || len(rows) < step {
			return err
		}
		after = rows[len(rows)-1].number
	}
}
