package platform

import (
	"math/big"
	"os"
	"testing"
)

func load(t *testing.T) *Data {
	t.Helper()
	d, err := Load(os.DirFS("../../../../testdata/platform"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type bought struct{ code, pric, cnt string }

const (
	consultation = "001101000010000-110100001" // 甲 诊查费
	amoxicillin  = "XJ01CAA040E001010102345"   // 甲, ceiling 18.60
	ibuprofen    = "XN02BEB171A001010200678"   // 乙 5 %, ceiling 24.80
	vitamin      = "XA11CCW103A001010400321"   // 丙
	infusion     = "001204000060000-120400006" // 甲
	ct           = "002103000010000-210300001" // 乙 10 %, ceiling 280.00, large equipment
)

const (
	child   = "44030000000000000100000001"
	father  = "44030000000000000100000002"
	retiree = "44030000000000000100000004"
	teen    = "44030000000000000100000005"
)

// All figures were worked by hand.
func TestArithmetic(t *testing.T) {
	for _, c := range []struct {
		name, psn, insutype, at, began string
		items                          []bought
		want                           string // total full over pre in | fund own family cash
	}{
		{
			// in scope 15.00 at 60 % = 9.00; 37.20 + 23.56 = 60.76 at 55 % = 33.418, so 33.42;
			// left in scope and first self-pay 34.58 from the father; over the ceiling 2.80 and 丙 33.00 in cash
			"a child at the hospital of its 社康", child, "390", "H44030500001", "2026-11-21 09:00:00",
			[]bought{{consultation, "15.00", "1"}, {amoxicillin, "20.00", "2"}, {ibuprofen, "24.80", "1"}, {vitamin, "33.00", "1"}},
			"112.80 33.00 2.80 1.24 75.76 | 42.42 0.00 34.58 35.80",
		},
		{
			"limit nearly used up: 2655.00 - 2650.00", teen, "390", "H44030500201", "2026-11-21 09:00:00",
			[]bought{{infusion, "10.00", "1"}},
			"10.00 0.00 0.00 0.00 10.00 | 5.00 0.00 0.00 5.00",
		},
		{
			"retired, level 3: 55 + 5 points", retiree, "310", "H44030500001", "2026-11-21 09:00:00",
			[]bought{{infusion, "100.00", "1"}},
			"100.00 0.00 0.00 0.00 100.00 | 60.00 40.00 0.00 0.00",
		},
		{
			"large equipment, tier 1: (280.00 - 28.00) at 80 %", father, "310", "H44030500001", "2026-11-21 09:00:00",
			[]bought{{ct, "300.00", "1"}},
			"300.00 0.00 20.00 28.00 252.00 | 201.60 78.40 0.00 20.00",
		},
		{
			"not selected: only the consultation", child, "390", "H44030500003", "2026-11-21 09:00:00",
			[]bought{{consultation, "10.00", "1"}, {infusion, "10.00", "1"}},
			"20.00 0.00 0.00 0.00 20.00 | 6.00 0.00 14.00 0.00",
		},
		{
			"half a fen goes up: 0.06 at 75 % = 0.045", teen, "390", "H44030500201", "2026-11-21 09:00:00",
			[]bought{{infusion, "0.06", "1"}},
			"0.06 0.00 0.00 0.00 0.06 | 0.05 0.00 0.00 0.01",
		},
		{
			"once a bucket: a hundred times 0.01 at 75 %", teen, "390", "H44030500201", "2026-11-21 09:00:00",
			hundred(infusion), "1.00 0.00 0.00 0.00 1.00 | 0.75 0.00 0.00 0.25",
		},
		{
			"donors by balance: 5234.56, then 312.40; limit left 2468.60", child, "390", "H44030500001", "2026-11-21 09:00:00",
			[]bought{{infusion, "8000.00", "1"}},
			"8000.00 0.00 0.00 0.00 8000.00 | 2468.60 0.00 5531.40 0.00",
		},
		{
			"more than all donors have", child, "390", "H44030500001", "2026-11-21 09:00:00",
			[]bought{{infusion, "9000.00", "1"}},
			"9000.00 0.00 0.00 0.00 9000.00 | 2468.60 0.00 5546.96 984.44",
		},
		{
			"no limit known for the year: nothing ordinary", child, "390", "H44030500001", "2023-12-02 09:00:00",
			[]bought{{infusion, "10.00", "1"}, {consultation, "10.00", "1"}},
			"20.00 0.00 0.00 0.00 20.00 | 6.00 0.00 14.00 0.00",
		},
		{
			"a code that the catalogue lacks", child, "390", "H44030500001", "2026-11-21 09:00:00",
			[]bought{{"X", "10.00", "1"}},
			"10.00 10.00 0.00 0.00 0.00 | 0.00 0.00 0.00 10.00",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := load(t)
			p := d.people[c.psn]
			b := d.compute(p, p.running(c.insutype), d.institutions[c.at], c.began, d.charges(c.items), true)
			got := b.total.String() + " " + b.full.String() + " " + b.over.String() + " " + b.pre.String() + " " + b.inScope.String() +
				" | " + b.fund.String() + " " + b.own.String() + " " + b.family.String() + " " + b.cash.String()
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func hundred(code string) (out []bought) {
	for range 100 {
		out = append(out, bought{code, "0.01", "1"})
	}
	return out
}

func (d *Data) charges(items []bought) (out []*charge) {
	for _, i := range items {
		pric, _ := fraction(i.pric)
		cnt, _ := fraction(i.cnt)
		c := &charge{item: d.items[i.code], pric: pric, cnt: cnt, amount: roundYuan(new(big.Rat).Mul(pric, cnt))}
		c.judge("1")
		out = append(out, c)
	}
	return out
}

func TestWithoutAccountsAllIsCash(t *testing.T) {
	d := load(t)
	p := d.people[father]
	b := d.compute(p, p.running("310"), d.institutions["H44030500001"], "2026-11-21 09:00:00", d.charges([]bought{{infusion, "100.00", "1"}}), false)
	if b.own != 0 || b.family != 0 || b.cash != 4500 || b.balance != 523456 {
		t.Errorf("%+v", b)
	}
}

func TestRestrictedNeedsApproval(t *testing.T) {
	d := load(t)
	for approval, full := range map[string]yuan{"0": 1000, "1": 0, "2": 1000} {
		c := d.charges([]bought{{"XL01XEJ204A001010500777", "10.00", "1"}})[0]
		c.judge(approval)
		if c.full != full {
			t.Errorf("approval %s: 全自费 %s, want %s", approval, c.full, full)
		}
	}
	c := d.charges([]bought{{infusion, "10.00", "1"}})[0]
	c.judge("0")
	if c.full != 0 {
		t.Errorf("an unrestricted item needs no approval: %s", c.full)
	}
}

func TestRoundYuan(t *testing.T) {
	for in, want := range map[string]yuan{"0.005": 1, "0.0049999": 0, "-0.005": -1, "1.115": 112, "2.675": 268, "10": 1000} {
		r, _ := fraction(in)
		if got := roundYuan(r); got != want {
			t.Errorf("%s rounds to %d fen, want %d", in, got, want)
		}
	}
}
