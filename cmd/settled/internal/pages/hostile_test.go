package pages_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/devices/bench/browser"
	"settled/settle"
)

// attack is what a hostile page tries: every promise tells how it went. Nothing may be
// read, and nothing may come to the daemon's handlers.
const attack = `(async () => {
	const base = %q, tell = {};
	const fails = (what) => what.then(() => 'let in', () => 'kept out');
	const sent = (what) => what.then((r) => r.type === 'opaque' ? 'opaque' : 'read ' + r.status, () => 'kept out');
	tell.fetch = await sent(fetch(base + '/v1/session', {credentials: 'include'}));
	tell.blind = await sent(fetch(base + '/v1/session', {mode: 'no-cors', credentials: 'include'}));
	tell.cancel = await sent(fetch(base + '/v1/session', {method: 'DELETE', credentials: 'include'}));
	tell.post = await sent(fetch(base + '/v1/session/read', {method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}'}));
	tell.json = await sent(fetch(base + '/v1/settlements', {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}, body: '{}'}));
	tell.beacon = String(navigator.sendBeacon(base + '/v1/session/read', '{}'));
	const element = (tag, set) => new Promise((load, error) => { const e = document.createElement(tag); e.onload = load; e.onerror = error; Object.assign(e, set); document.body.append(e); });
	tell.script = await fails(element('script', {src: base + '/assets/cashier.js', type: 'module'}));
	tell.plain = await fails(element('script', {src: base + '/assets/dom.js'}));
	tell.data = await fails(element('script', {src: base + '/v1/session'}));
	tell.style = await fails(element('link', {rel: 'stylesheet', href: base + '/assets/base.css'}));
	tell.image = await fails(element('img', {src: base + '/v1/session'}));
	tell.socket = await fails(new Promise((ok, no) => { const w = new WebSocket(base.replace('http', 'ws') + '/v1/events'); w.onopen = ok; w.onerror = no; }));
	tell.stream = await fails(new Promise((ok, no) => { const s = new EventSource(base + '/v1/events', {withCredentials: true}); s.onmessage = ok; s.onopen = ok; s.onerror = no; }));
	const frame = document.createElement('iframe');
	await new Promise((done) => { frame.onload = done; frame.src = base + '/cashier'; document.body.append(frame); });
	try { tell.frame = frame.contentDocument ? 'read' : 'closed'; } catch { tell.frame = 'closed'; }
	const form = document.createElement('form');
	Object.assign(form, {method: 'POST', action: base + '/v1/session/read', enctype: 'text/plain', target: 'answer'});
	form.innerHTML = '<input name=\'{"a":"\' value=\'"}\'>';
	const answer = document.createElement('iframe'); answer.name = 'answer';
	await new Promise((done) => { document.body.append(answer, form); answer.onload = done; form.submit(); });
	return tell;
})()`

// TestHostilePage: in the browser in which a cashier is signed in, pages of other sites
// and of other ports of this machine, and a name that was rebound to it, can read nothing
// and do nothing.
func TestHostilePage(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	f.Insert(t, counter.Patient, countertest.Child())
	must(t, tab.Shows("已识别患者"))
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!doctype html><title>free</title><body>")
	}))
	t.Cleanup(evil.Close)
	port := evil.URL[strings.LastIndex(evil.URL, ":"):]
	before := f.Screen().Seq
	for _, from := range []string{"http://evil.example" + port, "http://127.0.0.1" + port} {
		page, err := tab.Beside(800, 600)
		must(t, err)
		t.Cleanup(page.Close)
		must(t, page.Open(from))
		tell, err := browser.Eval[map[string]string](page, fmt.Sprintf(attack, f.base))
		must(t, err)
		for what, outcome := range tell {
			want := "kept out"
			switch what {
			case "blind", "post":
				want = "opaque kept out" // whether it was refused cannot be seen; the state tells
			case "frame":
				want = "closed"
			case "beacon":
				want = "true false" // that it was sent says nothing
			}
			if !strings.Contains(want, outcome) {
				t.Errorf("%s from %s: %s", what, from, outcome)
			}
		}
		must(t, page.Open(strings.Replace(f.base, "127.0.0.1", "evil.example", 1)+"/cashier"))
		if err := page.Shows("Host header"); err != nil {
			t.Errorf("rebound name: %v", err)
		}
		if status, err := browser.Eval[int](page, `fetch('/v1/session').then((r) => r.status, () => 403)`); err != nil || status != http.StatusForbidden {
			t.Errorf("by a rebound name: %d %v", status, err)
		}
	}
	if sc := f.Screen(); sc.Seq != before || sc.State != "identified" {
		t.Errorf("something was done: %d %+v", before, sc)
	}
	if len(tab.Errors()) > 0 {
		t.Errorf("%q", tab.Errors())
	}
}

