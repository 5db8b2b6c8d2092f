package playbooks

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostileBook has every verb, and texts that would be markup elsewhere.
const hostileBook = `playbook: v1
id: h
name: "</title><script>alert(1)</script> %%{init: x}%% \"]; click"
version: 1.0.0
description: "<img src=x onerror=y> & more"
attack: [T1078.004]
vars: {l: {type: list, default: []}, s: {type: string, prompt: "<b>?", default: "'\"><i>"}, n: {type: int, default: 0}}
clocks: [{use: eu-gdpr-33-authority, when: n > 1}]
phases:
  identify:
    - {id: a, title: "\"]:::x --> end & <b>", manual: "</pre><script>1</script>", on_failure: f}
    - id: e
      for_each: l
      as: x
      do: [{id: w, manual: "{{ x }}", d3fend: [D3-NI]}]
    - id: s
      switch: s
      cases: {"\"<k>|": [{id: k, run: [sh, -c, "echo '<x>'"], impact: none}]}
      default: [{id: d, wait: 1h}]
    - {id: i, if: n < 3, then: [{id: t, action: a.b, approve: {by: commander, timeout: 5m, on_timeout: skip}, irreversible: "<u>"}], repeat: {every: 10s, max: 3}}
    - {id: p, parallel: [{id: c, collect: volatile}, {id: m, notify: [webhook], with: {message: "a\nb <c>"}}]}
    - {id: q, playbook: other@1, needs: []}
    - {id: g, http: {method: GET, url: "https://waf.example/<a>"}, repeat: {every: 1h, for: 2h, until: result.status == 200}}
  learn:
    - {id: r, review: blameless}
fallback: [{id: f, manual: Call.}]
`

// The page is well-formed, holds no element of the file's, and names each step.
func TestHTMLIsHarmless(t *testing.T) {
	p := parseBook(t, hostileBook)
	out, err := HTML(p)
	if err != nil {
		t.Fatal(err)
	}
	page := string(out)
	for _, bad := range []string{"<script", "<img", "<b>", "<i>", "<u>", "<k>", "<x>", "http-equiv=\"refresh", "src=\""} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, s := range p.Steps() {
		if !strings.Contains(page, `id="step-`+s.ID+`"`) || !strings.Contains(page, `href="#step-`+s.ID+`"`) {
			t.Errorf("step %s is not on the page and in its drawing", s.ID)
		}
	}
	for _, good := range []string{"72 hours", "https://attack.mitre.org/techniques/T1078/004/", "else it is skipped after 5m", "For each x of l", "every 1h for 2h"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(flowSVG(p))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the drawing is not well-formed: %v", err)
		}
	}
}

var (
	mermaidNode  = regexp.MustCompile(`^    (s\d+)(\[|\{|\[/|\(\[|\{\{|\[\[)"[^"<>` + "`" + `%\\]*"(\]|\}|/\]|\]\)|\}\}|\]\])$`)
	mermaidGroup = regexp.MustCompile(`^  (subgraph [a-z]+\["[^"<>]*"\]|end|(begin|over)\(\["[^"<>%]*"\]\))$`)
	mermaidEdge  = regexp.MustCompile(`^  ([a-z]+\d*) (-->|-\.->)(\|"[^"<>` + "`" + `%\\]*"\|)? ([a-z]+\d*)$`)
)

// Each line is a node, an edge or a group of Mermaid's language; edges join what
// there is, and every step can be reached.
func TestMermaidGrammar(t *testing.T) {
	p := parseBook(t, hostileBook)
	lines := strings.Split(strings.TrimSuffix(Mermaid(p), "\n"), "\n")
	if lines[0] != "flowchart TD" {
		t.Errorf("it begins with %q", lines[0])
	}
	there, to := map[string]bool{"begin": true, "over": true}, map[string]bool{}
	for _, l := range lines[1:] {
		switch n, e := mermaidNode.FindStringSubmatch(l), mermaidEdge.FindStringSubmatch(l); {
		case n != nil:
			there[n[1]] = true
		case e != nil:
			to[e[4]] = true
			for _, end := range []string{e[1], e[4]} {
				if strings.HasPrefix(end, "s") && !there[end] {
					t.Errorf("%q joins %s, which is not there", l, end)
				}
			}
		case !mermaidGroup.MatchString(l):
			t.Errorf("not of the language: %q", l)
		}
	}
	for id := range there {
		if !to[id] && id != "begin" {
			t.Errorf("nothing leads to %s", id)
		}
	}
	if len(there)-2 != len(p.Steps()) {
		t.Errorf("%d nodes for %d steps", len(there)-2, len(p.Steps()))
	}
}

func TestTree(t *testing.T) {
	p := parseBook(t, hostileBook)
	for _, width := range []int{40, 80, 120} {
		for _, plain := range []bool{false, true} {
			out := Tree(p, TreeStyle{Width: width, Plain: plain})
			for l := range strings.Lines(out) {
				if utf8.RuneCountInString(strings.TrimSuffix(l, "\n")) > width {
					t.Errorf("wider than %d: %q", width, l)
				}
				if plain && strings.ContainsFunc(l, func(r rune) bool { return r > 126 }) {
					t.Errorf("not plain: %q", l)
				}
			}
			for _, s := range p.Steps() {
				if !strings.Contains(out, " "+s.ID+"  ") {
					t.Errorf("at %d: step %s is missing:\n%s", width, s.ID, out)
				}
			}
		}
	}
	const want = "|- ? s  S (s)\n|  |- \"<k>|\n|  |  `- * k  K                                                              run\n|  `- else\n|     `- * d  D                                                             wait\n"
	if out := Tree(p, TreeStyle{Width: 80, Plain: true}); !strings.Contains(out, want) {
		t.Errorf("got:\n%s", out)
	}
}
