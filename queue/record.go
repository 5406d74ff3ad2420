package queue

import (
	"errors"
	"time"

	"settled/queue/journal"
	"settled/settle"
)

// maxList is the most that one call lists.
const maxList = 1000

// Record is a settlement and what became of it.
type Record struct {
	Settlement settle.Settlement
	At         time.Time // when it was committed
	Entry      uint64    // its number in the journal
	Hash       string    // its hash there
	State      State
	Ack        *Ack        // nil: not acknowledged
	Difference *Difference // nil: the platform's amounts are the split's
	Squared    *Squared    // the last time a difference in cash was squared; nil: never
	Owed       settle.Fen  // to be collected for the difference; negative: to be given back
	Held       *Held       // the last time it was held; nil: never
	Attempts   int         // requests made for it
	Answer     *Answer     // to the last request, without body and chain; nil: none yet
	AnsweredAt time.Time
	Asking     string   // transaction of the last request, if it has no answer; "": it has, or there is none
	Archived   string   // name of the archive that has the entries; only number and sums are known here then
	Void       string   // number of the void that reversed it; "": none did
	From       string   // of kept lines: the settlement that they were kept of
	Shift      uint64   // that it was made in; 0: none was open
	Repairs    []Repair // what was mended of what the platform is told, the oldest first
}

// Waiting is a settlement or a void in the outbox or held.
type Waiting struct {
	Seq    uint64 // its entry: the order of settling
	Number string
	Void   bool // it is a void's
	At     time.Time
}

// Filter says which settlements or voids to list.
type Filter struct {
	State  State       // "": all
	Person string      // keyed hash; "": all
	From   settle.Date // day of settling, inclusive; zero: open
	To     settle.Date
	After  string // number behind which to go on
	Limit  int    // at most maxList; 0: 100
}

// row is a settlement's row, or a refusal if there is none.
func (q *Queue) row(number string) (settlementRow, error) {
	var row settlementRow
	err := q.read(func(v *view) error {
		var ok bool
		var err error
		if row, ok, err = get(v, settlements, number); err == nil && !ok {
			return noSettlement(number)
		}
		return err
	})
	return row, err
}

// Get returns a settlement with personal data in clear, and what became of it.
func (q *Queue) Get(number string) (Record, error) { return q.get(number, q.record) }

// Brief is [Queue.Get] without the last request, answer and hold, at half the price.
func (q *Queue) Brief(number string) (Record, error) { return q.get(number, q.brief) }

func (q *Queue) get(number string, read func(settlementRow) (Record, error)) (Record, error) {
	row, err := q.row(number)
	if err != nil {
		return Record{}, err
	}
	if row.Of != "" {
		return Record{}, isVoid(number, row.Of)
	}
	return read(row)
}

func (q *Queue) record(row settlementRow) (Record, error) {
	r, err := q.brief(row)
	if err != nil {
		return Record{}, err
	}
	if r.Held, err = q.held(row.Held); err != nil {
		return Record{}, err
	}
	if r.Answer, r.AnsweredAt, err = q.lastAnswer(row.Answer); err != nil || r.Answer != nil || row.Request.Length == 0 {
		return r, err
	}
	last, err := q.request(row.Request)
	if err != nil {
		return Record{}, err
	}
	r.Asking = last.Infno
	return r, nil
}

func (q *Queue) brief(row settlementRow) (Record, error) {
	e, err := q.line(row.Loc)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		At: e.At, Entry: e.N, Hash: e.Hash, State: row.State, Attempts: row.Attempts,
		Void: row.Void, From: row.From, Shift: row.Shift,
	}
	if r.Settlement, err = q.settlementOf(e); err != nil {
		return Record{}, err
	}
	if r.Ack, err = q.ack(row.Ack); err != nil {
		return Record{}, err
	}
	if row.Difference.Length > 0 {
		r.Difference = &Difference{}
		if _, err := q.entry(row.Difference, r.Difference); err != nil {
			return Record{}, err
		}
	}
	r.Owed = row.owed()
	if r.Squared, err = q.squared(row.Squared); err != nil {
		return Record{}, err
	}
	r.Repairs, err = q.repairs(&row)
	return r, err
}

// ack reads an acknowledgement, nil if there is none.
func (q *Queue) ack(loc journal.Loc) (*Ack, error) {
	if loc.Length == 0 {
		return nil, nil
	}
	var a Ack
	e, err := q.entry(loc, &a)
	if err != nil {
		return nil, err
	}
	a.By = By{Operator: e.Operator, Device: e.Device}
	return &a, nil
}

// lastAnswer reads an answer without body and chain, nil if there is none.
func (q *Queue) lastAnswer(loc journal.Loc) (*Answer, time.Time, error) {
	if loc.Length == 0 {
		return nil, time.Time{}, nil
	}
	a, at, err := q.answer(loc)
	if err != nil {
		return nil, time.Time{}, err
	}
	a.Body, a.Chain = nil, nil
	return &a, at, nil
}

// held reads why something was held, nil if it never was.
func (q *Queue) held(loc journal.Loc) (*Held, error) {
	if loc.Length == 0 {
		return nil, nil
	}
	var h held
	e, err := q.entry(loc, &h)
	if err != nil {
		return nil, err
	}
	var why reason
	if err := q.vault.openJSON(kindHeld, e.Seal, &why); err != nil {
		return nil, err
	}
	return &Held{Number: h.Number, Code: h.Code, Cashier: why.Cashier, Technician: why.Technician, By: By{Operator: e.Operator, Device: e.Device}}, nil
}

