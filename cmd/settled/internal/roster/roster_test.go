package roster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/settle"
	"settled/settle/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	child  = "440305201806010023"
	parent = "440305198805051013"
)

// TestRead: both forms are read; a bad line is named with its field, and nothing is used.
func TestRead(t *testing.T) {
	for name, text := range map[string]string{
		"csv":  "\ufeffid_number, card_number,name\r\n" + child + ",F18060102,张小满\r\n" + parent + ",,\r\n" + child + ",F18060102,\r\n",
		"json": `{"id_number":"` + child + `","card_number":"F18060102","name":"张小满"}` + "\n\n" + `{"id_number":"` + parent + `"}` + "\n",
	} {
		list, err := Read(text)
		if err != nil || len(list) != 2 || list[0].Who.IDNumber != child || list[0].Who.CardNumber != "F18060102" || list[0].Who.Name != "张小满" || list[1].Who.IDNumber != parent {
			t.Errorf("%s: %d persons, %v", name, len(list), err)
		}
	}
	if list, err := Read(`{"card_number":"F18060102","card_code":"440300d1560000050000018a6f3c27e1"}`); err != nil || list[0].Who.CardCode != "440300D1560000050000018A6F3C27E1" {
		t.Errorf("by card: %+v, %v", list, err)
	}
	wrong := map[settle.Code]string{ // to the cashier
		settle.UnknownField: "第 1 列不是（id_number, card_number, card_code, name）", settle.DuplicateField: "出现两次", settle.BadEncoding: "UTF-8",
		settle.BadSyntax: "不是", settle.BadField: "或", settle.MissingField: "没有",
	}
	for text, want := range map[string]settle.Refusal{
		"":          {Code: settle.MissingField},
		"id\n1\n":   {Code: settle.UnknownField, Line: 1},
		"name\n张\n": {Code: settle.MissingField, Field: "id_number", Line: 2},
		"id_number\n" + child + "\n440305201806010024\n":      {Code: settle.BadField, Field: "id_number", Line: 3},
		"id_number\n" + child[:17] + "\n":                     {Code: settle.BadField, Field: "id_number", Line: 2},
		"id_number,id_number\n1,2\n":                          {Code: settle.DuplicateField, Field: "id_number", Line: 1},
		"id_number,name\n" + child + "\n":                     {Code: settle.BadSyntax, Line: 2},
		"card_number\nF18060102\n":                            {Code: settle.MissingField, Field: "id_number", Line: 2},
		"id_number,name\n" + child + ",a\tb\n":                {Code: settle.BadField, Field: "name", Line: 2},
		`{"id_number":"` + child + `"}` + "\n" + `{"id":"1"}`: {Code: settle.BadSyntax, Line: 2},
		`{"id_number":"` + child + `"} {}`:                    {Code: settle.BadSyntax, Line: 1},
		"id_number\n\xff\n":                                   {Code: settle.BadEncoding},
	} {
		list, err := Read(text)
		no, ok := errors.AsType[*settle.Refusal](err)
		if !ok || no.Code != want.Code || no.Field != want.Field || no.Line != want.Line || !strings.Contains(no.Cashier, wrong[want.Code]) || len(list) > 0 && want.Line == 0 {
			t.Errorf("%q: %+v, want %+v", text, no, want)
		}
		if ok && (strings.Contains(no.Cashier+no.Technician, "4403") || strings.Contains(no.Technician, "张")) {
			t.Errorf("%q: the error names the person: %+v", text, no)
		}
	}
}

// FuzzRead: no list makes it panic, and what it takes is complete.
func FuzzRead(f *testing.F) {
	f.Add("id_number,card_number\n" + child + ",F1\n")
	f.Add(`{"id_number":"` + child + `"}`)
	f.Add("\"id_number\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Read(text)
		if (err == nil) != (len(list) > 0) && err == nil {
			t.Fatalf("%d persons, %v", len(list), err)
		}
		for _, p := range list {
			if p.Who.IDNumber == "" && p.Who.CardCode == "" || p.Line < 1 {
				t.Fatalf("%+v", p)
			}
		}
	})
}

// site is a loader with a platform and a book of its own.
type site struct {
	*Loader
	platform *countertest.Platform
	book     *countertest.Book
	list     []Person
}

func newSite(t *testing.T, persons int) *site {
	t.Helper()
	rules, err := policy.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{platform: &countertest.Platform{}, book: countertest.NewBook()}
	for i := range persons {
		e := countertest.Child()
		e.Who = settle.Identity{IDNumber: settle.Private(fmt.Sprint("id", i)), Name: "张小明"}
		e.AsOf = countertest.Morning().Format(time.RFC3339)
		s.platform.Knows(e)
		s.list = append(s.list, Person{Line: i + 2, Who: settle.Identity{IDNumber: e.Who.IDNumber, CardNumber: settle.Private(fmt.Sprint("card", i))}})
	}
	s.Loader = New(Ports{Platform: s.platform, People: s.book, Rulebook: rules, Now: countertest.Morning, Log: slog.New(slog.DiscardHandler)})
	s.pause = func(context.Context, time.Duration) {}
	return s
}

