package pages_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/kiosk"
	"settled/devices/bench/browser"
	"settled/settle"
)

const f2 = kb.F2

// step brings a page on to a state that a person meets.
type step struct {
	name string // of the state, and of its picture
	do   func(t *testing.T, f *fixture, tab *browser.Tab)
}

// press presses keys, then waits for a text.
func press(text string, keys ...string) func(*testing.T, *fixture, *browser.Tab) {
	return func(t *testing.T, _ *fixture, tab *browser.Tab) {
		t.Helper()
		must(t, tab.Press(keys...))
		must(t, tab.Shows(text))
	}
}

// quoted waits until a quote is shown whole.
func quoted(t *testing.T, tab *browser.Tab) {
	t.Helper()
	must(t, tab.Await(`document.querySelector('#middle caption')?.innerText.includes('点一行看理由')`))
}

// morning is the cashier's page through a visit.
var morning = []step{
	{"cashier-idle", func(t *testing.T, f *fixture, tab *browser.Tab) { must(t, tab.Shows("请插入患者的卡")) }},
	{"cashier-shift-open", press("钱箱中的备用金", kb.F10)},
	{"", press("备用金 ￥500.00", "500", kb.Enter)},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		must(t, tab.Press(kb.Escape))
		f.send(t, visit)
		f.sendFor(t, countertest.Stranger(), func(d *countertest.Document) { d.Head["key"] = "MZ20241105-000318" })
		f.Insert(t, counter.Patient, countertest.Child())
		must(t, tab.Shows("本人"))
	}},
	{"cashier-identified", press("已识别患者")},
	{"cashier-guardian", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Guardian, countertest.Parent())
		must(t, tab.Shows("职工一档"))
		must(t, tab.Press(kb.F5))
		must(t, tab.Shows("没有登记家庭共济"))
		quoted(t, tab)
	}},
	{"cashier-link", press("患者是监护人的", kb.F7)},
	{"cashier-quoted", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Press(kb.F2))
		must(t, tab.Await(`!document.getElementById('dialog').open`))
		must(t, tab.Press(kb.F5))
		quoted(t, tab)
		must(t, tab.Press("100"))
		must(t, tab.Shows("找零"))
	}},
	{"cashier-reasons", press("乙类先自付 10%", kb.F4)},
	{"cashier-settled", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Press(kb.F4, kb.F2))
		must(t, tab.Shows("凭条已打印"))
		must(t, tab.Await(`document.querySelector('#change b')`))
	}},
	{"cashier-find", press("回车打开", kb.F9)},
	{"cashier-settlement", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Shows("S01-0001"))
		must(t, tab.Await(`document.querySelector('dialog tbody tr')`))
		must(t, tab.Press(kb.Enter))
		must(t, tab.Shows("补打凭条"))
	}},
	{"cashier-refund", press("勾选要退的项目", kb.F8)},
	{"cashier-refund-sure", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Await(`document.activeElement.id === 'back1'`))
		must(t, tab.Press("\t", "\t", "\t", " ", kb.F5))
		must(t, tab.Shows("原因（印在凭条上）"))
	}},
	{"cashier-refunded", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Press("未做检查", kb.F2))
		must(t, tab.Shows("退费单"))
	}},
	{"cashier-shift-close", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Press(kb.F2, kb.F10))
		must(t, tab.Shows("开班，备用金"))
		must(t, tab.Press(kb.F8))
		must(t, tab.Shows("点清钱箱"))
	}},
	{"cashier-shift-closed", press("账", "400", kb.Enter)},
}

