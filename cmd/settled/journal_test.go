package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/shopspring/decimal"

	"settled/queue"
	"settled/settle"
	"settled/settle/policy"
)

// morning is when the tests settle.
var morning = time.Date(2026, 11, 21, 9, 30, 0, 0, time.FixedZone("", 8*3600))

// pastQueue is a queue in a directory of its own with credentials beside it.
type pastQueue struct {
	*queue.Queue
	child, parent string
	made          int
}

var desk = queue.By{Operator: "0001", Device: "W01"}

func openPast(state string) (*pastQueue, error) {
	key := []byte("0123456789abcdef0123456789abcdef")
	credentials := filepath.Join(state, "credentials")
	if err := os.MkdirAll(credentials, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(credentials, "journal.key"), []byte(hex.EncodeToString(key)), 0o600); err != nil {
		return nil, err
	}
	q, err := queue.Open(state, queue.Options{Institution: "H44030500001", Counter: "01", Key: key, Now: func() time.Time { return morning }})
	if err != nil {
		return nil, err
	}
	p := &pastQueue{Queue: q, child: q.Person("440305201806010023"), parent: q.Person("440305198805051013")}
	err = p.people()
	return p, err
}

// people are a child and a parent whose account may pay for it.
func (p *pastQueue) people() error {
	centre := settle.Institution{ID: "SK", Level: 1, Kind: settle.CommunityHealth, City: settle.HomeCity, Province: settle.HomeProvince, Networked: true}
	child := settle.Entitlement{
		Person: p.child, Who: settle.Identity{IDNumber: "440305201806010023", Name: "张小满"}, Period: "2025", InsuranceType: "390", AsOf: morning.Format(time.RFC3339),
		Insured: settle.Insured{
			Category: settle.ChildResident, Birth: 20180601, Benefit: settle.Benefit{Kind: settle.BenefitExplicit, From: 20180601},
			Selections: []settle.Selection{{Institution: centre, From: 20180601}},
		},
	}
	parent := settle.Entitlement{
		Person: p.parent, Who: settle.Identity{IDNumber: "440305198805051013", Name: "张建国"}, Period: "2025", InsuranceType: "310", AsOf: morning.Format(time.RFC3339),
		Insured: settle.Insured{Category: settle.EmployeeTier1, Birth: 19880505, Own: &settle.Account{Balance: 2000}},
	}
	link := settle.Link{Beneficiary: p.child, Donor: p.parent, Relation: settle.RelationChild, Kind: settle.MutualAid, From: 20200101}
	ctx := context.Background()
	return errors.Join(p.Learn(ctx, child, desk), p.Learn(ctx, parent, desk), p.Link(ctx, link, desk))
}

// visit settles a visit of the child by rules of the day.
func (p *pastQueue) visit(rules *policy.Set, day settle.Date, price string, change func(*settle.Settlement)) error {
	known, _, err := p.Known(p.child)
	if err != nil {
		return err
	}
	r := rules.On(day)
	at, err := p.Position(p.child, r.Period)
	if err != nil {
		return err
	}
	known.Insured.Family = at.Family
	unit, err := decimal.NewFromString(price)
	if err != nil {
		return err
	}
	bill := settle.Bill{
		Visit: settle.Visit{Day: day, Kind: settle.Outpatient, Institution: known.Insured.Selections[0].Institution},
		Lines: []settle.Line{
			{Name: "阿莫西林", Grade: settle.GradeA, UnitPrice: unit, Quantity: decimal.New(1, 0)},
			{Name: "肺炎支原体抗体", Grade: settle.GradeB, UnitPrice: decimal.New(4200, -2), Quantity: decimal.New(1, 0), FirstSelfPay: decimal.New(1, -1), PriceCap: decimal.NewNullDecimal(decimal.New(40, 0))},
		},
	}
	split, err := settle.Compute(r, known.Insured, bill, at.Usage)
	if err != nil {
		return err
	}
	p.made++
	s := settle.Settlement{
		Key: fmt.Sprintf("k%d", p.made), Person: p.child, Who: known.Who, Insured: known.Insured, Bill: bill,
		Usage: at.Usage, Period: r.Period, Split: split, Rules: r.Digest,
	}
	if change != nil {
		change(&s)
	}
	_, _, err = p.Settle(context.Background(), queue.Commit{Settlement: s, ContentDigest: s.Key, Version: at.Version, By: desk})
	return err
}

// writeJournal is the script command "journal STATE [wrong] [OVERLAYS]": a queue with
// three visits in it, by the built-in rules or with overlays over them; wrong: what the
// second one recorded is not what its rules give.
func writeJournal(ts *testscript.TestScript, _ bool, args []string) {
	p, err := openPast(ts.MkAbs(args[0]))
	ts.Check(err)
	overlays := ""
	var wrong func(*settle.Settlement)
	for _, arg := range args[1:] {
		if arg == "wrong" {
			wrong = func(s *settle.Settlement) { s.Split.Fund, s.Split.Cash = s.Split.Fund-1, s.Split.Cash+1 }
		} else {
			overlays = ts.MkAbs(arg)
		}
	}
	rules, err := loadRules(overlays)
	ts.Check(err)
	ts.Check(p.visit(rules, 20250303, "100.00", nil))
	ts.Check(p.visit(rules, 20250304, "33.33", wrong))
	ts.Check(p.visit(rules, 20241105, strings.Repeat("3", 3)+".00", nil))
	ts.Check(p.Close())
}
