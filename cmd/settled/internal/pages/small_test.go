package pages_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/devices/bench/browser"
	"settled/settle"
)

// whole tells which of the selectors' elements is not seen whole: outside of the window, or
// of what it stands in, or spilling out of its own box.
const whole = `((all) => all.filter((q) => {
	const e = document.querySelector(q);
	if (!e?.offsetParent) return true;
	const r = e.getBoundingClientRect();
	for (let box = e.parentElement; box; box = box.parentElement) {
		const b = box === document.documentElement ? {left: 0, top: 0, right: innerWidth, bottom: innerHeight} : box.getBoundingClientRect();
		if (r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 1 || r.bottom > b.bottom + 1) return true;
	}
	return e.scrollWidth > e.clientWidth + 1;
}))(%s)`

// seen checks in windows of several sizes that elements are seen whole.
func seen(t *testing.T, tab *browser.Tab, name, selectors string) {
	t.Helper()
	for _, size := range [][2]int64{{1366, 768}, {1280, 720}, {1024, 600}} {
		must(t, tab.Size(size[0], size[1]))
		hidden, err := browser.Eval[[]string](tab, fmt.Sprintf(whole, selectors))
		if err != nil || len(hidden) > 0 {
			t.Errorf("%s at %d×%d: %q are not seen whole, %v", name, size[0], size[1], hidden, err)
		}
	}
	inspect(t, tab, name)
}

// TestSmallWindows: a bill of a million with a long name, and a terminal in larger type,
// show what is to pay and how to go on in small windows too.
func TestSmallWindows(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	child := countertest.Child()
	child.Who.Name, child.Who.IDNumber, child.Who.CardNumber = "阿卜杜热合曼·买买提吐尔逊江·艾合买提江·阿不都热依木·库尔班", "440304201806010099", "SZ0000099"
	f.Platform.Knows(child)
	f.sendFor(t, child, func(d *countertest.Document) {
		long(d)
		dear := countertest.Item("注射用重组人凝血因子Ⅷ（进口，冻干粉针剂，含溶媒与一次性输注器）某某生物制药股份有限公司", "1234567.89", "1")
		dear["category"] = "C"
		d.Items = append(d.Items, dear)
		d.Head["total"] = "1235167.89"
		d.Visit["department"] = map[string]any{"code": "0701", "name": "儿童神经康复与发育行为联合门诊（东院区二期三楼）"}
	})
	f.Insert(t, counter.Patient, child)
	f.Insert(t, counter.Guardian, countertest.Parent())
	_, err := f.FileLink(t.Context(), settle.RelationChild, "0001")
	must(t, err)
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows("已识别患者"))
	must(t, tab.Press(kb.F3))
	must(t, tab.Shows("库尔班"))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	must(t, tab.Press("1234570"))
	must(t, tab.Shows("2.11"))
	seen(t, tab, "cashier-million", `['#banner .what', '#figures .total', '#figures .due .of', '#figures .due .amount', '#taken', '#change b', '#keys button', '.person .name']`)

	page := f.tab(t, "/kiosk", "0100")
	must(t, page.Shows("1234567.89"))
	click("长辈版", "您还要付")(t, f, page)
	seen(t, page, "kiosk-million-elder", `['main h2', '.pays .you', 'footer .main', '#tools button:last-child']`)
	click("去付钱", "扫这个方块")(t, f, page)
	must(t, page.Await(`document.querySelector('.code svg')`))
	seen(t, page, "kiosk-pay-elder", `['main h2', '.code', '.pays .you', 'footer button']`)
}