// trouble is what goes wrong at the cashier's page.
var trouble = []step{
	{"cashier-not-ready", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.mu.Lock()
		f.why = []counter.Notice{{Code: settle.ReaderMissing, Text: settle.ReaderMissing.Cashier()}}
		f.mu.Unlock()
		must(t, tab.Shows("现在不能结算"))
	}},
	{"cashier-refused-card", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.mu.Lock()
		f.why = nil
		f.mu.Unlock()
		must(t, tab.Press(kb.F6)) // no card is in
		must(t, tab.Shows("没有卡"))
	}},
	{"cashier-offline", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Patient, countertest.Child()) // known from here on
		must(t, tab.Shows("平台已确认"))
		f.Pull(counter.Patient)
		f.Platform.Fail(&counter.Down{Reason: settle.PlatformDown})
		f.Platform.Break(settle.PlatformDown)
		f.Insert(t, counter.Patient, countertest.Child())
		f.send(t, visit)
		must(t, tab.Shows("MZ20241105-000317"))
		must(t, tab.Press(kb.F5))
		must(t, tab.Shows("离线结算，待上传"))
		quoted(t, tab)
	}},
	{"cashier-print-failed", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Printer.Jam(true)
		must(t, tab.Press(kb.F2))
		must(t, tab.Shows("没有打印成功"))
	}},
	{"cashier-refused", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Platform.Fail(nil)
		f.Platform.Break("")
		f.Pull(counter.Patient)
		f.Insert(t, counter.Patient, countertest.Child())
		f.sendFor(t, countertest.Stranger(), func(d *countertest.Document) { d.Head["key"] = "MZ20241105-000009" })
		must(t, tab.Shows("MZ20241105-000009"))
		must(t, tab.Press(kb.F5))
		must(t, tab.Shows("没有这位患者的待缴账单"))
		must(t, tab.Press(kb.ArrowDown, kb.F5))
		must(t, tab.Shows("不是同一人"))
		must(t, tab.Await(`document.getElementById('banner').className === 'bad'`))
	}},
	{"cashier-stopped", func(t *testing.T, f *fixture, tab *browser.Tab) {
		must(t, tab.Press(kb.Escape))
		f.send(t, func(d *countertest.Document) { d.Head["key"] = "AA20241105-000010" })
		must(t, tab.Shows("AA20241105-000010"))
		must(t, tab.Await(`document.getElementById('banner').innerText.includes('已识别患者')`))
		must(t, tab.Click(`#middle tbody tr:first-child`))
		must(t, tab.Press(kb.F5))
		quoted(t, tab)
		f.Book.FailNext(os.ErrDeadlineExceeded, true)
		must(t, tab.Press(kb.F2))
		must(t, tab.Shows("结果正在核实"))
	}},
	{"cashier-broken", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.web.CloseClientConnections()
		_ = f.web.Listener.Close()
		f.web.CloseClientConnections()
		must(t, tab.Shows("与结算程序的连接中断"))
	}},
}

// show waits for a text.
func show(text string) func(*testing.T, *fixture, *browser.Tab) { return press(text) }

// click presses a button by its word with the mouse, then waits for a text.
func click(word, text string) func(*testing.T, *fixture, *browser.Tab) {
	return func(t *testing.T, _ *fixture, tab *browser.Tab) {
		t.Helper()
		must(t, tab.Push(word))
		must(t, tab.Shows(text))
	}
}

