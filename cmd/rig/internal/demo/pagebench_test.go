package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"settled/devices/bench/browser"
)

// cashier is a hand that is faster than any: in the page it presses F5 when the patient is
// known and F2 when amounts and lines are shown, and notes when each was on the screen, after the
// frame that shows it. Times are the machine's clock in ms.
const cashier = `(() => {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const once = (name, then) => {
    if (name in marks) return;
    marks[name] = 0;
    requestAnimationFrame(() => setTimeout(() => { marks[name] = Date.now(); then?.(); }));
  };
  const sure = () => { // until it is taken: the page may still wait for the answer to F5
    if (!document.getElementById('banner').innerText.includes('请核对金额')) return;
    marks.sure ??= Date.now();
    press('F2');
    setTimeout(sure, 10);
  };
  window.marks = {};
  new MutationObserver(() => {
    const banner = document.getElementById('banner').innerText;
    if (banner.includes('已识别患者') && document.querySelector('#middle tbody tr')) once('known', () => press('F5'));
    if (banner.includes('请核对金额') && document.querySelector('#middle caption')?.innerText.includes('点一行看理由')) once('split', sure);
    if (banner.includes('已结算')) once('done');
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  return true;
})()`

// marks are what the hand noted of a visit.
type marks struct{ Known, Split, Sure, Done int64 }

// BenchmarkPages is visits at the cashier's page in a real Chromium, through the real
// pcscd, journal and API, with -benchtime 200x: from the card's going in to the amounts on
// the screen, of which pcscd looks at a virtual reader every 400 ms; and from F2 to "done"
// on the screen, which comes after the journal's entry. Then what each page weighs when it
// is opened for the first time.
func BenchmarkPages(b *testing.B) {
	chromium, err := browser.Start(b.Context())
	if errors.Is(err, browser.ErrMissing) {
		b.Skip(err)
	}
	must(b, err)
	b.Cleanup(chromium.Close)
	s := open(b)
	tab, weight := s.weigh(b, chromium, "/cashier", "0001")
	_, err = browser.Eval[bool](tab, cashier)
	must(b, err)
	var split, read, done, late []time.Duration
	n := 0
	for b.Loop() {
		n++
		bill, err := s.visit("child-visit.json", n)
		must(b, err)
		if status, a, err := s.post(b, "/v1/bills", bill); err != nil || status != http.StatusCreated {
			b.Fatalf("%d %+v %v", status, a, err)
		}
		_, err = browser.Eval[bool](tab, `window.marks = {}, true`)
		must(b, err)
		inserted := time.Now()
		must(b, s.cards.Insert("patient", childCard))
		must(b, tab.Await(`window.marks.done > 0`))
		m, err := browser.Eval[marks](tab, `window.marks`)
		must(b, err)
		split = append(split, time.UnixMilli(m.Split).Sub(inserted))
		read = append(read, time.Duration(m.Split-m.Known)*time.Millisecond)
		done = append(done, time.Duration(m.Done-m.Sure)*time.Millisecond)
		late = append(late, time.UnixMilli(m.Done).Sub(s.lastSettled(b)))
		must(b, s.cards.Remove("patient"))
		must(b, tab.Shows("请插入患者的卡"))
	}
	for _, m := range []struct {
		name string
		took []time.Duration
	}{{"in→split", split}, {"known→split", read}, {"F2→done", done}, {"entry→done", late}} {
		b.ReportMetric(median(m.took), m.name+"-p50-ms")
		b.ReportMetric(float64(m.took[len(m.took)*99/100].Microseconds())/1000, m.name+"-p99-ms")
	}
	b.ReportMetric(0, "ns/op") // of all of it: means nothing
	b.ReportMetric(weight, "cashier-KB")
	for path, operator := range map[string]string{"/office": "0003", "/kiosk": "0100"} {
		_, weight := s.weigh(b, chromium, path, operator)
		b.ReportMetric(weight, path[1:]+"-KB")
	}
}

// weigh opens a page in a browser that has seen none, and gives the kilobytes that came
// over the wire, the daemon's answers among them.
func (s *stage) weigh(b *testing.B, chromium *browser.Browser, path, operator string) (*browser.Tab, float64) {
	b.Helper()
	tab, err := chromium.Tab(1366, 768)
	must(b, err)
	b.Cleanup(tab.Close)
	must(b, tab.Open(s.daemon.base+"/sign-in?next=%2Flivez")) // that page is weighed alone
	must(b, tab.Await(`document.activeElement.id === 'operator'`))
	must(b, tab.Press(operator, "\t", "demo-1234", kb.Enter))
	must(b, tab.Await("location.pathname !== '/sign-in'"))
	must(b, tab.Open(s.daemon.base+path))
	must(b, tab.Await(`document.readyState === 'complete' && performance.getEntriesByType('resource').some((e) => e.name.includes('/v1/'))`))
	size, err := browser.Eval[float64](tab, `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((n, e) => n + e.transferSize, 0)`)
	must(b, err)
	return tab, size / 1000
}

// lastSettled is when the journal's last settlement was written down, by its entry.
func (s *stage) lastSettled(b *testing.B) (written time.Time) {
	b.Helper()
	text, err := os.ReadFile(at(s.folder, "state/journal/journal-000000000001.jsonl"))
	must(b, err)
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(`"kind":"settlement"`)) {
			continue
		}
		var e struct{ At time.Time }
		must(b, json.Unmarshal(lines.Bytes(), &e))
		written = e.At
	}
	return written
}
