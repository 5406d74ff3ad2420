package demo

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
	"settled/devices/bench"
	"settled/settle"
)

// finding is an item of a reconciliation.
type finding struct {
	Item   int    `json:"item"`
	Kind   string `json:"kind"`
	Number string `json:"number"`
	Repair string `json:"repair"`
	Target string `json:"target"`
	MsgID  string `json:"msgid"`
	Person string `json:"person"`
}

// report is a reconciliation of a day.
type report struct {
	ID    string `json:"id"`
	Books []struct {
		Type     string `json:"insutype"`
		Clearing string `json:"clr_type"`
		State    string `json:"state"`
		Words    string `json:"words"`
		Positive struct {
			Count int `json:"count"`
		} `json:"positive"`
		Negative struct {
			Count int `json:"count"`
		} `json:"negative"`
	} `json:"books"`
	Details []struct {
		State    string    `json:"state"`
		Unread   int       `json:"unread"`
		Findings []finding `json:"findings"`
	} `json:"details"`
	Bridge map[string]tally `json:"bridge"`
	Others []struct {
		Counter string `json:"counter"`
		Rows    int    `json:"rows"`
	} `json:"others"`
	Apart string `json:"apart"`
}

// of leaves the books of one clearing type: 11 outpatient, 21 inpatient.
func (r report) of(clearing string) report {
	r.Books = slices.Clone(r.Books)
	for i := len(r.Books) - 1; i >= 0; i-- {
		if r.Books[i].Clearing != clearing {
			r.Books = slices.Delete(r.Books, i, i+1)
		}
	}
	return r
}

// states gives the books' states by insurance type.
func (r *report) states() string {
	var list []string
	for _, b := range r.Books {
		list = append(list, b.Type+" "+b.State)
	}
	return strings.Join(list, ", ")
}

// operate gives the daemon a token of operations, and gives the daemon as its holder sees
// it.
func (s *stage) operate(t *testing.T) *daemon {
	t.Helper()
	must(t, s.daemon.stop())
	file := at(s.folder, "credentials/operations.token")
	must(t, os.WriteFile(file, []byte(random()+"\n"), 0o600))
	must(t, s.daemon.start(t.Context()))
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil && sc.Guardian != nil }))
	keeper := *s.daemon
	keeper.tokenFile = file
	return &keeper
}

func (s *stage) reconciled(t *testing.T, day string) (r report) {
	t.Helper()
	must(t, s.daemon.runJSON(t.Context(), &r, "reconcile", "--day", day))
	b := r.Bridge
	for name, sum := range map[string]int64{
		"count": int64(b["here"].Count - b["waiting"].Count - b["later"].Count + b["earlier"].Count - b["there"].Count),
		"cash":  int64(b["here"].Cash - b["waiting"].Cash - b["later"].Cash + b["earlier"].Cash + b["differ"].Cash - b["there"].Cash),
		"fund":  int64(b["here"].Fund - b["waiting"].Fund - b["later"].Fund + b["earlier"].Fund + b["differ"].Fund - b["there"].Fund),
	} {
		if sum != 0 {
			t.Errorf("%s: the books do not come from one another: %+v", name, b)
		}
	}
	return r
}

// TestReconcile: a day with settlements, a void, a difference, and one that the platform
// has and the counter holds. The last is named; a person confirms its repair; then the
// books are equal.
func TestReconcile(t *testing.T) {
	t.Parallel()
	s := family(t)
	keeper := s.operate(t)
	day := s.began.Format(time.DateOnly)
	if _, err := s.daemon.run(t.Context(), "shift", "open", "--float", "100.00"); err != nil {
		t.Fatal(err)
	}
	s.awaitUpload(t, s.settled(t, 1).Number, "acknowledged")
	second := s.settled(t, 2)
	s.awaitUpload(t, second.Number, "acknowledged")
	v := given(t, 201)(s.void(t, second.Number, "v"))
	s.awaitUpload(t, v.Number, "withdrawn")
	s.platform.Books.SetMood(platform.Mood{Differ: 100})
	differs := s.settled(t, 3)
	s.awaitUpload(t, differs.Number, "differs")
	s.platform.Books.SetMood(platform.Mood{})
	if r := s.reconciled(t, day).of("11"); r.states() != "310 equal, 390 equal" || len(r.Details) > 0 || r.Books[1].Positive.Count != 3 || r.Books[1].Negative.Count != 1 {
		t.Errorf("before: %+v", r)
	}
	must(t, errors.Join(
		s.platform.Add(platform.Fault{Infno: "2207", Kind: platform.Cut, Booked: true, Times: 1}),
		s.platform.Add(platform.Fault{Infno: "2601", Kind: platform.Refuse}),
	))
	lost := s.settled(t, 4)
	s.awaitUpload(t, lost.Number, "held")
	s.platform.Clear()
	r := s.reconciled(t, day).of("11")
	if r.states() != "310 equal, 390 unequal" || len(r.Details) != 1 || len(r.Details[0].Findings) != 1 {
		t.Fatalf("with one that only the platform has: %+v", r)
	}
	f := r.Details[0].Findings[0]
	if f.Kind != "only_there" || f.Number != lost.Number || f.Repair != "release" || f.Target != lost.Number || !strings.Contains(f.Person, "****") {
		t.Errorf("found %+v", f)
	}
	apply := []string{"reconcile", "apply", "--day", day, "--report", r.ID, "--item", "1", "--why", "测试"}
	if _, err := s.daemon.run(t.Context(), apply...); err == nil || !strings.Contains(err.Error(), "NOT_ALLOWED") {
		t.Errorf("the cashier repairs: %v", err)
	}
	out, err := keeper.run(t.Context(), apply...)
	must(t, err)
	t.Log(out)
	s.awaitUpload(t, lost.Number, "acknowledged")
	if r := s.reconciled(t, day).of("11"); r.states() != "310 equal, 390 equal" || r.Books[1].Positive.Count != 4 {
		t.Errorf("after the repair: %+v", r)
	}
	s.elsewhere(t, day)
	s.owed(t, differs.Number, day)
	s.due(t, day)
	files, err := filepath.Glob(at(s.folder, "state/journal/journal-*.jsonl"))
	must(t, err)
	notes := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(t, err)
		notes += strings.Count(string(text), `"kind":"reconcile"`)
	}
	if notes != 4 {
		t.Errorf("the journal has %d reconciliations, want 4", notes)
	}
}

