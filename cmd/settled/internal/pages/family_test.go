package pages_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/cmd/settled/internal/family"
	"settled/devices/bench/browser"
	"settled/queue"
	"settled/settle"
)

// choices is a queue's choices in memory, which the platform answers at once.
type choices struct {
	mu      sync.Mutex
	list    []queue.Choice
	changed chan struct{}
	answer  queue.ChoiceState // ChoiceWaiting: it does not answer
	told    string
}

func (c *choices) answers(state queue.ChoiceState, told string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer, c.told = state, told
}

func (c *choices) Choose(_ context.Context, wish queue.Choice) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wish.Entry, wish.At, wish.State, wish.Told = uint64(len(c.list)+1), countertest.Morning(), c.answer, c.told
	if c.answer == queue.ChoiceFiled {
		wish.No = "D1"
	}
	c.list = append(c.list, wish)
	return wish.Entry, nil
}

func (c *choices) TakeBack(_ context.Context, entry uint64, _ queue.By) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list[entry-1].State, c.list[entry-1].Undo = queue.ChoiceUndone, true
	return nil
}

func (c *choices) LastChoice(person string) (queue.Choice, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.list) - 1; i >= 0; i-- {
		if c.list[i].Person == person {
			return c.list[i], true, nil
		}
	}
	return queue.Choice{}, false, nil
}

func (c *choices) Changed() <-chan struct{} { return c.changed }

// family is what a family does beside paying, with a city of institutions.
func (f *fixture) family() *family.Desk {
	var places []settle.Institution
	for n, name := range []string{"园岭", "滨河", "西岭", "翠竹", "莲花", "南湖", "东门", "华强北"} {
		places = append(places, settle.Institution{
			ID: fmt.Sprintf("H44030%d0020%d", 3+n%2, n), Name: name + "社区健康服务中心", Level: 1, Kind: settle.CommunityHealth, City: settle.HomeCity, SettlementHospital: "H3",
		})
	}
	places = append(places, countertest.Centre(), settle.Institution{ID: "H44030300300", Name: "湖东区人民医院", Level: 2, Kind: settle.Hospital, City: settle.HomeCity})
	return family.New(family.Options{
		Window: f.Window, Rulebook: f.Rules, Position: f.Book.Position, Choices: f.made, Nudge: func() {}, Places: places,
		Known: func(person string) (settle.Entitlement, bool, error) {
			e := countertest.Parent()
			return e, person == f.Book.Person(e.Who.IDNumber), nil
		},
		Here: countertest.Centre(), Seat: countertest.Seat, Now: countertest.Morning, Wait: 50 * time.Millisecond,
	})
}

// households is the terminal's page through what a family does beside paying.
var households = []step{
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Patient, countertest.Child())
		must(t, tab.Shows("没有待缴的账单"))
	}},
	{"kiosk-services", click("其他服务", "请选择要办的事")},
	{"kiosk-mobile", click("手机支付能不能用", "现在还不能用手机支付")},
	{"", click("返回", "请选择要办的事")},
	{"kiosk-bind-card", click("绑定、解绑家长账户", "监护人”读卡器")},
	{"kiosk-bind-who", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Insert(t, counter.Guardian, countertest.Parent())
		must(t, tab.Shows("患者是这位家长的谁"))
	}},
	{"kiosk-bind-consent", click("子女", "不是“亲情账户”")},
	{"kiosk-bound", click("同意并绑定", "已登记")},
	{"", click("好", "请选择要办的事")},
	{"kiosk-mobile-maybe", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Pull(counter.Guardian)
		click("手机支付能不能用", "还要在手机上核对")(t, f, tab)
	}},
	{"", click("返回", "请选择要办的事")},
	{"kiosk-places", click("选定、变更就诊机构", "请选择就诊机构")},
	{"", click("下一页", "2 / 2")},
	{"kiosk-places-district", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("罗湖区 5", "湖东区人民医院")(t, f, tab)
		if other, err := browser.Eval[bool](tab, `/滨河|下一页/.test(document.body.innerText)`); err != nil || other {
			t.Errorf("another district is listed: %v", err)
		}
	}},
	{"kiosk-find", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("按编码或名称查", "请输入机构编码中的几位数字")(t, f, tab)
		for _, key := range []int{9, 11, 3, 10, 10} { // 9, erased, 3, 0, 0
			must(t, tab.Click(fmt.Sprintf(".digits button:nth-child(%d)", key)))
		}
		must(t, tab.Await(`document.getElementById('find').value === '300'`))
	}},
	{"kiosk-found", click("查找", "湖东区人民医院")},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) { // and by a keyboard
		click("按编码或名称查", "请输入机构编码中的几位数字")(t, f, tab)
		must(t, tab.Click("#find"))
		must(t, tab.Press(kb.End, "7777", kb.Enter))
		must(t, tab.Shows("没有找到可以选的机构"))
		click("罗湖区 5", "湖东区人民医院")(t, f, tab)
	}},
	{"kiosk-place", click("湖东区人民医院", "变更从下月1日生效")},
	{"kiosk-place-filed", click("确认选定", "医保平台已受理")},
	{"", click("好", "请选择要办的事")},
	{"kiosk-look", click("查额度、待遇和消费", "今年门诊还可报")},
	{"kiosk-printed", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Printer.Jam(true)
		click("打印", "没有打印出来")(t, f, tab)
		f.Printer.Jam(false)
		click("打印", "已打印，请取走")(t, f, tab)
		slip := <-f.Printer.Other()
		if text := counter.Text(slip, counter.Paper58); !strings.Contains(text, "门诊还可报") || !strings.Contains(text, "张**") || strings.Contains(text, "张三") {
			t.Errorf("on paper:\n%s", text)
		}
	}},
	{"kiosk-undo", click("撤销选定申报", "撤销这次选定申报")},
	{"kiosk-undone", click("确认撤销", "已撤销")},
	{"", click("好", "请选择要办的事")},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.made.answers(queue.ChoiceWaiting, "")
		click("选定、变更就诊机构", "请选择就诊机构")(t, f, tab)
		click("园岭", "变更从下月1日生效")(t, f, tab)
	}},
	{"kiosk-place-waits", click("确认选定", "恢复后自动申报")},
	{"", click("好", "请选择要办的事")},
	{"kiosk-services-elder", click("长辈版", "要办什么事")},
	{"kiosk-mobile-elder", click("手机能不能付", "要在手机上看一看")},
	{"", click("返回", "要办什么事")},
	{"kiosk-look-elder", click("看还剩多少钱能报", "今年还能报")},
	{"", click("返回", "要办什么事")},
	{"kiosk-places-elder", click("换看病的地方", "请点一下要去的地方")},
	{"kiosk-find-elder", click("按号码找", "请按机构号码里的几个数")},
	{"", click("返回", "请点一下要去的地方")},
	{"", click("返回", "要办什么事")},
	{"kiosk-look-english", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("普通版", "请选择要办的事")(t, f, tab)
		click("English", "What would you like to do?")(t, f, tab)
		click("Limit, benefits and spending", "Left this year")(t, f, tab)
	}},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Printer.Keep(counter.PrinterPaperOut)
		click("Print", "the printer has no paper")(t, f, tab)
	}},
	{"", click("Back", "What would you like to do?")},
	{"kiosk-mobile-english", click("Would mobile payment work?", "Please check those marked")},
	{"", click("Back", "What would you like to do?")},
	{"kiosk-unbind-english", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("Link or unlink a parent", "Please insert the parent")(t, f, tab)
		f.Insert(t, counter.Guardian, countertest.Parent())
		must(t, tab.Shows("Linked already"))
		click("Unlink", "will no longer pay")(t, f, tab)
	}},
	{"kiosk-unbound-english", click("Unlink", "The last day is 2024-11-05")},
	{"kiosk-bind-refused-english", func(t *testing.T, f *fixture, tab *browser.Tab) {
		click("Done", "What would you like to do?")(t, f, tab)
		f.Pull(counter.Guardian)
		click("Link or unlink a parent", "Please insert the parent")(t, f, tab)
		f.Insert(t, counter.Guardian, countertest.Stranger()) // a child has no account
		must(t, tab.Shows("It cannot be linked now"))
	}},
	{"", func(t *testing.T, f *fixture, tab *browser.Tab) {
		f.Pull(counter.Guardian)
		f.Pull(counter.Patient)
		must(t, tab.Shows("请插入患者的社保卡"))
		if left, err := browser.Eval[bool](tab, `/张|440\*|￥|Linked/.test(document.body.innerText)`); err != nil || left {
			t.Errorf("something of the last family is on the screen: %v", err)
		}
	}},
}