// selfService is the terminal's page through a family's visit, and through what breaks.
var selfService = []step{
	{"kiosk-idle", show("请插入患者的社保卡")},
	{"kiosk-none", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Patient, countertest.Child())
		f.Insert(t, counter.Guardian, countertest.Parent())
		_, err := f.FileLink(t.Context(), settle.RelationChild, "0001")
		must(t, err)
		f.Pull(counter.Guardian)
		must(t, tab.Shows("没有待缴的账单"))
	}},
	{"kiosk-bills", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.send(t, visit)
		f.sendFor(t, countertest.Stranger(), func(d *countertest.Document) { d.Head["key"] = "MZ20241105-000318" })
		f.send(t, func(d *countertest.Document) { d.Head["key"] = "MZ20241105-000319" })
		must(t, tab.Shows("MZ20241105-000319"))
		if other, err := browser.Eval[bool](tab, `document.body.innerText.includes('000318')`); err != nil || other {
			t.Errorf("the terminal shows another one's bill: %v", err)
		}
	}},
	{"kiosk-guardian", click("儿科门诊", "家长的账户可以付一部分")},
	{"kiosk-check", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Guardian, countertest.Parent())
		must(t, tab.Shows("家庭共济支付"))
	}},
	{"kiosk-elder", click("长辈版", "您还要付")},
	{"kiosk-english", click("English", "You pay")},
	{"", click("中文", "您还要付")},
	{"", click("普通版", "请核对金额")},
	{"kiosk-pay", click("去付款", "扫码付款")},
	{"kiosk-settled", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.till.set(kiosk.Paid)
		must(t, tab.Shows("结算完成"))
	}},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Pull(counter.Patient)
		f.Pull(counter.Guardian)
		must(t, tab.Shows("请插入患者的社保卡"))
		if left, err := browser.Eval[bool](tab, `/张|440\*|S01/.test(document.body.innerText)`); err != nil || left {
			t.Errorf("something of the last patient is on the screen: %v", err)
		}
		f.Insert(t, counter.Patient, countertest.Child())
		must(t, tab.Shows("请选择要缴的账单"))
	}},
	{"", click("儿科门诊", "已经结算过，不要再付")},
	{"", click("返回", "请选择要缴的账单")},
	{"kiosk-take-card", click("退出取卡", "请取走您的卡")},
	{"kiosk-refunded", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Pull(counter.Patient)
		must(t, tab.Shows("请插入患者的社保卡"))
		f.Insert(t, counter.Patient, countertest.Child())
		click("MZ20241105-000319", "请核对金额")(t, f, tab)
		click("不用家庭共济", "去付款")(t, f, tab)
		click("去付款", "扫码付款")(t, f, tab)
		f.Book.Touch() // another counter drew from the same account meanwhile
		f.till.set(kiosk.Paid)
		must(t, tab.Shows("付款时金额已变化"))
	}},
	{"kiosk-refunded-english", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("English", "the money went back")(t, f, tab)
		must(t, tab.Shows("The amounts changed while it was being paid"))
	}},
	{"kiosk-interrupted", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Pull(counter.Patient)
		must(t, tab.Shows("请插入患者的社保卡"))
		f.Insert(t, counter.Patient, countertest.Child())
		click("MZ20241105-000319", "请核对金额")(t, f, tab)
		click("不用家庭共济", "去付款")(t, f, tab)
		click("去付款", "扫码付款")(t, f, tab)
		must(t, tab.Await(`document.querySelector('.code svg')`))
		f.till.cut() // the power
		f.till.set(kiosk.Paid)
		f.Pull(counter.Patient)
		f.startKiosk(t)
		must(t, tab.Shows("本机暂停服务"))
		f.Insert(t, counter.Patient, countertest.Stranger()) // the next patient
		must(t, tab.Shows("本机暂停服务"))
		if left, err := browser.Eval[bool](tab, `/张|440|MZ|￥/.test(document.body.innerText)`); err != nil || left {
			t.Errorf("the next patient sees something of the last one: %v", err)
		}
	}},
	{"kiosk-staff", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("工作人员", "工号和密码")(t, f, tab)
		must(t, tab.Await(`document.activeElement.id === 'staff'`))
		must(t, tab.Press("0100", "\t", "wrong"))
		click("查看", "密码不对")(t, f, tab) // and the terminal stays where it is
		_, err := browser.Eval[bool](tab, `document.querySelector('[type=password]').value = 'pass-1234', true`)
		must(t, err)
		click("查看", "权限")(t, f, tab)
		_, err = browser.Eval[bool](tab, `document.getElementById('staff').value = '0001', true`)
		must(t, err)
		click("查看", "钱已原路退回")(t, f, tab)
		must(t, tab.Shows("张**"))
	}},
	{"", click("恢复服务", "王**")},
	{"kiosk-not-ready", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.mu.Lock()
		f.why = []counter.Notice{{Code: settle.ReaderMissing, Text: settle.ReaderMissing.Cashier()}}
		f.mu.Unlock()
		must(t, tab.Shows("本机暂停服务"))
	}},
}

