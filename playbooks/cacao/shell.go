package cacao

import (
	"slices"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

// A shell command of CACAO is a script by definition, into which orchestrators
// paste the values. Here a value is an argument of its own, or the command is
// left to a person.

// psPrefix begins the names of a PowerShell script's values, so that none is
// called as something that the system knows.
const psPrefix = "value_"

// maxScript is the longest script into which values are put.
const maxScript = 16 << 10

var (
	plainWord = lazyre.New(`^[A-Za-z0-9_@%+=:,./-]+$`)
	// programs that run one of their arguments, or words of the shell: with a
	// value about, the place of each would have to be understood.
	runsText = lazyre.New("(?i)(^|[^A-Za-z0-9_.-])(eval|exec|source|let|declare|typeset|xargs|env|sudo|su|doas|ssh|nohup|timeout|nsenter|chroot|find|" +
		"if|then|elif|else|do|while|until|time|coproc|sh|bash|dash|zsh|ksh|ash|fish|csh|tcsh|python[0-9.]*|perl|ruby|node|php|awk|gawk|mawk|sed|psql|mysql|sqlite3|docker|kubectl)($|[^A-Za-z0-9_.-])|`|<<|\\$\\(|\\(\\(|\\[\\[|^\\.\\s|[;&|]\\s*\\.\\s")
	builtins = []string{
		"cd", "export", "set", "unset", "alias", "source", ".", "exit", "return", "ulimit", "umask", "wait", "trap", "if", "for", "while",
		"case", "until", "do", "then", "function", "time", "command", "builtin", "jobs", "fg", "bg", "read", "shift", "history",
	}
)

// simple reads a command of plain words: its argv, when it needs no shell.
func (n *names) simple(step, script string) ([]string, bool) {
	var out []string
	if len(script) > maxScript || hasUse(script) && runsText.MatchString(withoutUses(script)) {
		return nil, false
	}
	for rest := strings.TrimSpace(script); rest != ""; rest = strings.TrimLeft(rest, " ") {
		word, tail, ok := n.word(step, rest)
		if !ok || word == "" {
			return nil, false
		}
		out, rest = append(out, word), tail
	}
	if len(out) == 0 || strings.HasPrefix(out[0], "{{") || strings.Contains(out[0], "=") || slices.Contains(builtins, out[0]) {
		return nil, false
	}
	return out, true
}

// word reads the first word: plain, quoted, or one variable.
func (n *names) word(step, rest string) (string, string, bool) {
	if end, ok := useHere(rest); ok {
		x, ok := n.find(step, strings.TrimSuffix(rest[:end], ":value"))
		tail := rest[end:]
		return "{{ " + x + " }}", tail, ok && (tail == "" || tail[0] == ' ')
	}
	word := ""
	for rest != "" && rest[0] != ' ' {
		switch c := rest[0]; c {
		case '\'', '"':
			end := strings.IndexByte(rest[1:], c)
			if end < 0 {
				return "", "", false
			}
			text := rest[1 : 1+end]
			if strings.ContainsAny(text, "\n") || c == '"' && strings.ContainsAny(text, "$`\\!") || hasUse(text) {
				return "", "", false
			}
			word += strings.ReplaceAll(text, "{{", `\{{`)
			rest = rest[2+end:]
			if text == "" && word == "" {
				return "", "", false
			}
		default:
			if !plainWord.MatchString(rest[:1]) || rest[0] == '_' && pasted(rest) {
				return "", "", false // a value cannot be pasted into a word
			}
			word += rest[:1]
			rest = rest[1:]
		}
	}
	return word, rest, !hasUse(word)
}

// pasted says that a text begins with the use of a variable.
func pasted(text string) bool {
	_, ok := useHere(text)
	return ok
}

// script puts "$1", "$2" … where a shell script has values, and returns whose.
// It gives up where it cannot be sure that a value stays a value.
func (n *names) script(step, text string) (string, []string, bool) {
	if strings.Contains(text, "\x00") {
		return "", nil, false
	}
	if !hasUse(text) {
		return text, nil, true
	}
	if len(text) > maxScript || runsText.MatchString(withoutUses(text)) {
		return "", nil, false
	}
	var (
		b      strings.Builder
		values []string
		quote  byte
		first  = true // of a command
	)
	for i := 0; i < len(text); {
		if end, ok := useHere(text[i:]); ok {
			x, ok := n.find(step, strings.TrimSuffix(text[i:i+end], ":value"))
			if !ok || first {
				return "", nil, false
			}
			k := slices.Index(values, x)
			if k < 0 {
				values = append(values, x)
				k = len(values) - 1
			}
			ref := "$" + strconv.Itoa(k+1)
			if k >= 9 {
				ref = "${" + strconv.Itoa(k+1) + "}"
			}
			switch quote {
			case '"':
				ref = "${" + strconv.Itoa(k+1) + "}"
			case '\'':
				ref = `'"` + ref + `"'`
			default:
				ref = `"` + ref + `"`
			}
			b.WriteString(ref)
			i += end
			continue
		}
		c := text[i]
		switch {
		case c == '\\' && quote != '\'':
			if i+1 < len(text) && !strings.HasPrefix(text[i+1:], "__") {
				b.WriteByte(c)
				i++
				c = text[i]
			} else {
				return "", nil, false
			}
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote == 0 && c == '#':
			return "", nil, false // a comment hides the quotes that follow
		}
		if quote == 0 {
			switch {
			case strings.IndexByte(";&|(\n{!", c) >= 0:
				first = true
			case c != ' ' && c != '\t':
				first = false
			}
		} else {
			first = first && c == quote
		}
		b.WriteByte(c)
		i++
	}
	if quote != 0 {
		return "", nil, false
	}
	return b.String(), values, true
}

var (
	positional = lazyre.New(`'"\$\{?(\d+)\}?"'|"\$(\d)"|"\$\{(\d+)\}"|\$\{(\d+)\}`)
	psUnsafe   = lazyre.New(`(?i)\b(iex|invoke-expression|invoke-command|icm|scriptblock|start-process|cmd|powershell|pwsh|add-type|wmic)\b|[&.]\s*["'({$]|[']|` + "`" + `|@"|\$\(`)
	psValue    = lazyre.New(`\$\{env:` + psPrefix + `([a-z][a-z0-9_]*)\}`)
)

// unscript is script turned round: values take the places of "$1", "$2" ….
func (n *names) unscript(step, text string, values []string) (string, bool) {
	ok := true
	out := positional.ReplaceAllStringFunc(text, func(s string) string {
		digits := strings.Trim(s, `'"${}`)
		k, err := strconv.Atoi(digits)
		if err != nil || k < 1 || k > len(values) {
			ok = false
			return s
		}
		return n.theirs[values[k-1]] + ":value"
	})
	again, got, fine := n.script(step, out)
	return out, ok && fine && again == text && slices.Equal(got, values)
}

// powershell puts ${env:x} where a script has values.
func (n *names) powershell(step, text string) (string, []string, bool) {
	if !hasUse(text) {
		return text, nil, true
	}
	if len(text) > maxScript || psUnsafe.MatchString(withoutUses(text)) || pasted(strings.TrimSpace(text)) {
		return "", nil, false
	}
	var values []string
	ok := true
	out := replaceUses(text, func(use string) string {
		x, found := n.find(step, strings.TrimSuffix(use, ":value"))
		ok = ok && found
		if !slices.Contains(values, x) {
			values = append(values, x)
		}
		return "${env:" + psPrefix + x + "}"
	})
	for _, sep := range []string{";", "|", "\n", "(", "&", "{", "="} {
		for _, part := range strings.Split(out, sep) {
			ok = ok && !strings.HasPrefix(strings.TrimSpace(part), "${env:")
		}
	}
	return out, values, ok
}

// shellWord writes an argument for a shell.
func (n *names) shellWord(word string) string {
	p := pieces(word)
	if len(p) == 1 && p[0].name != "" {
		return n.use(p[0].name)
	}
	text := strings.ReplaceAll(word, `\{{`, "{{")
	if plainWord.MatchString(text) && !hasUse(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// use is how a text of CACAO's uses a value of ours.
func (n *names) use(name string) string {
	if theirs, ok := n.theirs[name]; ok {
		return theirs + ":value"
	}
	if member, ok := strings.CutPrefix(name, "incident."); ok {
		n.wanted[member] = true
		return incidentVariable(member) + ":value"
	}
	if n.types[name] == "secret" {
		return "[secret " + name + "]"
	}
	return "__" + name + "__:value"
}

// prose turns a template of ours into a text of CACAO's.
func (n *names) prose(text string) string {
	var b strings.Builder
	for _, p := range pieces(text) {
		if p.name != "" {
			b.WriteString(n.use(p.name))
			continue
		}
		b.WriteString(p.text)
	}
	return b.String()
}
