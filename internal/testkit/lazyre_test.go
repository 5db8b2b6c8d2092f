package testkit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// TestExpressionsCompile compiles each expression that the program compiles
// when it first needs it.
func TestExpressionsCompile(t *testing.T) {
	found := 0
	err := filepath.WalkDir(testkit.Root(t), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		consts := texts(f)
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isNew(call.Fun) || len(call.Args) != 1 {
				return true
			}
			found++
			text, whole := joined(call.Args[0], consts)
			if !whole {
				t.Errorf("%s: not made of literals and constants of its file", set.Position(call.Pos()))
			} else if _, err := regexp.Compile(text); err != nil {
				t.Errorf("%s: %v", set.Position(call.Pos()), err)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 100 {
		t.Errorf("%d expressions found", found)
	}
}

func isNew(e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "New" {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "lazyre"
}

// texts are the constants of a file.
func texts(f *ast.File) map[string]ast.Expr {
	out := map[string]ast.Expr{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				for i := range v.Values {
					out[v.Names[i].Name] = v.Values[i]
				}
			}
		}
	}
	return out
}

// joined is what the sum of literals says, and whether all of it is known.
func joined(e ast.Expr, consts map[string]ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return joined(e.X, consts)
	case *ast.Ident:
		if c, ok := consts[e.Name]; ok {
			return joined(c, nil)
		}
	case *ast.BinaryExpr:
		x, okX := joined(e.X, consts)
		y, okY := joined(e.Y, consts)
		return x + y, okX && okY && e.Op == token.ADD
	}
	return "", false
}
