package declared

import (
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"

	"firebreak/integrations"
	"firebreak/internal/lazyre"
	"firebreak/internal/problem"
)

var (
	nameShape    = lazyre.New(`^[a-z][a-z0-9_]{0,62}$`)
	kindShape    = lazyre.New(`^[a-z][a-z0-9]{0,30}$`)
	idShape      = lazyre.New(`^[a-z][a-z0-9]{0,30}(\.[a-z][a-z0-9_]{0,40}){1,4}$`)
	versionShape = lazyre.New(`^\d{1,5}\.\d{1,5}\.\d{1,5}$`)
	headerShape  = lazyre.New(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	reactShape   = lazyre.New(`^RA[1-6]\d{3}$`)
	d3fendShape  = lazyre.New(`^D3-[A-Z][A-Z0-9]{0,11}$`)
	hostShape    = lazyre.New(`^https://([a-z0-9-]|\{[a-z][a-z0-9_]*\}|\.)+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?$`)
	tokenShape   = lazyre.New(`^(https://[a-z0-9.-]+(:\d{1,5})?)?/[A-Za-z0-9._~/{}-]*$`)
)

// Parse reads a file. known are the systems that other files declare, by kind.
// The error is problem.Problems, every one with its place.
func Parse(name string, src []byte, known map[string]*System) (*File, error) {
	return open(Source{name, src}).parse(known)
}

// loaded is a file whose YAML was read.
type loaded struct {
	*decoder
	root *yaml.Node // nil: it has problems
}

func open(s Source) loaded {
	d := &decoder{file: s.Name}
	return loaded{d, d.document(s.Text)}
}

// declares says that the file declares its kind of connection.
func (l loaded) declares() bool {
	if l.root == nil || l.root.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(l.root.Content); i += 2 {
		if l.root.Content[i].Value == "system" {
			return true
		}
	}
	return false
}

func (l loaded) parse(known map[string]*System) (*File, error) {
	f := l.read(l.root, known)
	if len(l.problems) > 0 {
		return nil, l.problems.Sorted()
	}
	return f, nil
}

func (d *decoder) read(root *yaml.Node, known map[string]*System) *File {
	if root == nil {
		return nil
	}
	f := &File{Name: d.file}
	var system, actions *yaml.Node
	ok := d.keys(root, "the file", map[string]func(*yaml.Node){
		"declared": func(n *yaml.Node) {
			if s := d.text(n, "declared"); s != "" && s != Format {
				d.node(n, "this version knows "+Format, "format %.40q is not known", s)
			}
		},
		"kind": func(n *yaml.Node) {
			f.Kind, f.kindAt = d.shaped(n, "kind", kindShape, "small letters and digits, as in okta"), place{n.Line, n.Column}
		},
		"system":  func(n *yaml.Node) { system = n },
		"actions": func(n *yaml.Node) { actions = n },
	}, "declared", "kind", "actions")
	if !ok || f.Kind == "" {
		return f
	}
	if system != nil {
		f.System = d.systemOf(system)
		d.system = f.System
	} else if d.system = known[f.Kind]; d.system == nil {
		hint := problem.DidYouMean(f.Kind, sortedKeys(known))
		if hint == "" {
			hint = "declare it under system"
		}
		d.at(f.kindAt, hint, "no declared kind of connection is named %s", f.Kind)
		return f
	}
	if actions == nil {
		return f
	}
	if actions.Kind != yaml.SequenceNode || len(actions.Content) == 0 || len(actions.Content) > maxActions {
		d.node(actions, "", "actions must be a list of 1 to %d actions", maxActions)
		return f
	}
	for _, n := range actions.Content {
		a := d.actionOf(n, f.Kind)
		if slices.ContainsFunc(f.Actions, func(b *Action) bool { return b.ID == a.ID && a.ID != "" }) {
			d.node(n, "", "action %s is there twice", a.ID)
		}
		f.Actions = append(f.Actions, a)
	}
	return f
}

// systemOf reads how connections of a kind lead to the other side.
func (d *decoder) systemOf(n *yaml.Node) *System {
	s := &System{Writes: 1}
	d.system = s
	var rest []func()
	d.keys(n, "system", map[string]func(*yaml.Node){
		"title":    func(n *yaml.Node) { s.Title = d.text(n, "system.title") },
		"base_url": func(n *yaml.Node) { s.Base = d.hostOf(n, "system.base_url") },
		"settings": func(n *yaml.Node) { s.Settings = append(d.params(n, "system.settings", false), s.Settings...) },
		"credential": func(n *yaml.Node) {
			s.Credential = d.credentialOf(n)
			s.Settings = append(s.Settings, s.Credential.secrets()...)
		},
		"services": func(n *yaml.Node) {
			s.Services = map[string]service{}
			d.each(n, "system.services", nameShape, func(name string, _, v *yaml.Node) { s.Services[name] = d.serviceOf(v, name) })
		},
		"rate": func(n *yaml.Node) {
			f, err := strconv.ParseFloat(n.Value, 64)
			if n.Kind != yaml.ScalarNode || err != nil || f < 0.01 || f > 100 {
				d.node(n, "requests that change something, a second: 1", "rate must be a number from 0.01 to 100")
				return
			}
			s.Writes = f
		},
		"errors": func(n *yaml.Node) { s.Errors = d.rules(n) },
		"headers": func(n *yaml.Node) {
			rest = append(rest, func() {
				s.Headers = d.headers(n, "system.headers", scope{names: types.Map{"settings": d.settings()}}, false)
			})
		},
		"identity": func(n *yaml.Node) { rest = append(rest, func() { s.Identity = d.identityOf(n) }) },
	}, "title", "credential")
	for _, f := range rest {
		f() // what reads settings comes when all of them are known
	}
	for _, name := range placeNames(s) {
		if !slices.ContainsFunc(s.Settings, func(p integrations.Param) bool { return p.Name == name && p.Match != "" && p.Type == "string" }) {
			d.node(n, "declare it under settings, with match", "{%s} in an address is no setting with a pattern", name)
		}
	}
	seen := map[string]bool{}
	for _, p := range s.Settings {
		if seen[p.Name] || p.Name == "token_url" {
			d.node(n, "", "setting %s is there twice, or is the language's own", p.Name)
		}
		seen[p.Name] = true
	}
	if cred := s.Credential; (cred.kind == byBasic || cred.kind == byOAuth) && !seen[cred.user] {
		d.node(n, "declare it under settings", "credential.user names %.60q, which is no setting", cred.user)
	}
	if s.Credential.kind == byAmazon && !seen["region"] {
		d.node(n, "declare it under settings, with match", "sigv4 needs a setting region")
	}
	return s
}

// placeNames are the settings that stand in addresses.
func placeNames(s *System) []string {
	text := s.Base + s.Credential.token + s.Credential.prefix
	for _, one := range s.Services {
		text += one.base
	}
	var out []string
	for _, m := range placeName.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d *decoder) hostOf(n *yaml.Node, what string) string {
	s := d.text(n, what)
	if s == "" {
		return ""
	}
	if _, err := url.Parse(placeName.ReplaceAllString(s, "x")); err != nil || !hostShape.MatchString(s) {
		d.node(n, "as in https://api.example.org/v1; {NAME} of a setting may be a part of the host", "%s is not the address of a server", what)
		return ""
	}
	return s
}

func (d *decoder) serviceOf(n *yaml.Node, name string) service {
	s := service{signed: name}
	d.keys(n, "service "+name, map[string]func(*yaml.Node){
		"base_url": func(n *yaml.Node) { s.base = d.hostOf(n, "base_url") },
		"region":   func(n *yaml.Node) { s.region = d.text(n, "region") },
		"signed":   func(n *yaml.Node) { s.signed = d.text(n, "signed") },
	}, "base_url")
	return s
}

func (d *decoder) credentialOf(n *yaml.Node) credential {
	var c credential
	if n.Kind == yaml.ScalarNode && n.Value == byNothing {
		return credential{kind: byNothing}
	}
	name := func(to *string) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = d.shaped(n, "credential", nameShape, "the name of a setting or secret") }
	}
	d.keys(n, "credential", map[string]func(*yaml.Node){
		"kind":    func(n *yaml.Node) { c.kind = d.word(n, "credential.kind", credentialKinds()) },
		"secret":  name(&c.secret),
		"user":    name(&c.user),
		"session": name(&c.extra),
		"header": func(n *yaml.Node) {
			c.header = textproto.CanonicalMIMEHeaderKey(d.shaped(n, "credential.header", headerShape, "as in X-Api-Key"))
		},
		"prefix": func(n *yaml.Node) {
			if n.Kind != yaml.ScalarNode || strings.ContainsAny(n.Value, "\r\n") || len(n.Value) > 100 {
				d.node(n, `as in "SSWS "`, "credential.prefix must be a short text")
				return
			}
			c.prefix = n.Value
		},
		"token_url": func(n *yaml.Node) {
			c.token = d.shaped(n, "credential.token_url", tokenShape, "as in https://login.example.org/oauth2/token, or /oauth2/token below the base URL")
		},
		"scope": func(n *yaml.Node) { c.scope = d.text(n, "credential.scope") },
		"style": func(n *yaml.Node) { c.style = d.word(n, "credential.style", []string{"body", "basic"}) },
	}, "kind")
	needs := map[string][]bool{byBasic: {c.user != ""}, byOAuth: {c.user != "", c.token != ""}, byHeader: {c.header != ""}, byAmazon: {}}
	for _, ok := range needs[c.kind] {
		if !ok {
			d.node(n, "basic and oauth2 want user, oauth2 token_url, header a header", "credential of kind %s lacks a part", c.kind)
		}
	}
	fill := func(to *string, with string) {
		if *to == "" {
			*to = with
		}
	}
	switch c.kind {
	case byBearer, byHeader:
		fill(&c.secret, "token")
	case byBasic:
		fill(&c.secret, "password")
	case byOAuth:
		fill(&c.secret, "client_secret")
	case byAmazon:
		fill(&c.user, "access_key_id")
		fill(&c.secret, "secret_access_key")
		fill(&c.extra, "session_token")
	}
	return c
}

