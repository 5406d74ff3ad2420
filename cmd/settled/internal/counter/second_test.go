package counter_test

import (
	"context"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
)

// TestSecond: what gives back more than an amount of a bill, in one go or in parts, needs
// another person, who is on the slip; what gives back less, or was given back, does not.
func TestSecond(t *testing.T) {
	w := countertest.Open(t, func(_ *counter.Ports, o *counter.Options) { o.SecondOver = 3_000 })
	s := threeLines(t, w) // 60.00, 30.00, 10.00
	by := func(number, key, second string, keep ...int) (counter.Void, error) {
		t.Helper()
		r := counter.Reversal{Number: number, Keep: keep, Key: key, Reason: "测试", By: "C02", Second: second}
		if keep != nil {
			f, err := w.Refund(context.Background(), number, keep)
			if err != nil {
				t.Fatal(err)
			}
			r.Quote = f.ID
		}
		v, _, err := w.Reverse(context.Background(), r)
		return v, err
	}
	_, err := by(s.Number, "k", "")
	wantCode(t, err, counter.SecondNeeded)
	if !strings.Contains(err.(*settle.Refusal).Cashier, "30.00") {
		t.Errorf("%v", err)
	}
	_, err = by(s.Number, "k", "C02")
	wantCode(t, err, counter.SecondSame)
	part, err := by(s.Number, "k", "", 1, 3) // 30.00: not over it
	if err != nil || part.Second != "" {
		t.Fatal(part, err)
	}
	_, err = by(part.Kept.Number, "l", "", 1) // 10.00 more
	wantCode(t, err, counter.SecondNeeded)
	rest, err := by(part.Kept.Number, "l", "S01", 1)
	if err != nil || rest.Second != "S01" {
		t.Fatal(rest, err)
	}
	if slip := counter.Text(counter.VoidSlip{Void: rest}, 32); !strings.Contains(slip, "复核 S01") || strings.Contains(counter.Text(counter.VoidSlip{Void: part}, 48), "复核") {
		t.Errorf("slip\n%s", slip)
	}
	v, replayed, err := w.Reverse(context.Background(), counter.Reversal{Number: part.Kept.Number, Keep: []int{1}, Key: "l", Reason: "x", By: "C02"})
	if err != nil || !replayed || v.Number != rest.Number {
		t.Errorf("what was given back is told without anybody: %+v %v %v", v, replayed, err)
	}
}

// TestNoSecond: without an amount nobody else is needed.
func TestNoSecond(t *testing.T) {
	w := countertest.Open(t, nil)
	if _, _, err := reverse(w, threeLines(t, w).Number, "", "k"); err != nil {
		t.Error(err)
	}
}
