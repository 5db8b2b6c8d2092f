package profiles

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"firebreak/forensics/pattern"
)

// uacLine is a key of a UAC file and its value.
type uacLine struct {
	key, value string
	line       int
}

// uacLines reads a UAC file as UAC's own shell script does, for it is no YAML in
// all its values: comments and blanks at both ends are taken off, a line is a key
// and the rest, a dash alone begins the next artefact, and three quotes hold
// several lines. Reference: lib/parse_artifact.sh and the documentation of
// github.com/tclahr/uac.
func uacLines(l *loader, src []byte) []uacLine {
	if len(src) > MaxSize || !utf8.Valid(src) {
		l.problems = append(l.problems, fmt.Sprintf("%s:1:1: not UTF-8, or more than %d bytes", l.file, MaxSize))
		return nil
	}
	var out []uacLine
	block := false
	for i, text := range strings.Split(string(src), "\n") {
		text, _, _ = strings.Cut(text, "#")
		text = strings.TrimSpace(text)
		if block {
			if text == `"""` {
				block = false
			} else {
				out[len(out)-1].value += "\n" + text
			}
			continue
		}
		if text == "" || text == "---" {
			continue
		}
		if below, ok := strings.CutPrefix(text, "- "); ok && strings.Contains(below, ": ") {
			out = append(out, uacLine{key: "-", line: i + 1})
			text = strings.TrimSpace(below)
		}
		key, value, _ := strings.Cut(text, " ")
		value = strings.TrimSpace(value)
		if value == `"""` {
			block, value = true, ""
		}
		out = append(out, uacLine{strings.TrimSuffix(key, ":"), value, i + 1})
	}
	return out
}

var uacKeys = []string{
	"version", "artifacts", "-", "collector", "command", "compress_output_file", "condition", "description", "exclude_file_system",
	"exclude_name_pattern", "exclude_nologin_users", "exclude_path_pattern", "file_type", "foreach", "ignore_date_range", "is_file_list",
	"max_depth", "max_file_size", "min_file_size", "name_pattern", "no_group", "no_user", "output_directory", "output_file", "path_pattern",
	"path", "permissions", "redirect_stderr_to_stdout", "supported_os", "modifier",
}

// uacArtifact reads one file of UAC's artifacts.
func (s *Set) uacArtifact(name string, src []byte) Problems {
	l := &loader{file: name}
	id := strings.TrimSuffix(strings.TrimPrefix(name, "artifacts/"), path.Ext(name))
	c := Collector{Name: id, Title: id, Volatility: 250, Place: name + ":1:1"}
	now, begun, first := map[string]string{}, 0, true
	end := func() {
		if len(now) > 0 && !first {
			s.uacSource(&c, now, fmt.Sprintf("%s:%d:1", name, begun))
		}
		now, begun = map[string]string{}, 0
	}
	for _, ln := range uacLines(l, src) {
		switch {
		case ln.key == "artifacts":
			now, first = map[string]string{}, false
		case ln.key == "-":
			end()
		case !slices.Contains(uacKeys, ln.key):
			l.problems = append(l.problems, fmt.Sprintf("%s:%d:1: UAC has no key %q", name, ln.line, ln.key))
		default:
			if begun == 0 {
				begun = ln.line
			}
			now[ln.key] = ln.value
		}
	}
	end()
	if first && len(l.problems) == 0 {
		l.problems = append(l.problems, name+":1:1: no artifacts are in it")
	}
	if len(c.Artefacts)+len(c.Refused) > 0 || len(s.stats[id]) > 0 {
		s.Collectors = append(s.Collectors, c)
	}
	return l.problems
}

// uacSource takes over one artefact of a file.
func (s *Set) uacSource(c *Collector, m map[string]string, place string) {
	systems := uacList(m["supported_os"])
	if !slices.Contains(systems, "all") && !slices.Contains(systems, "linux") {
		return
	}
	kind := m["collector"]
	a := Artefact{Kind: "file." + strings.ReplaceAll(c.Name, "/", "."), Title: c.Name, Links: true, Place: place}
	if m["description"] != "" && c.Title == c.Name {
		c.Title = strings.TrimSuffix(m["description"], ".")
	}
	switch kind {
	case "file":
		a.Do = Take
	case "hash":
		a.Do = Hash
	case "find", "stat":
		a.Do = List
	case "command":
		line, _, _ := strings.Cut(strings.TrimSpace(m["command"]), "\n")
		s.source(c, kind, place, false, noCommand+": "+line)
		return
	default:
		s.source(c, kind, place, false, fmt.Sprintf("collector %q is not known", kind))
		return
	}
	if m["is_file_list"] == "true" {
		s.source(c, kind, place, false, "its list of files is made by a command, which is never run")
		return
	}
	reason := a.uacFilters(m)
	var no []string
	for _, p := range shellWords(m["path"]) {
		pats, err := uacPaths(p, m["max_depth"])
		for _, pat := range pats {
			if err == nil {
				err = pattern.New().Add(pat, 0)
			}
		}
		if err != nil {
			no = append(no, fmt.Sprintf("%s: %v", p, err))
			continue
		}
		if kind == "stat" {
			if s.stats == nil {
				s.stats = map[string][]string{}
			}
			s.stats[c.Name] = append(s.stats[c.Name], path.Clean("/"+p))
			continue
		}
		a.Paths = append(a.Paths, pats...)
	}
	if reason != "" {
		no = append(no, reason)
	}
	if len(a.Paths) > 0 {
		c.Artefacts = append(c.Artefacts, a)
	}
	s.source(c, kind, place, len(a.Paths)+len(s.stats[c.Name]) > 0, strings.Join(no, "; "))
}

