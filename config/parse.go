package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// Parse reads the text of a configuration; file is the name that messages
// carry. The error is a Problems with everything that is wrong.
func Parse(file string, src []byte) (Config, error) {
	p := &parser{file: file}
	var c Config
	if root := p.root(src); root != nil {
		c = p.config(root)
	}
	if len(p.problems) > 0 {
		return Config{}, p.problems.Sorted()
	}
	return c, nil
}

type parser struct {
	file     string
	problems Problems
}

func (p *parser) at(n *yaml.Node, hint, format string, args ...any) {
	p.problems = append(p.problems, Problem{
		File: p.file, Line: n.Line, Column: n.Column,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// root returns the top mapping, nil for an empty file or a broken one.
func (p *parser) root(src []byte) *yaml.Node {
	if len(src) > maxFile {
		p.problems = append(p.problems, Problem{File: p.file, Message: "the file is larger than 1 MiB"})
		return nil
	}
	var doc, more yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(src))
	if err == nil {
		err = loader.Load(&doc)
	}
	if errors.Is(err, io.EOF) || (err == nil && len(doc.Content) == 0) {
		return nil
	}
	if err == nil {
		if again := loader.Load(&more); again == nil {
			p.at(&more, "", "the file holds more than one document")
			return nil
		} else if !errors.Is(again, io.EOF) {
			err = again
		}
	}
	if err != nil {
		bad := Problem{File: p.file, Message: "not YAML: " + err.Error()}
		var load *yaml.LoadError
		if errors.As(err, &load) {
			bad.Line, bad.Column, bad.Message = load.Mark.Line, load.Mark.Column, "not YAML: "+load.Message
		}
		p.problems = append(p.problems, bad)
		return nil
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil
	}
	return top
}

func (p *parser) config(root *yaml.Node) Config {
	var c Config
	var later []func()
	p.mapping(root, "the configuration", map[string]func(*yaml.Node){
		"name": func(n *yaml.Node) { c.Name = p.text(n, "name") },
		"zone": func(n *yaml.Node) { c.Zone = p.zone(n, "zone") },
		"connections": func(n *yaml.Node) {
			c.Connections = map[string]Connection{}
			p.each(n, "connections", func(name string, v *yaml.Node) {
				c.Connections[name] = p.connection(name, v)
			})
		},
		"notify":    func(n *yaml.Node) { p.notify(n, &c, &later) },
		"protected": func(n *yaml.Node) { c.Protected = p.protected(n) },
		"collect": func(n *yaml.Node) {
			p.mapping(n, "collect", map[string]func(*yaml.Node){
				"folders": func(n *yaml.Node) { c.Collect.Folders = p.texts(n, "collect.folders") },
			})
		},
		"playbooks":   func(n *yaml.Node) { c.Playbooks = p.texts(n, "playbooks") },
		"calendars":   func(n *yaml.Node) { c.Calendars = p.calendars(n) },
		"clocks":      func(n *yaml.Node) { p.clocks(n, &c, &later) },
		"actions":     func(n *yaml.Node) { c.Actions = p.texts(n, "actions") },
		"packs":       func(n *yaml.Node) { c.Packs = p.texts(n, "packs") },
		"retention":   func(n *yaml.Node) { c.Retention = p.retention(n) },
		"signing_key": func(n *yaml.Node) { c.SigningKey = p.signingKey(n) },
		"sign":        func(n *yaml.Node) { c.Sign = p.oneOf(n, "sign", SignAlways, SignDecisions, SignNever) },
		"approvals":   func(n *yaml.Node) { c.Approvals = p.oneOf(n, "approvals", ApprovalsSigned, ApprovalsAny) },
		"timestamp": func(n *yaml.Node) {
			p.mapping(n, "timestamp", map[string]func(*yaml.Node){
				"url": func(n *yaml.Node) { c.Timestamp.URL = p.baseURL(n, "timestamp.url") },
			})
		},
		"updates": func(n *yaml.Node) { c.Updates = p.updates(n) },
		"review": func(n *yaml.Node) {
			p.mapping(n, "review", map[string]func(*yaml.Node){"privileged": func(v *yaml.Node) { c.Review.Privileged = p.text(v, "review.privileged") }})
		},
		"age_keys": func(n *yaml.Node) { c.AgeKeys = p.texts(n, "age_keys") },
		"unlock": func(n *yaml.Node) {
			ref, err := p.reference(n)
			if err != nil {
				p.at(n, "write env:NAME, file:/path or exec: [program, argument]; the passphrase or key itself never belongs here", "unlock: %v", err)
				return
			}
			c.Unlock = ref
		},
		"lock_after":  func(n *yaml.Node) { c.LockAfter = p.idle(n) },
		"limits":      func(n *yaml.Node) { c.Limits = p.limits(n) },
		"two_persons": func(n *yaml.Node) { c.TwoPersons = p.twoPersons(n) },
		"containment": func(n *yaml.Node) { c.Containment = p.containment(n) },
		"intake":      func(n *yaml.Node) { c.Intake = p.intake(n) },
	})
	for _, f := range later {
		f()
	}
	return c
}

// zone reads the name of a time zone.
func (p *parser) zone(n *yaml.Node, at string) string {
	s := p.text(n, at)
	if _, err := time.LoadLocation(s); err != nil {
		p.at(n, "as in Europe/Vienna or UTC", "%s %q is not known", at, s)
	}
	return s
}

// signingKey reads where the key of the person is: never the key itself.
func (p *parser) signingKey(n *yaml.Node) string {
	s := p.text(n, "signing_key")
	if strings.HasPrefix(s, "SHA256:") || strings.HasPrefix(s, "~/") || strings.HasPrefix(s, "/") {
		return s
	}
	p.at(n, "as in ~/.ssh/id_ed25519.pub or SHA256:…", "signing_key is neither a path that begins with / or ~/ nor a fingerprint")
	return ""
}

// oneOf reads a word out of a few.
func (p *parser) oneOf(n *yaml.Node, at string, words ...string) string {
	s := p.text(n, at)
	if !slices.Contains(words, s) {
		p.at(n, didYouMean(s, words), "%s is none of %s", at, strings.Join(words, ", "))
		return ""
	}
	return s
}

// idle reads a duration; below a minute nobody could work.
func (p *parser) idle(n *yaml.Node) *Idle {
	text := p.text(n, "lock_after")
	d, err := time.ParseDuration(text)
	if text == "0" {
		d, err = 0, nil
	}
	if err != nil || d < 0 || d > 0 && d < leastIdle {
		p.at(n, "as in 15m; 0 is never, the least is "+leastIdle.String(), "lock_after %q is no time to lock after", text)
		return nil
	}
	i := Idle(d)
	return &i
}

// leastIdle keeps a slip of the pen from locking between two keys.
const leastIdle = 2 * time.Second

func (p *parser) connection(name string, n *yaml.Node) Connection {
	var c Connection
	at := "connections." + name
	p.mapping(n, at, p.delivery(&c, at, map[string]func(*yaml.Node){
		"kind":     func(n *yaml.Node) { c.Kind = p.text(n, at+".kind") },
		"base_url": func(n *yaml.Node) { c.BaseURL = p.baseURL(n, at+".base_url") },
		"tlp":      func(n *yaml.Node) { c.TLP = p.word(n, at+".tlp", lights...) },
		"audience": func(n *yaml.Node) {
			if c.Audience = p.text(n, at+".audience"); !audienceShape.MatchString(c.Audience) {
				p.at(n, "as in executives", "%s.audience: %q is no name of an audience", at, c.Audience)
			}
		},
		"settings": func(n *yaml.Node) {
			c.Settings = map[string]string{}
			p.each(n, at+".settings", func(key string, v *yaml.Node) {
				if value := p.text(v, at+".settings."+key); looksSecret(key, value) {
					p.at(v, "put a reference under secrets: instead, as in "+key+": env:NAME",
						"%s.settings.%s looks like a secret", at, key)
				} else {
					c.Settings[key] = value
				}
			})
		},
		"secrets": func(n *yaml.Node) {
			c.Secrets = map[string]Reference{}
			p.each(n, at+".secrets", func(key string, v *yaml.Node) {
				ref, err := p.reference(v)
				if err != nil {
					p.at(v, "write env:NAME, file:/path or exec: [program, argument]; the secret itself never belongs here",
						"%s.secrets.%s: %v", at, key, err)
					return
				}
				c.Secrets[key] = ref
			})
		},
	}))
	if c.Kind == "" && n.Kind == yaml.MappingNode {
		p.at(n, "as in kind: github", "%s has no kind", at)
	}
	return c
}

func (p *parser) baseURL(n *yaml.Node, at string) string {
	s := p.text(n, at)
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		p.at(n, "as in https://github.example.org/api/v3/", "%s is not a URL of a server", at)
	case u.User != nil:
		p.at(n, "name the secret under secrets:", "%s carries a user or password", at)
	default:
		return s
	}
	return ""
}

// reference reads a reference: text, or a mapping with the one key exec.
func (p *parser) reference(n *yaml.Node) (Reference, error) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return Reference{}, errors.New("not a reference")
		}
		return ParseReference(n.Value)
	}
	if len(n.Content) != 2 || n.Content[0].Value != "exec" || n.Content[1].Kind != yaml.SequenceNode {
		return Reference{}, errors.New("not a reference")
	}
	return Exec(p.texts(n.Content[1], "exec")...)
}

