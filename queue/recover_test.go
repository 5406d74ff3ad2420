package queue

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"settled/queue/journal"
)

// lagging are options under which bbolt gets nothing until Close or Flush.
func lagging(h *hand) Options {
	o := options(h)
	o.applyAfter, o.applyMany = time.Hour, 1<<30
	return o
}

// crash ends a queue as kill -9 would: nothing more reaches a file.
func crash(t tb, q *Queue) {
	t.Helper()
	_ = q.stop(errors.New("crash")) // the applier writes nothing at the end
	q.mu.Lock()
	q.head = q.applied
	q.mu.Unlock()
	mustClose(t, q)
}

// some settles, acknowledges, holds and differs n times.
func some(t testing.TB, q *Queue, h *hand, name string, n int) {
	t.Helper()
	if version(t, q) == 0 {
		family(t, q, h)
	}
	for i := range n {
		s := settle1(t, q, fmt.Sprintf("%s%d", name, i), 100, 0, 10, 5)
		switch a := ackOf(s); i % 4 {
		case 1:
			_, err := q.Acknowledge(t.Context(), a)
			must(t, err)
		case 2:
			must(t, q.Hold(t.Context(), Held{Number: s.Number, Code: "X", By: clerk}))
		case 3:
			a.Fund, a.Cash = 90, 15
			_, err := q.Acknowledge(t.Context(), a)
			must(t, err)
		}
		h.move(time.Second)
	}
}

// picture is all that can be asked of a queue.
func picture(t testing.TB, q *Queue) []any {
	t.Helper()
	status, err := q.Status()
	must(t, err)
	status.Applied, status.Notices, status.Stopped = 0, nil, nil
	pos, err := q.Position(child1(q), period)
	must(t, err)
	pending, err := q.Pending(1000, 0)
	must(t, err)
	held, err := q.Holds(1000, 0)
	must(t, err)
	list, err := q.List(Filter{Limit: 1000})
	must(t, err)
	return []any{status, pos, pending, held, list}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n%+v\nwant\n%+v", what, got, want)
	}
}

// TestReadsWhatIsCommitted: bbolt has nothing yet, and all reads see everything; the
// same from bbolt, after a crash, and from bbolt built again.
func TestReadsWhatIsCommitted(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, lagging(h))
	some(t, q, h, "a", 12)
	if s, err := q.Status(); err != nil || s.Applied >= s.Entry {
		t.Fatalf("bbolt does not lag: %+v, %v", s, err)
	}
	want := picture(t, q)
	must(t, q.Flush(t.Context()))
	same(t, "from bbolt", picture(t, q), want)
	some(t, q, h, "b", 8) // half in bbolt, half above it
	want = picture(t, q)
	crash(t, q)

	q = mustOpen(t, dir, lagging(h))
	same(t, "after a crash", picture(t, q), want)
	verified(t, q)
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	q = mustOpen(t, dir, lagging(h))
	same(t, "from the journal alone", picture(t, q), want)
	verified(t, q)
	some(t, q, h, "c", 4)
	mustClose(t, q)
	if f, err := filepath.Glob(filepath.Join(dir, "*aside*")); err != nil || len(f) > 0 {
		t.Errorf("set aside: %v %v", f, err)
	}
}

// TestHurry: the applier finds that there is work and that there is a hurry. It does
// not wait as long as bbolt may lag, whichever it sees first.
func TestHurry(t *testing.T) {
	h := newHand()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 20 { // which it sees first is chance
		q, err := prepare(t.TempDir(), lagging(h))
		must(t, err)
		go q.writeLoop()
		_, err = q.MsgID(ctx)
		must(t, err)
		caught := q.caught
		q.kick(q.hurry)
		go q.applyLoop()
		select {
		case <-caught:
		case <-ctx.Done():
			t.Error("bbolt got nothing")
		}
		mustClose(t, q)
	}
}

