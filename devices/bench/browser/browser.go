// Package browser drives a real Chromium, without a window, for tests of the pages: keys
// as a hand presses them, waiting for what shows, pictures, paper (PDF), and axe-core,
// which finds what keeps people with disabilities out (axe.min.js.gz is version 4.14.1 as
// published, under axe.LICENSE).
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// ErrMissing says that there is no Chromium on this machine.
var ErrMissing = errors.New("browser: chromium is not installed (scripts/bootstrap.sh installs it)")

// Browser is a running Chromium.
type Browser struct {
	ctx  context.Context
	stop func()
}

// Start starts Chromium with a profile of its own. Names of other machines than this one
// lead to this one: nothing leaves it. ErrMissing if there is none.
func Start(ctx context.Context) (*Browser, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, ErrMissing
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1366, 768),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("mute-audio", true), chromedp.Flag("lang", "zh-CN"),
		chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"),
	)
	alloc, stopAlloc := chromedp.NewExecAllocator(ctx, options...)
	tab, stopTab := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	b := &Browser{ctx: tab, stop: func() { stopTab(); stopAlloc() }}
	if err := chromedp.Do(tab); err != nil {
		b.stop()
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b, nil
}

// Close ends Chromium.
func (b *Browser) Close() { b.stop() }

// Tab is a page with cookies of its own, unless it was opened beside another.
type Tab struct {
	ctx   context.Context
	close func()

	mu     sync.Mutex
	errors []string
	hosts  map[string]bool
}

// Tab opens an empty page of width × height, whose cookies no other tab has.
func (b *Browser) Tab(width, height int64) (*Tab, error) {
	return newTab(b.ctx, width, height, chromedp.WithNewBrowserContext())
}

// Beside opens another tab with the same cookies.
func (t *Tab) Beside(width, height int64) (*Tab, error) {
	return newTab(t.ctx, width, height)
}

func newTab(parent context.Context, width, height int64, more ...chromedp.ContextOption) (*Tab, error) {
	t := &Tab{hosts: map[string]bool{}}
	t.ctx, t.close = chromedp.NewContext(parent, append(more, chromedp.WithListener(t.heard))...)
	if err := chromedp.Do(t.ctx, chromedp.EmulateViewport(width, height)); err != nil {
		t.close()
		return nil, fmt.Errorf("browser: %w", err)
	}
	return t, nil
}

// Close closes the tab.
func (t *Tab) Close() { t.close() }

// heard notes what a test must see: errors of scripts, and who was spoken to.
func (t *Tab) heard(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		t.errors = append(t.errors, text)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != "" {
			t.hosts[u.Host] = true
		}
	}
}

// Errors are what scripts of the page threw and nobody caught.
func (t *Tab) Errors() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.errors...)
}

// Hosts are whom the page spoke to, or tried to.
func (t *Tab) Hosts() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var hosts []string
	for h := range t.hosts {
		hosts = append(hosts, h)
	}
	return hosts
}

// patience is how long something may take to show.
const patience = time.Minute

// Open goes to an address and waits until the page is loaded.
func (t *Tab) Open(address string) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		return fmt.Errorf("browser: open %s: %w", address, err)
	}
	return nil
}

// Reload loads the page again.
func (t *Tab) Reload() error { return chromedp.Do(t.ctx, chromedp.Reload()) }

// Before has the pages that are opened from now on begin with a script.
func (t *Tab) Before(script string) error {
	_, err := chromedp.Run(t.ctx, func(ctx context.Context, target *chromedp.Target) (page.AddScriptToEvaluateOnNewDocumentResult, error) {
		return cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	})
	if err != nil {
		err = fmt.Errorf("browser: before a page: %w", err)
	}
	return err
}

// Eval gives what an expression of JavaScript comes to; a promise is awaited.
func Eval[T any](t *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		err = fmt.Errorf("browser: %s: %w", clip(expression), err)
	}
	return v, err
}

// Await waits until an expression is true, over reloads as well.
func (t *Tab) Await(expression string) error {
	const wait = `new Promise((done) => { const look = () => { let ok = false; try { ok = Boolean(%s); } catch {} if (ok) done(true); else setTimeout(look, 25); }; look(); })`
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(wait, expression), chromedp.EvalAwaitPromise))
		switch {
		case err == nil && ok:
			return nil
		case ctx.Err() != nil:
			text, _ := Eval[string](t, `document.body.innerText`)
			return fmt.Errorf("browser: waited in vain for %s; errors %q; the page shows:\n%s", expression, t.Errors(), text)
		} // else the page was left; look at the next
	}
}

// Shows waits until a text is to be read on the page.
func (t *Tab) Shows(text string) error {
	return t.Await(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// Click clicks the first element of a CSS selector.
func (t *Tab) Click(selector string) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, chromedp.Click(selector))
		var gone *cdproto.Error
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &gone): // where the page put another in its place before the click, that one is clicked
			return fmt.Errorf("browser: click %s: %w", selector, err)
		}
	}
}

// Push clicks the button of these words, or else the first that has them among its own, as
// soon as there is one: found and clicked in one go, so that no new one can come between.
func (t *Tab) Push(words string) error {
	const find = `((all) => all.find((b) => b.innerText === %[1]q) ?? all.find((b) => b.innerText.includes(%[1]q)))([...document.querySelectorAll('button')])`
	return t.Await(fmt.Sprintf(`((b) => { b.click(); return true; })(`+find+`)`, words))
}

// Press presses keys: text, and the constants of chromedp/kb.
func (t *Tab) Press(keys ...string) error {
	for _, k := range keys {
		if err := chromedp.Do(t.ctx, chromedp.KeyEvent(k)); err != nil {
			return fmt.Errorf("browser: press %q: %w", k, err)
		}
	}
	return nil
}

func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 120)]
}

// Choose gives a file to the page, as a person does in the dialog that it opens.
func (t *Tab) Choose(selector, path string) error {
	if err := chromedp.Do(t.ctx, chromedp.SetUploadFiles(selector, []string{path})); err != nil {
		return fmt.Errorf("browser: choose %s: %w", selector, err)
	}
	return nil
}
