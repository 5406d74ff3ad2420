package settle

import (
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestPriced(t *testing.T) {
	for _, c := range []struct {
		price, quantity, want string // want "" is out of bounds
	}{
		{"0.3333", "3", "1.00"},
		{"12.50", "0.5", "6.25"},
		{"0.005", "1", "0.01"},  // half goes up
		{"0.0049", "1", "0.00"}, // less does not
		{"0.0450", "1", "0.05"}, // a banker would say 0.04
		{"1E2", "1E1", "1000.00"},
		{"9999999999", "1", "9999999999.00"},
		{"10000000000", "1", "10000000000.00"},
		{"10000000000.01", "1", ""},
		{"9999999999", "9999999999", ""},
		{"-1", "1", ""},
		{"1E9000", "1", ""},
		{"1E-9000", "1", ""},
		{"0.000000001", "1", ""}, // nine places
		{"1234567890123456", "1", ""},
	} {
		got, ok := priced(decimal.RequireFromString(c.price), decimal.RequireFromString(c.quantity))
		switch {
		case ok != (c.want != ""):
			t.Errorf("%s × %s: ok %v", c.price, c.quantity, ok)
		case ok && got.String() != c.want:
			t.Errorf("%s × %s = %s, want %s", c.price, c.quantity, got, c.want)
		}
	}
}

// TestPricedExact compares with big integers over the whole range of both factors.
func TestPricedExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, pe := rapid.Int64Range(0, 999_999_999_999_999).Draw(t, "p"), rapid.Int32Range(-8, 0).Draw(t, "pe")
		q, qe := rapid.Int64Range(0, 999_999_999_999_999).Draw(t, "q"), rapid.Int32Range(-8, 0).Draw(t, "qe")
		got, ok := priced(decimal.New(p, pe), decimal.New(q, qe))
		want := new(big.Int).Mul(big.NewInt(p), big.NewInt(q))
		want.Mul(want, big.NewInt(100*2))
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-pe-qe)), nil)
		want.Add(want, scale).Div(want, scale.Mul(scale, big.NewInt(2))) // ⌊(2x+1)/2⌋ is x rounded half up
		if inside := want.Cmp(big.NewInt(int64(MaxFen))) <= 0; ok && (!inside || want.Int64() != int64(got)) {
			t.Fatalf("%s × %s = %s, want %s fen", decimal.New(p, pe), decimal.New(q, qe), got, want)
		} else if !ok && inside && pe+qe <= -2 {
			t.Fatalf("%s × %s refused, want %s fen", decimal.New(p, pe), decimal.New(q, qe), want)
		}
	})
}

func TestToMicro(t *testing.T) {
	for text, want := range map[string]int64{"0.75": 750_000, "1": 1_000_000, "0.495": 495_000, "0": 0, "1.0001": -1, "0.0000001": -1} {
		if got, ok := toMicro(decimal.RequireFromString(text)); ok != (want >= 0) || (ok && got != want) {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
}

func TestPercent(t *testing.T) {
	for text, want := range map[string]string{
		"0.75": "75%", "0.8": "80%", "0.495": "49.5%", "1": "100%", "0": "0%",
		"0.05": "5%", "0.0125": "1.25%", "1.0": "100%", "0.10": "10%", "0.7500": "75%",
	} {
		var got strings.Builder
		prose{&got}.percent(text)
		if got.String() != want {
			t.Errorf("%s: %s, want %s", text, got.String(), want)
		}
	}
}
