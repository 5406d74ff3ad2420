package overlays

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"settled/cmd/settled/internal/backtest"
	"settled/cmd/settled/internal/sealed"
	"settled/queue"
	"settled/settle"
	"settled/settle/policy"
)

const head = "approved_by = \"医保办 王敏\"\napproved_on = \"2026-07-10\"\n"

// rate is a file that sets the outpatient rate at level 3.
func rate(value string) string {
	return head + "\n[[row]]\nparameter = \"outpatient_rate\"\nlevel = \"3\"\nvalue = \"" + value + "\"\nfrom = \"2026-01-01\"\nsource = \"decision\"\nnote = \"a trial\"\nconfidence = \"low\"\nstatus = \"provisional\"\n"
}

var (
	wang = Signer{"0003", "王敏"}
	li   = Signer{"0004", "李强"}
)

// disk fails the puts that it is told to, before or after they are done.
type disk struct {
	*sealed.Folder
	puts, before, after int
}

func (d *disk) Put(name string, data []byte) error {
	d.puts++
	if d.puts == d.before {
		return errors.New("lost")
	}
	err := d.Folder.Put(name, data)
	if d.puts == d.after {
		return errors.New("kept, but it failed")
	}
	return err
}

// office is a shelf on real files, with rules that are loaded as the daemon does.
type office struct {
	*Shelf
	t      *testing.T
	dir    string
	disk   *disk
	set    *policy.Set
	log    []string // what the journal was told
	broken error    // the journal's
	past   []*backtest.Past
}

func newOffice(t *testing.T) *office {
	t.Helper()
	f := &office{t: t, dir: t.TempDir()}
	must(t, os.Mkdir(f.at("policy.d"), 0o700))
	f.start()
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *office) at(names ...string) string {
	return filepath.Join(append([]string{f.dir}, names...)...)
}

// start does what the daemon does when it starts.
func (f *office) start() {
	f.t.Helper()
	folder, err := sealed.Open(f.at("staged"), "overlay", bytes.Repeat([]byte{7}, queue.KeySize))
	must(f.t, err)
	f.disk = &disk{Folder: folder}
	f.Shelf, err = Open(Options{
		Folder: f.disk, Directory: f.at("policy.d"), Rules: f, Log: slog.New(slog.DiscardHandler),
		Now:   func() time.Time { return time.Date(2026, 11, 22, 9, 0, f.disk.puts, 0, time.UTC) },
		Today: func() settle.Date { return 20261122 },
		Past: func(_ context.Context, fn func(*backtest.Past) error) error {
			for _, p := range f.past {
				if err := fn(p); err != nil {
					return err
				}
			}
			return nil
		},
	})
	must(f.t, err)
	f.set, err = policy.Load(os.DirFS(f.at("policy.d")))
	must(f.t, err)
	must(f.t, f.Finish(f.told))
}

func (f *office) Loaded() *policy.Set { return f.set }

func (f *office) Activate(_ context.Context, staged, approved string) error {
	set, err := policy.Load(os.DirFS(f.at("policy.d")))
	if err == nil {
		err = f.broken
	}
	if err != nil {
		return err
	}
	f.set = set
	return f.told(staged, approved)
}

func (f *office) told(staged, approved string) error {
	if n := len(f.log); n > 0 && strings.HasPrefix(f.log[n-1], f.set.Digest()) {
		return nil
	}
	f.log = append(f.log, f.set.Digest()+" "+staged+" "+approved)
	return nil
}

// holds checks how the first file stands, and that the rules are those of a text: "" for
// the shipped ones.
func (f *office) holds(when string, state State, text string) {
	f.t.Helper()
	if list := f.List(); len(list) == 0 || list[len(list)-1].State != state {
		f.t.Errorf("%s: %+v, want it %s", when, list, state)
	}
	got, err := os.ReadFile(f.at("policy.d", "rate.toml"))
	if string(got) != text || (err != nil) != (text == "") {
		f.t.Errorf("%s: in the directory of rules is %q, %v", when, got, err)
	}
	value := "0.55"
	if i := strings.Index(text, `value = "`); i >= 0 {
		value = text[i+9 : i+13]
	}
	for _, r := range f.set.InForce(20261122) {
		if r.Param == settle.ParamOutpatientRate && r.Key[0] == "3" && r.Value != value {
			f.t.Errorf("%s: the rate in force is %s, want %s", when, r.Value, value)
		}
	}
}

func (f *office) refuses(err error, code settle.Code) *settle.Refusal {
	f.t.Helper()
	r, ok := errors.AsType[*settle.Refusal](err)
	if !ok || r.Code != code || r.Cashier == "" || r.Technician == "" {
		f.t.Fatalf("%v, want %s", err, code)
	}
	return r
}

