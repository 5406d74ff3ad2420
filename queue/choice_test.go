package queue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"settled/settle"
)

// pick is a family's choice of a community health centre.
func pick(q *Queue, id string) Choice {
	return Choice{
		Person: q.Person(id), Who: settle.Identity{PersonNo: "44030000000001", IDNumber: settle.Private(id), Name: childName},
		Place: Place{ID: "H44030100009", Name: "南园社康"}, From: 20261201, Replaces: "H44030100001", By: clerk,
	}
}

// send keeps the request of a choice, and gives it.
func send(t *testing.T, q *Queue, entry uint64, infno string) string {
	t.Helper()
	body, err := q.ChoiceRequest(t.Context(), entry, infno, func(id string) ([]byte, error) { return []byte(id + " " + childName), nil }, clerk)
	must(t, err)
	return string(body)
}

// lastChoice is the child's.
func lastChoice(t *testing.T, q *Queue) Choice {
	t.Helper()
	c, ok, err := q.LastChoice(child1(q))
	must(t, err)
	if !ok {
		t.Fatal("nothing was chosen")
	}
	return c
}

// TestChoice goes from the choice to the platform and back, over a restart and a rebuild
// at each step, and leaves no name in the files.
func TestChoice(t *testing.T) {
	dir, h := t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	n, err := q.Choose(t.Context(), pick(q, childID))
	must(t, err)
	check := func(state ChoiceState, undo, asked bool, no, told string) {
		t.Helper()
		mustClose(t, q)
		must(t, os.Remove(filepath.Join(dir, storeName)))
		q = mustOpen(t, dir, options(h))
		c := lastChoice(t, q)
		if c.Entry != n || c.State != state || c.Undo != undo || c.Asked != asked || c.No != no || c.Told != told {
			t.Fatalf("%+v", c)
		}
		if c.Who.PersonNo != "44030000000001" || c.Place.Name != "南园社康" || c.From != 20261201 || c.Replaces != "H44030100001" || c.By != clerk {
			t.Fatalf("%+v", c)
		}
		waits, err := q.Choices(10)
		must(t, err)
		if (len(waits) == 1) != (state == ChoiceWaiting) {
			t.Fatalf("%d wait", len(waits))
		}
	}
	check(ChoiceWaiting, false, false, "", "")
	_, err = q.Choose(t.Context(), pick(q, childID))
	wantRefusal(t, err, settle.SelectionPending)
	first := send(t, q, n, "2505")
	check(ChoiceWaiting, false, true, "", "")
	if again := send(t, q, n, "2505"); again == first {
		t.Error("the same message id twice")
	}
	must(t, q.EndChoice(t.Context(), n, ChoiceFiled, "D123", "", clerk))
	check(ChoiceFiled, false, false, "D123", "")
	wantRefusal(t, q.EndChoice(t.Context(), n, ChoiceFiled, "D124", "", clerk), CodeNoChoice)
	must(t, q.TakeBack(t.Context(), n, clerk))
	check(ChoiceWaiting, true, false, "D123", "")
	wantRefusal(t, q.TakeBack(t.Context(), n, clerk), CodeNoChoice)
	send(t, q, n, "2506")
	must(t, q.EndChoice(t.Context(), n, ChoiceFiled, "", "已审核", clerk))
	check(ChoiceFiled, false, false, "D123", "已审核")
	must(t, q.TakeBack(t.Context(), n, clerk))
	must(t, q.EndChoice(t.Context(), n, ChoiceUndone, "", "", clerk))
	check(ChoiceUndone, true, false, "D123", "")
	verified(t, q)
	mustClose(t, q)
	if entry, said := pythonChecker(t, dir); entry != 0 {
		t.Errorf("the checker refuses entry %d: %s", entry, said)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	must(t, err)
	for _, f := range files {
		if text := fileText(t, f); strings.Contains(text, childName) || strings.Contains(text, "44030000000001") {
			t.Errorf("%s names somebody", f)
		}
	}
}

// TestChoiceTakenBackUnsent: what never left is undone at once, and another may follow; a
// choice that the platform gave no number for cannot be taken back here.
func TestChoiceTakenBackUnsent(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	n, err := q.Choose(t.Context(), pick(q, childID))
	must(t, err)
	must(t, q.TakeBack(t.Context(), n, clerk))
	if c := lastChoice(t, q); c.State != ChoiceUndone {
		t.Errorf("%+v", c)
	}
	_, err = q.ChoiceRequest(t.Context(), n, "2505", func(id string) ([]byte, error) { return []byte(id), nil }, clerk)
	wantRefusal(t, err, CodeNoChoice)
	n, err = q.Choose(t.Context(), pick(q, childID))
	must(t, err)
	must(t, q.EndChoice(t.Context(), n, ChoiceFiled, "", "", clerk))
	wantRefusal(t, q.TakeBack(t.Context(), n, clerk), CodeNoChoice)
	mustClose(t, q)
}

// TestOpenChoiceStays: the entry of a choice that waits is not archived.
func TestOpenChoiceStays(t *testing.T) {
	dir, to, h := t.TempDir(), t.TempDir(), newHand()
	q := mustOpen(t, dir, options(h))
	n, err := q.Choose(t.Context(), pick(q, childID))
	must(t, err)
	some(t, q, h, "a", 4)
	finish(t, q)
	h.move(60 * 24 * time.Hour)
	some(t, q, h, "c", 4)
	_, err = q.Archive(t.Context(), 20261122, to)
	wantRefusal(t, err, CodeYoung)
	must(t, q.EndChoice(t.Context(), n, ChoiceRefused, "", "不在参保地", clerk))
	_, err = q.Archive(t.Context(), 20261122, to)
	must(t, err)
	if _, ok, err := q.LastChoice(child1(q)); ok || err != nil {
		t.Errorf("what was archived is known: %v %v", ok, err)
	}
	mustClose(t, q)
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}