// backOffice is the insurance office's page.
var backOffice = []step{
	{"office-queue", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Patient, countertest.Child())
		for n := range 3 {
			q, err := f.Quote(t.Context(), countertest.Bill(t, countertest.Child(), func(d *countertest.Document) { d.Head["key"] = countertest.Key(n) }), "0001")
			must(t, err)
			_, err = f.Confirm(t.Context(), counter.Confirmation{Quote: q.ID, Key: countertest.Key(n), By: "0001"})
			must(t, err)
		}
		must(t, tab.Reload())
		must(t, tab.Shows("S01-0003"))
	}},
	{"", click("挂起", "先不上传")},
	{"", filled("核对中", "S01-0003 已挂起")},
	{"office-hold", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.office.hold("S01-0002", &settle.Refusal{Code: settle.PlatformRefused, Cashier: "平台没有接受：医师编码不存在；请医保办按平台所述更正后放行。", Technician: "x"})
		click("队列与挂起", "医师编码不存在")(t, f, tab)
	}},
	{"office-release", func(t *testing.T, f *fixture, tab *browser.Tab) {
		must(t, tab.Click(`tbody tr:first-child button:last-child`))
		must(t, tab.Shows("放行：重新上传"))
	}},
	{"", filled("已与平台核对", "已放行，将重新上传")},
	{"office-repair", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("修改", "修改后重新上传")(t, f, tab)
		must(t, tab.Await(`document.activeElement.id === 'mend-doctor.code'`))
		must(t, tab.Press("D440300000002"))
	}},
	{"", filled("医师编码已更换", "S01-0002 已修改并放行")},
	{"office-debts", click("差额收退", "退还 ￥5.00")},
	{"office-square", click("已收…", "登记已收 ￥12.50")},
	{"", func(t *testing.T, _ *fixture, tab *browser.Tab) {
		must(t, tab.Await(`document.activeElement.id === 'how'`))
		must(t, tab.Press(f2))
		must(t, tab.Shows("S01-0001 已登记：已收 ￥12.50"))
	}},
	{"office-squared", click("全部", "已补收 ￥12.50")},
	{"", click("不再补退…", "钱箱不变")},
	{"", filled("联系不上", "S01-0002 已登记：不再补退")},
	{"office-books", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("对账", "逐日对账")(t, f, tab)
		must(t, tab.Click(`tbody tr:first-child button`))
		must(t, tab.Shows("逐笔差异"))
	}},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		must(t, tab.Click(`section:nth-of-type(3) tbody button, section:nth-of-type(4) tbody button`))
		filled("与平台核对过", "稍后再对一次账")(t, f, tab)
		want := []string{"hold S01-0003 核对中 0003", "release S01-0003 已与平台核对 0003", "repair S01-0002 map[doctor.code:D440300000002] 医师编码已更换 0003", `square S01-0001 12.50 cash "" 0003`, `square S01-0002 -5.00 waived "联系不上" 0003`, "repair 2024-11-05 7a1c 1 与平台核对过 0003"}
		if got := f.office.done(); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}},
	{"office-shifts", click("班次", "短 ￥1.00")},
	{"", click("图表", "结算笔数")},
	{"office-look", picked("look", "2024-11-05", "2024-11-05")},
	{"office-look-month", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("按月", "2024-11 月")(t, f, tab)
		must(t, tab.Await(`[...document.images].every((i) => i.complete && i.naturalWidth > 0)`))
		_, err := browser.Eval[bool](tab, `document.querySelector('details').open = true`)
		must(t, err)
	}},
	{"", click("政策", "有效的政策值")},
	{"office-policy", picked("on", "2024-11-05", "2024-11-05 有效的政策值")},
	{"office-bad-file", stage("80", "第 14 行的 value 不对")},
	{"", stage("0.80", "请另一位有权限的人登录批准")},
	{"office-staged", func(t *testing.T, f *fixture, tab *browser.Tab) {
		must(t, tab.Shows("暂存的人不能自己批准"))
		must(t, tab.Shows("3 笔会变"))
	}},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		second := f.tab(t, "/office", "0004")
		click("政策", "待批准")(t, f, second)
		click("查看", "改变什么")(t, f, second)
		click("批准", "批准后立即启用")(t, f, second)
		must(t, second.Press("与文件核对无误"))
		inspect(t, second, "office-second")
		filled("", "rate-2024.toml 已启用")(t, f, second)
		if got := f.office.done(); got[len(got)-1] != "rules 0003 0004" {
			t.Errorf("%q", got)
		}
		click("政策", "已启用")(t, f, tab)
	}},
	{"", click("操作记录", "没有记录")},
	{"office-acts", picked("acts-day", "2024-11-05", "暂存政策")},
}