// TestScanAcrossLayers: rows of the outbox stand in bbolt, above it, and deleted.
func TestScanAcrossLayers(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), lagging(h))
	some(t, q, h, "a", 8)
	must(t, q.Flush(t.Context()))
	waits, err := q.Pending(1000, 0)
	must(t, err)
	s, err := q.Get(waits[0].Number)
	must(t, err)
	_, err = q.Acknowledge(t.Context(), ackOf(s.Settlement))
	must(t, err)
	fresh := settle1(t, q, "fresh", 1, 0, 0, 0)
	got, err := q.Pending(1000, 0)
	must(t, err)
	if len(got) != len(waits) || got[0] != waits[1] || got[len(got)-1].Number != fresh.Number {
		t.Errorf("pending %+v, before %+v", got, waits)
	}
	if page, err := q.Pending(1, got[0].Seq); err != nil || len(page) != 1 || page[0] != got[1] {
		t.Errorf("second page %+v, %v", page, err)
	}
}

// TestDamagedStore writes garbage over each page of the bbolt file in turn, and cuts
// it: Open builds it again or was not touched by it; what is read is always right.
func TestDamagedStore(t *testing.T) {
	if thin > 1 {
		t.Skip("with -race, checkptr ends the process where bbolt reads a bad page; make test runs it without")
	}
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 60)
	want := picture(t, q)
	must(t, q.Flush(t.Context()))
	var used int64
	must(t, q.db.View(func(tx *bolt.Tx) error { used = tx.Size(); return nil }))
	mustClose(t, q)
	store := filepath.Join(dir, storeName)
	good, err := os.ReadFile(store)
	must(t, err)
	good = good[:used] // bbolt makes the file longer than it is
	const page = 4096
	random := rand.New(rand.NewPCG(1, 2))
	rebuilt := 0
	try := func(what string, data []byte) {
		t.Helper()
		must(t, os.WriteFile(store, data, 0o600))
		q, err := Open(dir, options(h))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		defer mustClose(t, q)
		same(t, what, picture(t, q), want)
		verified(t, q)
		s, err := q.Status()
		must(t, err)
		rebuilt += len(s.Notices)
	}
	for at := 0; at < len(good); at += page {
		bad := bytes.Clone(good)
		for i := range bad[at:min(at+page, len(bad))] {
			bad[at+i] = byte(random.Uint32())
		}
		try(fmt.Sprintf("garbage in page %d", at/page), bad)
		try(fmt.Sprintf("zeros in page %d", at/page), append(append(bytes.Clone(good[:at]), make([]byte, page)...), good[min(at+page, len(good)):]...))
	}
	for _, size := range []int{1, 100, page, 2 * page, 3 * page, len(good) / 2} {
		try(fmt.Sprintf("cut to %d bytes", size), good[:size])
	}
	for range 100 { // single bytes, anywhere
		bad := bytes.Clone(good)
		i := random.IntN(len(bad))
		bad[i] ^= byte(1 + random.IntN(255))
		try(fmt.Sprintf("byte %d", i), bad)
	}
	if rebuilt == 0 {
		t.Error("no damage was ever noticed")
	}
	t.Logf("%d pages, built again %d times", len(good)/page, rebuilt)
}

