package queue

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/settle"
)

// TestBooked: what the platform said is found by the day on which it said so, whenever it
// was settled; what it never had is not.
func TestBooked(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	var made []settle.Settlement
	var numbers []string
	for i := range 4 {
		made = append(made, settle1(t, q, fmt.Sprint("a", i), 100, 0, 10, 5))
		numbers = append(numbers, made[i].Number)
	}
	first := dateOf(h.read())
	acknowledge(t, q, made[0])
	h.move(48 * time.Hour)
	later := dateOf(h.read())
	ack := ackOf(made[1])
	ack.Fund, ack.Cash = ack.Fund-1, ack.Cash+1
	_, err := q.Acknowledge(t.Context(), ack)
	must(t, err)
	acknowledge(t, q, made[2])
	void := reverse(t, q, voidOf(made[2].Number, "r")).Number
	for since, want := range map[settle.Date][]string{first: numbers[:3], later: numbers[1:3], later + 1: nil} {
		acked, withdrawn := bookedSince(t, q, since)
		if !slices.Equal(acked, want) || withdrawn != nil {
			t.Errorf("since %s: %v %v, want %v", since, acked, withdrawn, want)
		}
	}
	must(t, q.Undo(t.Context(), Undone{Number: void, Withdrawn: true}))
	ask(t, q, numbers[3], "2207", "") // the platform never had it: nothing was withdrawn
	never := reverse(t, q, voidOf(numbers[3], "r3")).Number
	ask(t, q, never, "2601", ClassOK)
	must(t, q.Undo(t.Context(), Undone{Number: never}))
	if _, withdrawn := bookedSince(t, q, later); !slices.Equal(withdrawn, []string{void}) {
		t.Errorf("withdrawn: %v, want %s", withdrawn, void)
	}
	if list, err := q.Differing(); err != nil || !slices.Equal(list, numbers[1:2]) {
		t.Errorf("differing: %v %v, want %v", list, err, numbers[1:2])
	}
}

// bookedSince lists what the platform said since a day, and what was made on no day.
func bookedSince(t *testing.T, q *Queue, since settle.Date) (acknowledged, withdrawn []string) {
	t.Helper()
	list, err := q.Concerned(since.Next(), since)
	must(t, err)
	for _, c := range list {
		if c.Void {
			withdrawn = append(withdrawn, c.Number)
		} else {
			acknowledged = append(acknowledged, c.Number)
		}
	}
	return acknowledged, withdrawn
}

// TestConcerned: a day concerns what was made on it too, and a mark is another after each
// change.
func TestConcerned(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s := settle1(t, q, "a", 100, 0, 10, 5)
	today := dateOf(h.read())
	var marks []Mark
	mark := func(what string, voids int) {
		t.Helper()
		list, err := q.Concerned(today, today)
		must(t, err)
		if len(list) != 1+voids || list[0].Number != s.Number || list[0].Void || voids > 0 && !list[1].Void {
			t.Fatalf("%s: %+v", what, list)
		}
		if slices.Contains(marks, list[0].Mark) {
			t.Errorf("%s: the mark was there before", what)
		}
		marks = append(marks, list[0].Mark)
	}
	mark("settled", 0)
	ask(t, q, s.Number, "2206", "")
	mark("asked", 0)
	ask(t, q, s.Number, "2207", ClassOK)
	mark("answered", 0)
	a := ackOf(s)
	a.Fund, a.Cash = a.Fund-1, a.Cash+1
	_, err := q.Acknowledge(t.Context(), a)
	must(t, err)
	mark("acknowledged", 0)
	reverse(t, q, voidOf(s.Number, "r"))
	mark("reversed", 1)
	if list, err := q.Concerned(today.Next().Next(), today.Next().Next()); err != nil || len(list) > 0 {
		t.Errorf("two days later: %+v, %v", list, err)
	}
}

// TestBookedDays: a day is due until it was reconciled evenly, and again when more is
// booked; it is the platform's, however that writes it.
func TestBookedDays(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	book := func(key, at string) settle.Settlement {
		s := settle1(t, q, key, 100, 0, 10, 5)
		a := ackOf(s)
		a.SettledAt = at
		_, err := q.Acknowledge(t.Context(), a)
		must(t, err)
		return s
	}
	days := func(name, want string) {
		t.Helper()
		list, err := q.BookedDays(20261101, 20261130)
		must(t, err)
		got := ""
		for _, d := range list {
			got += fmt.Sprintln(d.Day, d.Settled, d.Withdrawn, d.State, d.Report, d.Due, !d.At.IsZero())
		}
		if got != want {
			t.Errorf("%s:\n%swant\n%s", name, got, want)
		}
	}
	says := func(day settle.Date, state string, even bool) {
		t.Helper()
		must(t, q.Reconcile(t.Context(), Reconciled{Day: day, State: state, Even: even, Report: "r1", Text: "王小明", By: clerk}))
	}
	days("nothing", "")
	first := book("a", "2026-11-21 23:59:59")
	book("b", "20261122000001")
	book("c", "20261121")
	book("d", "")
	book("e", "2026-10-31 10:00:00")
	days("booked", "2026-11-21 2 0   true false\n2026-11-22 1 0   true false\n")
	says(20261121, "unequal", false)
	says(20261122, "equal", true)
	says(20261123, "equal", true)
	days("reconciled", "2026-11-21 2 0 unequal r1 true true\n2026-11-22 1 0 equal r1 false true\n2026-11-23 0 0 equal r1 false true\n")
	says(20261121, "accounted", true)
	void := reverse(t, q, voidOf(first.Number, "v")).Number
	must(t, q.Undo(t.Context(), Undone{Number: void, Withdrawn: true, At: "2026-11-22 08:00:00"}))
	want := "2026-11-21 2 0 accounted r1 false true\n2026-11-22 1 1 equal r1 true true\n2026-11-23 0 0 equal r1 false true\n"
	days("withdrawn since", want)
	wantRefusal(t, q.Reconcile(t.Context(), Reconciled{State: "equal", Report: "r"}), CodeMalformed)
	verified(t, q)
	mustClose(t, q)
	outmoded(t, dir)
	q = mustOpen(t, dir, options(h))
	days("built again from the journal", want)
	verified(t, q)
	status, err := q.Status()
	must(t, err)
	if len(status.Notices) == 0 {
		t.Error("an older file was taken without a word")
	}
	mustClose(t, q)
	data, err := os.ReadFile(filepath.Join(dir, journalDir, "journal-000000000001.jsonl"))
	must(t, err)
	if bytes.Contains(data, []byte("王小明")) {
		t.Error("what was found is not sealed")
	}
}

// outmoded makes the bbolt file in dir one of an older version: without the table of days.
func outmoded(t *testing.T, dir string) {
	t.Helper()
	db, at, err := openStore(filepath.Join(dir, storeName), doubtful.rows())
	must(t, err)
	must(t, db.Update(func(tx *bolt.Tx) error {
		delete(at.Tables, days.name)
		at.Layout = 0
		value, err := pack(cell{appliedTable, one}, at)
		return errors.Join(err, tx.DeleteBucket([]byte(days.name)), tx.Bucket([]byte(appliedTable)).Put([]byte(one), value))
	}))
	must(t, db.Close())
}