// elsewhere reconciles the day at a second counter, which has settled nothing: with what the
// first one shares its books are the platform's.
func (s *stage) elsewhere(t *testing.T, day string) {
	t.Helper()
	listen, err := bench.FreeAddress(t.Context())
	must(t, err)
	second := *s.daemon
	second.base, second.config, second.log = "http://"+listen, at(s.folder, "second.toml"), at(s.folder, "second.log")
	second.env = []string{bench.SocketVariable + "=" + at(s.folder, "no-pcscd")}
	text := strings.NewReplacer(`state = "state"`, `state = "second"`, `number = "01"`, `number = "02"`).Replace(s.configText(listen))
	must(t, os.WriteFile(second.config, []byte(text), 0o600))
	must(t, second.launch(t.Context()))
	defer func() { must(t, second.stop()) }()
	for tick := time.Tick(20 * time.Millisecond); ; <-tick { // it never is ready: it has no reader
		res, err := second.get(t.Context(), "/readyz")
		if err == nil {
			must(t, res.Body.Close())
			break
		}
		must(t, t.Context().Err())
	}
	var r report
	must(t, second.runJSON(t.Context(), &r, "reconcile", "--day", day))
	if r = r.of("11"); r.states() != "310 equal, 390 equal" || r.Apart != "" || len(r.Others) != 1 || r.Others[0].Counter != "01" || r.Books[1].Positive.Count != 4 || r.Bridge["there"].Count != 0 {
		t.Errorf("at another counter: %+v", r)
	}
	must(t, os.RemoveAll(at(s.folder, "books")))
	must(t, os.WriteFile(at(s.folder, "books"), nil, 0o600))
	out, err := second.run(t.Context(), "reconcile", "--day", day)
	if err != nil || !strings.Contains(out, "没有读全或没有写上") || !strings.Contains(out, "由本院 01 号窗口上传") || !strings.Contains(out, "差异均已说明") {
		t.Errorf("without what the first one shares: %v\n%s", err, out)
	}
	must(t, os.Remove(at(s.folder, "books")))
}

// due looks at which days are to be reconciled: none, one again when more is booked, and
// whoever closes a shift is asked.
func (s *stage) due(t *testing.T, day string) {
	t.Helper()
	if out, err := s.daemon.run(t.Context(), "reconcile", "days"); err != nil || !strings.Contains(out, day) || strings.Contains(out, "待对账") {
		t.Errorf("days, all even: %v\n%s", err, out)
	}
	s.awaitUpload(t, s.settled(t, 5).Number, "acknowledged")
	out, err := s.daemon.run(t.Context(), "reconcile", "days", "--from", day)
	if err != nil || !strings.Contains(out, "之后又有结算") || !strings.Contains(out, "待对账 1 天："+day) {
		t.Errorf("days, one more booked: %v\n%s", err, out)
	}
	out, err = s.daemon.run(t.Context(), "shift", "close", "--counted", "100.00", "--yes")
	if err != nil || !strings.Contains(out, "settled reconcile --day "+day) {
		t.Errorf("shift close: %v\n%s", err, out)
	}
	t.Log(out)
}