// uacFilters takes the conditions on files over and says what it cannot.
func (a *Artefact) uacFilters(m map[string]string) string {
	var no []string
	globs := func(key string, more func(string) []string) (out []*pattern.Glob) {
		for _, text := range uacList(m[key]) {
			for _, t := range more(text) {
				g, err := pattern.Compile(t)
				if err != nil {
					no = append(no, key+": "+err.Error())
					continue
				}
				out = append(out, g)
			}
		}
		return out
	}
	same := func(t string) []string { return []string{t} }
	a.Names, a.NotNames, a.Whole = globs("name_pattern", same), globs("exclude_name_pattern", same), globs("path_pattern", same)
	a.NotWhole = globs("exclude_path_pattern", func(t string) []string { return []string{t, t + "/*"} })
	for _, t := range uacList(m["file_type"]) {
		if strings.Trim(t, "fdlpsbc") == "" {
			a.Types += t
		}
	}
	if a.Types != "" && a.Do == Take && !strings.Contains(a.Types, "f") {
		a.Do = List
	}
	for _, p := range uacList(m["permissions"]) {
		mode, err := strconv.ParseUint(strings.TrimLeft(p, "-/"), 8, 12)
		if err != nil || p == "" || p[0] != '-' && p[0] != '/' {
			no = append(no, "permissions "+p+" are not known: every file is taken")
			a.Modes = nil
			break
		}
		a.Modes = append(a.Modes, Mode{Bits: uint16(mode), Any: p[0] == '/'})
	}
	for key, to := range map[string]*int64{"max_file_size": &a.MaxSize, "min_file_size": &a.MinSize} {
		if m[key] != "" {
			v, err := strconv.ParseInt(strings.TrimSuffix(m[key], "c"), 10, 64)
			if err != nil {
				no = append(no, key+" "+m[key]+" is not known")
			}
			*to = v
		}
	}
	a.NoOwner = m["no_user"] == "true" || m["no_group"] == "true"
	return strings.Join(no, "; ")
}

// uacPaths is a path, and all below it, as patterns of ours: UAC gives it to find.
func uacPaths(p, depth string) ([]string, error) {
	p = strings.ReplaceAll(p, "%mount_point%", "")
	below := "**"
	if depth != "" {
		n, err := strconv.Atoi(depth)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("max_depth %q is no number", depth)
		}
		if below = "**" + strconv.Itoa(min(n, 64)); n == 0 {
			below = ""
		}
	}
	if p == "" {
		p = "/"
	}
	if rest, ok := strings.CutPrefix(p, "%user_home%"); ok {
		p = "~/" + strings.TrimLeft(rest, "/")
	}
	if strings.Contains(p, "%") {
		return nil, fmt.Errorf("a variable that a command fills")
	}
	if kernel(p) {
		return nil, fmt.Errorf("%s", noKernel)
	}
	p = strings.TrimRight(p, "/")
	var out []string
	if p != "" && p != "~" {
		out = append(out, p)
	}
	if below != "" {
		out = append(out, p+"/"+below)
	}
	return out, nil
}

// uacList reads [a, "b c"], or one value.
func uacList(text string) []string {
	text = strings.TrimSpace(text)
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	var out []string
	var b strings.Builder
	quoted := false
	for _, r := range text + "," {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			if s := strings.TrimSpace(b.String()); s != "" {
				out = append(out, s)
			}
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	return out
}

// shellWords splits a path value as the shell does; what is quoted has no
// wildcards.
func shellWords(text string) []string {
	var out []string
	var b strings.Builder
	var quote rune
	some, escaped := false, false
	for _, r := range text + " " {
		switch {
		case escaped:
			b.WriteString(pattern.Quote(string(r)))
			escaped, some = false, true
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			b.WriteString(pattern.Quote(string(r)))
		case r == '"' || r == '\'':
			quote, some = r, true
		case r == ' ' || r == '\t':
			if some {
				out = append(out, b.String())
			}
			b.Reset()
			some = false
		case r == '{' || r == '}':
			b.WriteString(pattern.Quote(string(r)))
		default:
			b.WriteRune(r)
			some = true
		}
	}
	return out
}

// uacProfile reads a profile of UAC: its artefacts by their files, with * for
// many and ! for those left out.
func (s *Set) uacProfile(name string, src []byte) Problems {
	l := &loader{file: name}
	p := Profile{Name: strings.TrimSuffix(path.Base(name), path.Ext(name)), Place: name + ":1:1"}
	in := false
	for _, ln := range uacLines(l, src) {
		switch {
		case ln.key == "artifacts":
			in = true
		case ln.key == "description":
			p.Title = ln.value
		case in && ln.key == "-":
			g, not := strings.CutPrefix(strings.Trim(ln.value, `"'`), "!")
			g = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(g), ".yaml"), ".yml")
			glob, err := pattern.Compile(g)
			if err != nil {
				l.problems = append(l.problems, fmt.Sprintf("%s:%d:1: %v", name, ln.line, err))
				continue
			}
			if not {
				p.Collectors = slices.DeleteFunc(p.Collectors, glob.Match)
				continue
			}
			for _, c := range s.Collectors { // artifacts come before profiles
				if glob.Match(c.Name) && !slices.Contains(p.Collectors, c.Name) {
					p.Collectors = append(p.Collectors, c.Name)
				}
			}
		}
	}
	if p.Title == "" {
		p.Title = p.Name
	}
	s.Profiles = append(s.Profiles, p)
	return l.problems
}
