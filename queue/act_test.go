package queue

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"settled/settle"
)

// didOn is what people did on the day of the tests, an act each.
func didOn(t *testing.T, q *Queue, day settle.Date) (list []Did) {
	t.Helper()
	must(t, q.Did(day, func(d Did) error { list = append(list, d); return nil }))
	return list
}

// kindsOf names what was done.
func kindsOf(list []Did) (kinds []string) {
	for _, d := range list {
		kinds = append(kinds, strings.TrimSpace(d.Kind+" "+d.By.Operator))
	}
	return kinds
}

// TestActs: what people did on a day is read back in order with who did it, money and
// notes alike; what the daemon does by itself is not among it. The text is sealed.
func TestActs(t *testing.T) {
	h, dir := newHand(), t.TempDir()
	q := mustOpen(t, dir, options(h))
	family(t, q, h)
	office := By{Operator: "0003", Device: "W01"}
	s := settle1(t, q, "k1", 3000, 0, 2000, 500)
	must(t, q.Act(t.Context(), Act{About: ActSignIn, Role: "insurance", Refused: 2, By: office}))
	must(t, q.Act(t.Context(), Act{About: ActUnmasked, Person: child1(q), By: office}))
	must(t, q.Act(t.Context(), Act{About: ActLockOut, Of: "0001", Refused: 5, By: By{Device: "W01"}}))
	must(t, q.Act(t.Context(), Act{About: ActAttended, What: "K1", Text: "王小明的付款", By: office}))
	v := reverse(t, q, voidOf(s.Number, "v1"))
	s2 := settle1(t, q, "k2", 3000, 0, 2000, 500)
	must(t, q.Hold(t.Context(), Held{Number: s2.Number, Code: settle.PlatformRefused, By: office}))
	must(t, q.Release(t.Context(), s2.Number, "x", By{Operator: "0003", Device: "W01", Second: "0004"}))
	list := didOn(t, q, 20261121)
	want := []string{"link 0001", "settlement 0001", "sign_in 0003", "unmasked 0003", "lock_out", "attended 0003", "void 0001", "settlement 0001", "release 0003"}
	if got := kindsOf(list); !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
	in, shown, locked, attended, void := list[2], list[3], list[4], list[5], list[6]
	if in.Role != "insurance" || in.Refused != 2 || in.By.Device != "W01" || shown.Person != child1(q) || locked.Of != "0001" || locked.Refused != 5 {
		t.Errorf("%+v %+v %+v", in, shown, locked)
	}
	if attended.What != "K1" || attended.Text != "王小明的付款" || void.Number != v.Number || void.Of != s.Number || list[8].By.Second != "0004" {
		t.Errorf("%+v %+v", attended, void)
	}
	if data, err := os.ReadFile(filepath.Join(dir, journalDir, "journal-000000000001.jsonl")); err != nil || bytes.Contains(data, []byte("王小明")) {
		t.Errorf("the text is in clear, or %v", err)
	}
	if got := didOn(t, q, 20261122); got != nil {
		t.Errorf("the next day: %v", got)
	}
	_, bad := errors.AsType[*settle.Refusal](q.Act(t.Context(), Act{About: ActSignIn, Of: strings.Repeat("x", 129)}))
	if !bad {
		t.Error("a field of any length is taken")
	}
	verified(t, q)
}

// TestOperators: each change of who may sign in is one note, with what changed; what did
// not change is none, also over a restart, and with bbolt built anew. Names and passwords'
// digests are not in clear.
func TestOperators(t *testing.T) {
	h, dir := newHand(), t.TempDir()
	q := mustOpen(t, dir, options(h))
	one := Operator{ID: "0001", Name: "收费员一", Role: "cashier", Password: "pbkdf2$1"}
	two := Operator{ID: "0002", Name: "收费员二", Role: "cashier", Password: "pbkdf2$2"}
	seen := 0
	wrote := func(list []Operator, want ...string) {
		t.Helper()
		must(t, q.Operators(t.Context(), list, By{Device: "W01"}))
		all := didOn(t, q, 20261121)
		var got []string
		for _, d := range all[seen:] {
			got = append(got, strings.TrimSpace(strings.Join([]string{d.Kind, d.Of, d.Role, d.What, d.Text, d.By.Operator}, " ")))
		}
		if seen = len(all); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	wrote([]Operator{two, one}, "operator_added 0001 cashier  收费员一", "operator_added 0002 cashier  收费员二")
	wrote([]Operator{one, two})
	one.Role, two.Password, two.Name = "supervisor", "pbkdf2$3", "收费员甲"
	wrote([]Operator{one, two}, "operator_changed 0001 supervisor role 收费员一", "operator_changed 0002 cashier password,name 收费员甲")
	wrote([]Operator{two}, "operator_removed 0001 supervisor")
	verified(t, q)
	mustClose(t, q)
	q = mustOpen(t, dir, options(h))
	wrote([]Operator{two})
	mustClose(t, q)
	must(t, os.Remove(filepath.Join(dir, storeName)))
	q = mustOpen(t, dir, options(h))
	wrote([]Operator{two})
	wrote([]Operator{one, two}, "operator_added 0001 supervisor  收费员一")
	verified(t, q)
	data, err := os.ReadFile(filepath.Join(dir, journalDir, "journal-000000000001.jsonl"))
	if err != nil || bytes.Contains(data, []byte("收费员")) || bytes.Contains(data, []byte("pbkdf2")) {
		t.Errorf("a name or a password's digest is in clear, or %v", err)
	}
}