// TestTwoPersons: what one stages another puts into force, who saw what it changes; the
// journal names both, and all of it survives a restart.
func TestTwoPersons(t *testing.T) {
	f := newOffice(t)
	o, err := f.Stage("rate.toml", rate("0.60"), wang)
	must(t, err)
	f.start()
	f.holds("staged", Staged, "")
	if again, err := f.Stage("rate.toml", rate("0.60"), li); err != nil || again.ID != o.ID || len(f.List()) != 1 {
		t.Errorf("the same again: %+v %v", again, err)
	}
	_, change, why, err := f.Show(o.ID)
	if err != nil || why != nil || len(change.Changes) != 1 || change.Changes[0].Before.Value != "0.55" || change.Changes[0].After.Value != "0.60" ||
		len(change.Sources) != 1 || change.Sources[0].Kind != "decision" || len(change.Retroactive) != 1 || change.Replaces {
		t.Errorf("%+v %v %v", change, why, err)
	}
	ctx := t.Context()
	for _, tt := range []struct {
		id, seen, why string
		by            Signer
		code          settle.Code
	}{
		{o.ID, change.Rules, "好", wang, CodeSecond},
		{o.ID, change.InForce, "好", li, CodeMoved},
		{o.ID, change.Rules, " ", li, CodeNoReason},
		{"none", change.Rules, "好", li, CodeNone},
	} {
		_, err := f.Approve(ctx, tt.id, tt.seen, tt.why, tt.by)
		_ = f.refuses(err, tt.code)
		f.holds(string(tt.code), Staged, "")
	}
	done, err := f.Approve(ctx, o.ID, change.Rules, "文件已核对", li)
	must(t, err)
	if done.State != InForce || done.By != wang || done.Decided != li || done.Why != "文件已核对" {
		t.Errorf("%+v", done)
	}
	f.holds("approved", InForce, rate("0.60"))
	_, err = f.Approve(ctx, o.ID, change.Rules, "好", li)
	_ = f.refuses(err, CodeDecided)
	f.start()
	f.holds("after a restart", InForce, rate("0.60"))
	if len(f.log) != 2 || f.log[1] != change.Rules+" 0003 0004" {
		t.Errorf("the journal has %q", f.log)
	}
	_, err = f.Stage("rate.toml", rate("0.60"), wang)
	_ = f.refuses(err, CodeSame)
	next, err := f.Stage("rate.toml", rate("0.70"), wang)
	must(t, err)
	if _, change, _, err = f.Show(next.ID); err != nil || !change.Replaces {
		t.Errorf("%+v %v", change, err)
	}
	if _, err := f.Reject(next.ID, "数值抄错", wang); err != nil || len(f.log) != 2 {
		t.Errorf("%v %q", err, f.log)
	}
	f.holds("the other one rejected", InForce, rate("0.60"))
}

// TestBad: what does not load is named with field and line, and is not staged.
func TestBad(t *testing.T) {
	f := newOffice(t)
	good := rate("0.60")
	for _, tt := range []struct {
		file, text, field string
		line              int
		code              settle.Code
	}{
		{"rate.toml", strings.Replace(good, `"0.60"`, `"60"`, 1), "value", 7, CodeBad},
		{"rate.toml", strings.Replace(good, `"0.60"`, `0.60`, 1), "value", 7, CodeBad},
		{"rate.toml", strings.Replace(good, `"decision"`, `"nobody"`, 1), "source", 9, CodeBad},
		{"rate.toml", strings.Replace(good, `"2026-07-10"`, `"2026-11-23"`, 1), "", 2, CodeBad},
		{"rate.toml", strings.Replace(good, "approved_by", "aproved_by", 1), "aproved_by", 1, CodeBad},
		{"rate.toml", head, "", 1, CodeBad},
		{"rate.toml", "x = [", "", 1, CodeBad},
		{"../rate.toml", good, "file", 0, CodeName},
		{"rate.toml.part", good, "file", 0, CodeName},
		{".toml", good, "file", 0, CodeName},
		{"rate.toml", good + strings.Repeat("#", mostText), "file", 0, CodeName},
	} {
		_, err := f.Stage(tt.file, tt.text, wang)
		if r := f.refuses(err, tt.code); r.Field != tt.field || r.Line != tt.line {
			t.Errorf("%s: field %q line %d, want %q %d: %s", tt.file, r.Field, r.Line, tt.field, tt.line, r.Technician)
		}
	}
	if len(f.List()) != 0 || len(f.log) != 1 {
		t.Errorf("%+v %q", f.List(), f.log)
	}
}