// TestNames: a patient, a drug and a department that are called like a script are shown
// as they are called.
func TestNames(t *testing.T) {
	t.Parallel()
	const bad = `<img src=x onerror="hacked=1"><script>hacked=1</script>`
	f := serve(t, nil)
	child := countertest.Child()
	child.Who.Name, child.Who.IDNumber, child.Who.CardNumber = bad, "440304201806010099", "SZ0000099"
	child.Insured.Selections[0].Institution.Name = bad
	f.Platform.Knows(child)
	tab := f.tab(t, "/cashier", "0001")
	f.sendFor(t, child, func(d *countertest.Document) {
		d.Items[0]["name"] = bad
		d.Visit["department"] = map[string]any{"code": "1", "name": bad}
	})
	must(t, tab.Await(`document.body.innerText.includes('onerror="hacked=1"')`))
	f.Insert(t, counter.Patient, child)
	must(t, tab.Shows("已识别患者"))
	must(t, tab.Press(kb.F3))
	must(t, tab.Await(`document.querySelector('.person .name').innerText.includes('<script>')`))
	must(t, tab.Press(kb.F5))
	must(t, tab.Await(`document.querySelector('#middle td:nth-child(2)')?.innerText.includes('<img')`))
	must(t, tab.Press(kb.F2))
	must(t, tab.Shows("凭条已打印"))
	must(t, tab.Open(f.base+"/statement?number=S01-0001"))
	must(t, tab.Await(`document.querySelector('#sheet').innerText.includes('onerror')`))
	if hacked, err := browser.Eval[bool](tab, `typeof hacked !== 'undefined' || document.querySelector('#sheet img, #sheet script') !== null`); err != nil || hacked {
		t.Errorf("a name became a script: %v", err)
	}
}

// TestWrongRoles: who signs in is brought where he may be, and the daemon refuses him what
// the page of another would ask for.
func TestWrongRoles(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab, err := chromium.Tab(1366, 768)
	must(t, err)
	t.Cleanup(tab.Close)
	must(t, tab.Open(f.base+"/cashier"))
	must(t, tab.Await(`document.activeElement.id === 'operator'`))
	must(t, tab.Press("0001", "\t", "wrong-password", kb.Enter))
	must(t, tab.Shows("工号或密码不对"))
	if cookie, err := browser.Eval[string](tab, `document.cookie`); err != nil || cookie != "" {
		t.Errorf("cookie %q %v", cookie, err)
	}
	must(t, tab.Press("pass-1234", kb.Enter))
	must(t, tab.Shows("请插入患者的卡"))
	if cookie, err := browser.Eval[string](tab, `document.cookie`); err != nil || cookie != "" {
		t.Errorf("a script can read the session %q %v", cookie, err)
	}
	f.Insert(t, counter.Patient, countertest.Child())
	kiosk := f.tab(t, "/kiosk", "0100")
	for path, body := range map[string]string{
		"/v1/session/patient": "{}", "/v1/settlements/search": "{}", "/v1/queue/x/hold": `{"why":"w"}`,
		"/v1/settlements/x/void": `{"key":"k","reason":"r"}`, "/v1/settlements": `{"quote":"q","key":"k"}`, "/v1/bills": "{}", "/v1/shifts": `{"float":"1.00"}`,
	} {
		status, err := browser.Eval[int](kiosk, fmt.Sprintf(`fetch(%q, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: %q}).then((r) => r.status)`, path, body))
		if err != nil || status != http.StatusForbidden {
			t.Errorf("the terminal asks for %s: %d %v", path, status, err)
		}
	}
	for _, path := range []string{"/v1/queue", "/v1/status", "/v1/settlements/S01-0001", "/v1/shifts/current", "/v1/settlements/S01-0001/receipt"} {
		status, err := browser.Eval[int](kiosk, fmt.Sprintf(`fetch(%q).then((r) => r.status)`, path))
		if err != nil || status != http.StatusForbidden {
			t.Errorf("the terminal asks for %s: %d %v", path, status, err)
		}
	}
	must(t, kiosk.Open(f.base+"/cashier"))
	must(t, kiosk.Await(`location.pathname === '/kiosk'`))
}

var _ settle.Code