// mapping hands the value of each key to its function.
func (p *parser) mapping(n *yaml.Node, at string, keys map[string]func(*yaml.Node)) {
	known := make([]string, 0, len(keys))
	for k := range keys {
		known = append(known, k)
	}
	p.pairs(n, at, func(k, v *yaml.Node) {
		read, ok := keys[k.Value]
		if !ok {
			p.at(k, didYouMean(k.Value, known), "%s has no key %q", at, k.Value)
			return
		}
		if v.Kind == yaml.ScalarNode && v.Tag == "!!null" {
			return // "connections:" with everything below it commented out
		}
		read(v)
	})
}

var nameShape = lazyre.New(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// each walks a mapping whose keys the user chose.
func (p *parser) each(n *yaml.Node, at string, read func(key string, v *yaml.Node)) {
	p.pairs(n, at, func(k, v *yaml.Node) {
		if !nameShape.MatchString(k.Value) {
			p.at(k, "letters, digits, . _ -", "%s: %q is not a name", at, k.Value)
			return
		}
		read(k.Value, v)
	})
}

func (p *parser) pairs(n *yaml.Node, at string, read func(k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.at(n, "", "%s: want keys with values", at)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || k.Tag == "!!merge":
			p.at(k, "", "%s: a key must be a plain word", at)
		case seen[k.Value]:
			p.at(k, "", "%s: %q is there twice", at, k.Value)
		case v.Kind == yaml.AliasNode || v.Anchor != "":
			p.at(v, "write the value out", "%s.%s: anchors and aliases are not used here", at, k.Value)
		default:
			seen[k.Value] = true
			read(k, v)
		}
	}
}

func (p *parser) text(n *yaml.Node, at string) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(plainTags, n.Tag) {
		p.at(n, "", "%s: want text", at)
		return ""
	}
	return n.Value
}

// plainTags are what YAML takes an untagged word for; all are text here.
var plainTags = []string{"", "!!str", "!!int", "!!float", "!!bool", "!!timestamp"}

func (p *parser) texts(n *yaml.Node, at string) []string {
	if n.Kind != yaml.SequenceNode {
		p.at(n, "as in [one, two]", "%s: want a list", at)
		return nil
	}
	out := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		out = append(out, p.text(item, at))
	}
	return out
}

var (
	secretKey   = lazyre.New(`(?i)^(.*_)?(token|password|passwd|secret|routing_key|api_key|private_key)$`)
	secretShape = lazyre.New(`gh[pousr]_[A-Za-z0-9]{16}|github_pat_|xox[abpr]-|AKIA[A-Z0-9]{12}|-----BEGIN|eyJ[A-Za-z0-9_-]{10,}\.eyJ`)
)

func looksSecret(key, value string) bool {
	return value != "" && (secretKey.MatchString(key) || secretShape.MatchString(value))
}
