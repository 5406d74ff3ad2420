package demo

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/devices/bench/browser"
)

// chromium gives a browser for a test; the test is skipped where there is none.
func chromium(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start(t.Context())
	if errors.Is(err, browser.ErrMissing) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(b.Close)
	return b
}

// open opens a page of the daemon in a tab, signed in.
func (s *stage) page(t *testing.T, b *browser.Browser, path, operator string) *browser.Tab {
	t.Helper()
	tab, err := b.Tab(1366, 768)
	must(t, err)
	t.Cleanup(tab.Close)
	must(t, tab.Open(s.daemon.base+path))
	must(t, tab.Await(`document.activeElement.id === 'operator'`))
	must(t, tab.Press(operator, "\t", "demo-1234", kb.Enter))
	must(t, tab.Await("location.pathname === '"+path+"'"))
	return tab
}

// park leaves the n-th visit's bill as one that waits.
func (s *stage) park(t *testing.T, name string, n int) (key string) {
	t.Helper()
	bill, err := s.visit(name, n)
	must(t, err)
	status, a, err := s.post(t, "/v1/bills", bill)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	return a.Key
}

// picture keeps a picture of the page where SCREENS says, for a person to look at.
func picture(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	folder := os.Getenv("SCREENS")
	if folder == "" {
		return
	}
	png, err := tab.Picture()
	must(t, err)
	must(t, os.WriteFile(at(folder, name+".png"), png, 0o600))
}

// clean checks that nothing failed in the page, and that it spoke to its daemon alone.
func (s *stage) clean(t *testing.T, tab *browser.Tab) {
	t.Helper()
	if bad := tab.Errors(); len(bad) > 0 {
		t.Errorf("scripts failed: %q", bad)
	}
	if hosts := tab.Hosts(); !slices.Equal(hosts, []string{strings.TrimPrefix(s.daemon.base, "http://")}) {
		t.Errorf("the page spoke to %q", hosts)
	}
}

// once checks that exactly one settlement was made, and brought to the platform once.
func (s *stage) once(t *testing.T) {
	t.Helper()
	s.awaitCount(t, "acknowledged", 1)
	if waits, there := len(s.count(t, "pending")), len(s.count(t, "acknowledged")); waits != 0 || there != 1 {
		t.Errorf("%d settlements wait, %d are at the platform, want one", waits, there)
	}
	s.sameBooks(t)
}

// TestCashierPage is a morning at the window by the keyboard alone: two keys from a read
// card to the receipt, cash and change, the reasons, the daemon's restart in the middle,
// a second tab, a refund.
func TestCashierPage(t *testing.T) {
	b := chromium(t)
	s := open(t)
	tab := s.page(t, b, "/cashier", "0001")
	must(t, tab.Shows("请插入患者的卡"))
	must(t, tab.Shows("未开班"))
	picture(t, tab, "e2e-idle")
	must(t, tab.Press(kb.F10))
	must(t, tab.Shows("钱箱中的备用金"))
	must(t, tab.Press("500", kb.Enter))
	must(t, tab.Shows("备用金 ￥500.00"))
	must(t, tab.Press(kb.Escape))
	must(t, tab.Shows("班次"))

	key := s.park(t, "child-visit.json", 1)
	must(t, tab.Shows(key))
	must(t, s.bothCards(t.Context()))
	must(t, tab.Shows("已识别患者"))
	must(t, tab.Press(kb.F5))
	must(t, tab.Shows("请核对金额"))
	must(t, tab.Shows("监护人与患者没有登记家庭共济"))
	must(t, tab.Await(`document.activeElement.id === 'taken'`))
	must(t, tab.Press(kb.F7))
	must(t, tab.Shows("患者是监护人的"))
	must(t, tab.Press(kb.F2))
	must(t, tab.Await(`!document.getElementById('dialog').open`))
	must(t, tab.Press(kb.F5))
	must(t, tab.Shows("114.41"))
	must(t, tab.Await(`document.activeElement.id === 'taken'`))
	picture(t, tab, "e2e-quoted")
	must(t, tab.Press(kb.F4))
	must(t, tab.Shows("乙类先自付 10%，计 4.20 元"))
	picture(t, tab, "e2e-reasons")
	must(t, tab.Press(kb.F4))
	must(t, tab.Press("10", kb.Enter))
	must(t, tab.Shows("实收不足，还差 ￥7.10"))
	must(t, tab.Press("0", kb.Enter, kb.Enter, kb.F2))
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Shows("82.90"))
	picture(t, tab, "e2e-settled")
	s.once(t)
	must(t, tab.Await(`!document.body.innerText.includes('`+key+`')`))
	s.clean(t, tab)
}