// square keeps that the patient got the difference back, by transfer; once.
func (s *stage) square(t *testing.T, number string) {
	t.Helper()
	var list struct {
		Debts []struct {
			Items []struct {
				Number string     `json:"number"`
				Cash   settle.Fen `json:"cash"`
			} `json:"items"`
		} `json:"debts"`
	}
	out, err := s.daemon.run(t.Context(), "differences", "--json")
	must(t, err)
	must(t, json.Unmarshal([]byte(out), &list))
	if len(list.Debts) != 1 || len(list.Debts[0].Items) != 1 || list.Debts[0].Items[0].Number != number {
		t.Fatalf("differences:\n%s", out)
	}
	flag, done, sum := "--collected", "已补收", list.Debts[0].Items[0].Cash
	if sum < 0 {
		flag, done, sum = "--refunded", "已退还", -sum
	}
	if out, err := s.daemon.run(t.Context(), "differences", "mark", number, flag, (sum + 1).String()); err == nil || !strings.Contains(out+err.Error(), "与登记的金额不同") {
		t.Errorf("another sum: %v\n%s", err, out)
	}
	out, err = s.daemon.run(t.Context(), "differences", "mark", number, flag, sum.String(), "--other", "--why", "转账")
	if err != nil || !strings.Contains(out, number+" "+done+" "+sum.String()+"（非现金）") {
		t.Errorf("mark: %v\n%s", err, out)
	}
	if out, err := s.daemon.run(t.Context(), "differences", "mark", number, flag, sum.String()); err == nil || !strings.Contains(out+err.Error(), "没有重复登记") {
		t.Errorf("mark twice: %v\n%s", err, out)
	}
	for args, want := range map[string]string{"differences": "0 人", "differences --all": done + " " + sum.String()} {
		if out, err := s.daemon.run(t.Context(), strings.Fields(args)...); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

// owed looks at what the patient gets back, and at the month's draft.
func (s *stage) owed(t *testing.T, number, day string) {
	t.Helper()
	out, err := s.daemon.run(t.Context(), "differences", "--day", day)
	must(t, err)
	if !strings.Contains(out, number) || !strings.Contains(out, "应") || strings.Contains(out, "张小") {
		t.Errorf("differences:\n%s", out)
	}
	for verb, name := range map[string]string{"status": "金额差异  1 笔，应", "queue list": "另有平台已收、金额有差异的 1 笔，应"} {
		if out, err := s.daemon.run(t.Context(), strings.Fields(verb)...); err != nil || !strings.Contains(out, name) {
			t.Errorf("%s: %v\n%s", verb, err, out)
		}
	}
	t.Log(out)
	s.square(t, number)
	out, err = s.daemon.run(t.Context(), "reconcile", "month", "--month", day[:7])
	must(t, err)
	if !strings.Contains(out, "未发送") || s.platform.Books.Page().Requests["3203"] != 0 {
		t.Errorf("month:\n%s", out)
	}
	t.Log(out)
	out, err = s.daemon.run(t.Context(), "reconcile", "--day", day)
	must(t, err)
	t.Log(out)
}

// TestReconcileFlaws: every way in which the platform's statement can be wrong is named,
// and what cannot be repaired from here says where.
func TestReconcileFlaws(t *testing.T) {
	t.Parallel()
	s := family(t)
	keeper := s.operate(t)
	day := s.began.Format(time.DateOnly)
	first, second := s.settled(t, 1), s.settled(t, 2)
	s.awaitUpload(t, first.Number, "acknowledged")
	s.awaitUpload(t, second.Number, "acknowledged")
	const prefix = "H4403050000120261122120000"
	for _, c := range []struct {
		name, state, kind, number string
		flaws                     platform.Flaws
	}{
		{"a row is missing", "unequal", "only_here", first.Number, platform.Flaws{Missing: 1}},
		{"a row too many", "unequal", "only_there", "", platform.Flaws{Extra: prefix + "0199"}},
		{"another counter's", "accounted", "elsewhere", "", platform.Flaws{Extra: prefix + "0299"}},
		{"a fen off", "unequal", "differs", first.Number, platform.Flaws{Off: 1}},
		{"several match", "unequal", "unclear", "", platform.Flaws{Off: 1, Blank: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.platform.Books.SetMood(platform.Mood{Books: c.flaws})
			r := s.reconciled(t, day)
			if len(r.Details) != 1 || len(r.Details[0].Findings) == 0 || r.Details[0].State != c.state {
				t.Fatalf("got %+v", r)
			}
			if f := r.Details[0].Findings[0]; f.Kind != c.kind || f.Number != c.number || f.Repair != "" {
				t.Errorf("found %+v", f)
			}
			_, err := keeper.run(t.Context(), "reconcile", "apply", "--day", day, "--item", "1", "--why", "测试")
			if err == nil || !strings.Contains(err.Error(), "REPAIR_ELSEWHERE") {
				t.Errorf("apply: %v", err)
			}
		})
	}
	s.platform.Books.SetMood(platform.Mood{Books: platform.Flaws{Off: 1, Late: 1}})
	if r := s.reconciled(t, day); len(r.Details) != 1 || r.Details[0].State != "late" {
		t.Errorf("late: %+v", r)
	}
	if r := s.reconciled(t, day); len(r.Details) != 1 || r.Details[0].State != "unequal" {
		t.Errorf("asked again: %+v", r)
	}
}
