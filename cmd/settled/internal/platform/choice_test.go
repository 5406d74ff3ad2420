package platform

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"settled/queue"
	"settled/queue/nhsa"
	"settled/settle"
)

// filing is a window with a filer, and a child's choices.
type filing struct {
	*window
	filer *Filer
}

func openFiling(t *testing.T) *filing {
	t.Helper()
	f := &filing{window: openWindow(t)}
	f.filer = NewFiler(f.upload.line, slog.New(slog.DiscardHandler))
	return f
}

// choose keeps a choice of the child who may be filed for, and gives its number.
func (f *filing) choose(t *testing.T, place, name string, from settle.Date) uint64 {
	t.Helper()
	n, err := f.queue.Choose(t.Context(), queue.Choice{
		Person: f.queue.Person("440305201806010023"), Place: queue.Place{ID: place, Name: name}, From: from, By: clerk,
		Who: settle.Identity{PersonNo: "44030000000000000100000001", IDNumber: "440305201806010023", Name: "张小满"},
	})
	must(t, err)
	return n
}

// ends passes until nothing waits, and gives the child's last choice.
func (f *filing) ends(t *testing.T) queue.Choice {
	t.Helper()
	for range 10 {
		f.filer.line.note(nil, false) // the pause after trouble is over
		left, err := f.filer.pass(t.Context())
		if err != nil && !lineTrouble(err) {
			t.Fatal(err)
		}
		if !left {
			c, ok, err := f.queue.LastChoice(f.queue.Person("440305201806010023"))
			must(t, err)
			if !ok {
				t.Fatal("nothing was chosen")
			}
			return c
		}
	}
	t.Fatal("it still waits")
	return queue.Choice{}
}

func (f *filing) asked(infno string) int { return f.books().Requests[infno] }

const (
	second     = "H44030500002"
	secondName = "湖东区医院"
)

// nextMonth is the first of it: what the platform wants of a change.
func nextMonth() settle.Date {
	y, m, _ := time.Now().In(time.FixedZone("CST", 8*3600)).Date()
	first, _ := settle.NewDate(y, int(m), 1)
	return first.AddMonths(1)
}

// TestFiles: a choice is filed once, whatever happens to requests and answers; what the
// platform refuses is refused with its words, and what was not reviewed is taken back.
func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults []fault
		sent   int // 2505s that may reach the platform
		no     bool
	}{
		{"in peace", nil, 1, true},
		{"a line that is away", []fault{{Infno: "5302", Kind: "away", Times: 2, Text: "缺少服务网关的请求头!"}}, 1, true},
		{"an answer that is lost", []fault{{Infno: "2505", Kind: "cut", Booked: true, Times: 1}}, 1, false},
		{"a request that is lost", []fault{{Infno: "2505", Kind: "cut", Times: 1}}, 2, true},
		{"rubbish", []fault{{Infno: "2505", Kind: "rubbish", Booked: true, Times: 1}}, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := openFiling(t)
			f.faults(tt.faults...)
			f.choose(t, second, secondName, nextMonth())
			c := f.ends(t)
			if c.State != queue.ChoiceFiled || (c.No != "") != tt.no || f.asked("2505") != tt.sent {
				t.Errorf("%+v, asked %d times", c, f.asked("2505"))
			}
			if !tt.no {
				return
			}
			must(t, f.queue.TakeBack(t.Context(), c.Entry, clerk))
			if c = f.ends(t); c.State != queue.ChoiceUndone || f.asked("2506") != 1 {
				t.Errorf("%+v", c)
			}
			f.choose(t, second, secondName, nextMonth()) // as if nothing had been
			if c = f.ends(t); c.State != queue.ChoiceFiled {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestFilingRefused: the platform's no ends it, with its words and without a name; what it
// has reviewed stays filed.
func TestFilingRefused(t *testing.T) {
	f := openFiling(t)
	f.choose(t, "H44030500003", "海滨儿童医院", nextMonth()) // level 3
	if c := f.ends(t); c.State != queue.ChoiceRefused || !strings.Contains(c.Told, "不能选定医院") {
		t.Errorf("%+v", c)
	}
	f.choose(t, second, secondName, nextMonth())
	c := f.ends(t)
	f.command("mood", map[string]any{"reviewed": true})
	must(t, f.queue.TakeBack(t.Context(), c.Entry, clerk))
	if c = f.ends(t); c.State != queue.ChoiceFiled || !strings.Contains(c.Told, "已审核") {
		t.Errorf("%+v", c)
	}
}

// TestUnfilesOnce: a 2506 whose answer was lost is found out by 5302.
func TestUnfilesOnce(t *testing.T) {
	f := openFiling(t)
	f.choose(t, second, secondName, nextMonth())
	c := f.ends(t)
	must(t, f.queue.TakeBack(t.Context(), c.Entry, clerk))
	f.faults(fault{Infno: "2506", Kind: "cut", Booked: true, Times: 1})
	if c = f.ends(t); c.State != queue.ChoiceUndone || f.asked("2506") != 1 {
		t.Errorf("%+v, asked %d times", c, f.asked("2506"))
	}
}

// TestFilingStaysOpen: where a request may have arrived, the platform's no to the question
// after it decides nothing.
func TestFilingStaysOpen(t *testing.T) {
	f := openFiling(t)
	f.choose(t, second, secondName, nextMonth())
	f.faults(fault{Infno: "2505", Kind: "cut", Booked: true, Times: 1})
	if left, err := f.filer.pass(t.Context()); !left || !lineTrouble(err) {
		t.Fatal(left, err)
	}
	f.faults(fault{Infno: "5302", Kind: "refuse", Text: "系统繁忙", Times: 1})
	f.filer.line.note(nil, false)
	if left, err := f.filer.pass(t.Context()); !left || err != nil {
		t.Fatal(left, err)
	}
	if c := f.ends(t); c.State != queue.ChoiceFiled || f.asked("2505") != 1 {
		t.Errorf("%+v", c)
	}
}

// TestFilingDoubted: the platform's no to a request that follows a lost one may be because
// the lost one has arrived; then it is filed.
func TestFilingDoubted(t *testing.T) {
	for _, tt := range []struct {
		arrived bool
		want    queue.ChoiceState
	}{{true, queue.ChoiceFiled}, {false, queue.ChoiceRefused}} {
		f := openFiling(t)
		f.choose(t, second, secondName, nextMonth())
		f.faults(fault{Infno: "2505", Kind: "cut", Booked: tt.arrived, Times: 1})
		if left, err := f.filer.pass(t.Context()); !left || !lineTrouble(err) {
			t.Fatal(left, err)
		}
		list, err := f.queue.Choices(1)
		must(t, err)
		f.filer.line.note(nil, false)
		must(t, f.filer.answered(t.Context(), list[0], nhsa.Reply{}, &nhsa.BusinessRefusal{Infno: "2505", Infcode: "-1", Message: "已经成功办理一次定点变更"}))
		if c := f.ends(t); c.State != tt.want {
			t.Errorf("arrived %v: %+v", tt.arrived, c)
		}
	}
}
