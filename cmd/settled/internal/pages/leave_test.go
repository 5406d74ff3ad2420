package pages_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestLeaving: who closes a shift, or signs out, is told which days are to be reconciled;
// it holds nobody back, and nobody is asked when all days are even.
func TestLeaving(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows("请插入患者的卡"))
	for _, s := range []step{
		{"open", press("钱箱中的备用金", kb.F10)},
		{"opened", press("开班，备用金", "100", kb.F2)},
		{"close", press("点清钱箱", kb.F8)},
		{"closed", press("待对账 1 天：2024-11-05", "100", kb.F2)},
		{"to the books", click("去对账", "逐日对账")},
	} {
		s.do(t, f, tab)
	}
	must(t, tab.Await(`location.pathname === '/office' && location.hash === '#books'`))
	must(t, tab.Open(f.base+"/cashier"))
	click("退出", "待对账 1 天：2024-11-05")(t, f, tab)
	inspect(t, tab, "cashier-leave")
	must(t, tab.Press(kb.F2))
	must(t, tab.Await(`location.pathname === '/sign-in'`))

	f.office.note("repair 2024-11-05")
	tab = f.tab(t, "/cashier", "0001")
	click("退出", "登录")(t, f, tab)
	must(t, tab.Await(`location.pathname === '/sign-in'`))
}
