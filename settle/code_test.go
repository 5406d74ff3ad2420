package settle

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// TestCodeTexts: each constant of code.go has exactly one row of texts, Chinese for
// the cashier and English for the technician.
func TestCodeTexts(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[Code]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Code" {
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is no literal", spec.Names[0])
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			declared[Code(value)] = true
		}
		return true
	})
	if len(declared) < 60 {
		t.Fatalf("only %d codes found", len(declared))
	}
	seen := map[Code]bool{}
	for _, c := range Codes() {
		if seen[c] || !declared[c] {
			t.Errorf("%s: twice in the texts, or not declared", c)
		}
		seen[c] = true
	}
	for c := range declared {
		if !seen[c] {
			t.Errorf("%s has no texts", c)
		}
		if s := c.Cashier(); !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) || !strings.HasSuffix(s, "。") {
			t.Errorf("%s: cashier's sentence %q", c, s)
		}
		if s := c.Technician(); s == "" || strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s: technician's sentence %q", c, s)
		}
		if (MutualPrefix + c).Cashier() != c.Cashier() {
			t.Errorf("%s: the prefix changes the text", c)
		}
	}
	if s := Code("NONSENSE").Cashier(); !strings.Contains(s, "NONSENSE") {
		t.Errorf("unknown code: %q", s)
	}
}
