package queue

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/queue/journal"
	"settled/settle"
)

// ringOf makes a key ring of n keys.
func ringOf(n int) []byte {
	ring := []byte("0123456789abcdef0123456789abcdef")
	for i := 1; i < n; i++ {
		ring = append(ring, bytes.Repeat([]byte{byte(i)}, KeySize)...)
	}
	return ring
}

func withRing(h *hand, n int) Options {
	o := options(h)
	o.Key = ringOf(n)
	return o
}

// TestRotation: after a new key was added, what was sealed before can be read, people
// are found by card and number as before, and what is sealed now can't be opened with
// the old keys. The entry is written once.
func TestRotation(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	e := entitled(q, childID, childName, 700, 0, h.ago(0))
	e.Who.CardNumber, e.Who.CardCode = childCard, childCode
	must(t, q.Learn(t.Context(), e, clerk))
	first := settle1(t, q, "a", 1, 0, 0, 1)
	mustClose(t, q)
	for n := 2; n <= 4; n += 2 { // by one, and by two at once
		q = mustOpen(t, dir, withRing(h, n))
		if r, err := q.Get(first.Number); err != nil || r.Settlement.Who.Name != childName {
			t.Errorf("%d keys: %+v, %v", n, r.Settlement.Who, err)
		}
		for name, find := range map[string]func() (settle.Entitlement, bool, error){
			"code":   func() (settle.Entitlement, bool, error) { return q.KnownByCard(childCode, "") },
			"number": func() (settle.Entitlement, bool, error) { return q.KnownByCard("", childCard) },
			"id":     func() (settle.Entitlement, bool, error) { return q.Known(q.Person(childID)) },
		} {
			if got, ok, err := find(); !ok || err != nil || got.Who.IDNumber != childID {
				t.Errorf("%d keys, by %s: %v %v", n, name, ok, err)
			}
		}
		s := settle1(t, q, fmt.Sprint("k", n), 1, 0, 0, 1)
		p := verified(t, q)
		if p.Sealed == 0 {
			t.Error("nothing was opened")
		}
		loc, err := q.row(s.Number)
		must(t, err)
		entry, err := q.journal.Read(loc.Loc)
		must(t, err)
		old, err := newVault(ringOf(n - 1))
		must(t, err)
		if _, err := old.open(entry.Kind, entry.Seal); err == nil {
			t.Errorf("%d keys: an older key opens what is sealed now", n)
		}
		mustClose(t, q)
		before, err := VerifyDir(t.Context(), dir, VerifyOptions{Key: ringOf(n)})
		must(t, err)
		q = mustOpen(t, dir, withRing(h, n))
		mustClose(t, q)
		after, err := VerifyDir(t.Context(), dir, VerifyOptions{Key: ringOf(n)})
		must(t, err)
		if before.Entries != after.Entries {
			t.Errorf("%d keys: opening again wrote %d entries", n, after.Entries-before.Entries)
		}
		_, err = VerifyDir(t.Context(), dir, VerifyOptions{Key: ringOf(n - 1)})
		if damage, ok := errors.AsType[*journal.Damage](err); !ok || damage.Entry != entry.N {
			t.Errorf("verified with %d of %d keys: %v", n-1, n, err)
		}
	}
	otherOrder := slices.Concat(ringOf(1), ringOf(4)[2*KeySize:3*KeySize], ringOf(4)[KeySize:2*KeySize], ringOf(4)[3*KeySize:])
	for name, ring := range map[string][]byte{
		"an old ring": ringOf(3), "the first key": ringOf(1), "another order": otherOrder, "not a whole key": ringOf(4)[1:],
		"a key twice": slices.Concat(ringOf(4), ringOf(1)), "none": nil, "without the first": ringOf(4)[KeySize:],
	} {
		o := options(h)
		o.Key = ring
		if q, err := Open(dir, o); err == nil {
			_ = q.Close()
			t.Errorf("%s opens it", name)
		}
	}
}

// TestRotationBrokenOff: if the entry of a new key is lost with a failed write, nothing was
// sealed with it, and the next start writes it.
func TestRotationBrokenOff(t *testing.T) {
	for _, fail := range []string{"write lost", "write kept", "sync lost", "sync kept"} {
		dir, h := t.TempDir(), newHand()
		q := mustOpen(t, dir, options(h))
		settle1(t, q, "a", 0, 0, 0, 1)
		mustClose(t, q)
		d := &faulty{}
		o := d.options(h, dir)
		o.Key = ringOf(2)
		d.set(fail)
		if q, err := Open(dir, o); err == nil {
			_ = q.Close()
			t.Fatalf("%s: opened", fail)
		}
		q = mustOpen(t, dir, withRing(h, 2))
		settle1(t, q, "b", 0, 0, 0, 1)
		verified(t, q)
		marks := 0
		must(t, q.journal.Walk(journal.Pos{}, func(e journal.Entry) error {
			if e.Kind == kindKey {
				marks++
			}
			return nil
		}))
		if marks != 1 {
			t.Errorf("%s: %d entries of keys", fail, marks)
		}
		mustClose(t, q)
	}
}

