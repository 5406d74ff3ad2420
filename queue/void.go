package queue

import "time"

// Void is a reversal of a settlement and what became of it.
type Void struct {
	Number       string
	Of           string    // the settlement that it reverses
	Kept         string    // settlement of the kept lines; "": reversed whole
	Keep         []int     // their numbers in the bill, from 1, ascending; nil: reversed whole, or an older program wrote it
	Returned     Amounts   // what each source had paid: all of it is reversed
	Back         Amounts   // what each source gets back: less what is kept
	Refund       bool      // by line (退费), not whole (撤销)
	Person       string    // keyed hash
	Reason       string    // why
	State        State     // Pending, OnHold, Acknowledged: the platform took it back; Voided: it had nothing
	Undone       *Undone   // how it was taken back at the platform; nil: not yet, or there was nothing to tell
	Held         *Held     // the last time it was held; nil: never
	Attempts     int       // requests made for it
	Answer       *Answer   // to the last request, without body and chain; nil: none yet
	AnsweredAt   time.Time //
	Acknowledged *Ack      // of the settlement: what the platform must take back; nil: it never said that it has it
	At           time.Time // when it was committed
	Entry        uint64    // its number in the journal
	Hash         string    // its hash there
	Shift        uint64    // that it was made in; 0: none was open
	By           By
}

// Void returns a reversal and what became of it.
func (q *Queue) Void(number string) (Void, error) {
	row, err := q.row(number)
	if err != nil {
		return Void{}, err
	}
	if row.Of == "" {
		return Void{}, noVoid(number)
	}
	return q.void(number, row)
}

func (q *Queue) void(number string, row settlementRow) (Void, error) {
	var body refunded
	e, err := q.entry(row.Loc, &body)
	if err != nil {
		return Void{}, err
	}
	var seal voidSeal
	if err := q.vault.openJSON(e.Kind, e.Seal, &seal); err != nil {
		return Void{}, err
	}
	void := Void{
		Number: number, Of: row.Of, Kept: row.Kept, Returned: row.Amounts, Back: row.Amounts, Refund: e.Kind == kindRefund,
		Person: row.Person, Reason: seal.Reason, State: row.State, Attempts: row.Attempts,
		At: e.At, Entry: e.N, Hash: e.Hash, Shift: row.Shift,
		By: By{Operator: e.Operator, Device: e.Device, Second: body.Second},
	}
	if void.Refund {
		void.Back, void.Keep = body.Back, body.Keep
	}
	of, err := q.row(row.Of)
	if err != nil {
		return Void{}, err
	}
	if void.Acknowledged, err = q.ack(of.Ack); err != nil {
		return Void{}, err
	}
	if void.Held, err = q.held(row.Held); err != nil {
		return Void{}, err
	}
	if row.Undone.Length > 0 {
		void.Undone = &Undone{}
		u, err := q.entry(row.Undone, void.Undone)
		if err != nil {
			return Void{}, err
		}
		void.Undone.By = By{Operator: u.Operator, Device: u.Device}
	}
	void.Answer, void.AnsweredAt, err = q.lastAnswer(row.Answer)
	return void, err
}
