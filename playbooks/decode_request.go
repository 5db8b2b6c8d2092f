package playbooks

import (
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

func requestKeys() []string  { return []string{"method", "url", "headers", "body", "expect"} }
func rollbackKeys() []string { return []string{"action", "with", "run", "http", "manual"} }

func methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// ReadOnly says that the request changes nothing: GET, HEAD and OPTIONS do not.
func (r *Request) ReadOnly() bool {
	return slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, r.Method)
}

// Acts says that the step changes or may change something outside, so that it
// is planned before it is done.
func (s *Step) Acts() bool {
	return s.Verb.Acts() && (s.HTTP == nil || !s.HTTP.ReadOnly())
}

var (
	headerShape = lazyre.New("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")
	envShape    = lazyre.New(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)
	onShape     = lazyre.New(`^ssh:[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
)

// request decodes what an http step sends. The scheme and the host stand in the
// file: a value may choose what is asked for, not who is asked.
func (d *decoder) request(s *Step, n *yaml.Node, what string) *Request {
	keys, _ := d.mapping(n, what, requestKeys())
	if keys == nil {
		return nil
	}
	r := &Request{Method: "GET"}
	if k := keys["method"]; k != nil {
		r.Method = d.word(k, "method", methods())
	}
	if keys["url"] == nil {
		d.node(codeMissing, n, "as in url: https://waf.example/api/block", "%s has no url", what)
	} else {
		r.URL = d.text(keys["url"], "url")
		d.address(s, keys["url"], r.URL)
	}
	d.headers(r, keys["headers"])
	if k := keys["body"]; k != nil {
		if r.ReadOnly() {
			d.node(codeModifier, k, "as in method: POST", "a body does not go with %s", r.Method)
		}
		r.Body = d.value(k, "body")
	}
	if k := keys["expect"]; k != nil {
		items := d.list(k, "expect")
		if len(items) > maxList {
			d.node(codeTooMany, k, "", "expect has more than %d items", maxList)
			items = nil
		}
		for _, item := range items {
			r.Expect = append(r.Expect, d.number(item, "status code", 100, 599))
		}
	}
	return r
}

// address checks the part of a url that says where the request goes.
func (d *decoder) address(s *Step, n *yaml.Node, text string) {
	if text == "" {
		return
	}
	refuse := func(hint, format string, args ...any) { d.node(codeRequest, n, hint, format, args...) }
	if strings.ContainsAny(text, " \t\n\\") && !strings.Contains(text, "{{") {
		refuse("write %20 for a space", "url holds a blank or a backslash")
		return
	}
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		if s.nodes["connection"] == nil {
			refuse("add connection:, or write the whole address", "url %s is relative and the step names no connection", brief(text))
		}
		return
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || (scheme != "https" && scheme != "http") {
		refuse("begin with https://, or with / for a path of the connection", "url %s is no address", brief(text))
		return
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	u, err := url.Parse(scheme + "://" + host)
	switch {
	case strings.Contains(host, "{{"):
		d.node(codeArgv, n, "write the host, and use one step for each", "the host of a request cannot come from a value")
	case err != nil || u.Hostname() == "":
		refuse("", "url %s has no host", brief(text))
	case u.User != nil:
		d.node(codeSecret, n, "use a connection, or a secret as the value of a header", "url holds a name or a password")
	}
}

// headers decodes the headers of a request. What says who one is does not stand
// in the file.
func (d *decoder) headers(r *Request, n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "headers", nil)
	r.Headers = make(map[string]string, len(order))
	seen := map[string]bool{}
	for _, e := range order {
		name, value := e.key.Value, d.text(e.value, "header "+brief(e.key.Value))
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		_, alone := single(value)
		switch {
		case !headerShape.MatchString(name):
			d.node(codeRequest, e.key, "", "header name %s is badly formed", brief(name))
		case seen[canonical]:
			d.node(codeRequest, e.key, "keep one", "header %s is there twice", canonical)
		case slices.Contains([]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer"}, canonical):
			d.node(codeRequest, e.key, "remove it", "header %s is made by the program", canonical)
		case strings.ContainsAny(value, "\n\r"):
			d.node(codeRequest, e.value, "", "header %s has more than one line", canonical)
		case slices.Contains([]string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key"}, canonical) && !alone:
			d.node(codeSecret, e.value, "use a connection, or a variable of type secret as the whole value", "header %s would hold a secret in the file", canonical)
		}
		seen[canonical] = true
		r.Headers[name] = value
	}
}

// env decodes the environment of a program.
func (d *decoder) env(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "env", nil)
	s.Env = make(map[string]any, len(order))
	for _, e := range order {
		name := e.key.Value
		s.at["env."+name] = pos{e.value.Line, e.value.Column}
		if !envShape.MatchString(name) {
			d.node(codeValue, e.key, "want letters, digits and underscores", "environment variable %s is badly formed", brief(name))
			continue
		}
		if e.value.Kind != yaml.ScalarNode {
			d.node(codeShape, e.value, "", "environment variable %s must be a text", name)
			continue
		}
		if strings.Contains(e.value.Value, "{{") && steers(name) {
			d.node(codeArgv, e.value, "pass the value in a variable of your own", "a value in %s could become part of a command", name)
		}
		if strings.ContainsRune(e.value.Value, 0) {
			d.node(codeValue, e.value, "", "environment variable %s holds a NUL byte", name)
		}
		s.Env[name] = d.value(e.value, "env "+name)
	}
}

var steering = lazyre.New(`^(LD_.*|DYLD_.*|PATH|BASH_ENV|BASH_FUNC.*|ENV|SHELLOPTS|BASHOPTS|PS[0-9]|PROMPT_COMMAND|IFS|PYTHON.*|PERL.*|RUBY.*|NODE_.*|GEM_.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|GIT_.*|EDITOR|VISUAL|PAGER|MANPAGER|BROWSER|LESSOPEN|LESSCLOSE|SHELL|GCONV_PATH|NLSPATH|HOME|XDG_.*|TMPDIR|GOFLAGS|MAKEFLAGS|RSYNC_RSH|CVS_RSH|SSH_ASKPASS|SUDO_ASKPASS|.*_PRELOAD)$`)

// steers says that programs, shells or the loader take the variable of that
// name for code or for the place of code.
func steers(name string) bool { return steering.MatchString(strings.ToUpper(name)) }

// repeat decodes how often a step is done again after it succeeded.
func (d *decoder) repeat(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "repeat", []string{"every", "for", "until", "max"})
	if keys == nil {
		return
	}
	r := &RepeatRule{Until: d.optional(keys["until"], "until")}
	if k := keys["every"]; k != nil {
		r.Every = d.duration(k, "every", false)
	} else {
		d.node(codeMissing, n, "as in repeat: {every: 1h, for: 24h}", "repeat does not say how far apart")
	}
	if k := keys["for"]; k != nil {
		r.For = d.duration(k, "for", false)
	}
	if k := keys["max"]; k != nil {
		r.Max = d.number(k, "max", 1, maxRounds)
	}
	if k := keys["until"]; k != nil {
		s.nodes["repeat.until"] = k
		s.at["repeat.until"] = pos{k.Line, k.Column}
	}
	switch {
	case s.Verb == VerbIf && keys["until"] != nil:
		d.node(codeModifier, keys["until"], "write it into the condition of the if", "an if is repeated as long as its condition holds, so until has no place there")
	case s.Verb == VerbIf && keys["max"] == nil && keys["for"] == nil:
		d.node(codeMissing, n, "add max: or for:", "nothing ends the repetition when the condition goes on to hold")
	case s.Verb != VerbIf && keys["max"] == nil && keys["for"] == nil && keys["until"] == nil:
		d.node(codeMissing, n, "add until:, for: or max:", "nothing ends the repetition")
	}
	s.Repeat = r
}

func (d *decoder) d3fend(n *yaml.Node) []string {
	return d.techniques(n, "d3fend", d3fendShape, "want D3-NI or the like", "a D3FEND technique")
}

// verbatim keeps a mapping as it is, null values and all: it is what another
// format says and this one cannot.
func (d *decoder) verbatim(n *yaml.Node, what string) map[string]any {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.node(codeShape, n, "", "%s must be a mapping of keys to values", what)
		return nil
	}
	out, _ := d.raw(n, what).(map[string]any)
	return out
}

func (d *decoder) raw(n *yaml.Node, what string) any {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		return nil
	case n.Kind == yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, c := range n.Content {
			out[i] = d.raw(c, what)
		}
		return out
	case n.Kind == yaml.MappingNode:
		out := map[string]any{}
		_, order := d.mapping(n, what, nil)
		for _, e := range order {
			out[e.key.Value] = d.raw(e.value, what)
		}
		return out
	}
	return d.value(n, what)
}