// faces are the forms in which a text may stand in a file.
func faces(t *testing.T, text string) map[string][]byte {
	t.Helper()
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	must(t, err)
	list := map[string][]byte{"UTF-8": []byte(text), "GB18030": []byte(gb)}
	for name, b := range map[string][]byte{"UTF-8": []byte(text), "GB18030": []byte(gb)} {
		list["hex of "+name] = []byte(hex.EncodeToString(b))
		list["HEX of "+name] = bytes.ToUpper(list["hex of "+name])
		for shift := range 3 { // what stands before it moves base64
			enc := base64.StdEncoding.EncodeToString(append(make([]byte, shift), b...))
			from, to := (8*shift+5)/6, (8*(shift+len(b)))/6
			if to-from >= 8 { // shorter ones are found by chance
				list[fmt.Sprint("base64 of ", name, " shifted ", shift)] = []byte(enc[from:to])
			}
		}
	}
	return list
}

// searched gives the bytes of every file under dir, those in parcels as well.
func searched(t *testing.T, dir string, fn func(name string, data []byte)) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		must(t, err)
		fn(path, data)
		if !strings.HasSuffix(path, ".tar.gz") {
			return nil
		}
		zip, err := gzip.NewReader(bytes.NewReader(data))
		must(t, err)
		r := tar.NewReader(zip)
		for {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			must(t, err)
			inside, err := io.ReadAll(r)
			must(t, err)
			fn(path+" "+h.Name, inside)
		}
	}))
}

// TestNoPersonInAnyFile searches journal, bbolt, backup and archive for who was treated,
// in every encoding that one might think of, and finds the same where it is in clear.
func TestNoPersonInAnyFile(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, filepath.Join(dir, "state"), options(h))
	const holder = "王*明" // the masked name of an account's holder
	e := entitled(q, childID, childName, 700, 0, h.ago(0))
	e.Who.CardNumber, e.Who.CardCode = childCard, childCode
	must(t, q.Learn(t.Context(), e, clerk))
	family(t, q, h)
	c := bill(q, "k", version(t, q), 100, 0, 10, 0)
	c.Settlement.Insured.Family = []settle.FamilyAccount{{ID: donor1(q), Holder: holder}}
	c.Settlement.Split.Steps = []settle.Step{{What: settle.StepDraw, Account: donor1(q), Holder: holder}}
	s, _, err := q.Settle(t.Context(), c)
	must(t, err)
	if r, err := q.Get(s.Number); err != nil || r.Settlement.Insured.Family[0].Holder != holder || r.Settlement.Split.Steps[0].Holder != holder {
		t.Errorf("the holder does not come back: %+v, %v", r.Settlement, err)
	}
	if c.Settlement.Insured.Family[0].Holder != holder {
		t.Error("Settle changed the caller's settlement")
	}
	mustClose(t, q)
	_, _, err = BackupDir(t.Context(), filepath.Join(dir, "state"), filepath.Join(dir, "b.tar.gz"), h.read())
	must(t, err)
	secrets := []string{childID, childName, childCard, childCode, donorID, donorName, holder}
	files := 0
	searched(t, dir, func(name string, data []byte) {
		files++
		for _, secret := range secrets {
			for face, bytesOf := range faces(t, secret) {
				if bytes.Contains(data, bytesOf) {
					t.Errorf("%s holds %q as %s", name, secret, face)
				}
			}
		}
	})
	if files < 6 {
		t.Errorf("searched %d files", files)
	}
	for face, bytesOf := range faces(t, childName+childID) { // the search itself finds what is there
		hay := []byte("x" + childName + childID + "y")
		gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(hay)
		must(t, err)
		found := false
		for _, plain := range [][]byte{hay, gb} {
			for shift := range 3 {
				text := append(make([]byte, shift), plain...)
				for _, form := range []string{string(text), hex.EncodeToString(text), strings.ToUpper(hex.EncodeToString(text)), base64.StdEncoding.EncodeToString(text)} {
					found = found || strings.Contains(form, string(bytesOf))
				}
			}
		}
		if !found {
			t.Errorf("the search would not find %s", face)
		}
	}
}