func (d *decoder) identityOf(n *yaml.Node) *identity {
	id := &identity{}
	in := scope{names: types.Map{"settings": d.settings()}}
	if n.Kind == yaml.ScalarNode {
		id.is = d.template(n, "identity", in)
		return id
	}
	d.action = &Action{}
	defer func() { d.action = nil }()
	readers := map[string]func(*yaml.Node){"is": func(n *yaml.Node) { id.is = d.template(n, "identity.is", in.answered()) }}
	id.read = d.readOf(n, "identity", in, readers)
	if id.is == nil {
		d.node(n, "as in is: \"{{ answer.login }}\"", "identity has no is")
	}
	return id
}

// params reads parameters or settings, in the order of the file.
func (d *decoder) params(n *yaml.Node, what string, secrets bool) []integrations.Param {
	kinds := []string{"string", "int", "bool", "duration", "list"}
	if secrets {
		kinds = append(kinds, "secret")
	}
	var out []integrations.Param
	d.each(n, what, nameShape, func(name string, k, v *yaml.Node) {
		p := integrations.Param{Name: name, Type: "string"}
		d.keys(v, what+"."+name, map[string]func(*yaml.Node){
			"title":    func(n *yaml.Node) { p.Title = d.text(n, "title") },
			"type":     func(n *yaml.Node) { p.Type = d.word(n, "type", kinds) },
			"required": func(n *yaml.Node) { p.Required = d.truth(n, "required") },
			"default":  func(n *yaml.Node) { p.Default = d.fixed(n, "default") },
			"match": func(n *yaml.Node) {
				p.Match = d.text(n, "match")
				if _, err := regexp.Compile(`^(?:` + p.Match + `)$`); err != nil || len(p.Match) > 1000 {
					d.node(n, "RE2 syntax, as Go has it", "match is not a regular expression")
				}
			},
		})
		if p.Required && p.Default != nil {
			d.node(k, "remove one of the two", "%s is required and has a default", name)
		}
		if p.Default != nil {
			if err := integrations.Check(integrations.Description{Name: name, Params: []integrations.Param{p}}, map[string]any{name: p.Default}); err != nil {
				d.node(v, "", "the default of %s is not one that it takes", name)
			}
		}
		if out = append(out, p); len(out) == maxParams+1 {
			d.node(k, "", "%s: more than %d", what, maxParams)
		}
	})
	return out
}

