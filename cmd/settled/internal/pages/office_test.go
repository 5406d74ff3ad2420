package pages_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/backtest"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/overlays"
	"settled/cmd/settled/internal/reconcile"
	"settled/cmd/settled/internal/sealed"
	"settled/devices/bench/browser"
	"settled/queue"
	"settled/settle"
	"settled/settle/policy"
)

// records are what the back office shows beside the queue, as a test states them.
type records struct {
	mu    sync.Mutex
	held  map[string]*settle.Refusal // by number
	did   []string
	rules *policy.Set
	dir   string // of the rules
	twice bool   // nothing is released without a second person
}

func (r *records) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did = append(r.did, fmt.Sprintf(format, args...))
}

// done gives what was done, in order.
func (r *records) done() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.did)
}

// of gives why a settlement is held; nil: it is not.
func (r *records) of(number string) *settle.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[number]
}

func (r *records) hold(number string, why *settle.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why == nil {
		delete(r.held, number)
		return
	}
	r.held[number] = why
}

func (f *fixture) Hold(_ context.Context, number, why string, by api.Grant) error {
	f.office.hold(number, &settle.Refusal{Code: settle.UploadHeld, Cashier: settle.UploadHeld.Cashier() + "原因：" + why, Technician: why})
	f.office.note("hold %s %s %s", number, why, by.Operator)
	return nil
}

func (f *fixture) Release(_ context.Context, number, why string, by api.Grant) error {
	if f.office.twice && by.Second == "" {
		return &settle.Refusal{Code: counter.SecondNeeded, Cashier: counter.Sentence(counter.SecondNeeded), Technician: by.Operator}
	}
	f.office.hold(number, nil)
	f.office.note("release %s %s %s", number, why, strings.TrimSpace(by.Operator+" "+by.Second))
	return nil
}

// mends implements api.Repairs.
type mends struct{ *records }

func (mends) Mendable(context.Context, string) ([]api.Mend, error) {
	return []api.Mend{
		{Name: "doctor.code", Chinese: "医师编码", Wire: "bilg_dr_codg", Why: "不影响金额"},
		{Name: "department.code", Chinese: "科室编码", Wire: "bilg_dept_codg", Why: "不影响金额"},
	}, nil
}

func (m mends) Repair(_ context.Context, r api.Repair, by api.Grant) error {
	m.hold(r.Number, nil)
	m.note("repair %s %v %s %s", r.Number, r.Set, r.Why, by.Operator)
	return nil
}

// accounts implements api.Books: a day that is uneven until its finding was repaired.
type accounts struct{ *records }

func (a accounts) repaired() bool {
	return slices.ContainsFunc(a.done(), func(s string) bool { return strings.HasPrefix(s, "repair 2024") })
}

func (a accounts) Reconcile(_ context.Context, day settle.Date, _ api.Grant) (reconcile.Report, error) {
	group := reconcile.Group{Type: "390", Clearing: "11", Office: "440305"}
	r := reconcile.Report{ID: "7a1c", Day: day, At: countertest.Morning(), Details: []reconcile.Detail{}}
	positive := reconcile.Subtotal{Count: 3, Total: 30000, Fund: 22500, Cash: 7500}
	r.Books = []reconcile.Books{{Total: reconcile.Total{Group: group, Positive: positive}, State: reconcile.Equal}}
	r.Bridge = reconcile.Bridge{Here: positive, There: positive}
	counted, over := settle.Fen(57400), settle.Fen(-100)
	r.Drawers = []reconcile.Drawer{{Shift: 6, Taken: 7500, OnDay: 7500, Counted: &counted, Over: &over}}
	r.Others = []reconcile.Other{{Counter: "02", At: countertest.Morning(), Rows: 41}}
	if !a.repaired() {
		sums := reconcile.Sums{Total: 10000, Fund: 7500}
		r.Books[0].State, r.Books[0].Words = reconcile.Unequal, "对账不平"
		r.Details = []reconcile.Detail{{Clearing: "11", Office: "440305", State: reconcile.Unequal, Findings: []reconcile.Finding{
			{Item: 1, Kind: reconcile.OnlyThere, Number: "S01-0002", Person: "张三", There: &sums, Do: "平台有而本地挂起：放行后先查询、冲正，再重新结算。", Repair: reconcile.Release, Target: "S01-0002"},
			{Item: 2, Kind: reconcile.Elsewhere, MsgID: "H44030500001202411051000000201", There: &sums, Do: "别的窗口的，不用处理。"},
		}}}
	}
	return r, nil
}

