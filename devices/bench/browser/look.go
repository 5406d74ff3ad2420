package browser

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed" // axe-core
	"fmt"
	"io"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Size sets the size of the page that is seen, in CSS pixels.
func (t *Tab) Size(width, height int64) error {
	return chromedp.Do(t.ctx, chromedp.EmulateViewport(width, height))
}

// Picture gives what is seen of the page, as PNG.
func (t *Tab) Picture() ([]byte, error) {
	return chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
}

// Paper gives the page as it is printed on A4, as PDF.
func (t *Tab) Paper() ([]byte, error) {
	return chromedp.Run(t.ctx, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		yes := true
		r, err := cdp.Call(ctx, target, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes})
		return r.Data, err
	})
}

// AsPaper has the page look as on paper, for a picture; false ends it.
func (t *Tab) AsPaper(on bool) error {
	media := ""
	if on {
		media = "print"
	}
	_, err := chromedp.Run(t.ctx, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media})
	})
	return err
}

//go:embed axe.min.js.gz
var axe []byte

// Barrier is something that keeps people out.
type Barrier struct {
	Rule   string `json:"id"`
	Impact string `json:"impact"` // minor, moderate, serious, critical
	Help   string `json:"help"`
	Where  string `json:"where"` // selectors
}

// Barriers has axe-core look for what keeps people with disabilities out of the page as
// it is (WCAG 2.2 A and AA, and best practice).
func (t *Tab) Barriers() ([]Barrier, error) {
	packed, err := gzip.NewReader(bytes.NewReader(axe))
	if err != nil {
		return nil, fmt.Errorf("browser: axe: %w", err)
	}
	source, err := io.ReadAll(packed)
	if err != nil {
		return nil, fmt.Errorf("browser: axe: %w", err)
	}
	if _, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool](string(source)+"; true")); err != nil {
		return nil, fmt.Errorf("browser: axe: %w", err)
	}
	return Eval[[]Barrier](t, `axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => (
		{id: v.id, impact: v.impact, help: v.help, where: v.nodes.map((n) => n.target.join(' ')).join(', ')})))`)
}
