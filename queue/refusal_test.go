package queue

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"settled/settle"
)

// sentence gives what a refusal says to the cashier.
func sentence(t *testing.T, err error) string {
	t.Helper()
	no, ok := errors.AsType[*settle.Refusal](err)
	if !ok {
		t.Fatalf("%v is no refusal", err)
	}
	return no.Cashier
}

// TestSentences: whoever gives a number that does not do is told which one does.
func TestSentences(t *testing.T) {
	h := newHand()
	q := mustOpen(t, t.TempDir(), options(h))
	family(t, q, h)
	s, other := settle1(t, q, "k1", 3000, 0, 2000, 500), settle1(t, q, "k2", 30, 0, 20, 5)
	r := refundOf(s, "r1", 1000, 500, 100)
	r.Keep = []int{1, 3}
	first := reverse(t, q, r)
	if v, err := q.Void(first.Number); err != nil || !slices.Equal(v.Keep, r.Keep) {
		t.Errorf("%+v, %v", v, err)
	}
	whole := reverse(t, q, voidOf(other.Number, "v2"))
	_, _, again := q.Reverse(t.Context(), voidOf(s.Number, "r2"))
	otherKeep := r
	otherKeep.ContentDigest = "keeps another line"
	_, _, changed := q.Reverse(t.Context(), otherKeep)
	_, _, twice := q.Reverse(t.Context(), voidOf(other.Number, "v3"))
	_, isVoid := q.Get(first.Number)
	_, _, ofVoid := q.Reverse(t.Context(), voidOf(whole.Number, "v4"))
	held := q.Hold(t.Context(), Held{Number: other.Number, Code: "X"})
	_, _, key := q.Replay("k2", "d-k2")
	square := q.Square(t.Context(), Squared{Number: "999", Cash: 100, How: ByCash})
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"refunded, voided again":     {again, []string{s.Number + " 已由 " + first.Number + " 退费", "新单 " + first.Kept}},
		"refunded with other lines":  {changed, []string{s.Number + " 已由 " + first.Number + " 退费", "新单 " + first.Kept}},
		"voided twice":               {twice, []string{other.Number + " 已由 " + whole.Number + " 撤销"}},
		"a void's number":            {isVoid, []string{first.Number + " 是撤销（退费）单号", "原结算单是 " + s.Number}},
		"a void's number, to void":   {ofVoid, []string{whole.Number + " 是撤销（退费）单号", "原结算单是 " + other.Number}},
		"held in a state without":    {held, []string{"目前已撤销", "queue show " + other.Number}},
		"no number, to hold":         {q.Hold(t.Context(), Held{Number: "999", Code: "X"}), []string{settle.NoSettlement.Cashier()}},
		"no number, to release":      {q.Release(t.Context(), "9", "x", By{Operator: "1"}), []string{settle.NoSettlement.Cashier()}},
		"no number, to square":       {square, []string{settle.NoSettlement.Cashier()}},
		"the key of what was voided": {key, []string{other.Number, whole.Number}},
	} {
		for _, want := range c.want {
			if got := sentence(t, c.err); !strings.Contains(got, want) {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
	for _, keep := range [][]int{{0}, {2, 1}, {1, 1}, {settle.MaxLines + 1}} {
		k := settle1(t, q, "k3", 30, 0, 20, 5)
		r := refundOf(k, "r3", 10, 5, 1)
		r.Keep = keep
		_, _, err := q.Reverse(t.Context(), r)
		wantRefusal(t, err, CodeKept)
	}
}
