package cacao

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
	"firebreak/playbooks"
)

// A condition of CACAO is a comparison expression of STIX patterns:
//
//	__x__:value = 'y' AND (__n__:value > 3 OR NOT __b__:value = true)
//
// comparison compares a variable with a literal or another variable.
type comparison struct {
	variable string // __x__
	not      bool
	op       string // = != < > <= >= IN LIKE MATCHES ISSUBSET ISSUPERSET
	literals []literal
	other    string // a variable on the right
}

// literal is a value in a condition: Text of a string, a number, a bool.
type literal struct {
	text   string
	quoted bool
}

// junction joins conditions; an operator "" means one alone.
type junction struct {
	op    string // AND, OR, NOT
	parts []*junction
	leaf  *comparison
}

var conditionToken = lazyre.New(`^(\s+|__[a-zA-Z_][a-zA-Z0-9_-]{0,199}?__:value|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[A-Za-z]+|<=|>=|!=|==|<>|[=<>()\[\],])`)

// parseCondition reads a condition. The error says what is not one.
func parseCondition(text string) (*junction, error) {
	if len(text) > 4000 {
		return nil, fmt.Errorf("condition is longer than 4000 bytes")
	}
	var tokens []string
	for rest := text; rest != ""; {
		t := conditionToken.FindString(rest)
		if t == "" {
			return nil, fmt.Errorf("%.20q is no part of a comparison", rest)
		}
		rest = rest[len(t):]
		if strings.TrimSpace(t) != "" {
			tokens = append(tokens, t)
		}
	}
	p := &conditionReader{tokens: tokens}
	j, err := p.either(0)
	if err != nil {
		return nil, err
	}
	if p.i < len(tokens) {
		return nil, fmt.Errorf("%.20q stands after the end of the comparison", tokens[p.i])
	}
	return j, nil
}

type conditionReader struct {
	tokens []string
	i      int
}

func (p *conditionReader) peek() string {
	if p.i < len(p.tokens) {
		return p.tokens[p.i]
	}
	return ""
}

func (p *conditionReader) take(word string) bool {
	if strings.EqualFold(p.peek(), word) && word != "" {
		p.i++
		return true
	}
	return false
}

func (p *conditionReader) either(depth int) (*junction, error) {
	return p.join("OR", depth, func() (*junction, error) {
		return p.join("AND", depth, func() (*junction, error) { return p.one(depth) })
	})
}

func (p *conditionReader) join(op string, depth int, next func() (*junction, error)) (*junction, error) {
	if depth > 30 {
		return nil, fmt.Errorf("condition is nested too deeply")
	}
	first, err := next()
	if err != nil {
		return nil, err
	}
	all := []*junction{first}
	for p.take(op) {
		j, err := next()
		if err != nil {
			return nil, err
		}
		all = append(all, j)
	}
	if len(all) == 1 {
		return first, nil
	}
	return &junction{op: op, parts: all}, nil
}

