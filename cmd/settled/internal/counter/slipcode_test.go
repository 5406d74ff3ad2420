package counter_test

import (
	"testing"

	"settled/cmd/settled/internal/counter"
)

func TestSlipCode(t *testing.T) {
	want := counter.SlipCode{Number: "012026112200001", Total: 25894, Fund: 12743, Family: 11441, Cash: 1710, Institution: "H44030100001"}
	older := want
	older.Institution = ""
	other := want
	other.Cash++
	for text, want := range map[string]counter.SlipCode{
		"SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10:H44030100001": want,
		"SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10":              older, // slips before the seal
	} {
		got, err := counter.ParseSlipCode(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	if !want.Same(older) || !older.Same(want) || want.Same(other) || older.Same(other) {
		t.Error("an older code does not say the same, or another amount does")
	}
	for _, text := range []string{
		"", "SETTLE", "SETTLE::1.00:0.00:0.00:0.00:1.00", "SETTLE:1:1:0.00:0.00:0.00:1.00", "SETTLE:1:1.00:0.00:0.00:0.00",
		"SETTLE:1:1.00:0.00:0.00:0.00:1.00:", "SETTLE:1:1.00:0.00:0.00:0.00:1.00:H:X", "settle:1:1.00:0.00:0.00:0.00:1.00", "SETTLE:1:01.00:0.00:0.00:0.00:1.00",
	} {
		if c, err := counter.ParseSlipCode(text); err == nil {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func FuzzParseSlipCode(f *testing.F) {
	f.Add("SETTLE:012026112200001:258.94:127.43:0.00:114.41:17.10:H44030100001")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := counter.ParseSlipCode(text); err == nil && c.String() != text {
			t.Errorf("%q reads as %q", text, c)
		}
	})
}
