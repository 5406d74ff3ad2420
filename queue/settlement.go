package queue

import (
	"errors"
	"fmt"
	"slices"

	"settled/queue/journal"
	"settled/settle"
)

// State is where a settlement, or a void, stands with the platform.
type State string

// States.
const (
	Pending      State = "pending"      // waits for the platform
	Acknowledged State = "acknowledged" // the platform has it; of a void: it took the settlement back
	OnHold       State = "held"         // waits for a person
	Blocked      State = "blocked"      // of what was kept: waits for the void to be through at the platform
	SelfPaid     State = "self_paid"    // the patient paid it whole: it never goes out
	Voided       State = "voided"       // reversed: it does not go out; of a void: there was nothing to take back
)

// chinese says a state in a sentence for people.
func (s State) chinese() string {
	switch s {
	case Pending:
		return "待上传"
	case Acknowledged:
		return "平台已收"
	case OnHold:
		return "已挂起"
	case Blocked:
		return "等原单撤回"
	case Voided:
		return "已撤销"
	}
	return string(s)
}

// Amounts are who paid what, of a split or as the platform says.
type Amounts struct {
	Total  settle.Fen `json:"total"`
	Fund   settle.Fen `json:"fund"`   // 统筹基金
	Own    settle.Fen `json:"own"`    // 本人个人账户
	Family settle.Fen `json:"mutual"` // 家庭共济
	Cash   settle.Fen `json:"cash"`   // 现金
}

func (a Amounts) negative() bool {
	return min(a.Total, a.Fund, a.Own, a.Family, a.Cash) < 0
}

// paid is what a settlement took from an account.
type paid struct {
	Account string     `json:"account"` // keyed hash of its holder
	Amount  settle.Fen `json:"amount"`
}

// settlementRow is what is kept of a settlement, or of a void, beside its entry.
type settlementRow struct {
	Entry        uint64       `json:"entry"`
	Loc          journal.Loc  `json:"loc"`
	At           int64        `json:"at"` // Unix milliseconds
	State        State        `json:"state"`
	Person       string       `json:"person"`
	Period       string       `json:"period"`
	Level        int          `json:"level"` // of the institution
	Amounts      Amounts      `json:"amounts"`
	Use          settle.Usage `json:"use"` // what it used of the limit, as far as is known now
	Family       []paid       `json:"family,omitempty"`
	Own          settle.Fen   `json:"own,omitempty"`
	Ack          journal.Loc  `json:"ack,omitzero"`
	SettlementID string       `json:"setl_id,omitempty"`  // the platform's
	Platform     *Amounts     `json:"platform,omitempty"` // the platform's amounts, if they differ
	Difference   journal.Loc  `json:"difference,omitzero"`
	Squared      journal.Loc  `json:"squared,omitzero"` // the last time that was squared
	Moved        settle.Fen   `json:"moved,omitempty"`  // what was collected for it; negative: given back
	Waived       bool         `json:"waived,omitempty"` // it is written off
	Held         journal.Loc  `json:"held,omitzero"`    // the last time it was held
	Attempts     int          `json:"attempts"`
	Request      journal.Loc  `json:"request,omitzero"` // the last
	MsgID        string       `json:"msgid,omitempty"`  // of it
	Answer       journal.Loc  `json:"answer,omitzero"`  // to the last request
	Chain        journal.Loc  `json:"chain,omitzero"`   // last answer that carried the upload's state
	Shift        uint64       `json:"shift,omitempty"`  // that it was made in; 0: none was open
	Void         string       `json:"void,omitempty"`   // number of the void that reversed it
	From         string       `json:"from,omitempty"`   // of what was kept: the settlement it was kept of
	After        string       `json:"after,omitempty"`  // blocked by this void
	Of           string       `json:"of,omitempty"`     // a void: the settlement that it reverses
	Kept         string       `json:"kept,omitempty"`   // a void: the settlement of the kept lines; "": there are none
	Next         string       `json:"next,omitempty"`   // a void: the settlement that it blocks
	Undone       journal.Loc  `json:"undone,omitzero"`  // a void: where it says so
	// Repairs are what was mended of what the platform is told, the oldest first, and
	// Repaired is the digest of the last.
	Repairs  []journal.Loc `json:"repairs,omitempty"`
	Repaired string        `json:"repaired,omitempty"`
}

