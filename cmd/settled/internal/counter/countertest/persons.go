package countertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/settle"
)

// Centre is the community health centre where the window stands.
func Centre() settle.Institution {
	return settle.Institution{
		ID: "H44030100001", Name: "南园社康", Level: 1, Kind: settle.CommunityHealth, SettlementHospital: "H3",
		City: "shenzhen", Province: "guangdong", Networked: true,
	}
}

// Child is insured as a child, with Centre selected and no account.
func Child() settle.Entitlement {
	return settle.Entitlement{
		Who: settle.Identity{PersonNo: "44030000000001", IDNumber: "440304201806010012", Name: "张小明", CardNumber: "SZ0000001", CardCode: "440300D156000005000000000000C001"},
		Insured: settle.Insured{
			Category: settle.ChildResident, Birth: 20180601, ShenzhenHukou: true,
			Benefit:    settle.Benefit{Kind: settle.BenefitAnnual, SchoolYear: 2024},
			Selections: []settle.Selection{{Institution: Centre(), From: 20200101}},
		},
		Period: "2024", InsuranceType: "390", PersonType: "1403", InsuredArea: "440300", AsOf: "2024-11-05T09:55:00+08:00",
	}
}

// Parent is an employee of tier 1 with 5,000 yuan in the account.
func Parent() settle.Entitlement {
	return settle.Entitlement{
		Who: settle.Identity{PersonNo: "44030000000002", IDNumber: "440304198802020034", Name: "李红", CardNumber: "SZ0000002", CardCode: "440300D156000005000000000000C002"},
		Insured: settle.Insured{
			Category: settle.EmployeeTier1, Birth: 19880202, Own: &settle.Account{Balance: 500_000},
			Benefit:    settle.Benefit{Kind: settle.BenefitExplicit, From: 20100101},
			Selections: []settle.Selection{{Institution: Centre(), From: 20200101}},
		},
		Period: "2024", InsuranceType: "310", PersonType: "11", InsuredArea: "440300", AsOf: "2024-11-05T09:55:00+08:00",
	}
}

// Stranger is another child.
func Stranger() settle.Entitlement {
	e := Child()
	e.Who = settle.Identity{PersonNo: "44030000000003", IDNumber: "440304201903030056", Name: "王五", CardNumber: "SZ0000003", CardCode: "440300D156000005000000000000C003"}
	return e
}

// CardOf is a person's card.
func CardOf(e settle.Entitlement) counter.Card {
	who := e.Who
	who.PersonNo = ""
	return counter.Card{Who: who}
}

// Document is a bill that a test may spoil before it is sent.
type Document struct {
	Head  map[string]any // all but the rest
	Visit map[string]any
	Items []map[string]any
}

// Bill is a bill of 100.00 yuan of category A for a person at Centre on
// 2024-11-05 with the first key, as the hospital's system sends it; change may
// alter the document.
func Bill(t testing.TB, of settle.Entitlement, change func(*Document)) []byte {
	t.Helper()
	doc := &Document{
		Head: map[string]any{
			"key": Key(1), "total": "100.00",
			"patient": map[string]any{"id_number": of.Who.IDNumber.ClearPersonalData()},
		},
		Visit: map[string]any{"date": "2024-11-05", "kind": "outpatient"},
		Items: []map[string]any{Item("阿莫西林", "100.00", "1")},
	}
	if change != nil {
		change(doc)
	}
	whole := maps.Clone(doc.Head)
	if doc.Visit != nil {
		whole["visit"] = doc.Visit
	}
	if doc.Items != nil {
		whole["items"] = doc.Items
	}
	data, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Item is a line of category A.
func Item(name, price, quantity string) map[string]any {
	return map[string]any{"name": name, "category": "A", "unit_price": price, "qty": quantity}
}

// Key is the n-th idempotency key of a test.
func Key(n int) string { return fmt.Sprintf("key-%04d", n) }
