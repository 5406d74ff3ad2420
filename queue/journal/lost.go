package journal

import "fmt"

// Lost says that the entry the caller knows ([Options].From), which was durable once,
// is not in this journal: the journal is not the one that was written, or not all of
// it. It is an [ErrPosition].
type Lost struct {
	Known Pos
	Last  Pos    // the journal's last whole entry; N 0: it has none
	Other string // hash of the entry that has Known's number; "": none has
}

// Error names both entries.
func (l *Lost) Error() string {
	is := fmt.Sprintf("it ends with entry %d", l.Last.N)
	if l.Other != "" {
		is = fmt.Sprintf("its entry %d has hash %s", l.Known.N, l.Other)
	}
	return fmt.Sprintf("%v: entry %d with hash %s is known, %s", ErrPosition, l.Known.N, l.Known.Hash, is)
}

// Unwrap gives [ErrPosition].
func (l *Lost) Unwrap() error { return ErrPosition }

// lost looks up what the journal has instead of from. It only reads.
func lost(dir string, list []uint64, from Pos) error {
	l := &Lost{Known: from}
	w := walker{dir: dir}
	if err := w.before(list, list[0]); err != nil {
		return err
	}
	_, err := w.run(list, func(e Entry) error {
		if e.N == from.N {
			l.Other = e.Hash
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.Last = w.head
	return l
}