func (s settlementRow) check() error {
	if s.Entry == 0 || s.Loc.Length == 0 || s.Period == "" || s.Amounts.negative() || s.Own < 0 {
		return fmt.Errorf("settlement of entry %d is incomplete", s.Entry)
	}
	switch s.State {
	case Pending, Acknowledged, OnHold, Blocked, SelfPaid, Voided:
	default:
		return fmt.Errorf("settlement of entry %d is %q", s.Entry, s.State)
	}
	if (s.State == Blocked) != (s.After != "") || (s.Of == "" && (s.State == Voided) != (s.Void != "")) {
		return fmt.Errorf("settlement of entry %d is %s, blocked by %q, reversed by %q", s.Entry, s.State, s.After, s.Void)
	}
	return checkHash(s.Person)
}

// waits is its row in the outbox or among the holds.
func (s *settlementRow) waits(number string) waitRow {
	return waitRow{Number: number, At: s.At, Void: s.Of != ""}
}

// platform is what the platform acknowledged.
func (s *settlementRow) platform() Amounts {
	if s.Platform != nil {
		return *s.Platform
	}
	return s.Amounts
}

// settled is what the state needs of the body of a "settlement" entry.
type settled struct {
	Digest     string  `json:"digest"` // of the content that the key stands for
	Settlement outline `json:"settlement"`
}

// outline is the part of settle.Settlement that the state depends on, under the same
// names.
type outline struct {
	Number string       `json:"number"`
	Key    string       `json:"key"`
	Person string       `json:"person"`
	Usage  settle.Usage `json:"usage"`
	Period string       `json:"period"`
	Bill   struct {
		Visit struct {
			Institution struct {
				Level int `json:"level"`
			} `json:"institution"`
		} `json:"visit"`
	} `json:"bill"`
	Split struct {
		Status settle.Status `json:"status"`
		Amounts
		Draws      []outlineDraw `json:"mutual_by_account"`
		UsageAfter settle.Usage  `json:"usage_after"`
	} `json:"split"`
}

type outlineDraw struct {
	AccountID string     `json:"account_id"`
	Paid      settle.Fen `json:"paid"`
}

func outlineOf(s *settle.Settlement) outline {
	o := outline{
		Number: s.Number, Key: s.Key, Person: s.Person, Usage: s.Usage, Period: s.Period,
	}
	o.Bill.Visit.Institution.Level = s.Bill.Visit.Institution.Level
	o.Split.Status = s.Split.Status
	o.Split.Amounts = amountsOf(&s.Split)
	for _, d := range s.Split.Draws {
		o.Split.Draws = append(o.Split.Draws, outlineDraw{AccountID: d.AccountID, Paid: d.Paid})
	}
	o.Split.UsageAfter = s.Split.UsageAfter
	return o
}

func amountsOf(s *settle.Split) Amounts {
	return Amounts{Total: s.Total, Fund: s.Fund, Own: s.Own, Family: s.Family, Cash: s.Cash}
}

func (s settled) check() error {
	o := &s.Settlement
	if err := errors.Join(checkNumber(o.Number), checkHash(o.Person)); err != nil {
		return err
	}
	if o.Key == "" || len(o.Key) > 128 || s.Digest == "" || len(s.Digest) > 128 || o.Period == "" || len(o.Period) > 64 {
		return errors.New("key, content digest and period must be there and short")
	}
	if o.Split.Status != settle.Settled && o.Split.Status != settle.NoFund {
		return fmt.Errorf("a split that is %q posts nothing", o.Split.Status)
	}
	return o.checkMoney()
}

// checkMoney proves that the parts sum to the whole, and the draws to the family's
// part, and that the limit is not given back.
func (o *outline) checkMoney() error {
	a := o.Split.Amounts
	sum, ok := settle.Sum(a.Fund, a.Own, a.Family, a.Cash)
	if !ok || sum != a.Total || a.negative() {
		return fmt.Errorf("parts do not sum to the total: %+v", a)
	}
	var drawn settle.Fen
	for _, d := range o.Split.Draws {
		if d.Paid < 0 || d.Paid > settle.MaxFen || (d.Paid > 0 && (checkHash(d.AccountID) != nil || d.AccountID == o.Person)) {
			return errors.New("a draw is negative or from no relative's account")
		}
		drawn += d.Paid
	}
	if drawn != a.Family {
		return fmt.Errorf("draws of %s do not sum to the family's part %s", drawn, a.Family)
	}
	if use := o.use(); use.Ordinary < 0 || use.OrdinaryLevel2 < 0 {
		return errors.New("usage after is less than before")
	}
	return nil
}

