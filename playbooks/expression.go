package playbooks

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
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
	maxExpression = 2000 // bytes
	maxNodes      = 200
	maxMemory     = 10_000
)

// expression is a compiled expression with the names it reads.
type expression struct {
	text     string
	program  *vm.Program
	reads    []string // variables that must have a value
	mentions []string // all variables
	result   []string // members of result that it reads
	of       ast.Node // its root, which has the type
}

// expressionError is what is wrong with an expression, at a rune offset.
type expressionError struct {
	offset  int
	message string
	hint    string
	code    string
}

func (e *expressionError) Error() string { return e.message }

// functions are the built-in functions of expr that the language keeps.
func functions() []string { return []string{"len", "lower", "upper", "trim", "int"} }

// scope is what an expression may read. A nil result means that there is none.
type scope struct {
	vars   map[string]*Var
	result types.Map
}

func (s scope) names() []string {
	var out []string
	for name, v := range s.vars {
		if v.Type != Secret {
			out = append(out, name)
		}
	}
	if s.result != nil {
		out = append(out, "result")
	}
	slices.Sort(out)
	return out
}

func (s scope) env() types.Map {
	env := types.Map{}
	for name, v := range s.vars {
		switch v.Type {
		case String:
			env[name] = types.String
		case Int:
			env[name] = types.Int
		case Float:
			env[name] = types.Float64
		case Bool:
			env[name] = types.Bool
		case List:
			env[name] = types.TypeOf([]string{})
		case Secret: // not readable
		}
	}
	if s.result != nil {
		env["result"] = s.result
	}
	return env
}

// anyResult is the type of a result whose members are not known.
func anyResult() types.Map { return types.Map{types.Extra: types.Any} }

// compile checks text against the scope and against want; reflect.Invalid
// takes any type. The error is an *expressionError.
func compile(text string, in scope, want reflect.Kind) (*expression, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &expressionError{message: "expression is empty", code: codeExpression}
	}
	if len(text) > maxExpression {
		return nil, &expressionError{message: fmt.Sprintf("expression is longer than %d bytes", maxExpression), code: codeExpression}
	}
	e := &expression{text: text}
	look := &inspector{in: in, e: e}
	config := language()
	config.Visitors = []ast.Visitor{look}
	config.Expect, config.ExpectAny = want, true
	config.WithEnv(in.env())
	tree, err := checker.ParseCheck(text, config)
	if look.refused != nil {
		return nil, look.refused
	}
	if err != nil {
		return nil, in.explain(text, err)
	}
	e.of = tree.Node
	if e.program, err = compiler.Compile(tree, config); err != nil {
		return nil, in.explain(text, err)
	}
	return e, nil
}

// language is what of expr's language playbooks may use. It is made by hand
// because expr.Compile copies a table of all its functions each time, which
// costs more than the rest of the work.
func language() *conf.Config {
	c := &conf.Config{
		ShortCircuit: true, Strict: true, MaxNodes: maxNodes, DisableIfOperator: true,
		ConstFns: map[string]reflect.Value{}, Functions: conf.FunctionsTable{},
		Builtins: conf.FunctionsTable{}, Disabled: leftOut,
	}
	for _, name := range functions() {
		c.Builtins[name] = builtin.Builtins[builtin.Index[name]]
	}
	return c
}

// leftOut are the functions of expr that are not in the language. It is only
// ever read.
var leftOut = func() map[string]bool {
	out := make(map[string]bool, len(builtin.Builtins))
	for _, f := range builtin.Builtins {
		out[f.Name] = !slices.Contains(functions(), f.Name)
	}
	return out
}()

