package playbooks

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"

	expr "firebreak/internal/expression"
	"firebreak/internal/lazyre"
)

// expression is a compiled expression with the names it reads.
type expression struct {
	text     string
	program  *expr.Program
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

// functions are the built-in functions that the language has.
func functions() []string { return expr.Functions() }

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
	e := &expression{text: text}
	look := &reader{in: in, e: e}
	var err error
	e.program, err = expr.Compile(text, expr.Scope{Names: in.env(), Language: "playbooks", Visit: []ast.Visitor{look}}, want)
	if err != nil {
		return nil, in.explain(text, err)
	}
	e.of = e.program.Root
	return e, nil
}

// explain turns the library's error into ours: its place, its words, and a
// hint when a name is not known.
func (s scope) explain(text string, err error) error {
	out := &expressionError{message: firstLine(err.Error()), code: codeExpression}
	var at *expr.Error
	if errors.As(err, &at) {
		out.offset, out.message = at.Offset, at.Message
		if at.Refused {
			return out
		}
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
		out.message = expr.PlainTypes(out.message)
	}
	return out
}

var noMember = lazyre.New(`^(?:type .* has no|unknown) field (\S+)$`)

func firstLine(s string) string { return expr.FirstLine(s) }

// reader notes the names that an expression reads.
type reader struct {
	in scope
	e  *expression
}

// Visit is called for every node, children first.
func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		r.binary(n)
	case *ast.IdentifierNode:
		if r.in.vars[n.Value] != nil {
			add(&r.e.mentions, n.Value)
			add(&r.e.reads, n.Value)
		}
	case *ast.MemberNode:
		if base, ok := n.Node.(*ast.IdentifierNode); ok && base.Value == "result" {
			if name, ok := n.Property.(*ast.StringNode); ok {
				add(&r.e.result, name.Value)
			}
		}
	}
}

// binary excuses names that are compared with nil or have a substitute
// (name ?? value).
func (r *reader) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "??", "==", "!=":
		_, nilRight := n.Right.(*ast.NilNode)
		if name, ok := n.Left.(*ast.IdentifierNode); ok && (nilRight || n.Operator == "??") {
			r.e.reads = slices.DeleteFunc(r.e.reads, func(s string) bool { return s == name.Value })
		}
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
	out, err := e.program.Run(env)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was evaluated
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
