package testkit_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// house is what may lie in the project's root, besides what .gitignore names.
var house = []string{
	"changelog", "cmd", "config", "docs", "forensics", "incident", "integrations", "internal",
	"playbooks", "record", "response", "review", "store", "timeline", "tools", "tui",
}

// source is what the Go files of the project say: which package of it imports
// which, and what each declares. Tests are left out: they may look anywhere.
type source struct {
	imports  map[string][]string
	declared map[string]map[string]bool // package → "Name" and "Type.Member"
}

func readSource(t *testing.T, root string) source {
	t.Helper()
	s := source{map[string][]string{}, map[string]map[string]bool{}}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		return s.file(file, filepath.ToSlash(rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg, to := range s.imports {
		slices.Sort(to)
		s.imports[pkg] = slices.Compact(to)
	}
	return s
}

func (s source) file(file, pkg string) error {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if s.declared[pkg] == nil {
		s.declared[pkg], s.imports[pkg] = map[string]bool{}, nil
	}
	for _, i := range f.Imports {
		to, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		if to, ours := strings.CutPrefix(to, "firebreak/"); ours {
			s.imports[pkg] = append(s.imports[pkg], to)
		}
	}
	for _, d := range f.Decls {
		declare(s.declared[pkg], d)
	}
	return nil
}

func declare(names map[string]bool, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names[d.Name.Name] = true
			return
		}
		on := d.Recv.List[0].Type
		if star, ok := on.(*ast.StarExpr); ok {
			on = star.X
		}
		if id, ok := on.(*ast.Ident); ok {
			names[id.Name+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names[n.Name] = true
				}
			case *ast.TypeSpec:
				names[spec.Name.Name] = true
				for _, m := range members(spec.Type) {
					names[spec.Name.Name+"."+m] = true
				}
			}
		}
	}
}

func members(e ast.Expr) []string {
	var list *ast.FieldList
	switch e := e.(type) {
	case *ast.StructType:
		list = e.Fields
	case *ast.InterfaceType:
		list = e.Methods
	default:
		return nil
	}
	var out []string
	for _, f := range list.List {
		for _, n := range f.Names {
			out = append(out, n.Name)
		}
	}
	return out
}

// row is one line of the picture: a package, and all of ours that it imports.
type row struct {
	pkg string
	to  []string
}

func picture(t *testing.T, page string) []row {
	t.Helper()
	_, rest, found := strings.Cut(page, "```picture\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/architecture.md has no ```picture block")
	}
	var rows []row
	for line := range strings.Lines(block) {
		left, right, arrow := strings.Cut(line, "->")
		switch pkg := strings.TrimSpace(left); {
		case pkg == "" && !arrow:
		case pkg == "": // goes on from the line above
			last := &rows[len(rows)-1]
			last.to = append(last.to, strings.Fields(right)...)
		default:
			rows = append(rows, row{pkg, strings.Fields(right)})
		}
	}
	return rows
}

func readPage(t *testing.T, root string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPictureIsTheCode(t *testing.T) {
	root := testkit.Root(t)
	for _, fault := range compare(picture(t, readPage(t, root)), readSource(t, root).imports) {
		t.Error(fault)
	}
}

// compare says where the picture and the imports differ, and which arrow of
// the picture does not point down.
func compare(rows []row, imports map[string][]string) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	at := map[string]int{}
	for i, r := range rows {
		if _, twice := at[r.pkg]; twice {
			fault("%s is drawn twice", r.pkg)
		}
		at[r.pkg] = i
		if _, there := imports[r.pkg]; !there {
			fault("%s is drawn, but there is no such package", r.pkg)
		}
	}
	for i, r := range rows {
		for _, to := range r.to {
			if !slices.Contains(imports[r.pkg], to) {
				fault("the arrow %s -> %s is drawn, but not in the code", r.pkg, to)
			}
			if below, drawn := at[to]; drawn && below <= i {
				fault("the arrow %s -> %s does not point down", r.pkg, to)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		i, drawn := at[pkg]
		if !drawn {
			fault("package %s is not drawn", pkg)
			continue
		}
		for _, to := range imports[pkg] {
			if !slices.Contains(rows[i].to, to) {
				fault("%s imports %s: the arrow is not drawn", pkg, to)
			}
		}
	}
	return faults
}

func TestCompareFindsEachFault(t *testing.T) {
	imports := map[string][]string{"a": {"b"}, "b": nil}
	for _, c := range []struct {
		name string
		rows []row
		want string
	}{
		{"right", []row{{"a", []string{"b"}}, {"b", nil}}, ""},
		{"up", []row{{"b", nil}, {"a", []string{"b"}}}, "does not point down"},
		{"invented", []row{{"a", []string{"b"}}, {"b", []string{"a"}}}, "b -> a is drawn, but not in the code"},
		{"missing arrow", []row{{"a", nil}, {"b", nil}}, "a imports b: the arrow is not drawn"},
		{"missing package", []row{{"a", []string{"b"}}}, "package b is not drawn"},
		{"no such package", []row{{"a", []string{"b"}}, {"b", nil}, {"c", nil}}, "no such package"},
		{"twice", []row{{"a", []string{"b"}}, {"b", nil}, {"b", nil}}, "drawn twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(compare(c.rows, imports), "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// named matches `store.Store.Update` and the like, between backquotes or at the
// beginning of a line of a fenced block.
var named = regexp.MustCompile("(?m)(?:`|^ *)([a-z]+(?:/[a-z]+)*)((?:\\.[A-Z][A-Za-z]*){1,2})(?:`|[ ,(]|$)")

func TestNamesOnThePagesExist(t *testing.T) {
	root := testkit.Root(t)
	s := readSource(t, root)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "adr", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, filepath.Join(root, "docs", "architecture.md")) {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			pkg, name := m[1], strings.TrimPrefix(m[2], ".")
			if !known(s, pkg, name) {
				t.Errorf("%s names %s: there is no such thing in the code", path.Base(page), m[0])
			}
		}
	}
}

// known looks for a name in the package whose path is, or ends in, pkg. Names
// of other libraries are not ours to know.
func known(s source, pkg, name string) bool {
	ours := false
	for p, names := range s.declared {
		if p != pkg && !strings.HasSuffix(p, "/"+pkg) {
			continue
		}
		ours = true
		if names[name] {
			return true
		}
	}
	return !ours
}

func TestTopLevelFolders(t *testing.T) {
	root := testkit.Root(t)
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || strings.HasPrefix(name, ".") || strings.Contains(string(ignored), "/"+name+"/\n") {
			continue
		}
		got = append(got, name)
	}
	if !slices.Equal(got, house) {
		t.Errorf("top-level folders\n got  %s\n want %s", strings.Join(got, " "), strings.Join(house, " "))
	}
}
