package pages_test

import (
	"testing"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/devices/bench/browser"
	"settled/settle"
)

// seconds is a terminal's page whose seconds are the test's.
type seconds struct{ *browser.Tab }

func (f *fixture) terminalPage(t *testing.T) seconds {
	t.Helper()
	tab := f.tab(t, "/kiosk", "0100")
	must(t, tab.Before(`const every = []; setInterval = (f) => every.push(f);`))
	must(t, tab.Open(f.base+"/kiosk?quiet=6"))
	must(t, tab.Await(`every.length > 0 && document.querySelector('main h2')`))
	return seconds{tab}
}

func (p seconds) pass(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, err := browser.Eval[bool](p.Tab, `every.forEach((f) => f()), true`)
		must(t, err)
	}
}

// has tells whether the page shows a text.
func (p seconds) has(t *testing.T, pattern string) bool {
	t.Helper()
	is, err := browser.Eval[bool](p.Tab, `/`+pattern+`/.test(document.body.innerText)`)
	must(t, err)
	return is
}

// TestParentsCardLeft: a parent's card that lies in its reader when the patient's has gone
// is called for, and the next patient can do nothing with it.
func TestParentsCardLeft(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	page := f.terminalPage(t)
	f.Insert(t, counter.Guardian, countertest.Parent()) // who came first, and is called for only later
	page.pass(t, 3)
	if page.has(t, "请取走家长的卡") {
		t.Error("the parent is sent away")
	}
	page.pass(t, 4)
	must(t, page.Shows("请取走家长的卡"))
	f.Pull(counter.Guardian)
	must(t, page.Shows("请插入患者的社保卡"))

	f.Insert(t, counter.Patient, countertest.Child())
	f.Insert(t, counter.Guardian, countertest.Parent())
	must(t, page.Shows("没有待缴的账单"))
	click("English", "There is no bill to pay")(t, f, page.Tab)
	f.Pull(counter.Patient)
	must(t, page.Shows("Please take the parent's card!"))
	inspect(t, page.Tab, "kiosk-parents-card")
	f.Insert(t, counter.Patient, countertest.Stranger())
	must(t, page.Await(`every.length`))
	page.pass(t, 1)
	if page.has(t, "There is no bill|Other services|王") {
		t.Error("the next patient is served beside the last one's card")
	}
	f.Pull(counter.Guardian)
	must(t, page.Shows("没有待缴的账单"))
}

// TestNobodyThere: what somebody left on the terminal without a card (a language, larger
// type, a message) is not there for the next one.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	page := f.terminalPage(t)
	f.Insert(t, counter.Patient, countertest.Child())
	must(t, page.Shows("没有待缴的账单"))
	f.Pull(counter.Patient)
	must(t, page.Shows("卡被提前取走"))
	click("长辈版", "请把看病人的社保卡插进来")(t, f, page.Tab)
	click("English", "insert the patient")(t, f, page.Tab)
	click("Call staff", "raise your hand")(t, f, page.Tab)
	page.pass(t, 11)
	if !page.has(t, "raise your hand") {
		t.Error("elder people get no more time")
	}
	page.pass(t, 1)
	must(t, page.Shows("请插入患者的社保卡"))
	must(t, page.Await(`!document.getElementById('dialog').open && document.body.className === ''`))
	if page.has(t, "卡被提前取走") {
		t.Error("the last one's message stands there")
	}
}

// TestStaffLeaves: what the staff was shown of the last patient, and their password, do not
// stay on the screen when they walk away.
func TestStaffLeaves(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	page := f.terminalPage(t)
	f.send(t, visit)
	f.Insert(t, counter.Patient, countertest.Child())
	click("儿科门诊", "请核对金额")(t, f, page.Tab)
	click("去付款", "扫码付款")(t, f, page.Tab)
	must(t, page.Await(`document.querySelector('.code svg')`))
	f.till.cut()
	f.till.set(kiosk.Paid)
	f.Pull(counter.Patient)
	f.startKiosk(t)
	must(t, page.Shows("本机暂停服务"))
	click("工作人员", "工号和密码")(t, f, page.Tab)
	must(t, page.Await(`document.activeElement.id === 'staff'`))
	must(t, page.Press("0001", "\t", "pass-1234"))
	click("查看", "张**")(t, f, page.Tab)
	page.pass(t, 6)
	must(t, page.Await(`!document.getElementById('dialog').open`))
	if page.has(t, "张|MZ|￥") {
		t.Error("something of the last patient is on the screen")
	}
	click("工作人员", "工号和密码")(t, f, page.Tab)
	must(t, page.Await(`document.getElementById('staff').value === ''`))
}

// TestTouches: the second tap of a double one presses nothing that came in between, and the
// button that a hand is on stays while the seconds count down.
func TestTouches(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	page := f.terminalPage(t)
	f.send(t, visit)
	f.Insert(t, counter.Patient, countertest.Child())
	f.Insert(t, counter.Guardian, countertest.Parent())
	_, err := f.FileLink(t.Context(), settle.RelationChild, "0001")
	must(t, err)
	f.Pull(counter.Guardian)
	click("儿科门诊", "请核对金额")(t, f, page.Tab)
	click("不用家庭共济", "去付款")(t, f, page.Tab)
	_, err = browser.Eval[bool](page.Tab, `document.querySelector('footer .main').dispatchEvent(new MouseEvent('click', {detail: 2, bubbles: true})), true`)
	must(t, err)
	page.pass(t, 1)
	if a, _ := f.Now(); a != nil {
		t.Errorf("a second tap pays: %+v", a)
	}
	page.pass(t, 5)
	must(t, page.Shows("您还在吗"))
	stays, err := browser.Eval[bool](page.Tab, `((b) => { every.forEach((f) => f()); return b.isConnected && document.body.innerText.includes('5 秒后'); })(document.querySelector('dialog .main'))`)
	if err != nil || !stays {
		t.Errorf("the button is another one after a second, %v", err)
	}
}

// TestSlipKept: where the slip has not come out, the cashier and the patient are told in
// words what becomes of it; and what the printer says of itself stands on the screen once.
func TestSlipKept(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	f.mu.Lock()
	f.notices = []counter.Notice{{Code: counter.PrinterPaperOut, Text: counter.Sentence(counter.PrinterPaperOut)}}
	f.mu.Unlock()
	tab := f.tab(t, "/cashier", "0001")
	must(t, tab.Shows("打印机缺纸"))
	if chips, err := browser.Eval[int](tab, `[...document.querySelectorAll('#chips li')].filter((c) => c.innerText.includes('打印机')).length`); err != nil || chips != 1 {
		t.Errorf("%d signs of the printer, %v", chips, err)
	}
	f.Printer.Keep(counter.PrinterPaperOut)
	page := f.terminalPage(t)
	f.send(t, visit)
	f.Insert(t, counter.Patient, countertest.Child())
	click("儿科门诊", "打不出凭条")(t, f, page.Tab)
	click("去付款", "扫码付款")(t, f, page.Tab)
	must(t, page.Await(`document.querySelector('.code svg')`))
	f.till.set(kiosk.Paid)
	must(t, page.Shows("打印机恢复后自动打出；请叫工作人员"))
	inspect(t, page.Tab, "kiosk-slip-kept")
	must(t, tab.Shows("凭条：还没有打出"))
	inspect(t, tab, "cashier-slip-kept")
	if english, err := browser.Eval[bool](tab, `document.body.innerText.includes('kept')`); err != nil || english {
		t.Errorf("the cashier reads a code, %v", err)
	}
}
