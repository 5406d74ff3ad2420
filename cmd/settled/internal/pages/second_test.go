package pages_test

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/devices/bench/browser"
	"settled/settle"
)

// TestSecondPerson: what nobody does alone, another operator stands for on the same screen,
// at the window and in the office; the first one stays signed in.
func TestSecondPerson(t *testing.T) {
	t.Parallel()
	f := serve(t, func(_ *counter.Ports, o *counter.Options) { o.SecondOver = 10_000 })
	f.Insert(t, counter.Patient, countertest.Child())
	for n := range 2 {
		q, err := f.Quote(t.Context(), countertest.Bill(t, countertest.Child(), func(d *countertest.Document) {
			visit(d)
			d.Head["key"] = countertest.Key(n)
		}), "0001")
		must(t, err)
		_, err = f.Confirm(t.Context(), counter.Confirmation{Quote: q.ID, Key: countertest.Key(n), By: "0001"})
		must(t, err)
	}
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Press(kb.F8))
	must(t, tab.Shows("勾选要退的项目"))
	must(t, tab.Press(kb.F6, kb.F5))
	must(t, tab.Shows("原因（印在凭条上）"))
	must(t, tab.Press("重复收费", kb.F2))
	must(t, tab.Shows("须第二人复核"))
	must(t, tab.Await(`document.activeElement.id === 'second'`))
	inspect(t, tab, "cashier-second")
	must(t, tab.Press("0001", "\t", "pass-1234", kb.F2))
	must(t, tab.Shows("复核人不能是经办人本人"))
	_, err := browser.Eval[bool](tab, `document.getElementById('second').value = '0002', true`)
	must(t, err)
	must(t, tab.Press("\t", "wrong", kb.F2))
	must(t, tab.Shows("工号或密码不对"))
	must(t, tab.Await(`document.activeElement.id === 'second-password'`))
	must(t, tab.Press("pass-1234", kb.F2))
	must(t, tab.Shows("复核 0002"))
	if v, ok := f.Book.Void("V01-0001"); !ok || v.Operator != "0001" || v.Second != "0002" {
		t.Errorf("%+v", v)
	}
	must(t, tab.Press(kb.F2))
	must(t, tab.Await(`document.getElementById('account').innerText.includes('0001')`))

	f.office.twice = true
	f.office.hold("S01-0001", &settle.Refusal{Code: settle.UploadHeld, Cashier: settle.UploadHeld.Cashier()})
	office := f.tab(t, "/office", "0003")
	click("放行", "放行：重新上传")(t, f, office)
	must(t, office.Press("已核对", kb.F2))
	must(t, office.Shows("须第二人复核"))
	must(t, office.Await(`document.activeElement.id === 'second'`))
	inspect(t, office, "office-release-second")
	must(t, office.Press("0002", "\t", "pass-1234", kb.F2))
	must(t, office.Shows("S01-0001 已放行"))
	if did := f.office.done(); !slices.Equal(did, []string{"release S01-0001 已核对 0003 0002"}) {
		t.Errorf("%q", did)
	}

	click("对账", "逐日对账")(t, f, office)
	must(t, office.Click(`tbody tr:first-child button`))
	must(t, office.Shows("逐笔差异"))
	click("放行", "处理第 1 项")(t, f, office)
	must(t, office.Press("与平台核对过", kb.F2))
	must(t, office.Shows("须第二人复核"))
	must(t, office.Press("0002", "\t", "pass-1234", kb.F2))
	must(t, office.Shows("稍后再对一次账"))
	if did := f.office.done(); did[len(did)-1] != "repair 2024-11-05 7a1c 1 与平台核对过 0003 0002" {
		t.Errorf("%q", did)
	}
}
