package demo

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"settled/cmd/rig/internal/platform"
)

// families is what the API says to a family.
type families struct {
	Code      string `json:"code"`
	Benefit   struct{ From, To, Rule string }
	Allowance *struct{ Limit, Used, Left string }
	Links     []struct {
		Holder, Relation, From, To string
		Now                        bool
	}
	Selections []struct {
		Name, From, To string
		Now            bool
	}
	Choice *struct {
		Name, From, State, Told string
		CanUndo                 bool `json:"can_undo"`
	}
	Visits []struct{ Total, Fund string }
	Places []struct{ ID, Name, From, Rule string }

	Conditions []struct{ Need, Finding string }
	State      string
	From, Last string
}

// family asks the API of what a family does.
func (s *stage) family(t *testing.T, method, path, body string) (status int, f families, text string) {
	t.Helper()
	res, err := s.daemon.ask(t.Context(), method, path, []byte(body))
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	must(t, err)
	must(t, json.Unmarshal(data, &f))
	return res.StatusCode, f, string(data)
}

func (f *families) findings() string {
	var words []string
	for _, c := range f.Conditions {
		words = append(words, c.Need+":"+c.Finding)
	}
	return strings.Join(words, " ")
}

// firstOfNext is the first day of the next month in Shanghai.
func (s *stage) firstOfNext() string {
	return time.Date(s.began.Year(), s.began.Month()+1, 1, 0, 0, 0, 0, s.began.Location()).Format(time.DateOnly)
}

// TestFamily does at the counter what a family does beside paying: it looks up, asks about
// mobile payment, binds and unbinds the father's account, changes the institution with the
// platform and its line down, and takes it back.
func TestFamily(t *testing.T) {
	s := open(t)
	if status, f, _ := s.family(t, http.MethodGet, "/v1/family", ""); status != http.StatusConflict || f.Code != "NO_CARD" {
		t.Errorf("without a card: %d %+v", status, f)
	}
	must(t, s.bothCards(t.Context()))
	_, f, text := s.family(t, http.MethodGet, "/v1/family", "")
	if f.Allowance == nil || f.Allowance.Used != "186.40" || f.Allowance.Left != "2468.60" || f.Benefit.Rule != "P-3" || len(f.Selections) != 1 || f.Choice != nil || len(f.Visits) != 0 {
		t.Errorf("looked up: %s", text)
	}
	for _, secret := range []string{childID, "张小满", "张建国", "F18060102", childPsn} {
		if strings.Contains(text, secret) {
			t.Errorf("the answer has %s: %s", secret, text)
		}
	}
	if _, f, _ = s.family(t, http.MethodGet, "/v1/family/mobile", ""); f.findings() != "CHANNEL_EXISTS:met INSURED:met CARD:met PHONE:unknown LINK:unmet REGISTERED:unknown BALANCE:met" {
		t.Errorf("mobile payment: %s", f.findings())
	}
	if _, f, _ = s.family(t, http.MethodGet, "/v1/family/binding?relation=child", ""); f.findings() != "RELATION:met DONOR_ACCOUNT:met DONOR_INSURED:met INSURED:met BALANCE:met" {
		t.Errorf("binding: %s", f.findings())
	}
	if status, _, text := s.family(t, http.MethodPost, "/v1/links", `{"relation":"child"}`); status != http.StatusCreated {
		t.Errorf("bound: %d %s", status, text)
	}
	if _, f, text = s.family(t, http.MethodGet, "/v1/family", ""); len(f.Links) != 1 || f.Links[0].Holder != "张**" || !f.Links[0].Now {
		t.Errorf("linked: %s", text)
	}
	status, a, err := s.settle(t, 1)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	if _, f, text = s.family(t, http.MethodGet, "/v1/family", ""); len(f.Visits) != 1 || f.Visits[0].Total != "53.80" || f.Allowance.Used == "186.40" {
		t.Errorf("after a visit: %s", text)
	}
	if status, f, text = s.family(t, http.MethodDelete, "/v1/links", ""); status != http.StatusOK || f.Last != s.began.Format(time.DateOnly) {
		t.Errorf("unbound: %d %s", status, text)
	}
	if _, f, text = s.family(t, http.MethodGet, "/v1/family", ""); len(f.Links) != 1 || f.Links[0].To != s.began.Format(time.DateOnly) {
		t.Errorf("the link ends today: %s", text)
	}
	if out, err := s.daemon.run(t.Context(), "family", "show"); err != nil || !strings.Contains(out, "家庭共济：张** 的子女") || !strings.Contains(out, "选定机构：鹏湾医院南园") {
		t.Errorf("family show: %s %v", out, err)
	}
	if out, err := s.daemon.run(t.Context(), "family", "mobile"); err != nil || !strings.Contains(out, "？ 监护人手机") {
		t.Errorf("family mobile: %s %v", out, err)
	}
	s.changes(t)
	if out, err := s.daemon.run(t.Context(), "family", "undo"); err != nil || !strings.Contains(out, "湖东区医院") || !strings.Contains(out, "已撤销") {
		t.Errorf("family undo: %s %v", out, err)
	}
}

