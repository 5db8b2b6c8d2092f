package playbooks

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// actionName decodes the name of an action. Those that run programs are left
// to the verb run, which keeps values apart from commands.
func (d *decoder) actionName(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	name := d.text(n, "action")
	if strings.HasSuffix(name, ".run") {
		d.node(codeArgv, n, "use the verb run", "%s runs a program", brief(name))
	}
	return name
}

// argv decodes a command. A template must be a whole element, never the
// program and never the text of a shell: values are data.
func (d *decoder) argv(n *yaml.Node, what string) []string {
	if n.Kind != yaml.SequenceNode {
		if n.Kind != yaml.AliasNode {
			d.node(codeShape, n, "write each word as an item: [ss, -tnp]", "%s must be a list: the program and its arguments", what)
		}
		return nil
	}
	var out []string
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
			d.node(codeShape, item, "", "argument %d of %s must be a text", i, what)
			continue
		}
		word := item.Value
		parts, _ := parseTemplate(word)
		named := slices.ContainsFunc(parts, func(p part) bool { return p.name != "" })
		_, alone := single(word)
		switch {
		case !named:
		case i == 0:
			d.node(codeArgv, item, "name the program", "the program to run cannot come from a value")
		case !alone:
			d.node(codeArgv, item, "make the value an argument of its own", "a value cannot be pasted into an argument")
		case isShellText(out):
			d.node(codeArgv, item, "pass the value after the text and use \"$1\" in it", "the text of a shell cannot come from a value")
		}
		out = append(out, word)
	}
	if len(out) == 0 {
		d.node(codeShape, n, "", "%s names no program", what)
	}
	return out
}

var interpreter = lazyre.New(`^(.*/)?((ba|da|z|k|a|c|tc|fi)?sh|python[0-9.]*|perl|ruby|node|php|awk|gawk|mawk|sed|eval|env|sudo|ssh|xargs|su|nsenter|chroot)$`)

// isShellText says that the next argument after these is code to somebody: it
// follows the -c or -e of an interpreter.
func isShellText(before []string) bool {
	if len(before) == 0 {
		return false
	}
	last := before[len(before)-1]
	if !slices.ContainsFunc(before, interpreter.MatchString) {
		return false
	}
	if len(before) == 1 || slices.Contains([]string{"eval", "xargs", "ssh", "sudo", "env"}, last) {
		return true // the first argument of an interpreter is its program
	}
	return strings.HasPrefix(last, "-") && last != "--" && strings.ContainsAny(last, "ceE")
}
