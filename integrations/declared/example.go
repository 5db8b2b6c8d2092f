package declared

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// Example is a test that stands in a file: what the other side says to each
// request, in this order, and what has to come of it.
type Example struct {
	Name string
	Line int

	params   map[string]any
	settings map[string]string
	talk     []turn
	expect   expectation
}

// turn is one request with its answer.
type turn struct {
	method  string
	path    string // with its query
	status  int
	says    any // a tree is sent as JSON, a text as it is
	headers map[string]string
	body    any // what has to have been sent; nil: anything
	form    map[string]any
	xml     string
	has     map[string]string // headers that have to have been sent
	line    int
}

// expectation is what has to come of an example.
type expectation struct {
	refused   string // words of a refusal before anything is sent
	unchanged bool   // there is nothing to do
	target    string
	effect    string // words of one of the effects
	outcome   string // of what is sent: done (also ""), or how it fails
	hint      string // words of the hint of a failure
	verified  *bool
	says      string // words of the verification
	undo      *expectedUndo
	noUndo    bool
	ref       string
	data      map[string]any
	prior     map[string]any
}

type expectedUndo struct {
	action string
	with   map[string]any
}

var turnShape = lazyre.New(`^(GET|HEAD|POST|PUT|PATCH|DELETE) (/\S*)$`)

func (d *decoder) exampleOf(n *yaml.Node) *Example {
	e := &Example{Line: n.Line, params: map[string]any{}, settings: map[string]string{}}
	d.keys(n, "a test", map[string]func(*yaml.Node){
		"name": func(n *yaml.Node) { e.Name = d.text(n, "tests.name") },
		"params": func(n *yaml.Node) {
			if m, ok := d.fixed(n, "tests.params").(map[string]any); ok {
				e.params = m
			}
		},
		"settings": func(n *yaml.Node) {
			d.each(n, "tests.settings", nameShape, func(name string, _, v *yaml.Node) { e.settings[name] = v.Value })
		},
		"talk": func(n *yaml.Node) {
			for _, item := range d.list(n) {
				e.talk = append(e.talk, d.turnOf(item))
			}
		},
		"expect": func(n *yaml.Node) { d.expectationOf(n, &e.expect) },
	}, "name", "talk", "expect")
	return e
}

func (d *decoder) turnOf(n *yaml.Node) turn {
	t := turn{status: 200, line: n.Line}
	words := func(to *map[string]string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			*to = map[string]string{}
			d.each(n, "headers", nil, func(name string, _, v *yaml.Node) { (*to)[name] = v.Value })
		}
	}
	d.keys(n, "a turn of talk", map[string]func(*yaml.Node){
		"to": func(n *yaml.Node) {
			if s := d.shaped(n, "to", turnShape, "as in GET /api/v1/users/ada"); s != "" {
				t.method, t.path, _ = strings.Cut(s, " ")
			}
		},
		"status":  func(n *yaml.Node) { t.status = d.whole(n, "status", 100, 599) },
		"says":    func(n *yaml.Node) { t.says = d.fixed(n, "says") },
		"headers": words(&t.headers),
		"body":    func(n *yaml.Node) { t.body = d.fixed(n, "body") },
		"form": func(n *yaml.Node) {
			if m, ok := d.fixed(n, "form").(map[string]any); ok {
				t.form = m
			}
		},
		"xml": func(n *yaml.Node) { t.xml = d.text(n, "xml") },
		"has": words(&t.has),
	}, "to")
	return t
}

func (d *decoder) expectationOf(n *yaml.Node, e *expectation) {
	tree := func(to *map[string]any) func(*yaml.Node) {
		return func(n *yaml.Node) {
			if m, ok := d.fixed(n, "expect").(map[string]any); ok {
				*to = m
			}
		}
	}
	outcomes := []string{outcomeDone, string(integrations.Rejected), string(integrations.Throttled), string(integrations.Ambiguous), string(integrations.NotSent)}
	d.keys(n, "expect", map[string]func(*yaml.Node){
		"refused":   func(n *yaml.Node) { e.refused = d.text(n, "expect.refused") },
		"unchanged": func(n *yaml.Node) { e.unchanged = d.truth(n, "expect.unchanged") },
		"target":    func(n *yaml.Node) { e.target = d.text(n, "expect.target") },
		"effect":    func(n *yaml.Node) { e.effect = d.text(n, "expect.effect") },
		"outcome":   func(n *yaml.Node) { e.outcome = d.word(n, "expect.outcome", outcomes) },
		"hint":      func(n *yaml.Node) { e.hint = d.text(n, "expect.hint") },
		"verified":  func(n *yaml.Node) { v := d.truth(n, "expect.verified"); e.verified = &v },
		"says":      func(n *yaml.Node) { e.says = d.text(n, "expect.says") },
		"ref":       func(n *yaml.Node) { e.ref = d.text(n, "expect.ref") },
		"data":      tree(&e.data),
		"prior":     tree(&e.prior),
		"undo": func(n *yaml.Node) {
			if n.Kind == yaml.ScalarNode && n.Value == "none" {
				e.noUndo = true
				return
			}
			u := &expectedUndo{with: map[string]any{}}
			d.keys(n, "expect.undo", map[string]func(*yaml.Node){
				"action": func(n *yaml.Node) { u.action = d.text(n, "expect.undo.action") },
				"with":   tree(&u.with),
			}, "action")
			e.undo = u
		},
	})
}