// TestKioskByCode: a child without a card is known by a 医保码, a refusal is told in the
// page's language, the father agrees by his own code, and nobody is asked to take a card.
func TestKioskByCode(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/kiosk", "0100")
	must(t, tab.Shows("扫码口出示患者的医保码"))
	scan := func(code string) {
		t.Helper()
		scans(t, tab, code)
	}
	f.ECodes.Gives("4240000000000000000001440001", countertest.Child())
	f.ECodes.Gives("4240000000000000000001440002", countertest.Parent())
	scan("4240000000000000000001440001")
	must(t, tab.Shows("没有待缴的账单"))
	click("其他服务", "请选择要办的事")(t, f, tab)
	click("绑定、解绑家长账户", "监护人”读卡器")(t, f, tab)
	click("家长用医保码", "请家长在扫码口出示自己的医保码")(t, f, tab)
	scan("4240000000000000000001440002")
	must(t, tab.Shows("患者是这位家长的谁"))
	click("子女", "不是“亲情账户”")(t, f, tab)
	click("同意并绑定", "已登记")(t, f, tab)
	click("好", "请选择要办的事")(t, f, tab)
	click("回到缴费", "没有待缴的账单")(t, f, tab)
	click("English", "There is no bill to pay")(t, f, tab)
	scan("4240000000000000000001440001")
	must(t, tab.Shows("Another patient is being served"))
	inspect(t, tab, "kiosk-refused-english")
	click("Stop and take the card", "请插入患者的社保卡")(t, f, tab)
	f.send(t, visit)
	scan("4240000000000000000001440001") // it served
	must(t, tab.Shows("这个医保码刚才已经用过"))
	inspect(t, tab, "kiosk-code-used")
	f.ECodes.Gives("4240000000000000000001440003", countertest.Child())
	_, err := browser.Eval[bool](tab, `((real) => { fetch = async (at, ...more) => {
		const answer = await real(at, ...more);
		if (String(at).includes('scan')) await new Promise((done) => setTimeout(done, 500));
		return answer;
	}; return true; })(fetch)`)
	must(t, err)
	scan("4240000000000000000001440003")
	click("儿科门诊", "请核对金额")(t, f, tab) // the scan's answer is still on its way
	click("不用家庭共济", "去付款")(t, f, tab)
	click("去付款", "扫码付款")(t, f, tab)
	must(t, tab.Await(`document.querySelector('.code svg')`))
	f.till.set("paid")
	must(t, tab.Shows("结算完成"))
	inspect(t, tab, "kiosk-code-settled")
	f.Clock.Move(time.Minute)
	must(t, tab.Shows("请插入患者的社保卡"))
	if bad := tab.Errors(); len(bad) > 0 {
		t.Errorf("scripts failed: %q", bad)
	}
}