// TestStates goes through every state that a person meets: no script fails, axe-core finds
// nothing serious, nothing is cut off at the side, and with SCREENS=DIR a picture is kept
// of each.
func TestStates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path, operator string
		steps                []step
	}{
		{"morning", "/cashier", "0001", morning},
		{"trouble", "/cashier", "0001", trouble},
		{"back office", "/office", "0003", backOffice},
		{"self-service", "/kiosk", "0100", selfService},
		{"households", "/kiosk", "0100", households},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := serve(t, nil)
			tab := f.tab(t, tt.path, tt.operator)
			for _, s := range tt.steps {
				s.do(t, f, tab)
				if s.name != "" {
					inspect(t, tab, s.name)
				}
			}
			if bad := tab.Errors(); len(bad) > 0 {
				t.Errorf("scripts failed: %q", bad)
			}
		})
	}
}

// TestAlone looks at what stands alone: the sign-in, the statement on the screen and on
// A4, and the cashier's and the terminal's pages on other screens.
func TestAlone(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab, err := chromium.Tab(1366, 768)
	must(t, err)
	t.Cleanup(tab.Close)
	must(t, tab.Open(f.base+"/"))
	must(t, tab.Await(`document.activeElement.id === 'operator'`))
	inspect(t, tab, "sign-in")

	tab = f.tab(t, "/cashier", "0001")
	f.Insert(t, counter.Patient, countertest.Child())
	f.send(t, visit)
	must(t, tab.Shows("MZ20241105-000317"))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	for name, size := range map[string][2]int64{"cashier-small": {1024, 700}, "cashier-narrow": {700, 900}} {
		must(t, tab.Size(size[0], size[1]))
		inspect(t, tab, name)
	}
	must(t, tab.Size(1366, 768))
	must(t, tab.Press(kb.F2))
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Open(f.base+"/statement?number=S01-0001"))
	must(t, tab.Shows("每分钱的理由"))
	must(t, tab.Size(794, 1123)) // A4 at 96 dots an inch
	must(t, tab.AsPaper(true))
	inspect(t, tab, "statement")
	pdf, err := tab.Paper()
	must(t, err)
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("no PDF: %.20q", pdf)
	}
	if n := bytes.Count(pdf, []byte("/MediaBox [0 0 595")) + bytes.Count(pdf, []byte("/MediaBox [0 0 594")); n < 1 || n > 2 {
		t.Errorf("the statement has %d pages of A4", n)
	}
	font, err := browser.Eval[bool](tab, `document.fonts.check('12px "Noto Sans CJK SC"', '䶮㙓𠮷')`)
	if err != nil || !font {
		t.Errorf("no Chinese font: %v", err)
	}

	kiosk := f.tab(t, "/kiosk", "0100")
	must(t, kiosk.Size(1080, 1920))
	f.send(t, func(d *countertest.Document) { d.Head["key"] = "MZ20241105-000319" })
	click("MZ20241105-000319", "请核对金额")(t, f, kiosk)
	inspect(t, kiosk, "kiosk-portrait")
}