func (a accounts) Days(context.Context, settle.Date, settle.Date) ([]reconcile.Day, error) {
	at := countertest.Morning()
	days := []reconcile.Day{{Day: 20241104, Settled: 212, Withdrawn: 3, State: reconcile.Equal, Report: "11", At: &at}, {Day: 20241105, Settled: 3, Due: true}}
	if a.repaired() {
		days[1].State, days[1].Due, days[1].At = reconcile.Equal, false, &at
	}
	return days, nil
}

func (a accounts) Repair(_ context.Context, day settle.Date, report string, item int, why string, by api.Grant) (reconcile.Finding, error) {
	if a.twice && by.Second == "" {
		return reconcile.Finding{}, &settle.Refusal{Code: counter.SecondNeeded, Cashier: counter.Sentence(counter.SecondNeeded), Technician: by.Operator}
	}
	a.note("repair %s %s %d %s %s", day, report, item, why, strings.TrimSpace(by.Operator+" "+by.Second))
	return reconcile.Finding{Item: item, Kind: reconcile.OnlyThere}, nil
}

func (accounts) Claims(context.Context, settle.Date) (reconcile.Month, error) {
	return reconcile.Month{}, nil
}

func (a accounts) Square(_ context.Context, number string, ask api.Squaring, by api.Grant) (reconcile.Difference, error) {
	a.note("square %s %s %s %q %s", number, ask.Cash, ask.How, ask.Why, by.Operator)
	return reconcile.Difference{Number: number}, nil
}

func (a accounts) Debts(context.Context, settle.Date, settle.Date) ([]reconcile.Debt, error) {
	child, parent := countertest.Child().Who, countertest.Parent().Who
	debts := []reconcile.Debt{
		{Name: child.Name, ID: child.IDNumber, Items: []reconcile.Difference{
			{Number: "S01-0001", Made: 20241105, Local: counter.Amounts{Fund: 7500, Cash: 2500}, Platform: counter.Amounts{Fund: 6250, Cash: 3750}, Cash: 1250, Open: true},
			{Number: "S01-0003", Made: 20241105, Local: counter.Amounts{Fund: 7500, Cash: 2500}, Platform: counter.Amounts{Fund: 7501, Cash: 2499}, Cash: -1, Tolerated: true},
		}},
		{Name: parent.Name, ID: parent.IDNumber, Items: []reconcile.Difference{
			{Number: "S01-0002", Made: 20241104, Local: counter.Amounts{Fund: 5500, Cash: 4500}, Platform: counter.Amounts{Fund: 6000, Cash: 4000}, Cash: -500, Open: true},
		}},
	}
	for _, d := range debts {
		for i := range d.Items {
			it := &d.Items[i]
			if slices.ContainsFunc(a.done(), func(s string) bool { return strings.HasPrefix(s, "square "+it.Number) }) {
				it.Open, it.Done = false, &reconcile.Done{Cash: it.Cash, How: "cash", Operator: "0003", Seat: "W01", At: countertest.Morning()}
			}
		}
	}
	return debts, nil
}

// gone implements api.Past: a morning of many.
type gone struct{}