// explain turns the library's error into ours: its place, its words, and a
// hint when a name is not known.
func (s scope) explain(text string, err error) error {
	out := &expressionError{message: firstLine(err.Error()), code: codeExpression}
	var at *file.Error
	if errors.As(err, &at) {
		out.offset, out.message = at.From, at.Message
	}
	switch name, ok := strings.CutPrefix(out.message, "unknown name "); {
	case ok:
		out.code = codeUndeclared
		out.message = fmt.Sprintf("%q is not declared", name)
		if v := s.vars[name]; v != nil && v.Type == Secret {
			out.code = codeSecret
			out.message = fmt.Sprintf("secret %q cannot be read by an expression", name)
			break
		}
		if name == "incident" {
			out.hint = "conditions read variables only, so that the record alone decides them; ask for what matters"
			break
		}
		if name == "result" {
			out.hint = "there is no result here; set a variable from it in an earlier step"
			break
		}
		out.hint = didYouMean(name, s.names())
	case strings.Contains(out.message, "unknown field") || strings.Contains(out.message, "has no field"):
		out.code, out.hint = codeResult, s.resultHint(text)
		out.message = noMember.ReplaceAllString(out.message, "there is no member $1")
	case strings.HasPrefix(out.message, "expected "):
		if strings.HasPrefix(out.message, "expected bool") {
			out.hint = "a condition must be true or false"
		}
		out.message = plainTypes.Replace(out.message)
	}
	return out
}

// plainTypes puts a checker's names of types into words.
var plainTypes = strings.NewReplacer("slice", "list", "[]string", "list", "[]interface {}", "list", "[]any", "list",
	"float64", "float", "map[string]interface {}", "mapping", "map[string]any", "mapping", "interface {}", "anything")

var noMember = regexp.MustCompile(`^(?:type .* has no|unknown) field (\S+)$`)

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// inspector notes the names that an expression reads and refuses what the
// language leaves out.
type inspector struct {
	in      scope
	e       *expression
	refused *expressionError
}

// Visit is called for every node, children first.
func (i *inspector) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		i.binary(n)
	case *ast.IdentifierNode:
		if i.in.vars[n.Value] != nil {
			add(&i.e.mentions, n.Value)
			add(&i.e.reads, n.Value)
		}
	case *ast.MemberNode:
		if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "result" {
			if name, ok := n.Property.(*ast.StringNode); ok {
				add(&i.e.result, name.Value)
			}
		}
	case *ast.BuiltinNode:
		if !slices.Contains(functions(), n.Name) {
			i.refuse(n, n.Name+" is not part of the language of playbooks")
		}
	case *ast.VariableDeclaratorNode, *ast.SequenceNode, *ast.PredicateNode, *ast.PointerNode, *ast.BytesNode:
		i.refuse(*node, "not part of the language of playbooks")
	}
}

// binary refuses ranges, and excuses names that are compared with nil or have
// a substitute (name ?? value).
func (i *inspector) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "..":
		i.refuse(n, "ranges are not part of the language of playbooks")
	case "??", "==", "!=":
		_, nilRight := n.Right.(*ast.NilNode)
		if name, ok := n.Left.(*ast.IdentifierNode); ok && (nilRight || n.Operator == "??") {
			i.e.reads = slices.DeleteFunc(i.e.reads, func(s string) bool { return s == name.Value })
		}
	}
}

func (i *inspector) refuse(n ast.Node, why string) {
	if i.refused == nil {
		i.refused = &expressionError{offset: n.Location().From, message: why, code: codeExpression}
	}
}

func add(to *[]string, s string) {
	if !slices.Contains(*to, s) {
		*to = append(*to, s)
	}
}

// UnsetError says that a value is needed which the run does not have.
type UnsetError struct{ Name string }

// Error is "NAME has no value yet".
func (e *UnsetError) Error() string { return e.Name + " has no value yet" }

// eval runs the expression. A variable without a value is an *UnsetError, so
// that what nobody knows is never taken for false.
func (e *expression) eval(env map[string]any) (any, error) {
	for _, name := range e.reads {
		if env[name] == nil {
			return nil, &UnsetError{name}
		}
	}
	machine := vm.VM{MemoryBudget: maxMemory}
	out, err := machine.Run(e.program, env)
	if err != nil {
		return nil, fmt.Errorf("evaluate %s: %s", e.text, firstLine(err.Error()))
	}
	return out, nil
}

// truth evaluates a condition.
func (e *expression) truth(env map[string]any) (bool, error) {
	out, err := e.eval(env)
	if err != nil {
		return false, err
	}
	b, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("evaluate %s: %s is neither true nor false", e.text, brief(out))
	}
	return b, nil
}