// TestQuiet: a patient who has gone is asked, then forgotten, and the card is called for;
// one who is there goes on with a touch.
func TestQuiet(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	kiosk := f.tab(t, "/kiosk", "0100")
	must(t, kiosk.Before(`const every = []; setInterval = (f) => every.push(f);`)) // its seconds are the test's
	must(t, kiosk.Open(f.base+"/kiosk?quiet=6"))
	quiet := func() {
		t.Helper()
		_, err := browser.Eval[bool](kiosk, `(() => { for (let s = 0; s < 6; s++) every.forEach((f) => f()); })(), true`)
		must(t, err)
	}
	f.send(t, visit)
	f.Insert(t, counter.Patient, countertest.Child())
	click("儿科门诊", "请核对金额")(t, f, kiosk)
	quiet()
	click("继续办理", "请核对金额")(t, f, kiosk)
	if f.Screen().State != "quoted" {
		t.Errorf("the touch ended it: %+v", f.Screen())
	}
	quiet()
	must(t, kiosk.Shows("您还在吗"))
	inspect(t, kiosk, "kiosk-still")
	quiet()
	must(t, kiosk.Shows("请取走您的卡"))
	if sc := f.Screen(); sc.State != "idle" || sc.Patient != nil {
		t.Errorf("the patient is still known: %+v", sc)
	}
	if left, err := browser.Eval[bool](kiosk, `/张|440|MZ|￥/.test(document.body.innerText)`); err != nil || left {
		t.Errorf("something of the patient is on the screen: %v", err)
	}
	f.Pull(counter.Patient)
	must(t, kiosk.Shows("请插入患者的社保卡"))
}

// TestScanner: a scanner that types chooses the bill that it read, wherever the focus is,
// and what it typed is no cash.
func TestScanner(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	f.send(t, visit)
	f.send(t, func(d *countertest.Document) { d.Head["key"] = "MZ20241105-000319" })
	must(t, tab.Shows("MZ20241105-000319"))
	must(t, tab.Await(`document.querySelector('tr.chosen').innerText.includes('000317')`))
	scans(t, tab, "MZ20241105-000319")
	must(t, tab.Await(`document.querySelector('tr.chosen').innerText.includes('000319')`))
	if state := f.Screen().State; state != "idle" {
		t.Errorf("the scan did something: %s", state)
	}
}

// scans types a code as a scanner does, a character each 5 ms, however long the browser
// takes for it.
func scans(t *testing.T, tab *browser.Tab, code string) {
	t.Helper()
	const keys = `(() => {
		let at = performance.now();
		for (const key of [...%q, 'Enter']) {
			const e = new KeyboardEvent('keydown', {key, bubbles: true});
			Object.defineProperty(e, 'timeStamp', {value: at += 5});
			dispatchEvent(e);
		}
	})(), true`
	_, err := browser.Eval[bool](tab, fmt.Sprintf(keys, code))
	must(t, err)
}

// inspect looks at a state, and keeps a picture.
func inspect(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	barriers, err := tab.Barriers()
	must(t, err)
	for _, b := range barriers {
		if b.Impact == "serious" || b.Impact == "critical" {
			t.Errorf("%s: %s (%s): %s: %s", name, b.Rule, b.Impact, b.Help, b.Where)
		}
	}
	if wide, err := browser.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); err != nil || wide {
		t.Errorf("%s: it is wider than the window %v", name, err)
	}
	folder := os.Getenv("SCREENS")
	if folder == "" {
		return
	}
	png, err := tab.Picture()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600))
}
