// Package expression is the language of conditions and values that playbooks and
// declared actions share: the typed part of expr without loops, ranges, closures
// and the clock. An expression is checked when its file is read, and bounded in
// time and memory when it is run.
package expression

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// Limits on one expression. Loops, ranges, closures and the clock are not in
// the language, so these bound the time as well.
const (
	Most      = 2000 // bytes
	maxNodes  = 200
	maxMemory = 10_000
)

// Functions are the functions of expr that the language keeps.
func Functions() []string { return []string{"len", "lower", "upper", "trim", "int"} }

// Function is one that a user of the package adds. It must not change what it is
// given, and its time must be bounded by the size of that.
type Function = builtin.Function

// Scope is what an expression may read and call.
type Scope struct {
	Names     types.Map
	Functions []*Function
	Language  string        // whose language it is, for messages: "playbooks"
	Visit     []ast.Visitor // who else looks at its nodes, children first
}

// Program is a checked expression.
type Program struct {
	Text    string
	Root    ast.Node // which has the type
	program *vm.Program
}

// Error is what is wrong with an expression, at a character of its text. Refused
// says that the language leaves it out.
type Error struct {
	Offset  int
	Message string
	Refused bool
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Compile checks text against the scope and against want; reflect.Invalid takes
// any type. The error is an *Error.
func Compile(text string, in Scope, want reflect.Kind) (*Program, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &Error{Message: "expression is empty", Refused: true}
	}
	if len(text) > Most {
		return nil, &Error{Message: fmt.Sprintf("expression is longer than %d bytes", Most), Refused: true}
	}
	look := &inspector{language: in.Language}
	config := language()
	for _, f := range in.Functions {
		config.Functions[f.Name] = f
	}
	config.Visitors = append([]ast.Visitor{look}, in.Visit...)
	config.Expect, config.ExpectAny = want, true
	config.WithEnv(in.Names)
	tree, err := checker.ParseCheck(text, config)
	if look.refused != nil {
		return nil, look.refused
	}
	if err != nil {
		return nil, placed(err)
	}
	p := &Program{Text: text, Root: tree.Node}
	if p.program, err = compiler.Compile(tree, config); err != nil {
		return nil, placed(err)
	}
	return p, nil
}

func placed(err error) *Error {
	out := &Error{Message: FirstLine(err.Error())}
	var at *file.Error
	if errors.As(err, &at) {
		out.Offset, out.Message = at.From, at.Message
	}
	return out
}

// FirstLine is an error of the library without the picture that it draws below.
func FirstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// Run gives the expression its names.
func (p *Program) Run(names map[string]any) (any, error) {
	machine := vm.VM{MemoryBudget: maxMemory}
	out, err := machine.Run(p.program, names)
	if err != nil {
		return nil, fmt.Errorf("evaluate %s: %s", p.Text, FirstLine(err.Error()))
	}
	return out, nil
}

// language is what of expr's language may be used. It is made by hand because
// expr.Compile copies a table of all its functions each time, which costs more
// than the rest of the work.
func language() *conf.Config {
	c := &conf.Config{
		ShortCircuit: true, Strict: true, MaxNodes: maxNodes, DisableIfOperator: true,
		ConstFns: map[string]reflect.Value{}, Functions: conf.FunctionsTable{},
		Builtins: conf.FunctionsTable{}, Disabled: leftOut,
	}
	for _, name := range Functions() {
		c.Builtins[name] = builtin.Builtins[builtin.Index[name]]
	}
	return c
}

// leftOut are the functions of expr that are not in the language. It is only
// ever read.
var leftOut = func() map[string]bool {
	out := make(map[string]bool, len(builtin.Builtins))
	for _, f := range builtin.Builtins {
		out[f.Name] = !slices.Contains(Functions(), f.Name)
	}
	return out
}()

// plainTypes puts a checker's names of types into words.
var plainTypes = strings.NewReplacer("slice", "list", "[]string", "list", "[]interface {}", "list", "[]any", "list",
	"float64", "float", "map[string]interface {}", "mapping", "map[string]any", "mapping", "interface {}", "anything")

// PlainTypes is a message with the names of types in words.
func PlainTypes(message string) string { return plainTypes.Replace(message) }

// inspector refuses what the language leaves out.
type inspector struct {
	language string
	refused  *Error
}

// Visit is called for every node, children first.
func (i *inspector) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == ".." {
			i.refuse(n, "ranges are not part of the language of "+i.language)
		}
	case *ast.BuiltinNode:
		if !slices.Contains(Functions(), n.Name) {
			i.refuse(n, n.Name+" is not part of the language of "+i.language)
		}
	case *ast.VariableDeclaratorNode, *ast.SequenceNode, *ast.PredicateNode, *ast.PointerNode, *ast.BytesNode:
		i.refuse(*node, "not part of the language of "+i.language)
	}
}

func (i *inspector) refuse(n ast.Node, why string) {
	if i.refused == nil {
		i.refused = &Error{Offset: n.Location().From, Message: why, Refused: true}
	}
}
