package pages_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/counter/countertest"
	"settled/devices/bench/browser"
)

// loser loses the first answers to what is sent to a path, and keeps what was sent there.
type loser struct {
	path   string
	before int // so many are lost on the way to the daemon
	after  int // and so many on the way back

	mu   sync.Mutex
	sent []string
}

func (l *loser) line(w http.ResponseWriter, r *http.Request, daemon http.Handler) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, l.path) {
		daemon.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	l.mu.Lock()
	l.sent = append(l.sent, string(body))
	n := len(l.sent)
	l.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if n <= l.before {
		panic(http.ErrAbortHandler)
	}
	if n <= l.before+l.after {
		daemon.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	daemon.ServeHTTP(w, r)
}

// lose has the answers lost.
func (f *fixture) lose(l *loser) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.line = l.line
}

// same checks that all that was sent is the same, so many times.
func (l *loser) same(t *testing.T, times int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, body := range l.sent {
		if body != l.sent[0] {
			t.Errorf("first\n%s\nthen\n%s", l.sent[0], body)
		}
	}
	if len(l.sent) != times {
		t.Errorf("sent %d times", len(l.sent))
	}
}

// TestLostAnswer: where what moves money is not answered, the page asks again by itself,
// with the same key, and says nothing of a failure; it is done once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	watch := func() { // whatever is said from here on
		_, err := browser.Eval[bool](tab, `(() => { window.told = []; new MutationObserver(() => told.push(document.body.innerText)).observe(document.body, {childList: true, subtree: true, characterData: true}); })(), true`)
		must(t, err)
	}
	watch()
	f.Insert(t, counter.Patient, countertest.Child())
	f.send(t, visit)
	must(t, tab.Shows("MZ20241105-000317"))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	settling := &loser{path: "/v1/settlements", before: 1, after: 1}
	f.lose(settling)
	must(t, tab.Press(kb.F2))
	must(t, tab.Shows("没有重复扣款"))
	settling.same(t, 3)

	voiding := &loser{path: "/void", before: 1, after: 1}
	f.lose(voiding)
	must(t, tab.Press(kb.F8))
	must(t, tab.Shows("勾选要退的项目"))
	must(t, tab.Press(kb.F6, kb.F5))
	must(t, tab.Shows("原因（印在凭条上）"))
	must(t, tab.Press("重复收费", kb.F2))
	must(t, tab.Shows("没有重复退款"))
	voiding.same(t, 3)
	must(t, tab.Press(kb.F2))

	opening := &loser{path: "/v1/shifts", after: 1}
	f.lose(opening)
	must(t, tab.Press(kb.F10))
	must(t, tab.Shows("钱箱中的备用金"))
	must(t, tab.Press("500", kb.Enter))
	must(t, tab.Shows("备用金 ￥500.00"))
	opening.same(t, 2)

	if n := len(f.Book.Written()); n != 1 {
		t.Errorf("%d settled", n)
	}
	if failed, err := browser.Eval[string](tab, `told.find((text) => /未扣款|未退款|没有记账|失败/.test(text)) ?? ''`); err != nil || failed != "" {
		t.Errorf("the page said that it failed: %s %v", failed, err)
	}
}

// TestNotWritten: only when the daemon has said so, the page says that what was not
// answered is not settled.
func TestNotWritten(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	f.Insert(t, counter.Patient, countertest.Child())
	f.send(t, visit)
	must(t, tab.Shows("MZ20241105-000317"))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	f.lose(&loser{path: "/v1/settlements", before: 1 << 30})
	must(t, tab.Press(kb.F2))
	must(t, tab.Shows("连接中断"))
	must(t, f.Window.Cancel()) // by another page
	f.lose(&loser{})
	must(t, tab.Shows("连接中断前的确认没有记账，未扣款"))
}

// TestFasterThanTheAnswer: the quote is on the screen before its asking was answered; F2
// is heard then too.
func TestFasterThanTheAnswer(t *testing.T) {
	t.Parallel()
	f := serve(t, nil)
	tab := f.tab(t, "/cashier", "0001")
	late := make(chan struct{})
	f.mu.Lock()
	f.line = func(w http.ResponseWriter, r *http.Request, daemon http.Handler) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/quote") {
			daemon.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		daemon.ServeHTTP(answer, r)
		<-late
		w.WriteHeader(answer.Code)
	}
	f.mu.Unlock()
	defer close(late)
	f.Insert(t, counter.Patient, countertest.Child())
	f.send(t, visit)
	must(t, tab.Shows("MZ20241105-000317"))
	must(t, tab.Press(kb.F5))
	quoted(t, tab)
	must(t, tab.Press(kb.F2))
	must(t, tab.Shows("凭条已打印"))
}
