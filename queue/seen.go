package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"settled/queue/journal"
)

// seenName is the file that says how the queue was left. It is never needed: without
// it, or if it is not whole, Open looks at more.
const seenName = "queue.seen"

// trust is how much of what the last run wrote needs no look, because nothing but a
// failing disk can have changed it. What is read later is checked then.
type trust int

const (
	doubtful trust = iota // the machine was started since, perhaps after a power cut
	running               // the kernel that took the writes still runs: none is lost
	clean                 // closed, and the files are those that were closed
)

// rows is the size of a bbolt file up to which Open reads every row.
func (t trust) rows() int64 {
	switch t {
	case clean:
		return -1
	case running:
		return 4 << 20
	default:
		return 64 << 20
	}
}

// lines is how many bytes of the journal before bbolt's position Open checks.
func (t trust) lines() int64 {
	if t == doubtful {
		return 64 << 20
	}
	return 1 << 20
}

// seen is the content of the file.
type seen struct {
	Boot string      `json:"boot"`          // of the machine
	Head journal.Pos `json:"head,omitzero"` // after an orderly end: last entry, in the journal and in bbolt
	traces
}

// traces are how an orderly end left what the next start does not look at.
type traces struct {
	Store footprint `json:"store,omitzero"` // bbolt's file
	Lines footprint `json:"lines,omitzero"` // the journal's last one
	Names footprint `json:"names,omitzero"` // the journal's directory: a name that came or went is seen, and none need be read
}

// footprint tells a file from one that was changed, replaced or restored.
type footprint struct {
	Inode    uint64 `json:"inode"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // ns
	Changed  int64  `json:"changed"`  // ns; no program can set it back
}

func footprintOf(path string) (footprint, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return footprint{}, err
	}
	s, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return footprint{}, fmt.Errorf("%s has no inode", path)
	}
	return footprint{Inode: s.Ino, Size: s.Size, Modified: s.Mtim.Nano(), Changed: s.Ctim.Nano()}, nil
}

// traces gives how the files stand on disk, of a journal whose last entry is head.
func (q *Queue) traces(head journal.Pos) (t traces, err error) {
	dir := q.file(journalDir)
	for path, to := range map[string]*footprint{
		q.file(storeName): &t.Store, filepath.Join(dir, journal.FileName(head.Segment)): &t.Lines, dir: &t.Names,
	} {
		if *to, err = footprintOf(path); err != nil {
			return traces{}, err
		}
	}
	return t, nil
}

// arrive tells how much of the files needs no look, and with it the last entry of both
// if they were closed in order.
func (q *Queue) arrive() (trust, journal.Pos) {
	var was seen
	text, err := os.ReadFile(q.file(seenName))
	if err != nil || json.Unmarshal(text, &was) != nil {
		was = seen{}
	}
	if is, err := q.traces(was.Head); err == nil && was.Head.N > 0 && was.traces == is {
		return clean, was.Head
	}
	if was.Boot != "" && was.Boot == boot() {
		return running, journal.Pos{}
	}
	return doubtful, journal.Pos{}
}

// leave notes that the files are open, or, with their last entry, how they were closed,
// for [Queue.arrive]. A note that was not written, or is lost, is of other files.
func (q *Queue) leave(head journal.Pos) {
	s := seen{Boot: boot(), Head: head}
	var err error
	if head.N > 0 {
		s.traces, err = q.traces(head)
	}
	text, err2 := json.Marshal(s)
	if err = errors.Join(err, err2); err == nil {
		err = os.WriteFile(q.file(seenName), text, 0o600)
	}
	if err != nil {
		q.opt.Log.Warn("the next start takes longer", "why", err)
	}
}

// boot names the time since the machine was started; "": not known.
func boot() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
