package queue

import (
	"errors"
	"fmt"

	"settled/queue/journal"
)

// Lost says that the bbolt file reflects an entry that the journal has not. bbolt is
// written only after the journal is durable, so the journal was lost, cut short or
// exchanged: to go on would give numbers again that stand on receipts. Open has written
// nothing.
type Lost struct {
	Dir       string // of the queue
	Entry     uint64 // the last that bbolt knows
	Hash      string // its hash
	Last      uint64 // the journal's last entry; 0: it has none
	LastHash  string
	OtherHash string // of the journal's entry of the number Entry; "": it has none
}

// Error says what is known and what to do.
func (l *Lost) Error() string {
	is := "the journal has no entry"
	switch {
	case l.OtherHash != "":
		is = fmt.Sprintf("the journal's entry %d has hash %s, its last entry is %d (hash %s)", l.Entry, l.OtherHash, l.Last, l.LastHash)
	case l.Last > 0:
		is = fmt.Sprintf("the journal ends with entry %d (hash %s)", l.Last, l.LastHash)
	}
	return fmt.Sprintf("journal is lost or not whole: %[1]s knows entry %[2]d (hash %[3]s), but %[4]s. Nothing was written. "+
		"Restore %[5]s/%[6]s from the backup and start again. Only if it is really gone: move %[5]s/%[1]s away by hand; "+
		"what the journal has not is then lost, and numbers of settlements and messages may repeat",
		storeName, l.Entry, l.Hash, is, l.Dir, journalDir)
}

// lost says the journal's error of a place that it has not in the queue's words.
func (q *Queue) lost(err error) error {
	l, ok := errors.AsType[*journal.Lost](err)
	if !ok {
		return err
	}
	return &Lost{Dir: q.dir, Entry: l.Known.N, Hash: l.Known.Hash, Last: l.Last.N, LastHash: l.Last.Hash, OtherHash: l.Other}
}
