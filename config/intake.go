package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Intake says where alerts come in by HTTP, from whom, and which of them open an
// incident by themselves.
type Intake struct {
	Listen  string                  `json:"listen,omitempty"` // address and port; this machine only, unless there is TLS
	TLS     *IntakeTLS              `json:"tls,omitempty"`
	Sources map[string]IntakeSource `json:"sources,omitempty"`
	Rules   []IntakeRule            `json:"rules,omitempty"`
}

// IsZero says whether nothing is configured.
func (i Intake) IsZero() bool {
	return i.Listen == "" && i.TLS == nil && len(i.Sources) == 0 && len(i.Rules) == 0
}

// IntakeTLS are the files of a certificate, in PEM.
type IntakeTLS struct {
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

// IntakeSource is one sender. Several secrets are for the time in which one is
// changed for another.
type IntakeSource struct {
	Kind   string      `json:"kind"`             // pagerduty, github or token
	Format string      `json:"format,omitempty"` // of what it sends; "" finds out
	Secret []Reference `json:"secret"`
	Window string      `json:"window,omitempty"` // how old what it sends may be, where it says so
}

// Age is the window, 48 hours where none is given: as long as senders try again.
func (s IntakeSource) Age() time.Duration {
	if d, err := time.ParseDuration(s.Window); err == nil && d > 0 {
		return d
	}
	return defaultWindow
}

const defaultWindow = 48 * time.Hour

// The kinds of senders.
const (
	IntakePagerDuty = "pagerduty" // X-PagerDuty-Signature
	IntakeGitHub    = "github"    // X-Hub-Signature-256
	IntakeToken     = "token"     // Authorization: Bearer
)

// IntakeRule opens an incident for what fits all that it says. The first rule that
// fits counts.
type IntakeRule struct {
	Name     string   `json:"name"`
	Kinds    []string `json:"kind,omitempty"`     // of the worst finding
	Sources  []string `json:"source,omitempty"`   // names under sources
	Severity string   `json:"severity,omitempty"` // this or worse
	Playbook string   `json:"playbook,omitempty"` // "" is the one that the alert suggests, - is none
	Open     string   `json:"open,omitempty"`     // severity of the incident, sev1 to sev4
}

var (
	intakeSeverities = []string{"critical", "high", "medium", "low", "info"}
	intakeKinds      = []string{"vulnerability", "secret", "code", "misconfiguration", "license", "runtime", "alert"}
)

func (p *parser) intake(n *yaml.Node) Intake {
	var in Intake
	p.mapping(n, "intake", map[string]func(*yaml.Node){
		"listen": func(n *yaml.Node) {
			in.Listen = p.text(n, "intake.listen")
			if host, port, err := net.SplitHostPort(in.Listen); err != nil || host == "" || port == "" {
				p.at(n, "as in 127.0.0.1:9119", "intake.listen %q is no address with a port", in.Listen)
			}
		},
		"tls": func(n *yaml.Node) {
			in.TLS = &IntakeTLS{}
			p.mapping(n, "intake.tls", map[string]func(*yaml.Node){
				"cert": func(n *yaml.Node) { in.TLS.Cert = p.text(n, "intake.tls.cert") },
				"key":  func(n *yaml.Node) { in.TLS.Key = p.text(n, "intake.tls.key") },
			})
			if n.Kind == yaml.MappingNode && (in.TLS.Cert == "" || in.TLS.Key == "") {
				p.at(n, "as in {cert: /path/cert.pem, key: /path/key.pem}", "intake.tls wants cert and key")
			}
		},
		"sources": func(n *yaml.Node) {
			in.Sources = map[string]IntakeSource{}
			p.each(n, "intake.sources", func(name string, v *yaml.Node) { in.Sources[name] = p.intakeSource(v, "intake.sources."+name) })
		},
		"rules": func(n *yaml.Node) { in.Rules = p.intakeRules(n) },
	})
	return in
}

func (p *parser) intakeSource(n *yaml.Node, at string) IntakeSource {
	var s IntakeSource
	p.mapping(n, at, map[string]func(*yaml.Node){
		"kind":   func(n *yaml.Node) { s.Kind = p.word(n, at+".kind", IntakePagerDuty, IntakeGitHub, IntakeToken) },
		"format": func(n *yaml.Node) { s.Format = p.text(n, at+".format") },
		"window": func(n *yaml.Node) {
			s.Window = p.text(n, at+".window")
			if d, err := time.ParseDuration(s.Window); err != nil || d < time.Minute || d > 30*24*time.Hour {
				p.at(n, "as in 48h: from 1m to 720h", "%s.window %q is no time", at, s.Window)
			}
		},
		"secret": func(n *yaml.Node) {
			items := []*yaml.Node{n}
			if n.Kind == yaml.SequenceNode {
				items = n.Content
			}
			for _, item := range items {
				ref, err := p.reference(item)
				if err != nil {
					p.at(item, "write env:NAME, file:/path or exec: [program, argument]; the secret itself never belongs here", "%s.secret: %v", at, err)
					continue
				}
				s.Secret = append(s.Secret, ref)
			}
		},
	})
	if n.Kind == yaml.MappingNode {
		if s.Kind == "" {
			p.at(n, "as in kind: pagerduty", "%s has no kind", at)
		}
		if len(s.Secret) == 0 {
			p.at(n, "as in secret: env:NAME; nothing is taken in without one", "%s has no secret", at)
		}
	}
	return s
}

func (p *parser) intakeRules(n *yaml.Node) []IntakeRule {
	if n.Kind != yaml.SequenceNode {
		p.at(n, "as in - {name: leaks, kind: [secret], severity: high}", "intake.rules: want a list")
		return nil
	}
	var out []IntakeRule
	for i, item := range n.Content {
		out = append(out, p.intakeRule(item, fmt.Sprintf("intake.rules[%d]", i)))
	}
	return out
}

func (p *parser) intakeRule(n *yaml.Node, at string) IntakeRule {
	var r IntakeRule
	p.mapping(n, at, map[string]func(*yaml.Node){
		"name":     func(n *yaml.Node) { r.Name = p.text(n, at+".name") },
		"kind":     func(n *yaml.Node) { r.Kinds = p.oneOrMore(n, at+".kind", intakeKinds) },
		"source":   func(n *yaml.Node) { r.Sources = p.oneOrMore(n, at+".source", nil) },
		"severity": func(n *yaml.Node) { r.Severity = p.word(n, at+".severity", intakeSeverities...) },
		"playbook": func(n *yaml.Node) { r.Playbook = p.text(n, at+".playbook") },
		"open":     func(n *yaml.Node) { r.Open = p.word(n, at+".open", "sev1", "sev2", "sev3", "sev4") },
	})
	if n.Kind == yaml.MappingNode {
		if strings.TrimSpace(r.Name) == "" {
			p.at(n, "as in name: leaks", "%s has no name", at)
		}
		if len(r.Kinds) == 0 && len(r.Sources) == 0 && r.Severity == "" {
			p.at(n, "name a kind, a source or a severity", "%s fits everything that comes", at)
		}
	}
	return r
}

// oneOrMore reads a word or a list of words, of those that are known.
func (p *parser) oneOrMore(n *yaml.Node, at string, of []string) []string {
	if n.Kind != yaml.SequenceNode {
		n = &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line, Column: n.Column, Content: []*yaml.Node{n}}
	}
	words := p.texts(n, at)
	for i, w := range words {
		if of != nil && !slices.Contains(of, w) {
			p.at(n.Content[i], didYouMean(w, of), "%s: %q is not known", at, w)
		}
	}
	return words
}
