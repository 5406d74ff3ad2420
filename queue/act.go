package queue

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Acts beside money that a "note" entry is about.
const (
	ActSignIn   = "sign_in"          // an operator came to the pages
	ActSignOut  = "sign_out"         // and left
	ActRefused  = "sign_in_refused"  // a password was wrong, or nobody has the number
	ActLockOut  = "lock_out"         // too many were: the operator waits
	ActUnmasked = "unmasked"         // a patient was shown not masked
	ActExported = "exported"         // a table with patients who are not masked was taken along
	ActAttended = "attended"         // the staff let go of what a self-service terminal was left with
	ActAdded    = "operator_added"   // somebody may sign in
	ActChanged  = "operator_changed" // another role, password or name
	ActRemoved  = "operator_removed" // may sign in no more
)

// Act is something beside money that somebody did.
type Act struct {
	About   string // one of the constants above
	Of      string // operator whom it is about, where he did not do it himself
	Role    string // of the operator
	Person  string // keyed hash of the patient whom it is about
	Refused int    // tries that were refused before it
	What    string // what was taken along or let go of, or which fields changed; in clear
	Text    string // more of it; sealed, cut at 4096 bytes
	By      By     // without an operator: the daemon saw it
}

// acted is what a note has of an act in clear.
type acted struct {
	Of      string `json:"of,omitempty"`
	Role    string `json:"role,omitempty"`
	Person  string `json:"person,omitempty"`
	Refused int    `json:"refused,omitempty"`
	What    string `json:"what,omitempty"`
	// Keyed hashes of an operator's name and of his password's digest: they tell whether
	// another entry has the same.
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
}

func (a *acted) check() error {
	if max(len(a.Of), len(a.Role), len(a.Person), len(a.What), len(a.Name), len(a.Password)) > 128 || a.Refused < 0 {
		return errors.New("a field of a note is longer than 128 bytes, or a count negative")
	}
	return nil
}

// noted is the note of an act.
func (a *Act) noted() noted {
	return noted{About: a.About, acted: acted{Of: a.Of, Role: a.Role, Person: a.Person, Refused: a.Refused, What: cutTo(a.What, 128)}}
}

// cutTo cuts a text at a number of bytes, not within a character.
func cutTo(text string, most int) string {
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// Act keeps that somebody did something beside money.
func (q *Queue) Act(ctx context.Context, a Act) error {
	ev := a.noted()
	if err := ev.check(); err != nil {
		return malformed("note", "%v", err)
	}
	sealed, err := q.sealedText(a.Text)
	if err != nil {
		return err
	}
	return q.do(ctx, func(t *turn) error { return t.add(kindNote, ev, nil, sealed, a.By) })
}

// sealedText seals the text of a note; nil for none.
func (q *Queue) sealedText(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return q.vault.sealJSON(kindNote, reason{Why: cutText(text)})
}

// Operator is somebody who may sign in.
type Operator struct {
	ID, Name, Role string
	Password       string // its digest; only whether it is another is kept
}

// operatorRow is an operator as the journal knows him.
type operatorRow struct {
	Role     string `json:"role"`
	Name     string `json:"name"`     // keyed hash
	Password string `json:"password"` // likewise
}

func (o operatorRow) check() error {
	if o.Role == "" {
		return errors.New("operator without a role")
	}
	return errors.Join(checkHash(o.Name), checkHash(o.Password))
}

// differs names what is another.
func (o operatorRow) differs(from operatorRow) string {
	var list []string
	for _, f := range []struct{ name, now, was string }{{"role", o.Role, from.Role}, {"password", o.Password, from.Password}, {"name", o.Name, from.Name}} {
		if f.now != f.was {
			list = append(list, f.name)
		}
	}
	return strings.Join(list, ",")
}

// reduceOperator keeps who may sign in, whoever was there before: an older program, which
// knows nothing of these notes, may have written between.
func (n *noted) reduceOperator(v *view) error {
	if n.About == ActRemoved {
		drop(v, operators, n.Of)
		return nil
	}
	return put(v, operators, n.Of, operatorRow{Role: n.Role, Name: n.Name, Password: n.Password})
}

// Operators keeps who may sign in from now on: an entry for each who is new, changed or
// gone since it was called last. Who did that the journal can't know: by has no operator.
func (q *Queue) Operators(ctx context.Context, list []Operator, by By) error {
	seals := map[string][]byte{}
	rows := map[string]operatorRow{}
	for _, o := range list {
		var err error
		if seals[o.ID], err = q.sealedText(o.Name); err != nil {
			return err
		}
		rows[o.ID] = operatorRow{Role: o.Role, Name: q.vault.keyed("operator name", o.Name), Password: q.vault.keyed("operator password", o.Password)}
	}
	return q.do(ctx, func(t *turn) error {
		was := map[string]operatorRow{}
		err := scan(t.view, operators, "", func(id string, o operatorRow) (bool, error) {
			was[id] = o
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, id := range everyone(rows, was) {
			ev, changed := changeOf(id, rows, was)
			if !changed {
				continue
			}
			if err := t.add(kindNote, ev, nil, seals[id], by); err != nil {
				return err
			}
		}
		return nil
	})
}

// everyone is who is in one of the lists, in order.
func everyone(a, b map[string]operatorRow) []string {
	var ids []string
	for _, m := range []map[string]operatorRow{a, b} {
		for id := range m {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// changeOf is the note of what became of an operator; changed is false for nothing.
func changeOf(id string, now, was map[string]operatorRow) (n noted, changed bool) {
	after, there := now[id]
	before, known := was[id]
	a := acted{Of: id, Role: after.Role, Name: after.Name, Password: after.Password}
	switch {
	case !there:
		return noted{About: ActRemoved, acted: acted{Of: id, Role: before.Role}}, true
	case !known:
		return noted{About: ActAdded, acted: a}, true
	case after != before:
		a.What = after.differs(before)
		return noted{About: ActChanged, acted: a}, true
	}
	return noted{}, false
}