// changes changes the child's institution, and takes it back.
func (s *stage) changes(t *testing.T) {
	t.Helper()
	const second = "H44030500002" // level 2: the child is under 14
	_, f, text := s.family(t, http.MethodGet, "/v1/family/places?search=湖东区医院", "")
	if len(f.Places) != 2 || f.Places[0].From != s.firstOfNext() {
		t.Fatalf("places: %s", text)
	}
	today := s.began.Format(time.DateOnly)
	if status, f, _ := s.family(t, http.MethodPost, "/v1/family/selection", `{"institution":"`+second+`","from":"`+today+`"}`); status != http.StatusConflict || f.Code != "CHOICE_MOVED" {
		t.Errorf("from a day that was not shown: %d %+v", status, f)
	}
	wish := `{"institution":"` + second + `","from":"` + s.firstOfNext() + `"}`
	must(t, s.platform.Add(platform.Fault{Infno: "2505", Kind: platform.Cut, Times: 1}))
	if status, f, text := s.family(t, http.MethodPost, "/v1/family/selection", wish); status != http.StatusAccepted || f.State != "filed" {
		t.Errorf("selected: %d %s", status, text)
	}
	if status, f, _ := s.family(t, http.MethodDelete, "/v1/family/selection", ""); status != http.StatusAccepted || f.State != "undone" {
		t.Errorf("taken back: %d %+v", status, f)
	}
	s.platform.Down()
	if status, f, text := s.family(t, http.MethodPost, "/v1/family/selection", wish); status != http.StatusAccepted || f.State != "waiting" {
		t.Errorf("selected with the platform down: %d %s", status, text)
	}
	must(t, s.platform.Up())
	must(t, s.daemon.stop())
	must(t, s.daemon.start(t.Context())) // what waits is on disk
	must(t, s.daemon.awaitState(t.Context(), "identified", func(sc screen) bool { return sc.Patient != nil }))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := soon(t)
	for f.Choice == nil || f.Choice.State != "filed" || !f.Choice.CanUndo {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not filed: %s", text)
		}
		_, f, text = s.family(t, http.MethodGet, "/v1/family", "")
	}
	if n := s.platform.Books.Page().Requests["2506"]; n != 1 {
		t.Errorf("2506 was sent %d times", n)
	}
}

// TestKioskFamily does the same at the terminal, by hand: the mother is told what mobile
// payment lacks, the father's account is bound, the child's institution is changed, and
// the platform has it.
func TestKioskFamily(t *testing.T) {
	b := chromium(t)
	s := open(t)
	tab := s.page(t, b, "/kiosk", "0100")
	must(t, tab.Shows("请插入患者的社保卡"))
	must(t, s.bothCards(t.Context()))
	press(t, tab, "其他服务", "请选择要办的事")
	press(t, tab, "手机支付能不能用", "现在还不能用手机支付")
	press(t, tab, "返回", "请选择要办的事")
	press(t, tab, "绑定、解绑家长账户", "患者是这位家长的谁")
	press(t, tab, "子女", "不是“亲情账户”")
	press(t, tab, "同意并绑定", "已登记")
	press(t, tab, "好", "请选择要办的事")
	press(t, tab, "选定、变更就诊机构", "请选择就诊机构")
	press(t, tab, "湖东区医院", "变更从下月1日生效")
	must(t, tab.Shows(s.firstOfNext()))
	press(t, tab, "确认选定", "医保平台已受理")
	picture(t, tab, "e2e-kiosk-filed")
	press(t, tab, "好", "请选择要办的事")
	press(t, tab, "查额度、待遇和消费", "即将生效") // asked of the platform anew
	must(t, tab.Shows("2468.60"))
	picture(t, tab, "e2e-kiosk-look")
	press(t, tab, "撤销选定申报", "撤销这次选定申报")
	press(t, tab, "确认撤销", "已撤销")
	if p := s.platform.Books.Page(); p.Requests["2505"] != 1 || p.Requests["2506"] != 1 {
		t.Errorf("requests: %v", p.Requests)
	}
	must(t, s.takeCards(t.Context()))
	must(t, tab.Shows("请插入患者的社保卡"))
	s.clean(t, tab)
}
