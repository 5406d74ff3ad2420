// Package pages is what a counter's browser shows: the cashier's page, the self-service
// terminal's, the back office's, the A4 statement and the sign-in. They are plain files,
// made into the binary: HTML without data, one style sheet a page, and small ES modules
// that speak to the daemon's API and to nothing else.
//
// There is nothing of anybody in them, so they need no session; all that they show they
// fetch, and are refused without one. Their Content-Security-Policy allows scripts,
// styles, pictures and connections of this daemon alone, no inline script, no frame, and
// (Trusted Types) no HTML made from text: names and drugs are put in as text.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var files embed.FS

// policy of every page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Pages serves the pages. It is the API's [settled/cmd/settled/internal/api.Pages].
type Pages struct{ files map[string]file }

type file struct {
	data []byte
	kind string // Content-Type
	tag  string // ETag
}

// New reads the pages: NAME.html is at /NAME, everything else at /assets/NAME.
func New() *Pages {
	p := &Pages{files: map[string]file{}}
	entries, _ := fs.ReadDir(files, "assets") // made into the binary
	for _, e := range entries {
		data, _ := files.ReadFile("assets/" + e.Name())
		sum := sha256.Sum256(data)
		f := file{data: data, kind: kindOf(e.Name()), tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
		if name, ok := strings.CutSuffix(e.Name(), ".html"); ok {
			p.files["/"+name] = f
			continue
		}
		p.files["/assets/"+e.Name()] = f
	}
	p.files["/"] = p.files["/sign-in"]
	return p
}

// kindOf does not ask the machine's own table of types, which may say otherwise.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// Has implements api.Pages.
func (p *Pages) Has(name string) bool { _, ok := p.files[name]; return ok }

// ServeHTTP gives a page; the API's guards stand before it.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", policy)
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()")
	h.Set("Cache-Control", "no-cache") // ask whether it changed: the next release may
	h.Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method != http.MethodHead {
		_, _ = bytes.NewReader(f.data).WriteTo(w) // the client may be gone
	}
}
