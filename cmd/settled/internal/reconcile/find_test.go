package reconcile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"settled/cmd/settled/internal/reconcile"
	"settled/queue/nhsa"
	"settled/settle"
)

func known() reconcile.Known {
	blind := back(row("10", d21, "?", yuan(100, 60, 0, 0, 40)), "10", d21, "?")
	blind.Booked.At, blind.Booked.MsgID = "", "" // the answers to its 2208 were lost
	return reconcile.Known{
		Institution: "H44030500001", Counter: "01", Rows: append(day(), blind),
		Open: map[string]reconcile.Open{
			prefix + "0150": {Number: "50", Held: true}, prefix + "0151": {Number: "51"}, prefix + "0152": {Number: "52", Void: true, Held: true},
		},
		Voids: map[string]reconcile.Open{"04": {Number: "60"}, "06": {Number: "61", Held: true}},
	}
}

// TestCompare: each line of a result, in the editions that there are, becomes a finding by
// name, or nothing.
func TestCompare(t *testing.T) {
	ours, _ := reconcile.Statement(day(), "11", "440300", d21, d21)
	equal := func(id, total, fund, account string) string {
		refund := "0"
		if id == "03" {
			refund = "1"
		}
		return strings.Join([]string{"P1", "V" + id, "S" + id, prefix + "01" + id, "0", refund, "null", total, fund, account}, "\t") + "\n"
	}
	all := map[string]string{
		"01": equal("01", "10.00", "6.00", "3.00"), "03": equal("03", "-5.00", "-3.00", "0.00"), "04": equal("04", "3.00", "2.00", "0.00"),
		"06": equal("06", "4.00", "2.50", "0.00"), "07": equal("07", "0.90", "0.50", "0.40"),
	}
	// with gives the whole result with one line instead of another, and more at the end
	with := func(instead, line, more string) string {
		text := ""
		for _, id := range []string{"01", "03", "04", "06", "07"} {
			if id == instead {
				text += line
			} else {
				text += all[id]
			}
		}
		return text + more
	}
	stray := func(msgid, refund string) string {
		return "P9\tV9\tS9\t" + msgid + "\t1\t" + refund + "\tnull\t1.00\t0.60\t0.00\n"
	}
	for _, c := range []struct{ name, text, want string }{
		{"all equal", with("", "", ""), ""},
		{"a fen off", with("01", strings.Replace(equal("01", "10.00", "6.01", "3.00"), "\t0\t0\t", "\t3\t0\t", 1), ""), "differs 01"},
		{"equal by its word, not by its amounts", with("01", equal("01", "10.00", "6.01", "3.00"), ""), "differs 01"},
		{"not there", with("01", "P1\tV01\tS01\tnull\t2\t0\tnull\t10.00\t6.00\t3.00\n", ""), "only_here 01"},
		{"not there, Foshan", with("01", "P1\tV01\tS01\tnull\t99\t0\tnull\t10.00\t6.00\t3.00\n", ""), "only_here 01"},
		{"not there, a void waits", with("04", "P1\tV04\tS04\tnull\t2\t0\tnull\t3.00\t2.00\t0.00\n", ""), "only_here 04 hold 60"},
		{"not there, its void is held", with("06", "P1\tV06\tS06\tnull\t2\t0\tnull\t4.00\t2.50\t0.00\n", ""), "only_here 06"},
		{"a refund is not there", with("03", "P1\tV03\tS03\tnull\t2\t1\tnull\t-5.00\t-3.00\t0.00\n", ""), "only_here 03"},
		{"not mentioned", with("01", "", ""), "unclear 01"},
		{"nothing at all", "", "unclear 01, unclear 03, unclear 04, unclear 06, unclear 07"},
		{"only there", with("", "", stray(prefix+"0199", "0")), "only_there "},
		{"only there, held here", with("", "", stray(prefix+"0150", "0")), "only_there 50 release 50"},
		{"only there, on its way here", with("", "", stray(prefix+"0151", "0")), "only_there 51"},
		{"a reversal is only there, held here", with("", "", stray(prefix+"0152", "1")), "only_there 52 release 52"},
		{"a reversal whose message nobody knows", with("", "", "P1\tV10\tS88\t"+prefix+"0188\t1\t1\tnull\t-1.00\t-0.60\t0.00\n"), "other_day 10"},
		{"a settlement of its visit", with("", "", "P1\tV10\tS89\t"+prefix+"0189\t1\t0\tnull\t1.00\t0.60\t0.00\n"), "only_there "},
		{"the account is not told", with("01", strings.Replace(equal("01", "10.00", "6.00", "3.00"), "\t3.00\n", "\tnull\n", 1), ""), ""},
		{"another counter's", with("", "", stray(prefix+"0299", "0")), "elsewhere "},
		{"a msgid that is not ours", with("", "", stray("X1", "0")), "only_there "},
		{"another day's here", with("", "", stray(prefix+"0105", "0")), "other_day 05"},
		{"without a day here", with("", "", stray(prefix+"0109", "1")), "other_day 09"},
		{"several match", with("", "", "P9\tnull\tnull\tnull\t1\t0\tnull\t1.00\t0.60\t0.00\n"), "unclear "},
		{"twice", with("", "", all["01"]), "unclear 01"},
		{"base edition: only what is unequal", "P1\tV01\tS01\t" + prefix + "0101\t1\t0\n", "differs 01"},
	} {
		var lines []nhsa.StatementResult
		for line, err := range nhsa.ReadStatement(strings.NewReader(c.text)) {
			if err != nil {
				t.Fatal(c.name, err)
			}
			lines = append(lines, line)
		}
		var got []string
		for _, f := range reconcile.Compare(ours, lines, 0, known()) {
			got = append(got, strings.TrimRight(fmt.Sprint(f.Kind, " ", f.Number, " ", f.Repair, " ", f.Target), " ")+map[bool]string{true: " "}[f.Number == ""])
			if f.Number == "52" != strings.Contains(f.Do, "再次撤销（2208）") {
				t.Errorf("%s: %s", c.name, f.Do)
			}
			if f.Do == "" || f.MsgID == "" && f.Kind != reconcile.Unclear {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: got %q, want %q", c.name, s, c.want)
		}
	}
}

// TestOthers: what differs of another counter's is told here, and repaired there.
func TestOthers(t *testing.T) {
	ours, _ := reconcile.Statement(day(), "11", "440300", d21, d21)
	i := slices.IndexFunc(ours, func(r reconcile.Row) bool { return r.Number == "04" })
	line := nhsa.StatementResult{MsgID: ours[i].Booked.MsgID, Finding: nhsa.FoundHospital}
	of := func(counter string) reconcile.Finding {
		ours[i].Counter = counter
		return reconcile.Compare(ours, []nhsa.StatementResult{line}, 0, known())[0]
	}
	if f := of(""); f.Repair != reconcile.Hold || f.Counter != "" {
		t.Errorf("of this counter: %+v", f)
	}
	if f := of("02"); f.Repair != "" || f.Target != "" || f.Counter != "02" || f.Settled() || !strings.HasPrefix(f.Do, "在本院 02 号窗口办理：") {
		t.Errorf("of another: %+v", f)
	}
}

// TestJudge: what is explained needs nobody; what is not, does.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		kinds  []reconcile.Kind
		unread int
		want   reconcile.State
	}{
		{nil, 0, reconcile.Unequal},
		{[]reconcile.Kind{reconcile.Elsewhere, reconcile.OtherDay}, 0, reconcile.Accounted},
		{[]reconcile.Kind{reconcile.Elsewhere}, 1, reconcile.Unequal},
		{[]reconcile.Kind{reconcile.Elsewhere, reconcile.Differs}, 0, reconcile.Unequal},
	} {
		d := reconcile.Detail{Unread: c.unread}
		for _, k := range c.kinds {
			d.Findings = append(d.Findings, reconcile.Finding{Kind: k})
		}
		d.Judge()
		if d.State != c.want {
			t.Errorf("%v: %s, want %s", c.kinds, d.State, c.want)
		}
	}
}

// TestReport: findings are numbered through, and what the journal keeps names no person.
func TestReport(t *testing.T) {
	r := reconcile.Report{Day: d21, Books: []reconcile.Books{{State: reconcile.Unequal}}, Details: []reconcile.Detail{
		{Findings: []reconcile.Finding{{Kind: reconcile.Elsewhere, Person: "440305201501011234"}}},
		{Findings: []reconcile.Finding{{Kind: reconcile.Differs, Number: "01", Person: settle.Private("王小明")}}},
	}}
	if err := r.Number(); err != nil {
		t.Fatal(err)
	}
	f, ok := r.Finding(2)
	if !ok || f.Number != "01" || r.Open() != 1 || r.ID == "" {
		t.Errorf("%+v %v, %d open", f, ok, r.Open())
	}
	if _, ok := r.Finding(3); ok {
		t.Error("there is a third")
	}
	if s := r.Summary(); !strings.Contains(s, "2 differs 01") || strings.Contains(s, "44030520") || strings.Contains(s, "王") {
		t.Errorf("summary: %s", s)
	}
}