func (gone) Each(_ context.Context, from, to settle.Date, fn func(api.Entry) error) error {
	for n := range 140 {
		at := countertest.Morning().Add(time.Duration(n*n%391)*time.Minute - 2*time.Hour)
		if n%9 == 0 {
			at = at.AddDate(0, 0, -n/9)
		}
		if !counter.DayOf(at).Within(from, to) {
			continue
		}
		s := settle.Settlement{Number: fmt.Sprintf("S01-%04d", n), Who: countertest.Child().Who, Insured: settle.Insured{Category: settle.ChildResident}, Operator: "0001"}
		switch {
		case n%5 == 0:
			s.Insured = settle.Insured{Category: settle.EmployeeTier1, Retired: n%2 == 0}
		case n%7 == 0:
			s.Insured.Category = settle.Resident
		}
		s.Bill.Visit.Institution.Level = 3
		s.Split = settle.Split{Total: settle.Fen(8000 + 37*n), Fund: settle.Fen(4400 + 20*n), Cash: settle.Fen(3600 + 17*n)}
		e := api.Entry{Kind: api.Settlement, Number: s.Number, Settlement: s, At: at, State: api.Acknowledged, Done: at.Add(time.Duration(n%40) * time.Minute)}
		if n == 20 {
			e.Done = at.Add(30 * time.Hour)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

func (gone) Shifts(context.Context, settle.Date, settle.Date) ([]counter.Shift, error) {
	at := countertest.Morning()
	tally := func(n int, a settle.Fen) counter.Tally {
		return counter.Tally{Count: n, Amounts: counter.Amounts{Total: a, Fund: a * 6 / 10, Cash: a * 4 / 10}}
	}
	return []counter.Shift{
		{Number: 931, Seat: "01", Operator: "0001", Opened: at, Float: 50000, Settled: tally(3, 30000), Cash: 62000},
		{
			Number: 640, Seat: "01", Operator: "0005", Opened: at.Add(-20 * time.Hour), Float: 50000, Settled: tally(212, 2100000), Collected: counter.Tally{Count: 2, Amounts: counter.Amounts{Total: 3750, Cash: 3750}}, Refunded: tally(2, 8000), Voided: tally(1, 500), Cash: 886600,
			Closed: &counter.Closing{Operator: "0005", At: at.Add(-12 * time.Hour), Counted: 886500, Over: -100},
		},
		{
			Number: 201, Seat: "01", Operator: "0001", Opened: at.Add(-44 * time.Hour), Float: 50000, Settled: tally(180, 1800000), Cash: 770000,
			Closed: &counter.Closing{Operator: "0001", At: at.Add(-36 * time.Hour), Counted: 770000},
		},
	}, nil
}

// Loaded and Activate implement overlays.Rules.
func (r *records) Loaded() *policy.Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rules
}

func (r *records) Activate(_ context.Context, staged, approved string) error {
	set, err := policy.Load(os.DirFS(r.dir))
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.rules = set
	r.mu.Unlock()
	r.note("rules %s %s", staged, approved)
	return nil
}

// openOffice gives a fixture the records of a back office, and a shelf of staged rules.
func (f *fixture) openOffice(t *testing.T) *overlays.Shelf {
	t.Helper()
	rules, err := policy.Load()
	must(t, err)
	f.office = &records{held: map[string]*settle.Refusal{}, rules: rules, dir: t.TempDir()}
	folder, err := sealed.Open(t.TempDir(), "overlay", bytes.Repeat([]byte{1}, queue.KeySize))
	must(t, err)
	shelf, err := overlays.Open(overlays.Options{
		Folder: folder, Directory: f.office.dir, Rules: f.office, Now: countertest.Morning, Log: slog.New(slog.DiscardHandler),
		Today: func() settle.Date { return 20241105 },
		Past: func(_ context.Context, fn func(*backtest.Past) error) error {
			for _, s := range f.Book.Written() {
				who := s.Who.Name.String() + " " + s.Who.IDNumber.String()
				if err := fn(&backtest.Past{ID: s.Number, Who: who, Person: s.Insured, Bill: s.Bill, Usage: s.Usage, Split: &s.Split, Rules: s.Rules}); err != nil {
					return err
				}
			}
			return nil
		},
	})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- shelf.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return shelf
}

// ruleFile is a file of rules for the outpatient rate of a level.
func ruleFile(t *testing.T, value string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rate-2024.toml")
	must(t, os.WriteFile(path, []byte(`approved_by = "医保办 王敏"
approved_on = "2024-10-28"

[[source]]
id = "notice-2024"
title = "关于门诊待遇的通知"
publisher = "深圳市医疗保障局"
date = "2024-10"
kind = "official"

[[row]]
parameter = "outpatient_rate"
level = "1"
value = "`+value+`"
from = "2024-10-01"
source = "notice-2024"
quote = "一级以下提高"
confidence = "high"
status = "official"
`), 0o600))
	return path
}

// stage chooses a file on the page and stages it.
func stage(value, text string) func(*testing.T, *fixture, *browser.Tab) {
	return func(t *testing.T, f *fixture, tab *browser.Tab) {
		t.Helper()
		must(t, tab.Choose("#file", ruleFile(t, value)))
		click("检查并暂存", text)(t, f, tab)
	}
}

// picked chooses a day and waits for a text.
func picked(id, day, text string) func(*testing.T, *fixture, *browser.Tab) {
	return func(t *testing.T, _ *fixture, tab *browser.Tab) {
		t.Helper()
		_, err := browser.Eval[bool](tab, fmt.Sprintf(`((e) => { e.value = %q; e.dispatchEvent(new Event('change')); return true; })(document.getElementById(%q))`, day, id))
		must(t, err)
		must(t, tab.Shows(text))
		must(t, tab.Await(`[...document.images].every((i) => i.complete && i.naturalWidth > 0)`))
	}
}

// filled types a reason into the open dialog, confirms with F2 and waits for a text.
func filled(why, text string) func(*testing.T, *fixture, *browser.Tab) {
	return func(t *testing.T, _ *fixture, tab *browser.Tab) {
		t.Helper()
		must(t, tab.Await(`document.getElementById('why')`))
		must(t, tab.Click("#why"))
		must(t, tab.Press(why, f2))
		must(t, tab.Shows(text))
	}
}
