package pages_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/devices/bench/browser"
	"settled/settle"
)

// settleOne settles a bill of the child, whose card stays in.
func (f *fixture) settleOne(t *testing.T) {
	t.Helper()
	f.Insert(t, counter.Patient, countertest.Child())
	q, err := f.Quote(t.Context(), countertest.Bill(t, countertest.Child(), visit), "0001")
	must(t, err)
	_, err = f.Confirm(t.Context(), counter.Confirmation{Quote: q.ID, Key: q.Key(), By: "0001"})
	must(t, err)
}

// focused waits until the control that has the focus has a text.
func focused(t *testing.T, tab *browser.Tab, text string) {
	t.Helper()
	must(t, tab.Await(fmt.Sprintf(`document.activeElement !== document.body && document.activeElement.innerText.includes(%q)`, text)))
}

// TestEnterPressesWhatIsFocused: in a dialog in which Enter confirms, it does not where
// the way back has the focus.
func TestEnterPressesWhatIsFocused(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	f.settleOne(t)
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Press(kb.F8))
	must(t, tab.Shows("勾选要退的项目"))
	must(t, tab.Press(kb.F6, kb.F5))
	must(t, tab.Await(`document.activeElement.id === 'reason'`))
	must(t, tab.Press("重复收费", "\t", "\t"))
	focused(t, tab, "返回")
	must(t, tab.Press(kb.Enter))
	must(t, tab.Shows("勾选要退的项目"))
	if _, done := f.Book.Void("V01-0001"); done {
		t.Error("the settlement was taken back")
	}

	office := f.tab(t, "/office", "0003")
	must(t, office.Shows("S01-0001"))
	click("挂起", "先不上传")(t, f, office)
	must(t, office.Await(`document.activeElement.id === 'why'`))
	must(t, office.Press("核对中", "\t", "\t"))
	focused(t, office, "取消")
	must(t, office.Press(kb.Enter))
	must(t, office.Await(`!document.getElementById('dialog').open`))
	if did := f.office.done(); len(did) > 0 {
		t.Errorf("%q", did)
	}
}

// TestFocusStays: what a keyboard has pressed in the office is where the next Tab goes on
// from, and the way back goes to the tab before.
func TestFocusStays(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/office", "0003")
	must(t, tab.Shows("挂起：要人处理"))
	_, err := browser.Eval[bool](tab, `document.querySelector('#tabs button').focus(), true`)
	must(t, err)
	must(t, tab.Press("\t", kb.Enter))
	must(t, tab.Shows("应向患者补收"))
	focused(t, tab, "差额收退")
	_, err = browser.Eval[bool](tab, `[...document.querySelectorAll('main button')].find((b) => b.innerText === '全部').focus(), true`)
	must(t, err)
	must(t, tab.Press(kb.Enter))
	must(t, tab.Shows("容差内，不处理"))
	focused(t, tab, "全部")
	click("班次", "短 ￥1.00")(t, f, tab)
	for _, shown := range []string{"应向患者补收", "挂起：要人处理"} {
		_, err = browser.Eval[bool](tab, `history.back(), true`)
		must(t, err)
		must(t, tab.Shows(shown))
	}
}

// TestFindByName finds a patient's settlements by a part of the name.
func TestFindByName(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	f.settleOne(t)
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Press(kb.F9))
	must(t, tab.Await(`document.querySelector('dialog tbody tr')`))
	must(t, tab.Press("李"))
	must(t, tab.Press(kb.Enter))
	must(t, tab.Shows("没有找到；请核对号码或姓名"))
	must(t, tab.Press(kb.Backspace, "小明", kb.Enter))
	must(t, tab.Await(`document.querySelector('dialog tbody tr')?.innerText.includes('S01-0001')`))
	must(t, tab.Press(kb.Enter))
	must(t, tab.Shows("补打凭条"))
}

// TestSignedOut: the browser's way back shows nothing of whoever has signed out, and the
// number of a reversal leads to the statement of what it took back.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	f.settleOne(t)
	f.office.note("repair 2024-11-05") // no day is due
	_, _, err := f.Reverse(t.Context(), counter.Reversal{Number: "S01-0001", Key: "v", Reason: "重复收费", By: "0001"})
	must(t, err)
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Open(f.base+"/statement?number=V01-0001"))
	must(t, tab.Shows("本单已由 V01-0001 撤销或退费，作废"))
	must(t, tab.Open(f.base+"/cashier"))
	must(t, tab.Shows("凭条已打印"))
	_, err = browser.Eval[bool](tab, `[...document.querySelectorAll('#account button')].at(-1).click(), true`)
	must(t, err)
	must(t, tab.Await(`location.pathname === '/sign-in' && document.activeElement.id === 'operator'`))
	_, err = browser.Eval[bool](tab, `history.back(), true`)
	must(t, err)
	for at := ""; !strings.HasPrefix(at, "/sign-in?next="); {
		at, err = browser.Eval[string](tab, `location.pathname + location.search + (!document.documentElement.hidden && /张|440/.test(document.body?.innerText) ? ' shows the patient' : '')`)
		if err == nil && strings.Contains(at, "shows") { // an error: the page is being left
			t.Fatal(at)
		}
	}
}

// TestLongBill: a bill that is longer than the window is paged by the keyboard, while the
// cash is being typed.
func TestLongBill(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	f.send(t, long)
	f.Insert(t, counter.Patient, countertest.Child())
	must(t, tab.Shows("已识别患者"))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	must(t, tab.Await(`document.activeElement.id === 'taken'`))
	last := `(() => { const row = document.querySelector('#middle tbody tr:last-child').getBoundingClientRect(), box = document.getElementById('middle').getBoundingClientRect(); return row.bottom <= box.bottom + 1; })()`
	if seen, err := browser.Eval[bool](tab, last); err != nil || seen {
		t.Fatalf("the bill is short, %v", err)
	}
	for range 4 {
		must(t, tab.Press(kb.PageDown))
	}
	must(t, tab.Await(last))
	must(t, tab.Press("5"))
	must(t, tab.Await(`document.getElementById('taken').value === '5'`))
	must(t, tab.Press(kb.PageUp, kb.PageUp, kb.PageUp, kb.PageUp))
	must(t, tab.Await(`document.getElementById('middle').scrollTop === 0`))
}

// long is a bill of 60 lines.
func long(doc *countertest.Document) {
	doc.Items = nil
	for n := range 60 {
		doc.Items = append(doc.Items, countertest.Item(fmt.Sprintf("检验项目%02d", n+1), "10.00", "1"))
	}
	doc.Head["total"] = "600.00"
}

// TestNothingToTake: where the accounts pay it all there is no field for cash, the page
// says so, and Enter confirms as it does in that field.
func TestNothingToTake(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	f.Insert(t, counter.Patient, countertest.Child())
	f.Insert(t, counter.Guardian, countertest.Parent())
	_, err := f.FileLink(t.Context(), settle.RelationChild, "0001")
	must(t, err)
	f.send(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows(countertest.Key(1)))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	must(t, tab.Shows("没有现金要收"))
	must(t, tab.Press(kb.Enter))
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Press(kb.F2)) // once more than needed, which is no failure
	must(t, tab.Shows("无需再按"))
	must(t, tab.Await(`document.getElementById('banner').className === 'good'`))
}
