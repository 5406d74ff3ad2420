package pages_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/api"
	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/devices/bench/browser"
	"settled/settle"
)

// diary is who did what, all of it on the morning of the tests.
type diary struct {
	mu   sync.Mutex
	acts []api.Act
	told chan string // kinds, if somebody waits for them
}

func (d *diary) Keep(_ context.Context, a api.Act) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a.Entry, a.At = uint64(len(d.acts)+1), countertest.Morning(); a.Person != "" {
		a.Patient = countertest.Child().Who.Name.String()
	}
	d.acts = append(d.acts, a)
	select {
	case d.told <- a.Kind:
	default:
	}
	return nil
}

func (d *diary) Each(_ context.Context, day settle.Date, fn func(api.Act) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.acts {
		if counter.DayOf(a.At) != day {
			continue
		}
		if err := fn(a); err != nil {
			return err
		}
	}
	return nil
}

// TestWhoDidWhat: what is done at the pages stands in the office's list, which can be
// narrowed to an operator and taken along; a cashier has none.
func TestWhoDidWhat(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	f.diary.told = make(chan string, 100)
	f.Insert(t, counter.Patient, countertest.Child())
	window := f.tab(t, "/cashier", "0001")
	must(t, window.Shows("张**"))
	must(t, window.Press(kb.F3))
	must(t, window.Shows(countertest.Child().Who.IDNumber.ClearPersonalData()))
	_, err := browser.Eval[bool](window, `fetch('/v1/sign-in', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"operator":"0002","password":"guess"}' }).then((r) => r.status === 401)`)
	must(t, err)
	for kind := ""; kind != api.WrongTry; { // nobody at the page waits for that one
		kind = <-f.diary.told
	}
	must(t, window.Open(f.base+"/office#acts"))
	must(t, window.Shows("班次"))
	if there, err := browser.Eval[bool](window, `document.body.innerText.includes('操作记录')`); err != nil || there {
		t.Errorf("the cashier sees who did what, %v", err)
	}
	tab := f.tab(t, "/office", "0003")
	click("操作记录", "没有记录")(t, f, tab)
	picked("acts-day", "2024-11-05", "查看未遮盖信息")(t, f, tab)
	for _, text := range []string{"张**", "登录被拒", "工号 0002 密码不对", "医保办"} {
		must(t, tab.Shows(text))
	}
	picked("acts-operator", "0002", "登录被拒")(t, f, tab)
	must(t, tab.Await(`!document.body.innerText.includes('查看未遮盖信息')`))
	link, err := browser.Eval[string](tab, `[...document.querySelectorAll('a.button')].find((a) => a.innerText === '导出 CSV').href`)
	must(t, err)
	if !strings.HasSuffix(link, "/v1/exports/acts?format=csv&day=2024-11-05&operator=0002") {
		t.Errorf("the table is taken along by %s", link)
	}
	csv, err := browser.Eval[string](tab, `fetch('`+strings.TrimPrefix(link, f.base)+`').then((r) => r.text())`)
	must(t, err)
	if strings.Count(csv, "\n") != 2 || !strings.Contains(csv, "登录被拒") {
		t.Errorf("%q", csv)
	}
}