// TestStoreDamagedWhileOpen: a row goes bad under an open queue. It stops, says so,
// and the next Open builds the file again.
func TestStoreDamagedWhileOpen(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 20)
	want := picture(t, q)
	must(t, q.Flush(t.Context()))
	store := filepath.Join(dir, storeName)
	data, err := os.ReadFile(store)
	must(t, err)
	f, err := os.OpenFile(store, os.O_RDWR, 0)
	must(t, err)
	for i := 2 * 4096; i < len(data); i += 100 {
		data[i] ^= 0x55
	}
	_, err = f.WriteAt(data[2*4096:], 2*4096)
	must(t, errors.Join(err, f.Close()))
	if _, err := q.List(Filter{}); !isCorrupt(err) {
		t.Errorf("list: %v", err)
	}
	if _, err := q.MsgID(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("after that: %v", err)
	}
	if s, err := q.Status(); err != nil || !errors.Is(s.Stopped, ErrStopped) || s.Entry == 0 || s.At.IsZero() {
		t.Errorf("status %+v, %v", s, err)
	}
	mustClose(t, q)
	mark := filepath.Join(dir, suspectName)
	if _, err := os.Stat(mark); err != nil {
		t.Errorf("the file is not marked: %v", err)
	}
	q = mustOpen(t, dir, options(h))
	same(t, "built again", picture(t, q), want)
	verified(t, q)
	mustClose(t, q)

	// The mark alone is enough: not every row of a large file is read by Open.
	for gone, notices := range map[bool]int{false: 1, true: 0} {
		must(t, os.WriteFile(mark, []byte("why"), 0o600))
		if gone {
			must(t, os.Remove(store))
		}
		q = mustOpen(t, dir, options(h))
		same(t, "marked", picture(t, q), want)
		if s, err := q.Status(); err != nil || len(s.Notices) != notices {
			t.Errorf("gone %v: notices %v, %v", gone, s.Notices, err)
		}
		mustClose(t, q)
		if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("gone %v: the mark is still there: %v", gone, err)
		}
	}
}

// TestStoreInARing has each branch of bbolt's file lead back to itself, which bbolt would
// follow for ever: Open builds the file again, and a verification says that it is damaged.
func TestStoreInARing(t *testing.T) {
	if thin > 1 {
		t.Skip("-race takes more memory than the bound leaves")
	}
	var was syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_DATA, &was))
	must(t, syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: 4 << 30, Max: was.Max})) // rather than all that there is
	defer func() { must(t, syscall.Setrlimit(syscall.RLIMIT_DATA, &was)) }()
	h, dir := newHand(), t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 40)
	want := picture(t, q)
	mustClose(t, q)
	store := filepath.Join(dir, storeName)
	good, err := os.ReadFile(store)
	must(t, err)
	const page, flags, count, first, branch = 4096, 8, 10, 16 + 8, 1 // places in a page, and the flag of one
	rings := 0
	for at := 2 * page; at < len(good); at += page {
		id := binary.NativeEndian.Uint64(good[at:])
		if id != uint64(at/page) || binary.NativeEndian.Uint16(good[at+flags:]) != branch || binary.NativeEndian.Uint16(good[at+count:]) == 0 {
			continue
		}
		bad := bytes.Clone(good)
		binary.NativeEndian.PutUint64(bad[at+first:], id)
		must(t, os.WriteFile(store, bad, 0o600))
		_, verifyErr := VerifyDir(t.Context(), dir, VerifyOptions{})
		q, err := Open(dir, options(h))
		must(t, err)
		same(t, fmt.Sprintf("ring in page %d", id), picture(t, q), want)
		s, err := q.Status()
		must(t, err)
		if isCorrupt(verifyErr) != (len(s.Notices) == 1) { // a page that is free does no harm
			t.Errorf("ring in page %d: notices %v, verified: %v", id, s.Notices, verifyErr)
		}
		rings += len(s.Notices)
		mustClose(t, q)
	}
	if rings == 0 {
		t.Error("no ring was found")
	}
}

// TestTrustedOnce: a file that was closed in order is opened unseen once; if that start
// comes to nothing, the next one looks.
func TestTrustedOnce(t *testing.T) {
	h, dir := newHand(), t.TempDir()
	mustClose(t, mustOpen(t, dir, options(h)))
	other := options(h)
	other.Counter = "02"
	if _, err := Open(dir, other); !errors.Is(err, ErrForeign) {
		t.Fatal(err)
	}
	if q := mustOpen(t, dir, options(h)); q.trust != doubtful {
		t.Errorf("trust %d", q.trust)
	}
}