// use is what the settlement uses of the limit.
func (o *outline) use() settle.Usage {
	return settle.Usage{
		Ordinary:       o.Split.UsageAfter.Ordinary - o.Usage.Ordinary,
		OrdinaryLevel2: o.Split.UsageAfter.OrdinaryLevel2 - o.Usage.OrdinaryLevel2,
	}
}

// family sums the draws by account, in the order of drawing.
func (o *outline) family() []paid {
	var list []paid
	for _, d := range o.Split.Draws {
		i := slices.IndexFunc(list, func(p paid) bool { return p.Account == d.AccountID })
		switch {
		case d.Paid == 0:
		case i >= 0:
			list[i].Amount += d.Paid
		default:
			list = append(list, paid{Account: d.AccountID, Amount: d.Paid})
		}
	}
	return list
}

// reduce posts the settlement: usage, balances, exposure, outbox, key, number, shift.
func (s settled) reduce(v *view, e journal.Entry) error {
	o := &s.Settlement
	row, err := o.row(v, e)
	if err != nil {
		return err
	}
	return errors.Join(
		counted(v, o.Number),
		put(v, settlements, o.Number, row),
		put(v, outbox, seqKey(e.N), row.waits(o.Number)),
		put(v, keys, o.Key, keyRow{Number: o.Number, Digest: s.Digest}),
		post(v, &row, e.N, 0),
		count(v, &row, 1, 0, 1),
		row.inShift(v, func(s *shiftRow) *Tally { return &s.Settled }, row.Amounts),
	)
}

// row is the row of a settlement that is pending.
func (o *outline) row(v *view, e journal.Entry) (settlementRow, error) {
	seat, _, err := get(v, seats, e.Device)
	return settlementRow{
		Entry: e.N, Loc: e.Loc, At: millis(e.At), State: Pending, Person: o.Person, Period: o.Period,
		Level: o.Bill.Visit.Institution.Level, Amounts: o.Split.Amounts,
		Use: o.use(), Family: o.family(), Own: o.Split.Own, Shift: seat.Shift,
	}, err
}

// post brings what a settlement used and drew into the rows of the persons concerned,
// in place of what it brought before.
func post(v *view, row *settlementRow, entry uint64, ackedAt int64) error {
	p, _, err := get(v, persons, row.Person)
	if err != nil {
		return err
	}
	counts := notBack
	if row.Void != "" { // the platform told of it after it was reversed here
		counts = evened
	}
	p.Uses = slices.DeleteFunc(slices.Clone(p.Uses), func(u use) bool { return u.Entry == row.Entry })
	if row.Use != (settle.Usage{}) {
		p.Uses = append(p.Uses, use{Entry: row.Entry, Period: row.Period, Usage: row.Use, Acked: ackedAt, Back: counts})
	}
	p.draw(draw{Entry: row.Entry, Amount: row.Own, Acked: ackedAt, Back: counts}, entry)
	p.Touched = entry
	if err := put(v, persons, row.Person, p); err != nil {
		return err
	}
	for _, f := range row.Family {
		donor, _, err := get(v, persons, f.Account)
		if err != nil {
			return err
		}
		donor.draw(draw{Entry: row.Entry, Amount: f.Amount, Acked: ackedAt, Back: counts}, entry)
		if err := put(v, persons, f.Account, donor); err != nil {
			return err
		}
	}
	return nil
}

// count moves a settlement between what is pending, what is held and neither, and the
// fund's part of it into (1) or out of (-1) the exposure.
func count(v *view, row *settlementRow, pending, onHold int, exposed settle.Fen) error {
	sum, _, err := get(v, totals, one)
	if err != nil {
		return err
	}
	sum.Pending += pending
	sum.Held += onHold
	if exposed != 0 {
		p, _, err := get(v, persons, row.Person)
		if err != nil {
			return err
		}
		sum.Exposed += exposed * row.Amounts.Fund
		p.Exposed += exposed * row.Amounts.Fund
		if err := put(v, persons, row.Person, p); err != nil {
			return err
		}
	}
	return put(v, totals, one, sum)
}
