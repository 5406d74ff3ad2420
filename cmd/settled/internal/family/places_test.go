package family_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/family"
	"settled/settle"
)

// desk is one of a window with a child's card, among places of two districts and one
// whose code tells none.
func desk(t *testing.T) *family.Desk {
	t.Helper()
	w := countertest.Open(t, nil)
	w.Insert(t, counter.Patient, countertest.Child())
	place := func(id, name string) settle.Institution {
		return settle.Institution{ID: id, Name: name, Level: 1, Kind: settle.CommunityHealth, City: settle.HomeCity}
	}
	return family.New(family.Options{
		Window: w, Rulebook: w.Rules, Here: countertest.Centre(), Seat: "K01", Now: countertest.Morning,
		Position: func(context.Context, string, string) (counter.Position, error) { return counter.Position{}, nil },
		Places: []settle.Institution{
			place("H44030300201", "丁社康"), place("H44030300202", "甲社康"), place("H44030400207", "乙社康"), place("P1", "丙诊所7"),
			{ID: "H44030400900", Name: "市一医院", Level: 3, Kind: settle.Hospital, City: settle.HomeCity}, // may not be selected
		},
	})
}

// TestPlaces: the whole list is searched, by name, digits of the code and district, and
// given a page at a time; what may not be selected is nowhere.
func TestPlaces(t *testing.T) {
	d := desk(t)
	for _, c := range []struct {
		want  family.Wanted
		names string
		total int
	}{
		{family.Wanted{Most: 10}, "丁社康 丙诊所7 乙社康 甲社康", 4},
		{family.Wanted{Most: 3}, "丁社康 丙诊所7 乙社康", 4},
		{family.Wanted{Most: 3, After: 3}, "甲社康", 4},
		{family.Wanted{Most: 3, After: 30}, "", 4},
		{family.Wanted{Most: 10, District: "440303"}, "丁社康 甲社康", 2},
		{family.Wanted{Most: 10, Search: " 20 "}, "丁社康 乙社康 甲社康", 3},
		{family.Wanted{Most: 10, Search: "7"}, "丙诊所7 乙社康", 2}, // in a name, and in a code
		{family.Wanted{Most: 10, Search: "H4403"}, "", 0},     // no digits: part of a name
		{family.Wanted{Most: 10, Search: "社康", District: "440304"}, "乙社康", 1},
		{family.Wanted{Most: 10, Search: "市一"}, "", 0},
	} {
		page, err := d.Places(c.want)
		var names []string
		for _, p := range page.Places {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != c.names || page.Total != c.total {
			t.Errorf("%+v: %q of %d, want %q of %d, %v", c.want, got, page.Total, c.names, c.total, err)
		}
		if got := fmt.Sprint(page.Districts); got != "[{440303 罗湖区 2} {440304 福田区 1}]" {
			t.Errorf("%+v: districts %s", c.want, got)
		}
	}
}

// TestSlip: what is printed is what was looked up, masked, and says since when it is known.
func TestSlip(t *testing.T) {
	d := desk(t)
	own := settle.Fen(5)
	text := counter.Text(d.Slip(family.Standing{
		AsOf: "2024-11-01T01:00:00Z", Offline: settle.PlatformDown, Own: &own,
		Benefit:   family.Benefit{From: 20240901, To: 20991231, Now: true},
		Allowance: &family.Allowance{Period: "2024", Limit: 300, Used: 100, Left: 200, Provisional: true},
		Links:     []family.Link{{Holder: "李**", Relation: settle.RelationChild, From: 20240101}},
	}, countertest.Child().Who), counter.Paper80)
	for _, want := range []string{"张**", "2024（暂定）", "￥2.00", "￥0.05", "待遇 2024-09-01 起", "还没有选定", "李**（患者是其子女）", "2024-01-01 起", "2024-11-01 09:00", "暂时连不上"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, countertest.Child().Who.Name.ClearPersonalData()) {
		t.Errorf("not masked:\n%s", text)
	}
}