// TestDamagedJournal: a line in the middle is not what was written. Open says which
// and writes nothing, with bbolt and without it.
func TestDamagedJournal(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 4)
	mustClose(t, q)
	file := filepath.Join(dir, journalDir, journal.FileName(1))
	data, err := os.ReadFile(file)
	must(t, err)
	data[bytes.Index(data, []byte(`{"n":7,`))+40] ^= 1
	must(t, os.WriteFile(file, data, 0o600))
	for _, store := range []bool{true, false} {
		if !store {
			must(t, os.Remove(filepath.Join(dir, storeName)))
		}
		_, err := Open(dir, options(h))
		var damage *journal.Damage
		if !errors.As(err, &damage) || (!store && damage.Entry != 7) {
			t.Errorf("store %v: %v", store, err)
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, data) {
		t.Error("the journal was written to", err)
	}
}

// TestTornJournal cuts the last batch's line short: the settlement that was never
// acknowledged is gone, the rest is there, and it goes on.
func TestTornJournal(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, lagging(h))
	some(t, q, h, "a", 3)
	must(t, q.Flush(t.Context()))
	want := picture(t, q)
	settle1(t, q, "torn", 1, 0, 0, 0)
	crash(t, q)
	file := filepath.Join(dir, journalDir, journal.FileName(1))
	fi, err := os.Stat(file)
	must(t, err)
	must(t, os.Truncate(file, fi.Size()-5))
	q = mustOpen(t, dir, options(h))
	same(t, "after the cut", picture(t, q), want)
	if s, err := q.Status(); err != nil || len(s.Notices) != 1 || !strings.Contains(s.Notices[0], "torn") {
		t.Errorf("status %+v, %v", s, err)
	}
	settle1(t, q, "torn", 1, 0, 0, 0)
	verified(t, q)
}

// TestNothingInClear searches every file for the personal data that went in.
func TestNothingInClear(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	e := entitled(q, childID, childName, 700, 0, h.ago(0))
	e.Who.CardNumber, e.Who.CardCode, e.Who.PersonNo = childCard, childCode, "P440300998877"
	must(t, q.Learn(t.Context(), e, clerk))
	c := bill(q, "k", version(t, q), 100, 0, 0, 0)
	c.Settlement = treated(t, c.Settlement)
	s, _, err := q.Settle(t.Context(), c)
	must(t, err)
	secret := []string{childID, childName, childCard, childCode, donorID, donorName, "P440300998877"}
	secret = append(secret, treatedFor()...)
	msgid, _, err := q.Request(t.Context(), s.Number, "2207", func(string) ([]byte, error) { return []byte(strings.Join(secret, ",")), nil }, clerk)
	must(t, err)
	all := strings.Join(secret, " ")
	must(t, q.Answer(t.Context(), Answer{Number: s.Number, MsgID: msgid, Infno: "2207", Class: ClassBusiness, Code: "-1", Message: all, Body: []byte(all), Chain: []byte(fmt.Sprintf("%q", all)), By: clerk}))
	must(t, q.Hold(t.Context(), Held{Number: s.Number, Code: "X", Cashier: all, Technician: all, By: clerk}))
	must(t, q.Release(t.Context(), s.Number, all, clerk))
	mustClose(t, q)
	files := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		data = bytes.ToLower(data)
		for _, s := range secret {
			if bytes.Contains(data, []byte(strings.ToLower(s))) {
				t.Errorf("%s holds %q in clear", path, s)
			}
		}
		return err
	}))
	if files < 2 {
		t.Errorf("searched %d files", files)
	}
	q = mustOpen(t, dir, options(h)) // and it is all there
	if r, err := q.Get(s.Number); err != nil || r.Held.Cashier != all || r.Answer.Message != all || !reflect.DeepEqual(r.Settlement, s) {
		t.Errorf("record %+v, %v", r, err)
	}
}

