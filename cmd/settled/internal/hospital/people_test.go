package hospital

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"settled/queue"
	"settled/settle"
)

const (
	simulated   = "../../../../testdata/platform"
	institution = "H44030500001"
)

// child is one of the people of a hospital; two siblings each have the same father, whose
// account pays for them.
type child struct{ desk, n int }

func (c child) psnNo() string { return fmt.Sprintf("440300000000000002%02d%06d", c.desk, c.n) }

func (c child) certNo() string { return fmt.Sprintf("44030520%02d06%06d", 10+c.desk, c.n) }

func (c child) cardNumber() string { return fmt.Sprintf("G%02d%06d", c.desk, c.n) }

func (c child) cardSN() string { return fmt.Sprintf("440300D1560000060000%02d%010X", c.desk, c.n) }

func (c child) father() string { return fmt.Sprintf("440300000000000003%02d%06d", c.desk, c.n/2) }

// who is what the card says.
func (c child) who() settle.Identity {
	return settle.Identity{
		CardNumber: settle.Private(c.cardNumber()), CardCode: settle.Private(c.cardSN()), IDNumber: settle.Private(c.certNo()),
	}
}

// peopled makes the simulator's data with so many children at each of so many desks.
func peopled(t testing.TB, desks, children int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(simulated)))
	file := filepath.Join(dir, "people.json")
	data, err := os.ReadFile(file)
	must(t, err)
	var known struct {
		People []map[string]any `json:"people"`
	}
	must(t, json.Unmarshal(data, &known))
	like := known.People[:2]
	for desk := 1; desk <= desks; desk++ {
		for n := range children {
			c := child{desk, n}
			one := copied(like[0], c.psnNo(), c.certNo(), c.cardNumber(), c.cardSN())
			one["donors"] = []string{c.father()}
			known.People = append(known.People, one)
			if n%2 == 0 {
				known.People = append(known.People, copied(like[1], c.father(), "F"+c.certNo(), "F"+c.cardNumber(), "F"+c.cardSN()))
			}
		}
	}
	data, err = json.Marshal(known)
	must(t, err)
	must(t, os.WriteFile(file, data, 0o600))
	return dir
}

func copied(p map[string]any, psnNo, certNo, cardNumber, cardSN string) map[string]any {
	one := map[string]any{}
	for name, value := range p {
		one[name] = value
	}
	one["psn_no"], one["certno"], one["card_number"], one["card_sn"], one["used"] = psnNo, certNo, cardNumber, cardSN, []any{}
	return one
}

// goods are what a bill may have; sums what the fund pays of the first n of them, and what
// of the rest an account may pay: worked by hand from the simulator's rules, which are not
// those of package settle.
func goods() []settle.Line {
	line := func(code, price string) settle.Line {
		return settle.Line{Code: code, UnitPrice: decimal.RequireFromString(price), Quantity: decimal.New(1, 0)}
	}
	return []settle.Line{
		line("001102000010000", "15.00"), line("XJ01CAA040E001010102345", "20.00"),
		line("XN02BEB171A001010200678", "24.80"), line("XA11CCW103A001010400321", "33.00"),
	}
}

func sums(n int) (amounts []settle.Fen, fund, account settle.Fen) {
	amounts = []settle.Fen{1500, 2000, 2480, 3300}[:n]
	switch n {
	case 1:
		return amounts, 900, 600
	case 2:
		return amounts, 1923, 1437 // 18.60 × 55 % = 10.23
	default:
		return amounts, 3219, 2621 // 42.16 × 55 % = 23.188; 1.24 is first self-pay
	}
}

// chart is a visit that begins now.
func chart(visit string) settle.Chart {
	return settle.Chart{
		OutpatientNo: visit, Began: now().Format(time.DateTime), Department: settle.Named{Code: "0301", Name: "儿科"},
		Specialty: "0301", Doctor: settle.Named{Code: "D440300000001", Name: "林医生"},
		Diagnoses: []settle.Diagnosis{{Code: "J06.900", Name: "急性上呼吸道感染"}},
	}
}

// bill is a child's bill of the first n goods; family: the father's account pays its part.
func (d *desk) bill(c child, visit settle.Chart, n int, family bool) settle.Settlement {
	amounts, fund, account := sums(n)
	s := settle.Settlement{
		Person: d.queue.Person(c.certNo()), Period: "2026", Rules: "r1", Who: c.who(),
		Insured: settle.Insured{Category: settle.ChildResident}, Bill: settle.Bill{Visit: settle.Visit{Kind: settle.Outpatient}, Lines: goods()[:n]},
		Chart: visit,
		Split: settle.Split{Status: settle.Settled, Fund: fund},
	}
	for _, amount := range amounts {
		s.Split.Lines = append(s.Split.Lines, settle.LineSplit{Amount: amount})
		s.Split.Total += amount
	}
	if family {
		s.Guardian = settle.Identity{CardNumber: settle.Private("F" + c.cardNumber())}
		s.Split.Family = account
		s.Split.Draws = []settle.Draw{{AccountID: d.queue.Person(c.father()), Usable: account, Paid: account}}
	}
	s.Split.Cash = s.Split.Total - fund - s.Split.Family
	s.Split.UsageAfter.Ordinary = fund
	return s
}

var clerk = queue.By{Operator: "0601", Device: "W01"}