func (d *decoder) rules(n *yaml.Node) []rule {
	var out []rule
	known := []string{string(integrations.Rejected), string(integrations.Throttled), string(integrations.Ambiguous), string(integrations.NotSent), outcomeDone}
	for _, item := range d.list(n) {
		var r rule
		d.keys(item, "a rule of errors", map[string]func(*yaml.Node){
			"status": func(n *yaml.Node) {
				for _, s := range d.list(n) {
					r.status = append(r.status, d.whole(s, "status", 100, 599))
				}
			},
			"says":    func(n *yaml.Node) { r.says = d.text(n, "says") },
			"outcome": func(n *yaml.Node) { r.outcome = d.word(n, "outcome", known) },
			"hint":    func(n *yaml.Node) { r.hint = d.text(n, "hint") },
		})
		if len(r.status) == 0 && r.says == "" {
			d.node(item, "", "a rule of errors needs a status, or says")
		}
		out = append(out, r)
	}
	return out
}

func (d *decoder) headers(n *yaml.Node, what string, in scope, secrets bool) []pair {
	var out []pair
	d.each(n, what, nil, func(name string, k, v *yaml.Node) {
		switch {
		case !headerShape.MatchString(name):
			d.node(k, "", "%s: %.60q is not the name of a header", what, name)
		case madeHeader(name):
			d.node(k, "remove it", "header %s is made by the program or by the connection", name)
		case d.system != nil && d.system.Credential.kind == byHeader && textproto.CanonicalMIMEHeaderKey(name) == d.system.Credential.header:
			d.node(k, "remove it: the connection has the credential", "header %s is the connection's own", name)
		default:
			out = append(out, pair{name, d.tree(v, what+"."+name, in, secrets), place{k.Line, k.Column}})
		}
	})
	return out
}