// TestDays: each day has its file.
func TestDays(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 2)
	h.move(24 * time.Hour)
	if s := settle1(t, q, "next", 1, 0, 0, 0); s.Number != "012026112200001" {
		t.Errorf("number %s", s.Number)
	}
	h.move(-48 * time.Hour) // the journal's time does not go back
	if s := settle1(t, q, "back", 1, 0, 0, 0); s.Number != "012026112200002" {
		t.Errorf("number %s", s.Number)
	}
	want := picture(t, q)
	crash(t, q)
	q = mustOpen(t, dir, options(h))
	same(t, "after a crash", picture(t, q), want)
	verified(t, q)
	if f, err := filepath.Glob(filepath.Join(dir, journalDir, "*.jsonl")); err != nil || len(f) != 2 {
		t.Errorf("files %v %v", f, err)
	}
}

// TestRowsLostOrStale: whole rows of the bbolt file, each right in itself, are gone or
// of before, as after a write that the disk dropped. Open notices.
func TestRowsLostOrStale(t *testing.T) {
	h := newHand()
	dir := t.TempDir()
	q := mustOpen(t, dir, options(h))
	some(t, q, h, "a", 8)
	want := picture(t, q)
	stale, err := pack(cell{persons.name, child1(q)}, personRow{})
	must(t, err)
	mustClose(t, q)
	for name, change := range map[string]func(tx *bolt.Tx) error{
		"lost": func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(outbox.name))
			k, _ := b.Cursor().First()
			return b.Delete(k)
		},
		"stale": func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(persons.name)).Put([]byte(q.Person(childID)), stale)
		},
	} {
		db, err := bolt.Open(filepath.Join(dir, storeName), 0o600, nil)
		must(t, err)
		must(t, errors.Join(db.Update(change), db.Close()))
		q := mustOpen(t, dir, options(h))
		same(t, name, picture(t, q), want)
		if s, err := q.Status(); err != nil || len(s.Notices) != 1 {
			t.Errorf("%s: %+v, %v", name, s.Notices, err)
		}
		mustClose(t, q)
	}
}

// TestNewestLayerWins: a row stands in bbolt and in layers above it; a newer layer's
// word counts, also that it is gone.
func TestNewestLayerWins(t *testing.T) {
	n := func(serial int) waitRow { return waitRow{Number: fmt.Sprintf("0120261121%05d", serial)} }
	at := func(key uint64) cell { return cell{outbox.name, seqKey(key)} }
	v := &view{layers: []layer{
		{at(1): n(13), at(2): nil},
		{at(1): n(12), at(2): n(22), at(3): nil, at(4): n(42)},
		{at(1): n(11), at(2): n(21), at(3): n(31), at(5): n(51)},
	}}
	var got []string
	must(t, scan(v, outbox, "", func(_ string, w waitRow) (bool, error) {
		got = append(got, w.Number[13:])
		return true, nil
	}))
	if s := strings.Join(got, " "); s != "13 42 51" {
		t.Errorf("scanned %s", s)
	}
	for key, want := range map[uint64]bool{1: true, 2: false, 3: false, 4: true, 5: true, 6: false} {
		if _, ok, err := get(v, outbox, seqKey(key)); ok != want || err != nil {
			t.Errorf("row %d: %v %v", key, ok, err)
		}
	}
}

// TestNewJournalIsTold: a journal that begins is told in the log, since the directory may be
// that of a disk which is not mounted; one that goes on is not.
func TestNewJournalIsTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o, dir := options(newHand()), t.TempDir()
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	for _, begins := range []bool{true, false} {
		log.Reset()
		mustClose(t, mustOpen(t, dir, o))
		if strings.Contains(log.String(), "a new journal begins") != begins {
			t.Errorf("it begins: %v; the log: %s", begins, &log)
		}
	}
}