// TestPageSurvives: a reload, a second tab, and a restart of the daemon between the quote
// and the confirmation and right after it lose and double nothing.
func TestPageSurvives(t *testing.T) {
	b := chromium(t)
	s := open(t)
	tab := s.page(t, b, "/cashier", "0001")
	must(t, s.bothCards(t.Context()))
	key := s.park(t, "child-follow-up.json", 1)
	must(t, tab.Shows(key))
	must(t, tab.Press(kb.F5))
	must(t, tab.Shows("请核对金额"))
	must(t, tab.Reload())
	must(t, tab.Shows("请核对金额"))
	second, err := tab.Beside(1024, 700)
	must(t, err)
	must(t, second.Open(s.daemon.base+"/cashier"))
	must(t, second.Shows("请核对金额"))

	must(t, s.daemon.stop())
	must(t, tab.Shows("与结算程序的连接中断"))
	picture(t, tab, "e2e-broken")
	must(t, s.daemon.start(t.Context()))
	must(t, tab.Shows("已识别患者")) // the card is read again, the bill waits, nobody signs in again
	must(t, tab.Shows(key))
	must(t, tab.Press(kb.F5))
	must(t, second.Shows("请核对金额"))
	must(t, tab.Shows("请核对金额"))
	must(t, tab.Await(`document.getElementById('figures').innerText.includes('应收现金')`))
	must(t, tab.Press(kb.F2))
	must(t, second.Press(kb.F2))
	must(t, tab.Shows("凭条已打印"))
	must(t, second.Shows("凭条已打印"))
	s.once(t)
	s.clean(t, tab)
}

// TestRefundPage takes a line back, and then looks for it, by the keyboard.
func TestRefundPage(t *testing.T) {
	b := chromium(t)
	s := open(t)
	tab := s.page(t, b, "/cashier", "0001")
	must(t, s.bothCards(t.Context()))
	status, a, err := s.settle(t, 1)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	must(t, tab.Shows(a.Number))
	must(t, tab.Press(kb.F8))
	must(t, tab.Shows("勾选要退的项目"))
	must(t, tab.Await(`document.activeElement.id === 'back1'`))
	must(t, tab.Press("\t", " ", kb.F5))
	must(t, tab.Shows("按行退费"))
	picture(t, tab, "e2e-refund")
	must(t, tab.Press(kb.F2))
	must(t, tab.Shows("请填写原因"))
	must(t, tab.Press("未取药", kb.F2, kb.F2))
	must(t, tab.Shows("退费单"))
	picture(t, tab, "e2e-refunded")
	must(t, tab.Press(kb.F2, kb.F9))
	must(t, tab.Await(`document.querySelectorAll('dialog tbody tr').length === 3`))
	picture(t, tab, "e2e-find")
	must(t, tab.Press(kb.ArrowDown, kb.ArrowDown, kb.Enter))
	must(t, tab.Shows("补打凭条"))
	must(t, tab.Press("p"))
	must(t, tab.Shows("已送打印"))
	must(t, tab.Open(s.daemon.base+"/statement?number="+a.Number))
	must(t, tab.Shows("每分钱的理由"))
	must(t, tab.Shows("作废"))
	pdf, err := tab.Paper()
	must(t, err)
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Type /Page\n")) > 2 {
		t.Errorf("the statement is no PDF of one or two pages: %d bytes", len(pdf))
	}
	if folder := os.Getenv("SCREENS"); folder != "" {
		must(t, os.WriteFile(at(folder, "statement.pdf"), pdf, 0o600))
	}
	s.clean(t, tab)
}

// press clicks the button of a page that has a word.
func press(t *testing.T, tab *browser.Tab, word, then string) {
	t.Helper()
	must(t, tab.Push(word))
	must(t, tab.Shows(then))
}

// TestKioskPage pays a child's bill at the terminal with the parent's card and a
// telephone; then the power goes while the next one is being paid, and the staff is told
// what happened to whom.
func TestKioskPage(t *testing.T) {
	b := chromium(t)
	s := open(t)
	tab := s.page(t, b, "/kiosk", "0100")
	must(t, tab.Shows("请插入患者的社保卡"))
	s.park(t, "child-visit.json", 1)
	must(t, s.bothCards(t.Context()))
	_, err := s.daemon.run(t.Context(), "link", "child")
	must(t, err)
	press(t, tab, "儿科门诊", "家庭共济支付")
	press(t, tab, "去付款", "扫码付款")
	must(t, tab.Await(`document.querySelector('.code svg')`))
	if o := s.till.Last(); o.Amount != "17.10" || !s.till.PayLast() {
		t.Fatalf("order %+v", o)
	}
	must(t, tab.Shows("结算完成"))
	picture(t, tab, "e2e-kiosk-settled")
	must(t, s.takeCards(t.Context()))
	must(t, tab.Shows("请插入患者的社保卡"))

	s.park(t, "child-follow-up.json", 2)
	must(t, s.bothCards(t.Context()))
	press(t, tab, "儿科门诊", "请核对金额")
	press(t, tab, "去付款", "扫码付款")
	must(t, tab.Await(`document.querySelector('.code svg')`))
	s.kill(t)
	must(t, tab.Shows("正在恢复连接"))
	if !s.till.PayLast() { // on the telephone, while the terminal is dark
		t.Fatal("nothing to pay")
	}
	must(t, s.daemon.start(t.Context()))
	must(t, tab.Shows("本机暂停服务"))
	press(t, tab, "工作人员", "工号和密码")
	must(t, tab.Await(`document.activeElement.id === 'staff'`))
	must(t, tab.Press("0002", "\t", "demo-1234"))
	press(t, tab, "查看", "钱已原路退回")
	must(t, tab.Shows("张**"))
	press(t, tab, "恢复服务", "请选择要缴的账单")
	if o := s.till.Last(); o.State != "refunded" || o.Refunds != 1 {
		t.Errorf("order %+v", o)
	}
	s.once(t)
	s.clean(t, tab)
}
