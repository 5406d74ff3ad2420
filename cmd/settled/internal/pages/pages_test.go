package pages_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"settled/cmd/settled/internal/pages"
)

func get(t *testing.T, p *pages.Pages, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// TestPages: every page is there with a policy that allows this daemon alone, and a
// browser asks whether it has changed.
func TestPages(t *testing.T) {
	p := pages.New()
	for _, path := range []string{"/", "/sign-in", "/cashier", "/statement", "/assets/base.css", "/assets/cashier.js"} {
		w := get(t, p, path, nil)
		csp := w.Header().Get("Content-Security-Policy")
		if !p.Has(path) || w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy lacks %s: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http") {
			t.Errorf("%s: the policy is open: %s", path, csp)
		}
		again := get(t, p, path, func(r *http.Request) { r.Header.Set("If-None-Match", w.Header().Get("ETag")) })
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s: asked again: %d", path, again.Code)
		}
	}
	for _, path := range []string{"/assets/", "/assets/pages.go", "/sign-in.html", "/../pages.go", "/v1/session"} {
		if p.Has(path) || get(t, p, path, nil).Code != http.StatusNotFound {
			t.Errorf("%s is a page", path)
		}
	}
}

// TestSources: no page has a script or a style in it, loads anything from elsewhere or
// makes HTML from text; and all that they name is there.
func TestSources(t *testing.T) {
	p := pages.New()
	names, err := filepath.Glob("assets/*")
	if err != nil || len(names) < 10 {
		t.Fatalf("%v %v", names, err)
	}
	bad := regexp.MustCompile(`https?://|//[a-z]+\.[a-z]|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|localStorage|sessionStorage|indexedDB|<script>|<style|style="| on[a-z]+="`)
	link := regexp.MustCompile(`(?:href|src)="(/[^"]*)"|from '\./([^']+)'`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := bad.FindString(string(text)); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if target := m[1]; target != "" && !p.Has(target) {
				t.Errorf("%s leads to %s, which is not there", name, target)
			}
			if module := m[2]; module != "" && !p.Has("/assets/"+module) {
				t.Errorf("%s imports %s, which is not there", name, module)
			}
		}
	}
}
