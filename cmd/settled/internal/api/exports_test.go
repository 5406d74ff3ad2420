package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/reconcile"
	"settled/settle"
)

// past is what was settled, as a test states it.
type past []api.Entry

func (p past) Each(_ context.Context, from, to settle.Date, fn func(api.Entry) error) error {
	for _, e := range p {
		if !counter.DayOf(e.At).Within(from, to) {
			continue
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}

func (past) Shifts(context.Context, settle.Date, settle.Date) ([]counter.Shift, error) {
	return []counter.Shift{{
		Number: 6, Seat: "W01", Operator: "0001", Opened: countertest.Morning(), Float: 50000, Settled: counter.Tally{Count: 3}, Collected: counter.Tally{Count: 1, Amounts: counter.Amounts{Cash: 200}},
		Closed: &counter.Closing{At: countertest.Morning().Add(time.Hour), Counted: 49900, Over: -100},
	}}, nil
}

// owing are books in which a person owes.
type owing struct{ shelf }

func (*owing) Debts(_ context.Context, from, to settle.Date) ([]reconcile.Debt, error) {
	return []reconcile.Debt{{Name: "=张三", ID: "440304201806010019", Items: []reconcile.Difference{{Number: "012024110500001", Made: from, Cash: -250, Open: true}, {
		Number: "012024110500009", Made: from, Cash: 120, Done: &reconcile.Done{Cash: 120, How: "other", Operator: "0001", At: countertest.Morning(), Why: "转账"},
	}}}}, nil
}

// visited is a morning's past: a settlement of somebody with a name like a formula, its
// refund, and what that kept.
func visited() past {
	s := settle.Settlement{
		Number: "012024110500001", Who: settle.Identity{Name: "=张三", IDNumber: "440304201806010019"}, Insured: settle.Insured{Category: settle.ChildResident},
		Split: settle.Split{Total: 10000, Fund: 6000, Cash: 4000}, Operator: "0001",
	}
	s.Bill.Visit.Institution.Level = 3
	at := countertest.Morning()
	kept, back := s, s
	kept.Number, back.Operator = "012024110500003", "0002"
	return past{
		{Kind: api.Settlement, Number: s.Number, Settlement: s, At: at, State: api.Acknowledged, Done: at.Add(2 * time.Minute), Shift: 6},
		{Kind: api.Refund, Number: "012024110500002", Settlement: back, Back: api.Amounts{Total: 3000, Fund: 1000, Cash: 2000}, At: at.Add(time.Minute)},
		{Kind: api.Settlement, Number: kept.Number, From: s.Number, Settlement: kept, At: at.Add(time.Minute), State: api.Pending},
	}
}

// TestExports: a table of each kind, as CSV and XLSX; masked; no formula; sums add up.
func TestExports(t *testing.T) {
	kept := newDiary()
	d := startWith(t, nil, func(o *api.Options) {
		o.Past, o.Books, o.Now = visited(), &owing{}, countertest.Morning
		o.Acts = kept
		o.SignIn = &api.SignIn{Operators: roster{"0003": {ID: "0003", Name: "王敏", Role: api.Insurance}, "0002": {ID: "0002", Name: "组长", Role: api.Supervisor}}, Seat: countertest.Seat, Token: cashierToken}
	})
	for what, want := range map[string][][]string{
		"settlements": {
			{"\t012024110500001", "结算", "", "2024-11-05 10:00", "'=**", "440****19", "少儿", "100.00", "60.00", "0.00", "0.00", "40.00", "平台已收", "", "", "6", "\t0001"},
			{"\t012024110500002", "退费", "\t012024110500001", "2024-11-05 10:01", "'=**", "440****19", "少儿", "-30.00", "-10.00", "0.00", "0.00", "-20.00", "", "", "", "", "\t0002"},
		},
		"differences":    {{"'=**", "440****19", "\t012024110500001", "2024-11-05", "0.00", "0.00", "0.00", "0.00", "-2.50", "应退还 2.50", "", "", ""}, {"'=**", "440****19", "\t012024110500009", "2024-11-05", "0.00", "0.00", "0.00", "0.00", "1.20", "已补收 1.20（非现金）", "2024-11-05 10:00", "\t0001", "转账"}},
		"shifts":         {{"6", "W01", "\t0001", "2024-11-05 10:00", "2024-11-05 11:00", "500.00", "3", "0", "0", "2.00", "0.00", "0.00", "499.00", "-1.00"}},
		"reconciliation": nil, "queue": {}, "held": {},
	} {
		status, text, h := d.call(t, http.MethodGet, "/v1/exports/"+what+"?day=2024-11-05", nil, nil)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
		if status != http.StatusOK || err != nil || !strings.HasPrefix(h.Get("Content-Type"), "text/csv") || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") {
			t.Errorf("%s: %d %s %v %v", what, status, text, err, h)
			continue
		}
		if want != nil && len(rows)-1 != len(want) {
			t.Errorf("%s: %q", what, rows)
			continue
		}
		for i, row := range want {
			if strings.Join(rows[i+1], "|") != strings.Join(row, "|") {
				t.Errorf("%s:\n%q, want\n%q", what, rows[i+1], row)
			}
		}
		if _, text, _ := d.call(t, http.MethodGet, "/v1/exports/"+what+"?day=2024-11-05&state=open", nil, nil); what == "differences" && (strings.Contains(string(text), "已补收") || !strings.Contains(string(text), "应退还")) {
			t.Errorf("open ones: %s", text)
		}
		status, text, _ = d.call(t, http.MethodGet, "/v1/exports/"+what+"?format=xlsx&month=2024-11-01", nil, nil)
		if _, err := zip.NewReader(bytes.NewReader(text), int64(len(text))); status != http.StatusOK || err != nil {
			t.Errorf("%s: %d %v", what, status, err)
		}
	}
	for path, want := range map[string]int{
		"/v1/exports/settlements?day=2024-11-05&clear=true": http.StatusForbidden, // a token is no person
		"/v1/exports/all":                  http.StatusUnprocessableEntity,
		"/v1/exports/queue?format=pdf":     http.StatusUnprocessableEntity,
		"/v1/exports/shifts?day=yesterday": http.StatusUnprocessableEntity,
	} {
		if status, text, _ := d.call(t, http.MethodGet, path, nil, nil); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	for operator, want := range map[string]int{"0003": http.StatusOK, "0002": http.StatusForbidden} {
		cookie := signedIn(t, d, operator)
		<-kept.made
		status, text, _ := d.call(t, http.MethodGet, "/v1/exports/settlements?day=2024-11-05&clear=true", nil, cookie)
		if shown := strings.Contains(string(text), "440304201806010019") && strings.Contains(string(text), "'=张三"); status != want || shown != (want == http.StatusOK) {
			t.Errorf("operator %s: %d %s", operator, status, text)
		}
		if want == http.StatusOK {
			kept.wrote(t, api.Act{Kind: api.Exported, Operator: "0003", Seat: countertest.Seat, Role: api.Insurance, What: "结算 2024-11-05，2 行"})
		}
	}
	kept.none(t)
}

// signedIn makes requests of an operator's own page.
func signedIn(t *testing.T, d *daemon, operator string) func(*http.Request) {
	t.Helper()
	_, _, h := d.call(t, http.MethodPost, "/v1/sign-in", []byte(`{"operator":"`+operator+`","password":"pass-`+operator+`"}`), func(r *http.Request) { r.Header.Del("Authorization") })
	cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
	return func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
}

// TestFigures: a day by hours and its pictures; not for a terminal or the hospital's system.
func TestFigures(t *testing.T) {
	d := startWith(t, nil, func(o *api.Options) {
		o.Past = visited()
		o.Now = func() time.Time { return countertest.Morning().Add(5 * time.Minute) }
	})
	var got struct {
		Slots []struct {
			Label  string
			Count  int
			Total  settle.Fen
			Oldest int
		}
		Groups []struct{ Fund settle.Fen }
	}
	_, text, _ := d.call(t, http.MethodGet, "/v1/figures?day=2024-11-05", nil, nil)
	if err := json.Unmarshal(text, &got); err != nil || len(got.Slots) != 24 || got.Slots[10].Count != 1 || got.Slots[10].Total != 7000 || len(got.Groups) != 1 || got.Groups[0].Fund != 5000 {
		t.Errorf("%v %s", err, text)
	}
	_, text, _ = d.call(t, http.MethodGet, "/v1/figures?month=2024-11-05", nil, nil)
	if err := json.Unmarshal(text, &got); err != nil || len(got.Slots) != 30 || got.Slots[4].Count != 1 {
		t.Errorf("%v %s", err, text)
	}
	for what, want := range map[string]string{"volume": "2024-11-05 结算笔数", "fund": "三级 少儿", "oldest": "最早一笔"} {
		status, text, h := d.call(t, http.MethodGet, "/v1/charts/"+what+"?day=2024-11-05", nil, nil)
		if status != http.StatusOK || h.Get("Content-Type") != "image/svg+xml" || !strings.Contains(string(text), want) {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	for _, path := range []string{"/v1/figures", "/v1/charts/volume", "/v1/exports/queue", "/v1/shifts"} {
		for token, want := range map[string]int{kioskToken: http.StatusForbidden, hospitalToken: http.StatusForbidden, insuranceToken: http.StatusOK} {
			as := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
			if status, _, _ := d.call(t, http.MethodGet, path, nil, as); status != want {
				t.Errorf("%s with %s: %d", path, token, status)
			}
		}
	}
}
