package catalogue_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"settled/queue/catalogue"
	"settled/settle"
)

// visit reads a bill as if it were of a hospital of a level.
func visit(tb testing.TB, name string, level int) settle.Bill {
	tb.Helper()
	data, err := os.ReadFile("../../testdata/bills/" + name + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	b, _, _, err := settle.DecodeBill(data)
	if err != nil {
		tb.Fatal(err)
	}
	b.Visit.Institution.Level = level
	return b
}

// TestCodesOnly: a bill of codes becomes the bill that states everything.
func TestCodesOnly(t *testing.T) {
	dir := t.TempDir()
	c := catalogue.Completer{Store: open(t, dir)}
	codes := visit(t, "child-visit-codes", 3)
	if same, none, err := c.Complete(codes, "390"); err != nil || none != "" || same.Lines[0].Grade != "" {
		t.Fatalf("without a catalogue: %+v %q %v", same.Lines[0], none, err)
	}
	load(t, dir, shipped()...)
	got, id, err := c.Complete(codes, "390")
	if err != nil {
		t.Fatal(err)
	}
	if id != digest(t, c.Store) {
		t.Errorf("digest %s", id)
	}
	full := visit(t, "child-visit", 3)
	checked, _, err := c.Complete(full, "390")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range full.Lines {
		for _, l := range []settle.Line{got.Lines[i], checked.Lines[i]} {
			if l.Name != want.Name || l.Grade != want.Grade || l.Charge != want.Charge || l.Consultation != want.Consultation ||
				l.PriceCap.Valid != want.PriceCap.Valid || !l.PriceCap.Decimal.Equal(want.PriceCap.Decimal) || !l.FirstSelfPay.Equal(want.FirstSelfPay) {
				t.Errorf("line %d: %+v, want %+v", i+1, l, want)
			}
			if l.Source != "catalogue "+l.Code+" 2025-12-20 10:00:00" || l.Open != (settle.Open{}) {
				t.Errorf("line %d: source %q, open %+v", i+1, l.Source, l.Open)
			}
		}
	}
	if codes.Lines[0].Grade != "" {
		t.Error("the bill that was given was written to")
	}
}

// answers is a catalogue that knows one item, for the one line of a bill.
func answers(item catalogue.Row, capRows, ratios []catalogue.Row) catalogue.Found {
	item.Code, item.Updated, item.ID, item.Valid = "A1", "2026-01-01 00:00:00", "i1", true
	return catalogue.Found{Digest: "d", Caps: true, Ratios: true, Answers: []catalogue.Answer{{Known: true, Item: &item, Caps: capRows, Ratios: ratios}}}
}

// TestComplete: what is stated is held against the catalogue, and a difference names
// both values, line and field.
func TestComplete(t *testing.T) {
	num := func(s string) decimal.Decimal { d, _ := decimal.NewFromString(s); return d }
	limit := func(s string) decimal.NullDecimal { return decimal.NewNullDecimal(num(s)) }
	drug := func(level string) catalogue.Row { return catalogue.Row{Name: "药", Charge: "09", Level: level} }
	capOf := func(kind, price string) catalogue.Row {
		return catalogue.Row{Code: "A1", For: kind, Number: price, ID: "c" + kind, Updated: "2026-02-01 00:00:00"}
	}
	ratioOf := func(person, kind, ratio string) catalogue.Row {
		return catalogue.Row{Code: "A1", For: person, Kind: kind, Number: ratio, ID: "r" + kind, Updated: "2026-03-01 00:00:00"}
	}
	b10 := answers(drug("02"), []catalogue.Row{capOf("2", "8"), capOf("3", "9.5")}, []catalogue.Row{ratioOf("310", "10", "0.05"), ratioOf("390", "10", "0.1")})
	noTables := answers(drug("02"), nil, nil)
	noTables.Caps, noTables.Ratios = false, false
	open := settle.Open{Ratio: true, Consultation: true}
	stated := settle.Open{}
	for _, c := range []struct {
		name  string
		line  settle.Line
		found catalogue.Found
		m     catalogue.Manner
		code  settle.Code // "": completed
		field string
		says  []string // both values, in the cashier's and in the technician's sentence
		want  func(settle.Line) bool
	}{
		{name: "all open", line: settle.Line{Open: open}, found: b10, want: func(l settle.Line) bool {
			return l.Grade == "B" && l.FirstSelfPay.Equal(num("0.1")) && l.PriceCap.Decimal.Equal(num("9.5")) && l.Source == "catalogue A1 2026-03-01 00:00:00"
		}},
		{name: "category", line: settle.Line{Grade: "A", Open: open}, found: b10, code: catalogue.CodeDiffers, field: "category", says: []string{"甲类", "乙类"}},
		{name: "丙 stated as 甲", line: settle.Line{Grade: "A", Open: open}, found: answers(drug("03"), nil, nil), code: catalogue.CodeDiffers, field: "category", says: []string{"甲类", "丙类"}},
		{name: "cap", line: settle.Line{PriceCap: limit("9.60"), Open: open}, found: b10, code: catalogue.CodeDiffers, field: "price_cap", says: []string{"9.6", "9.5"}},
		{name: "the same cap", line: settle.Line{PriceCap: limit("9.50"), Open: open}, found: b10, want: func(l settle.Line) bool { return l.PriceCap.Valid }},
		{name: "a cap where there is none", line: settle.Line{PriceCap: limit("9.60"), Open: open}, found: answers(drug("01"), nil, nil), code: catalogue.CodeDiffers, field: "price_cap", says: []string{"9.6", "无"}},
		{name: "ratio", line: settle.Line{Grade: "B", FirstSelfPay: num("0.05"), Open: stated}, found: b10, code: catalogue.CodeDiffers, field: "first_self_pay_ratio", says: []string{"0.05", "0.1"}},
		{name: "a stated ratio of nothing", line: settle.Line{Grade: "B", Open: stated}, found: b10, code: catalogue.CodeDiffers, field: "first_self_pay_ratio", says: []string{"0", "0.1"}},
		{name: "charge", line: settle.Line{Charge: "11", Open: open}, found: b10, code: catalogue.CodeDiffers, field: "charge", says: []string{"11", "09"}},
		{name: "乙类 without a ratio", line: settle.Line{Open: open}, found: answers(drug("02"), nil, []catalogue.Row{ratioOf("310", "10", "0.05")}), code: catalogue.CodeNoRatio, field: "first_self_pay_ratio", says: []string{"390"}},
		{name: "甲类 without a ratio", line: settle.Line{Open: open}, found: answers(drug("01"), nil, nil), want: func(l settle.Line) bool { return l.Grade == "A" && l.FirstSelfPay.IsZero() }},
		{name: "甲类 with a ratio", line: settle.Line{Grade: "A", Open: open}, found: answers(drug("01"), nil, []catalogue.Row{ratioOf("390", "10", "1")}), want: func(l settle.Line) bool { return l.Grade == "B" && l.FirstSelfPay.Equal(num("1")) }},
		{name: "甲类 with a ratio, stated as 乙", line: settle.Line{Grade: "B", FirstSelfPay: num("1"), Open: stated}, found: answers(drug("01"), nil, []catalogue.Row{ratioOf("390", "10", "1")}), want: func(l settle.Line) bool { return l.Grade == "B" }},
		{name: "two ratios", line: settle.Line{Open: open}, found: answers(drug("02"), nil, []catalogue.Row{ratioOf("390", "10", "0.1"), ratioOf("390", "20", "0.2")}), code: catalogue.CodeUnclear, field: "first_self_pay_ratio", says: []string{"0.1", "0.2"}},
		{name: "two equal ratios", line: settle.Line{Open: open}, found: answers(drug("02"), nil, []catalogue.Row{ratioOf("390", "10", "0.1"), ratioOf("390", "20", "0.1")}), want: func(l settle.Line) bool { return l.FirstSelfPay.Equal(num("0.1")) }},
		{name: "a kind of limit that nobody knows", line: settle.Line{Open: open}, found: answers(drug("01"), []catalogue.Row{capOf("901", "9")}, nil), code: catalogue.CodeUnclear, field: "price_cap", says: []string{"901"}},
		{name: "that kind as configured", line: settle.Line{Open: open}, found: answers(drug("01"), []catalogue.Row{capOf("901", "9"), capOf("3", "8")}, nil), m: catalogue.Manner{CapTypes: []string{"901"}}, want: func(l settle.Line) bool { return l.PriceCap.Decimal.Equal(num("9")) }},
		{name: "two limits", line: settle.Line{Open: open}, found: answers(drug("01"), []catalogue.Row{capOf("3", "9"), capOf("03", "8")}, nil), code: catalogue.CodeUnclear, field: "price_cap", says: []string{"9", "8"}},
		{name: "a limit of nothing", line: settle.Line{Open: open}, found: answers(drug("01"), []catalogue.Row{capOf("3", "0")}, nil), code: catalogue.CodeUnclear, field: "price_cap", says: []string{"0"}},
		{name: "tables that were never loaded", line: settle.Line{Grade: "B", PriceCap: limit("7"), FirstSelfPay: num("0.3"), Open: stated}, found: noTables, want: func(l settle.Line) bool {
			return l.PriceCap.Decimal.Equal(num("7")) && l.FirstSelfPay.Equal(num("0.3"))
		}},
		{name: "a ratio that nobody says", line: settle.Line{Open: open}, found: noTables, want: func(l settle.Line) bool { return l.Grade == "B" && l.Open.Ratio }}, // the engine refuses it
		{name: "not in the catalogue", line: settle.Line{Grade: "A", Open: open}, found: catalogue.Found{Digest: "d", Answers: make([]catalogue.Answer, 1)}, code: catalogue.CodeNoItem, field: "code", says: []string{"A1"}},
		{name: "as stated", line: settle.Line{Grade: "A", Open: open}, found: catalogue.Found{Digest: "d", Answers: make([]catalogue.Answer, 1)}, m: catalogue.Manner{AcceptStated: true}, want: func(l settle.Line) bool { return l.Grade == "A" && l.Source == "" }},
		{name: "nothing stated", line: settle.Line{Open: open}, found: catalogue.Found{Digest: "d", Answers: make([]catalogue.Answer, 1)}, m: catalogue.Manner{AcceptStated: true}, code: catalogue.CodeNoItem, field: "code", says: []string{"A1"}},
		{name: "consultation", line: settle.Line{Open: open}, found: answers(catalogue.Row{Name: "诊查费", Charge: "02", Level: "01"}, nil, nil), want: func(l settle.Line) bool { return l.Consultation }},
		{name: "stated to be none", line: settle.Line{Open: settle.Open{Ratio: true}}, found: answers(catalogue.Row{Name: "诊查费", Charge: "02", Level: "01"}, nil, nil), want: func(l settle.Line) bool { return !l.Consultation }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.line.Code = "A1"
			bill := settle.Bill{Visit: settle.Visit{Day: 20261121, Kind: settle.Outpatient, Institution: settle.Institution{Level: 3}}, Lines: []settle.Line{c.line}}
			full, refused := catalogue.Complete(bill, "390", c.found, c.m)
			if c.code == "" {
				if refused != nil || !c.want(full.Lines[0]) {
					t.Errorf("%+v %v", full.Lines[0], refused)
				}
				return
			}
			if refused == nil || refused.Code != c.code || refused.Field != "items[0]."+c.field || refused.Line != 1 {
				t.Fatalf("%+v", refused)
			}
			english := strings.NewReplacer("甲类", "A", "乙类", "B", "丙类", "C", "无", "none")
			for _, value := range c.says {
				if !strings.Contains(refused.Cashier, value) || !strings.Contains(refused.Technician, english.Replace(value)) {
					t.Errorf("%s is not in %q and %q", value, refused.Cashier, refused.Technician)
				}
			}
			if !strings.HasPrefix(refused.Cashier, "账单第1行") {
				t.Errorf("%q", refused.Cashier)
			}
		})
	}
}

// TestLevels: each level and each insurance has its own numbers, through the store.
func TestLevels(t *testing.T) {
	dir := t.TempDir()
	load(t, dir, shipped()...)
	c := catalogue.Completer{Store: open(t, dir)}
	const drug, mask = 8, 10
	for level, price := range map[int]string{1: "10.9", 2: "11.2", 3: "11.5"} {
		full, _, err := c.Complete(visit(t, "child-visit-codes", level), "310")
		if err != nil {
			t.Fatal(err)
		}
		if got := full.Lines[drug].PriceCap.Decimal.String(); got != price {
			t.Errorf("level %d: cap %s, want %s", level, got, price)
		}
		if got := full.Lines[mask].FirstSelfPay.String(); got != "0.1" {
			t.Errorf("employees: %s", got)
		}
	}
	bill := visit(t, "child-visit-codes", 3)
	bill.Lines = slices.Delete(bill.Lines, 0, 1)
	bill.Lines[2].Code = "XX"
	_, _, err := c.Complete(bill, "390")
	var r *settle.Refusal
	if !errors.As(err, &r) || r.Code != catalogue.CodeNoItem || r.Line != 3 || r.Field != "items[2].code" {
		t.Errorf("%v", err)
	}
}
