package cases

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"settled/settle"
)

// edited runs the bundle with one case only, changed.
func edited(t *testing.T, id string, change func(*testing.T, map[string]any)) map[string]any {
	t.Helper()
	_, f := bundled(t)
	for _, c := range f.Cases {
		if c["id"] != id {
			continue
		}
		change(t, c)
		raw, err := json.Marshal(file{f.Institutions, []map[string]any{c}})
		if err != nil {
			t.Fatal(err)
		}
		return answers(t, bytes.NewReader(raw), shipped(t).On)[0]
	}
	t.Fatalf("no case %s", id)
	return nil
}

// TestCaseErrors: what is wrong with a case stands in its line.
func TestCaseErrors(t *testing.T) {
	part := func(t *testing.T, c map[string]any, name string) map[string]any {
		t.Helper()
		return as[map[string]any](t, c[name])
	}
	first := func(t *testing.T, c map[string]any, name string) map[string]any {
		t.Helper()
		return as[map[string]any](t, as[[]any](t, c[name])[0])
	}
	linked := func(field string, value any) func(*testing.T, map[string]any) {
		return func(_ *testing.T, c map[string]any) {
			account := map[string]any{"account_id": "P1", "relation": "child", "donor_tier": "employee_tier1", "link_type": "mutual_aid", "link_from": "2018-01-01", "balance": "1.00"}
			account[field] = value
			c["mutual_accounts"] = []any{account}
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, map[string]any)
		want   string
	}{
		"unknown field":       {func(_ *testing.T, c map[string]any) { c["surprise"] = 1 }, `unknown field "surprise"`},
		"unknown field below": {func(t *testing.T, c map[string]any) { first(t, c, "items")["discount"] = "1" }, `unknown field "discount"`},
		"exponent":            {func(t *testing.T, c map[string]any) { first(t, c, "items")["unit_price"] = "1E1000000000" }, "items[0].unit_price"},
		"JSON number":         {func(t *testing.T, c map[string]any) { first(t, c, "items")["unit_price"] = 1.5 }, `items[0].unit_price (line 1 of the bill): a number as text such as "1.5" is expected, not a number`},
		"money as number":     {func(t *testing.T, c map[string]any) { part(t, c, "ytd")["ordinary"] = 1.5 }, `ytd.ordinary: an amount as text such as "12.30" is expected, not a number`},
		"list for an object":  {func(_ *testing.T, c map[string]any) { c["patient"] = []int{} }, "patient: an object is expected, not a list"},
		"object for a list":   {func(_ *testing.T, c map[string]any) { c["items"] = map[string]any{} }, "items: a list is expected, not an object"},
		"text for a flag":     {func(t *testing.T, c map[string]any) { part(t, c, "patient")["retired"] = "no" }, "patient.retired: true or false is expected, not text"},
		"half a level":        {func(t *testing.T, c map[string]any) { part(t, c, "institution")["level"] = 1.5 }, "institution.level: a whole number is expected"},
		"level as text":       {func(t *testing.T, c map[string]any) { part(t, c, "institution")["level"] = "1" }, "institution.level: a whole number is expected, not text"},
		"day as a number":     {func(_ *testing.T, c map[string]any) { c["policy_date"] = 20241105 }, `policy_date: a day as text such as "2024-11-05" is expected, not a number`},
		"too many lines": {func(t *testing.T, c map[string]any) {
			c["items"] = slices.Repeat(as[[]any](t, c["items"]), settle.MaxLines+1)
		}, "items: more than 1000"},
		"no such place": {func(_ *testing.T, c map[string]any) { delete(c, "institution"); c["institution_id"] = "XX" }, `no institution "XX"`},
		"two places":    {func(_ *testing.T, c map[string]any) { c["institution_id"] = "H3" }, "is not institution_id"},
		"selected nowhere": {func(t *testing.T, c map[string]any) {
			first(t, part(t, c, "patient"), "selections")["institution_id"] = "XX"
		}, "selections[0]"},
		"selected twice over": {func(t *testing.T, c map[string]any) {
			p := part(t, c, "patient")
			p["selections"] = append(as[[]any](t, p["selections"]), map[string]any{"institution_id": "SK-B1", "from": "2024-01-01"})
		}, "selections[1]"},
		"born after the visit": {func(t *testing.T, c map[string]any) { part(t, c, "patient")["birth_date"] = "2024-11-06" }, "birth_date"},
		"link to oneself": {func(_ *testing.T, c map[string]any) {
			c["mutual_accounts"] = []any{map[string]any{"account_id": "P1", "relation": "self", "donor_tier": "employee_tier1", "link_type": "mutual_aid", "link_from": "2018-01-01", "balance": "1.00"}}
		}, "mutual_accounts[0].relation"},
		"used less than nothing": {func(t *testing.T, c map[string]any) { part(t, c, "ytd")["ordinary_l2plus"] = "-1.00" }, "ytd.ordinary_l2plus"},
		"a level that is none":   {func(t *testing.T, c map[string]any) { part(t, c, "institution")["level"] = 4 }, " institution.level"},
		"an unknown link":        {linked("link_type", "shared"), `mutual_accounts[0]: link_type: "shared" is not mutual_aid or family_display`},
		"no link":                {linked("link_type", nil), "mutual_accounts[0]: link_type is missing"},
		"no relation":            {linked("relation", ""), "mutual_accounts[0]: relation is missing"},
		"no donor's tier":        {linked("donor_tier", nil), "mutual_accounts[0]: donor_tier is missing"},
		"selected nobody knows since when": {func(t *testing.T, c map[string]any) {
			delete(first(t, part(t, c, "patient"), "selections"), "from")
		}, "patient.selections[0]: from is missing"},
		"three decimals":    {func(_ *testing.T, c map[string]any) { c["own_account"] = map[string]any{"balance": "1.005"} }, "own_account.balance: not an amount in yuan with at most two decimals"},
		"contradiction":     {func(t *testing.T, c map[string]any) { part(t, c, "institution")["in_city"] = false }, "contradicts"},
		"unknown kind":      {func(_ *testing.T, c map[string]any) { c["kind"] = "rebate" }, "kind"},
		"no day":            {func(_ *testing.T, c map[string]any) { c["policy_date"] = "2024-02-30" }, "policy_date: not a day"},
		"a day too far":     {func(_ *testing.T, c map[string]any) { c["policy_date"] = "9999-12-31" }, "policy_date: not a day of the form 2006-01-02 from 1900 to 2999"},
		"nothing of a line": {func(_ *testing.T, c map[string]any) { c["items"] = []any{nil} }, "items[0] (line 1 of the bill): unit_price is missing"},
		"no price":          {func(t *testing.T, c map[string]any) { delete(first(t, c, "items"), "unit_price") }, "items[0] (line 1 of the bill): unit_price is missing"},
		"no quantity":       {func(t *testing.T, c map[string]any) { first(t, c, "items")["qty"] = nil }, "items[0] (line 1 of the bill): qty is missing"},
		"no lines":          {func(_ *testing.T, c map[string]any) { delete(c, "items") }, "items is missing"},
		"null for lines":    {func(_ *testing.T, c map[string]any) { c["items"] = nil }, "items is missing"},
		"no policy date":    {func(_ *testing.T, c map[string]any) { delete(c, "policy_date") }, "policy_date is missing"},
		"no school year": {func(t *testing.T, c map[string]any) {
			delete(part(t, part(t, c, "patient"), "benefit"), "paid_school_year_start")
		}, "patient.benefit: paid_school_year_start is missing"},
		"no registration": {func(t *testing.T, c map[string]any) {
			part(t, c, "patient")["benefit"] = map[string]any{"kind": "newborn"}
		}, "patient.benefit: registered_on is missing"},
		"no first day": {func(t *testing.T, c map[string]any) {
			part(t, c, "patient")["benefit"] = map[string]any{"kind": "explicit"}
		}, "patient.benefit: from is missing"},
		"no own balance":    {func(_ *testing.T, c map[string]any) { c["own_account"] = map[string]any{} }, "own_account: balance is missing"},
		"no family balance": {func(_ *testing.T, c map[string]any) { c["mutual_accounts"] = []any{map[string]any{"balance": nil}} }, "mutual_accounts[0]: balance is missing"},
		"a negative count": {func(_ *testing.T, c map[string]any) {
			c["visit"] = map[string]any{"kind": "inpatient", "admission_no": -1}
		}, `visit.admission_no: a field has a value that cannot be: "-1"`},
		"no lines that stay": {func(_ *testing.T, c map[string]any) { c["kind"] = "refund"; delete(c, "items") }, "keep_item_indexes is missing"},
		"refund of nothing": {func(_ *testing.T, c map[string]any) {
			c["kind"] = "refund"
			c["keep_item_indexes"] = []int{}
			c["original_case"] = "G999"
		}, `no case "G999"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := edited(t, "G001", c.change)
			if text, _ := a["error"].(string); a["id"] != "G001" || len(a) != 2 || !strings.Contains(text, c.want) {
				t.Errorf("%v, want an error with %s", a, c.want)
			}
		})
	}
	if a := edited(t, "G001", func(t *testing.T, c map[string]any) {
		first(t, part(t, c, "patient"), "selections")["to"] = "9999-12-31"
		part(t, c, "patient")["benefit"] = map[string]any{"kind": "explicit", "from": "2024-11-05", "to": "9999-12-31"}
		linked("link_to", "9999-12-31")(t, c)
	}); a["fund"] != "75.00" || a["mutual"] != "1.00" {
		t.Errorf("periods without end: %v", a)
	}
	if a := edited(t, "G001", func(_ *testing.T, c map[string]any) { delete(c, "institution") }); a["fund"] != "75.00" {
		t.Errorf("institution by id: %v", a)
	}
}

// TestDuplicateField: the same field twice is an error of the case.
func TestDuplicateField(t *testing.T) {
	raw, _ := bundled(t)
	twice := bytes.Replace(raw, []byte(`"id": "G001"`), []byte(`"id": "G001", "kind": "settlement"`), 1)
	a := answers(t, bytes.NewReader(twice), shipped(t).On)[0]
	if text, _ := a["error"].(string); a["id"] != "G001" || !strings.Contains(text, "twice") {
		t.Errorf("%v", a)
	}
}
