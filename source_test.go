package settled_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of this module.
const module = "settled"

// source is one Go file of the module.
type source struct {
	path  string // from the root, with slashes
	dir   string // its package: "settle", "." for the root
	test  bool
	built bool           // whether it is part of the build on this system
	fset  *token.FileSet // of all the sources that were read together
	ast   *ast.File
}

// readTree parses every Go file of the module, also those that a build tag leaves out.
func readTree(t *testing.T) (sources []*source) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return enter(name)
		case strings.HasSuffix(name, ".go"):
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			s := parseSource(t, fset, filepath.ToSlash(name), string(text))
			s.built, err = build.Default.MatchFile(filepath.Dir(name), filepath.Base(name))
			sources = append(sources, s)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 10 {
		t.Fatalf("only %d Go files found: the walk is wrong", len(sources))
	}
	return sources
}

// enter skips what is not of the module: data, hidden directories, other modules.
func enter(dir string) error {
	base := filepath.Base(dir)
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	if dir != "." && (base == "testdata" || base[0] == '.' || base[0] == '_' || err == nil) {
		return fs.SkipDir
	}
	return nil
}

func parseSource(t *testing.T, fset *token.FileSet, name, text string) *source {
	t.Helper()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &source{path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), built: true, fset: fset, ast: file}
}

// imports are the paths of the source's direct imports.
func (s *source) imports() (paths []string) {
	for _, spec := range s.ast.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// at says what stands where: "queue/open.go:12: time.Now".
func (s *source) at(n ast.Node, what string) string {
	return fmt.Sprintf("%s:%d: %s", s.path, s.fset.Position(n.Pos()).Line, what)
}

// using finds where names of a package are used, calling where they are called.
func using(pkg string, names ...string) func(*source) []string {
	return func(s *source) []string { return s.selected(pkg, names, false) }
}

func calling(pkg string, names ...string) func(*source) []string {
	return func(s *source) []string { return s.selected(pkg, names, true) }
}

func (s *source) selected(pkg string, names []string, called bool) (found []string) {
	local := s.localName(pkg)
	ast.Inspect(s.ast, func(n ast.Node) bool {
		expr, isExpr := n.(ast.Expr)
		if called {
			call, isCall := n.(*ast.CallExpr)
			if !isCall {
				return true
			}
			expr, isExpr = call.Fun, true
		}
		if !isExpr {
			return true
		}
		selector, ok := expr.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, selector.Sel.Name) {
			found = append(found, s.at(n, pkg+"."+selector.Sel.Name))
		}
		return true
	})
	return found
}

// localName is what the source calls an imported package; "" if it does not import it.
func (s *source) localName(pkg string) string {
	for _, spec := range s.ast.Imports {
		if spec.Path.Value == strconv.Quote(pkg) {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(pkg)
		}
	}
	return ""
}

func initFunctions(s *source) (found []string) {
	for _, declaration := range s.ast.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, s.at(f, "init function"))
		}
	}
	return found
}

// floats finds types, numbers and conversions of floating point. 1e6 is a whole number,
// and asking whether a value is a float, in order to refuse it, is no use of one.
func floats(s *source) (found []string) {
	named := []string{"float32", "float64", "NewFromFloat", "NewFromFloat32", "NewFromFloatWithExponent", "InexactFloat64", "Float64"}
	asked := map[ast.Node]bool{}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeAssertExpr:
			asked[n.Type] = true
		case *ast.TypeSwitchStmt:
			for _, clause := range n.Body.List {
				if clause, ok := clause.(*ast.CaseClause); ok {
					for _, t := range clause.List {
						asked[t] = true
					}
				}
			}
		case *ast.Ident:
			if slices.Contains(named, n.Name) && !asked[n] {
				found = append(found, s.at(n, n.Name))
			}
		case *ast.BasicLit:
			if n.Kind == token.FLOAT && constant.ToInt(constant.MakeFromLiteral(n.Value, n.Kind, 0)).Kind() != constant.Int {
				found = append(found, s.at(n, n.Value))
			}
		}
		return true
	})
	return found
}

// assignedVariables finds where functions of one package change its variables. Types
// from other packages are not needed for that, so imports are not resolved.
func assignedVariables(sources []*source) (found []string) {
	uses := map[*ast.Ident]types.Object{}
	files := []*ast.File{}
	for _, s := range sources {
		files = append(files, s.ast)
	}
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, err := config.Check(sources[0].dir, sources[0].fset, files, &types.Info{Uses: uses})
	if pkg == nil {
		return []string{fmt.Sprintf("%s: %v", sources[0].dir, err)}
	}
	for _, s := range sources {
		for _, target := range assigned(s.ast) {
			if v, ok := uses[target].(*types.Var); ok && v.Parent() == pkg.Scope() {
				found = append(found, s.at(target, "the package variable "+target.Name+" is changed"))
			}
		}
	}
	return found
}

// noImports knows no package.
type noImports struct{}

// Import implements types.Importer.
func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// assigned lists the variables at the root of what a file assigns to: x in "x.y[1] = 2".
// TestMain, which has no other way to hand something to the tests, is left out.
func assigned(file *ast.File) (roots []*ast.Ident) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return n.Name.Name != "TestMain"
		case *ast.AssignStmt:
			for _, target := range n.Lhs {
				roots = append(roots, root(target)...)
			}
		case *ast.IncDecStmt:
			roots = append(roots, root(n.X)...)
		}
		return true
	})
	return roots
}

func root(e ast.Expr) []*ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return []*ast.Ident{e}
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return nil
}
