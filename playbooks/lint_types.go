package playbooks

import (
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"
)

// members are what an action returns.
func members(info ActionInfo) types.Map {
	out := types.Map{}
	for _, m := range info.Result {
		out[m.Name] = typeOf(m.Type)
	}
	return out
}

func typeOf(declared string) types.Type {
	switch declared {
	case "string", "duration", "secret":
		return types.String
	case "int":
		return types.Int
	case "float":
		return types.Float64
	case "bool":
		return types.Bool
	case "list":
		return types.Array(types.Any)
	default:
		return types.Any
	}
}

// assignments checks what set and repeat read, now that the result's members
// are known.
func (l *linter) assignments(s *Step, result types.Map) {
	for _, a := range s.Set {
		v := l.p.vars[a.Name]
		want := kindOf(v.Type)
		if v.Type == List {
			want = reflect.Slice
		}
		l.typed(s, child(s.nodes["set"], a.Name), result, want)
	}
	l.typed(s, s.nodes["repeat.until"], result, reflect.Bool)
}

// typed compiles an expression again, now that the result's members are known.
func (l *linter) typed(s *Step, n *yaml.Node, result types.Map, want reflect.Kind) {
	if n == nil {
		return
	}
	_, err := compile(n.Value, scope{vars: l.p.scopeOf(s), result: result}, want)
	var wrong *expressionError
	if errors.As(err, &wrong) {
		l.at(wrong.code, l.source.inside(n, wrong.offset), wrong.hint, "%s", wrong.message)
	}
}

// secretSets: what a step returns stands in the record, so no secret comes out
// of it.
func (l *linter) secretSets(s *Step) {
	for _, a := range s.Set {
		if v := l.p.vars[a.Name]; v != nil && v.Type == Secret {
			l.at(codeSecret, s.place("set."+a.Name), "keep it where it is, and ask for a reference to it", "secret %s cannot come from a result: the record would hold it", a.Name)
		}
	}
}

// resultHint is the hint for a member that the result does not have.
func (s scope) resultHint(text string) string {
	if _, open := s.result[types.Extra]; open || s.result == nil {
		return "" // any member may be there; what is missing is missing elsewhere
	}
	e, err := compile(text, scope{vars: s.vars, result: anyResult()}, reflect.Invalid)
	if err != nil {
		return ""
	}
	known := slices.Sorted(maps.Keys(s.result))
	for _, read := range e.result {
		if !slices.Contains(known, read) {
			return didYouMean(read, known)
		}
	}
	return ""
}