func (p *conditionReader) one(depth int) (*junction, error) {
	if depth > 30 {
		return nil, fmt.Errorf("condition is nested too deeply")
	}
	if p.take("NOT") {
		j, err := p.one(depth + 1)
		if err != nil {
			return nil, err
		}
		return &junction{op: "NOT", parts: []*junction{j}}, nil
	}
	for open, end := range map[string]string{"(": ")", "[": "]"} {
		if !p.take(open) {
			continue
		}
		j, err := p.either(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.take(end) {
			return nil, fmt.Errorf("%s is missing", end)
		}
		return j, nil
	}
	return p.compare()
}

func (p *conditionReader) compare() (*junction, error) {
	c := &comparison{}
	name := p.peek()
	if !strings.HasSuffix(name, ":value") {
		return nil, fmt.Errorf("%.20q stands where a variable is wanted, as in __name__:value", name)
	}
	p.i++
	c.variable = strings.TrimSuffix(name, ":value")
	c.not = p.take("NOT")
	c.op = strings.ToUpper(p.peek())
	switch c.op {
	case "==":
		c.op = "="
	case "<>":
		c.op = "!="
	case "=", "!=", "<", ">", "<=", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET":
	default:
		return nil, fmt.Errorf("%.20q is no comparison", p.peek())
	}
	p.i++
	if c.op != "IN" {
		if right := p.peek(); strings.HasSuffix(right, ":value") && strings.HasPrefix(right, "__") {
			p.i++
			c.other = strings.TrimSuffix(right, ":value")
			return &junction{leaf: c}, nil
		}
		l, err := p.literal()
		c.literals = []literal{l}
		return &junction{leaf: c}, err
	}
	if !p.take("(") {
		return nil, fmt.Errorf("IN wants values in parentheses")
	}
	for {
		l, err := p.literal()
		if err != nil {
			return nil, err
		}
		c.literals = append(c.literals, l)
		if p.take(")") {
			return &junction{leaf: c}, nil
		}
		if !p.take(",") {
			return nil, fmt.Errorf("a comma or a closing parenthesis is missing")
		}
	}
}

func (p *conditionReader) literal() (literal, error) {
	t := p.peek()
	p.i++
	switch {
	case t == "":
		return literal{}, fmt.Errorf("the value to compare with is missing")
	case t[0] == '\'' || t[0] == '"':
		return literal{unquote(t[1 : len(t)-1]), true}, nil
	case strings.EqualFold(t, "true"), strings.EqualFold(t, "false"):
		return literal{strings.ToLower(t), false}, nil
	case t[0] >= '0' && t[0] <= '9' || (t[0] == '-' || t[0] == '+') && len(t) > 1:
		return literal{strings.TrimPrefix(t, "+"), false}, nil
	}
	return literal{}, fmt.Errorf("%.20q is no value; a text is quoted, as in 'text'", t)
}

func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// variables are those that a condition reads.
func (j *junction) variables() []string {
	if j.leaf != nil {
		if j.leaf.other != "" {
			return []string{j.leaf.variable, j.leaf.other}
		}
		return []string{j.leaf.variable}
	}
	var out []string
	for _, p := range j.parts {
		out = append(out, p.variables()...)
	}
	return out
}

// expression turns a condition into one of ours. The error says why it cannot
// be: a variable is not declared, or the types do not fit.
func (n *names) expression(step, text string) (string, error) {
	j, err := parseCondition(text)
	if err != nil {
		return "", err
	}
	return n.junction(step, j, 0)
}

// junction renders j; level is how tightly what is around it binds: 0 nothing,
// 1 or, 2 and, 3 not.
func (n *names) junction(step string, j *junction, level int) (string, error) {
	if j.leaf != nil {
		return n.comparison(step, j.leaf, level)
	}
	if j.op == "NOT" {
		s, err := n.junction(step, j.parts[0], 3)
		return "!" + s, err
	}
	mine, word := 1, " || "
	if j.op == "AND" {
		mine, word = 2, " && "
	}
	parts := make([]string, len(j.parts))
	for i, p := range j.parts {
		s, err := n.junction(step, p, mine)
		if err != nil {
			return "", err
		}
		parts[i] = s
	}
	s := strings.Join(parts, word)
	if level > mine {
		s = "(" + s + ")"
	}
	return s, nil
}

func (n *names) comparison(step string, c *comparison, level int) (string, error) {
	x, ok := n.find(step, c.variable)
	if !ok {
		return "", fmt.Errorf("variable %s is not declared", c.variable)
	}
	kind := n.types[x]
	if c.other != "" {
		y, ok := n.find(step, c.other)
		if !ok {
			return "", fmt.Errorf("variable %s is not declared", c.other)
		}
		op, ok := map[string]string{"=": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}[c.op]
		if n.types[y] != kind || !ok || kind == "bool" && op != "==" && op != "!=" || kind == "list" {
			return "", fmt.Errorf("%s and %s cannot be compared by %s", c.variable, c.other, c.op)
		}
		return denied(c.not, x+" "+op+" "+y, level), nil
	}
	s, err := n.against(x, kind, c)
	if err != nil {
		return "", err
	}
	if kind == "bool" && !strings.Contains(s, " ") {
		if c.not {
			return strings.TrimPrefix("!"+s, "!!"), nil
		}
		return s, nil
	}
	return denied(c.not, s, level), nil
}

func denied(not bool, s string, level int) string {
	if not {
		return "!(" + s + ")"
	}
	if level > 2 {
		return "(" + s + ")"
	}
	return s
}

// against compares our variable with literals.
func (n *names) against(x, kind string, c *comparison) (string, error) {
	values := make([]string, len(c.literals))
	for i, l := range c.literals {
		v, err := ourLiteral(kind, l)
		if err != nil && kind == "string" && !l.quoted {
			v, err = strconv.Quote(l.text), nil
		}
		if err != nil {
			return "", fmt.Errorf("%s %w", c.variable, err)
		}
		values[i] = v
	}
	switch c.op {
	case "IN":
		if kind == "bool" || kind == "list" {
			return "", fmt.Errorf("%s is %s, which IN does not take", c.variable, kind)
		}
		return x + " in [" + strings.Join(values, ", ") + "]", nil
	case "=", "!=":
		if kind == "list" {
			return "", fmt.Errorf("%s is a list", c.variable)
		}
		if kind == "bool" {
			return map[bool]string{true: x, false: "!" + x}[(values[0] == "true") == (c.op == "=")], nil
		}
		return x + " " + map[string]string{"=": "==", "!=": "!="}[c.op] + " " + values[0], nil
	case "LIKE", "MATCHES":
		if kind != "string" {
			return "", fmt.Errorf("%s is %s, which %s does not take", c.variable, kind, c.op)
		}
		re := c.literals[0].text
		if c.op == "LIKE" {
			re = "^" + strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(re)) + "$"
		}
		if _, err := regexp.Compile(re); err != nil {
			return "", fmt.Errorf("%q is no pattern", re)
		}
		return x + " matches " + strconv.Quote(re), nil
	case "<", ">", "<=", ">=":
		switch kind {
		case "int", "float":
			return x + " " + c.op + " " + values[0], nil
		case "string":
			if _, err := strconv.Atoi(c.literals[0].text); err == nil {
				return "int(" + x + ") " + c.op + " " + c.literals[0].text, nil
			}
			return x + " " + c.op + " " + values[0], nil
		}
	}
	return "", fmt.Errorf("%s cannot be compared by %s here", c.variable, c.op)
}

func ourLiteral(kind string, l literal) (string, error) {
	switch kind {
	case "bool":
		if s := strings.ToLower(l.text); s == "true" || s == "false" {
			return s, nil
		}
		return "", fmt.Errorf("is true or false, not %q", l.text)
	case "int":
		if _, err := strconv.Atoi(l.text); err != nil {
			return "", fmt.Errorf("is a whole number, not %q", l.text)
		}
		return l.text, nil
	case "float":
		if _, err := strconv.ParseFloat(l.text, 64); err != nil {
			return "", fmt.Errorf("is a number, not %q", l.text)
		}
		return l.text, nil
	}
	if strings.ContainsFunc(l.text, playbooks.Hidden) {
		return "", fmt.Errorf("is compared with characters that cannot be seen")
	}
	return strconv.Quote(l.text), nil
}
