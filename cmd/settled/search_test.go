package main

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/queue"
	"settled/settle"
)

// TestSearch finds settlements and reversals again: the newest first, by number, by
// person, and not those of before a day.
func TestSearch(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	old := k.settle(t, q, "a", 2)
	k.now = k.now.Add(24 * time.Hour)
	numbers := slices.Concat(old, k.settle(t, q, "b", 3))
	l := newLedger(q, "01", slog.New(slog.DiscardHandler))
	found := func(s api.Search) (got []string) {
		t.Helper()
		entries, err := l.Search(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Number)
		}
		return got
	}
	person := l.Person(settle.Private(keptID))
	for name, tt := range map[string]struct {
		ask  api.Search
		want []int // of numbers
	}{
		"all":         {api.Search{From: 20261101, Limit: 50}, []int{4, 3, 2, 1, 0}},
		"today's":     {api.Search{From: 20261122, Limit: 50}, []int{4, 3, 2}},
		"the last":    {api.Search{From: 20261101, Limit: 2}, []int{4, 3}},
		"by number":   {api.Search{Number: numbers[1], Limit: 50}, []int{1}},
		"by person":   {api.Search{Person: person, From: 20261101, Limit: 50}, []int{4, 3, 2, 1, 0}},
		"by name":     {api.Search{Name: keptName, From: 20261122, Limit: 50}, []int{4, 3, 2}},
		"by a part":   {api.Search{Name: "小 ·明", From: 20261101, Limit: 2}, []int{4, 3}},
		"other name":  {api.Search{Name: "王小名", From: 20261101, Limit: 50}, nil},
		"nobody's":    {api.Search{Person: "x", From: 20261101, Limit: 50}, nil},
		"not settled": {api.Search{Number: "012026112299999", Limit: 50}, nil},
	} {
		got := found(tt.ask)
		for i, n := range tt.want {
			if len(got) != len(tt.want) || got[i] != numbers[n] {
				t.Errorf("%s: %v, want %v of %v", name, got, tt.want, numbers)
				break
			}
		}
		if len(tt.want) == 0 && len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSearchReversal: a reversal is found by the name of whose settlement it took back, and
// its row says who that was, and who reversed it.
func TestSearchReversal(t *testing.T) {
	k := newKept(t)
	q := k.open(t)
	of := k.settle(t, q, "a", 1)[0]
	v, _, err := q.Reverse(t.Context(), queue.Reversal{Number: of, Key: "v", ContentDigest: "d", Reason: "x", By: queue.By{Operator: "0002", Device: "W01"}})
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(q, "01", slog.New(slog.DiscardHandler))
	found, err := l.Search(t.Context(), api.Search{Name: "小明", From: 20261101, Limit: 50})
	if err != nil || len(found) != 2 || found[0].Number != v.Number || found[0].Settlement.Who.IDNumber != keptID {
		t.Errorf("%+v %v", found, err)
	}
	var last api.Entry
	err = l.Each(t.Context(), 20261121, 20261121, func(e api.Entry) error { last = e; return nil })
	if err != nil || last.Number != v.Number || last.Settlement.Who.Name != keptName || last.Settlement.Operator != "0002" {
		t.Errorf("%+v %v", last, err)
	}
}