// TestCut cuts the power at every step of an approval: the file is staged or in force, and
// a start finishes what was approved, with both names in the journal.
func TestCut(t *testing.T) {
	for _, tt := range []struct {
		name string
		cut  func(f *office, o *Overlay) // what is on disk then
		want State
		text string
	}{
		{"before the approval", func(*office, *Overlay) {}, Staged, ""},
		{"the approval is kept", func(f *office, o *Overlay) { f.approved(o) }, InForce, rate("0.60")},
		{"in the midst of the file", func(f *office, o *Overlay) {
			f.approved(o)
			must(f.t, os.WriteFile(f.at("policy.d", "rate.toml.part"), []byte(rate("0.60")[:99]), 0o600))
		}, InForce, rate("0.60")},
		{"before the journal has it", func(f *office, o *Overlay) { f.approved(o); must(f.t, f.write(o)) }, InForce, rate("0.60")},
		{"before the record says so", func(f *office, o *Overlay) {
			f.approved(o)
			must(f.t, f.write(o))
			must(f.t, f.Activate(f.t.Context(), wang.ID, li.ID))
		}, InForce, rate("0.60")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newOffice(t)
			_, err := f.Stage("rate.toml", rate("0.60"), wang)
			must(t, err)
			tt.cut(f, f.list[0])
			f.start()
			f.holds("the start", tt.want, tt.text)
			f.start()
			f.holds("the next", tt.want, tt.text)
			if said := len(f.log) == 2 && strings.HasSuffix(f.log[1], " 0003 0004"); said != (tt.want == InForce) {
				t.Errorf("the journal has %q", f.log)
			}
		})
	}
}

// approved is what an approval keeps first.
func (f *office) approved(o *Overlay) {
	must(f.t, f.put(o, func(o *Overlay) { o.State, o.Decided = Approved, li }))
}

// TestFailures: each write fails, lost or kept; the journal takes nothing; the directory
// is gone. The rules in force and the record agree at once, and after a restart.
func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fail  func(f *office)
		code  settle.Code // "": it is approved all the same
		after State       // of a restart
	}{
		{"the approval is lost", func(f *office) { f.disk.before = f.disk.puts + 1 }, CodeNotKept, Staged},
		{"the approval is kept and fails", func(f *office) { f.disk.after = f.disk.puts + 1 }, CodeNotKept, Staged},
		{"the journal", func(f *office) { f.broken = errors.New("disk full") }, CodeNotKept, Staged},
		{"the last record is lost", func(f *office) { f.disk.before = f.disk.puts + 2 }, "", InForce},
		{"the last record is kept and fails", func(f *office) { f.disk.after = f.disk.puts + 2 }, "", InForce},
		{"no file can be written", func(f *office) {
			must(f.t, os.Mkdir(f.at("policy.d", "rate.toml.part"), 0o700))
		}, CodeNotKept, Staged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newOffice(t)
			o, err := f.Stage("rate.toml", rate("0.60"), wang)
			must(t, err)
			_, change, _, err := f.Show(o.ID)
			must(t, err)
			tt.fail(f)
			_, err = f.Approve(t.Context(), o.ID, change.Rules, "好", li)
			text := rate("0.60")
			if tt.code != "" {
				_ = f.refuses(err, tt.code)
				f.holds("at once", Staged, "")
			} else if err != nil {
				t.Fatal(err)
			}
			f.broken = nil
			_ = os.Remove(f.at("policy.d", "rate.toml.part"))
			f.start()
			if tt.after == Staged {
				text = ""
			}
			f.holds("after a restart", tt.after, text)
		})
	}
}

// TestTrial: what is staged is computed against the past by itself, kept, and computed
// anew when other rules are in force.
func TestTrial(t *testing.T) {
	f := newOffice(t)
	for n := range 120 {
		f.past = append(f.past, &backtest.Past{ID: fmt.Sprint(n), Split: nil, Rules: "unknown", Bill: settle.Bill{Visit: settle.Visit{Day: 20260301}}})
	}
	for _, p := range f.past {
		p.Split = &settle.Split{Status: settle.Refused}
	}
	o, err := f.Stage("rate.toml", rate("0.60"), wang)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	trial := f.tried(o.ID)
	if trial.Report.Settlements != 120 || trial.Cut != "" || trial.InForce != f.set.Digest() {
		t.Errorf("%+v", trial)
	}
	stop()
	must(t, <-ended)
	f.start()
	if list := f.List(); list[0].Trial == nil || list[0].Trial.Report.Settlements != 120 {
		t.Errorf("after a restart %+v", list[0].Trial)
	}
}

// tried waits for a backtest.
func (f *office) tried(id string) *Trial {
	f.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		list := f.List()
		if i := slices.IndexFunc(list, func(o Overlay) bool { return o.ID == id && o.Trial != nil }); i >= 0 {
			return list[i].Trial
		}
		select {
		case <-tick.C:
		case <-late:
			f.t.Fatal("no backtest")
		}
	}
}