// Pending lists the outbox in the order of settling, behind the entry afterSeq, at
// most limit.
func (q *Queue) Pending(limit int, afterSeq uint64) ([]Waiting, error) {
	return waiting(q, outbox, limit, afterSeq)
}

// Holds lists what is held in the same way.
func (q *Queue) Holds(limit int, afterSeq uint64) ([]Waiting, error) {
	return waiting(q, holds, limit, afterSeq)
}

func waiting(q *Queue, t table[waitRow], limit int, afterSeq uint64) ([]Waiting, error) {
	var list []Waiting
	limit = min(limit, maxList)
	err := q.read(func(v *view) error {
		return scan(v, t, seqKey(afterSeq), func(key string, w waitRow) (bool, error) {
			if len(list) < limit {
				list = append(list, Waiting{Seq: seqOf(key), Number: w.Number, Void: w.Void, At: time.UnixMilli(w.At).In(zone())})
			}
			return len(list) < limit, nil
		})
	})
	return list, err
}

// Parties names whose limit and accounts a pending settlement uses, by keyed hash, the
// patient first; none if it is not pending. It reads no entry.
func (q *Queue) Parties(number string) ([]string, error) {
	row, err := q.row(number)
	if err != nil || row.State != Pending {
		return nil, err
	}
	names := []string{row.Person}
	for _, p := range row.Family {
		if p.Account != row.Person {
			names = append(names, p.Account)
		}
	}
	return names, nil
}

// List lists settlements by number, that is by time.
func (q *Queue) List(f Filter) ([]Record, error) {
	return list(q, f, false, func(number string, row settlementRow) (Record, error) {
		r, err := q.record(row)
		if refusal, ok := errors.AsType[*settle.Refusal](err); ok && refusal.Code == CodeArchived {
			return q.outlined(number, row)
		}
		return r, err
	})
}

// Voids lists reversals in the same way.
func (q *Queue) Voids(f Filter) ([]Void, error) { return list(q, f, true, q.void) }

func list[T any](q *Queue, f Filter, voids bool, read func(number string, row settlementRow) (T, error)) ([]T, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	f.Limit = min(f.Limit, maxList)
	numbers, rows, err := q.filtered(f, voids)
	if err != nil {
		return nil, err
	}
	found := make([]T, 0, len(rows))
	for i, row := range rows {
		r, err := read(numbers[i], row)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, nil
}

// filtered reads the rows in steps: commits wait for a read.
func (q *Queue) filtered(f Filter, voids bool) (numbers []string, rows []settlementRow, err error) {
	for more := true; more; {
		const step = 2000
		seen := 0
		more = false
		err := q.read(func(v *view) error {
			return scan(v, settlements, f.After, func(number string, row settlementRow) (bool, error) {
				f.After = number
				if (row.Of != "") == voids && f.takes(number, &row) {
					numbers, rows = append(numbers, number), append(rows, row)
				}
				seen++
				more = seen >= step && len(rows) < f.Limit
				return seen < step && len(rows) < f.Limit, nil
			})
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return numbers, rows, nil
}

// outlined is what is known of a settlement whose archive is not at hand.
func (q *Queue) outlined(number string, row settlementRow) (Record, error) {
	name, err := q.archiveOf(row.Loc)
	a := row.platform()
	return Record{
		At: time.UnixMilli(row.At).In(zone()), Entry: row.Entry, State: row.State, Attempts: row.Attempts, Archived: name,
		Settlement: settle.Settlement{Number: number, Person: row.Person, Period: row.Period, Split: settle.Split{
			Status: settle.Settled, Total: a.Total, Fund: a.Fund, Own: a.Own, Family: a.Family, Cash: a.Cash,
		}},
	}, err
}

func (f *Filter) takes(number string, row *settlementRow) bool {
	day, _, err := lastNumber(number)
	return err == nil && (f.State == "" || f.State == row.State) && (f.Person == "" || f.Person == row.Person) &&
		settle.Date(day).Within(f.From, f.To)
}

// Exposure is the fund's part of all settlements that the platform has not
// acknowledged, held ones included: of a person, and of all. Provisional or not, the
// hospital has paid it out and nobody has promised to pay it back.
func (q *Queue) Exposure(person string) (ofPerson, total settle.Fen, err error) {
	err = q.read(func(v *view) error {
		p, _, err := get(v, persons, person)
		if err != nil {
			return err
		}
		sum, _, err := get(v, totals, one)
		ofPerson, total = p.Exposed, sum.Exposed
		return err
	})
	return ofPerson, total, err
}

// Drawn is what was taken from a person's account, by the person or by relatives, that the
// platform has not acknowledged and that was not given back.
func (q *Queue) Drawn(person string) (sum settle.Fen, err error) {
	err = q.read(func(v *view) error {
		p, _, err := get(v, persons, person)
		for _, d := range p.Draws {
			if d.Acked == 0 && d.Back == notBack {
				sum += d.Amount
			}
		}
		return err
	})
	return sum, err
}
