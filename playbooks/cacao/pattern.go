package cacao

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// pattern turns an expression of ours into a condition of CACAO's. The error
// says that CACAO has no words for it.
func (n *names) pattern(text string) (string, error) {
	tree, err := parser.Parse(text)
	if err != nil {
		return "", fmt.Errorf("read %q: %w", text, err)
	}
	return n.node(tree.Node, 0)
}

func noWords(what string) error { return fmt.Errorf("CACAO's conditions have no %s", what) }

func (n *names) node(node ast.Node, level int) (string, error) {
	switch v := node.(type) {
	case *ast.IdentifierNode:
		if n.types[v.Value] != "bool" {
			return "", noWords("bare " + v.Value)
		}
		return n.theirs[v.Value] + ":value = true", nil
	case *ast.UnaryNode:
		if id, ok := v.Node.(*ast.IdentifierNode); ok && n.types[id.Value] == "bool" && v.Operator != "-" {
			return n.theirs[id.Value] + ":value = false", nil
		}
		if v.Operator != "!" && v.Operator != "not" {
			return "", noWords(v.Operator)
		}
		s, err := n.node(v.Node, 0)
		return "NOT (" + s + ")", err
	case *ast.BinaryNode:
		return n.binary(v, level)
	}
	return "", noWords("such expression")
}

func (n *names) binary(v *ast.BinaryNode, level int) (string, error) {
	mine := map[string]int{"||": 1, "or": 1, "&&": 2, "and": 2}[v.Operator]
	if mine > 0 {
		a, err := n.node(v.Left, mine)
		if err != nil {
			return "", err
		}
		b, err := n.node(v.Right, mine)
		if err != nil {
			return "", err
		}
		s := a + map[int]string{1: " OR ", 2: " AND "}[mine] + b
		if level > mine {
			s = "(" + s + ")"
		}
		return s, nil
	}
	id, ok := v.Left.(*ast.IdentifierNode)
	if !ok || n.theirs[id.Value] == "" {
		return "", noWords("comparison but of a variable")
	}
	op, ok := map[string]string{
		"==": "=", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "in": "IN", "matches": "MATCHES", "contains": "LIKE",
	}[v.Operator]
	if !ok {
		return "", noWords(v.Operator)
	}
	if other, ok := v.Right.(*ast.IdentifierNode); ok && n.theirs[other.Value] != "" && op != "IN" && op != "MATCHES" && op != "LIKE" {
		return n.theirs[id.Value] + ":value " + op + " " + n.theirs[other.Value] + ":value", nil
	}
	right, err := theirLiteral(v.Right)
	if err != nil {
		return "", err
	}
	if op == "LIKE" {
		s, ok := v.Right.(*ast.StringNode)
		if !ok || strings.ContainsAny(s.Value, "%_") {
			return "", noWords("such contains")
		}
		right = quoteTheirs("%" + s.Value + "%")
	}
	return n.theirs[id.Value] + ":value " + op + " " + right, nil
}

func theirLiteral(node ast.Node) (string, error) {
	switch v := node.(type) {
	case *ast.StringNode:
		return quoteTheirs(v.Value), nil
	case *ast.IntegerNode:
		return strconv.Itoa(v.Value), nil
	case *ast.FloatNode:
		return strconv.FormatFloat(v.Value, 'f', -1, 64), nil
	case *ast.BoolNode:
		return strconv.FormatBool(v.Value), nil
	case *ast.UnaryNode:
		if s, err := theirLiteral(v.Node); err == nil && v.Operator == "-" && s != "" && s[0] >= '0' && s[0] <= '9' {
			return "-" + s, nil
		}
	case *ast.ArrayNode:
		parts := make([]string, len(v.Nodes))
		for i, x := range v.Nodes {
			s, err := theirLiteral(x)
			if err != nil {
				return "", err
			}
			parts[i] = s
		}
		if len(parts) > 0 {
			return "(" + strings.Join(parts, ", ") + ")", nil
		}
	}
	return "", noWords("such value")
}

func quoteTheirs(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