// loaded runs the load of the site's list to its end; at each pause hook is called instead.
func (s *site) loaded(t *testing.T, hook func()) Progress {
	t.Helper()
	s.pause = func(context.Context, time.Duration) {
		if hook != nil {
			hook()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	if _, err := s.Start(s.list, Order{PerMinute: 60, Fresh: time.Hour}); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.Progress().Ended.IsZero() {
		<-tick.C
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return s.Progress()
}

// TestLoad: everybody is learned, a card that is known by its number alone is that person's,
// and the same list again asks about nobody.
func TestLoad(t *testing.T) {
	s := newSite(t, 5)
	if p := s.loaded(t, nil); p.Why != Done || p.Learned != 5 || p.Left != 0 {
		t.Fatalf("%+v", p)
	}
	e, ok, err := s.book.LastKnown(t.Context(), settle.Identity{CardNumber: "card3"})
	if err != nil || !ok || e.Who.IDNumber != "id3" {
		t.Errorf("%+v %v %v", e, ok, err)
	}
	asked := s.platform.Asked()
	if p := s.loaded(t, nil); p.Why != Done || p.Fresh != 5 || s.platform.Asked() != asked {
		t.Errorf("again: %+v, asked %d times more", p, s.platform.Asked()-asked)
	}
}

// TestLoadRefused: the platform's no, another name, and a card that is somebody else's are
// named by their lines; the others are learned.
func TestLoadRefused(t *testing.T) {
	s := newSite(t, 4)
	s.list[0].Who.IDNumber = "nobody"
	s.list[1].Who.Name = "李四"
	first := countertest.Stranger()
	first.Who.CardNumber, first.AsOf, first.Person = "card2", countertest.Morning().Format(time.RFC3339), "p-stranger"
	if err := s.book.Learn(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	p := s.loaded(t, nil)
	want := []Refused{
		{2, settle.PersonUnknown, settle.PersonUnknown.Cashier()},
		{3, settle.WrongPerson, "名单上的姓名与平台登记的不同；请核对姓名和证件号码后重新导入。"},
		{4, settle.WrongPerson, "名单上的卡号已登记在另一人名下；请核对卡号和证件号码后重新导入。"},
	}
	if p.Why != Done || p.Learned != 1 || p.Refused != 3 || fmt.Sprint(p.Lines) != fmt.Sprint(want) {
		t.Errorf("%+v, want %v", p, want)
	}
	if e, _, _ := s.book.LastKnown(t.Context(), settle.Identity{CardNumber: "card2"}); e.Person != "p-stranger" {
		t.Errorf("the stranger's card became %s's", e.Person)
	}
}

// TestLoadLine: a line that is down is waited for, and given up in the end; the same list
// again goes on.
func TestLoadLine(t *testing.T) {
	s := newSite(t, 5)
	down := &counter.Down{Reason: settle.PlatformDown, Err: errors.New("down")}
	pauses := 0
	p := s.loaded(t, func() {
		pauses++
		switch pauses {
		case 2:
			s.platform.Fail(down)
		case 6:
			s.platform.Fail(nil)
		case 8:
			s.platform.Fail(down)
		}
	})
	if p.Why != Line || p.Learned != 4 || p.Left != 1 || pauses != 8+mostTries {
		t.Fatalf("after %d pauses: %+v", pauses, p)
	}
	s.platform.Fail(nil)
	if again := s.loaded(t, nil); again.Why != Done || again.Fresh != p.Learned || again.Learned != p.Left {
		t.Errorf("again: %+v", again)
	}
}

// TestLoadStopped: it ends where it is; while it runs a second call of the same list follows
// it, and another list is refused, not passed over.
func TestLoadStopped(t *testing.T) {
	s := newSite(t, 5)
	p := s.loaded(t, func() {
		if again, err := s.Start(slices.Clone(s.list), Order{}); err != nil || again.Total != 5 {
			t.Errorf("a second call began another load: %+v, %v", again, err)
		}
		if _, err := s.Start(s.list[1:], Order{}); !busy(err) {
			t.Errorf("another list: %v", err)
		}
		s.Stop()
	})
	if p.Why != Stopped || p.Learned != 1 || p.Left != 4 {
		t.Errorf("%+v", p)
	}
}

func busy(err error) bool {
	no, ok := errors.AsType[*settle.Refusal](err)
	return ok && no.Code == Busy
}
