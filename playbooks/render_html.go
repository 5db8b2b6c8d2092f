package playbooks

import (
	"bytes"
	"fmt"
	"html/template"
)

// HTML renders a playbook as one page that needs nothing else: no script, no
// picture and no font from elsewhere. It reads in the dark and in the light, and
// prints. All of the file's text is escaped.
func HTML(p *Playbook) ([]byte, error) {
	r := runbookOf(p)
	var out bytes.Buffer
	err := runbookPage.Execute(&out, map[string]any{
		"Book": p, "Head": views(r.head), "Vars": r.vars, "Touches": views(r.touches), "Chapters": chapterViews(r.chapters), "Links": r.linkViews(),
		"Flow": template.HTML(flowSVG(p)), //nolint:gosec // drawn by us; its texts are escaped
	})
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", p.ID, err)
	}
	return out.Bytes(), nil
}

// The shapes that the template reads.
type factView struct {
	Label  string
	Values []string
	Code   bool
}

type stepView struct {
	Number, ID, Title, Block string
	Facts, Does, More        []factView
	Groups                   []groupView
}

type groupView struct {
	Title string
	Steps []stepView
}

type linkView struct{ ID, Address string }

func views(list []fact) []factView {
	out := make([]factView, len(list))
	for i, f := range list {
		out[i] = factView{f.label, f.values, f.code}
	}
	return out
}

func chapterViews(list []chapter) []groupView {
	out := make([]groupView, len(list))
	for i, c := range list {
		out[i] = groupView{c.title, stepViews(c.steps)}
	}
	return out
}

func stepViews(list []entryStep) []stepView {
	out := make([]stepView, len(list))
	for i, s := range list {
		out[i] = stepView{s.number, s.id, s.title, s.block, views(s.facts), views(s.does), views(s.more), nil}
		for _, g := range s.groups {
			out[i].Groups = append(out[i].Groups, groupView{g.title, stepViews(g.steps)})
		}
	}
	return out
}

func (r runbook) linkViews() []linkView {
	out := make([]linkView, len(r.links))
	for i, l := range r.links {
		out[i] = linkView{l.label, l.values[0]}
	}
	return out
}

// runbookPage is only ever read.
var runbookPage = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Book.Name}}</title>
<style>
:root{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--fill:#f3f5f8;--mark:#9a3412;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa4af;--line:#3a424c;--paper:#14171b;--fill:#1e232a;--mark:#f0a070}}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{margin:0 0 .5rem;line-height:1.2}
h2{margin:2.5rem 0 .75rem;padding-bottom:.25rem;border-bottom:2px solid var(--line)}
h3{margin:0;font-size:1.05rem;line-height:1.35}
p.lead{margin:.25rem 0 1.25rem;font-size:1.1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem;font-size:.95rem}
th,td{padding:.35rem .6rem;border:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:var(--fill);font-weight:600;overflow-wrap:normal}
table.head th{width:14rem}
div.wide{overflow-x:auto}div.wide td:first-child,div.wide td:nth-child(2){white-space:nowrap}div.wide td{min-width:3rem}
code,pre{font:.88em/1.5 ui-monospace,Menlo,Consolas,monospace}
code{padding:.05em .3em;border-radius:.25em;background:var(--fill);overflow-wrap:anywhere}
pre{margin:.6rem 0;padding:.7rem .9rem;border-radius:.4rem;background:var(--fill);white-space:pre-wrap;overflow-wrap:anywhere}
section.step{margin:.9rem 0;padding:.7rem .9rem;border:1px solid var(--line);border-left:4px solid var(--mark);border-radius:.4rem}
section.step section.step{border-left-color:var(--line)}
p.facts{margin:.15rem 0 .4rem;color:var(--soft);font-size:.9rem}
p.group{margin:.8rem 0 .2rem;font-weight:600}
ul{margin:.4rem 0;padding-left:1.2rem}
.flow{overflow-x:auto;padding:.5rem 0}
.flow svg{max-width:100%;min-width:30rem;height:auto;display:block;margin:auto}
.flow text{font:13px system-ui,sans-serif;fill:var(--ink)}
.flow .note{fill:var(--soft);font-size:11.5px}
.flow .box{fill:var(--fill);stroke:var(--soft)}
.flow .hand{fill:var(--paper);stroke:var(--soft)}
.flow .ask{fill:var(--paper);stroke:var(--mark)}
.flow .frame{fill:none;stroke:var(--line);stroke-dasharray:4 3}
.flow .way{fill:none;stroke:var(--soft)}
footer{margin-top:3rem;color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--fill:#f4f4f4;--mark:#666}body{max-width:none;padding:0;font-size:11pt}section.step,table,pre{break-inside:avoid}h2{break-after:avoid}a{color:inherit;text-decoration:none}}
@media (max-width:40rem){table.head th{width:auto}body{padding:1rem .75rem 3rem}}
</style>
</head>
<body>
<h1>{{.Book.Name}}</h1>
{{with .Book.Description}}<p class="lead">{{.}}</p>{{end}}
<table class="head">
{{range .Head}}<tr><th>{{.Label}}</th><td>{{template "values" .}}</td></tr>
{{end}}</table>
<h2>The way through</h2>
<div class="flow">{{.Flow}}</div>
{{if .Vars}}<h2>What it needs to know</h2>
<div class="wide"><table><tr><th>Name</th><th>Type</th><th>Question</th><th>Default</th></tr>
{{range .Vars}}<tr><td><code>{{index . 0}}</code></td><td>{{index . 1}}</td><td>{{index . 2}}</td><td>{{index . 3}}</td></tr>
{{end}}</table></div>{{end}}
{{if .Touches}}<h2>What it may touch</h2>
<ul>{{range .Touches}}<li>{{.Label}}: {{template "values" .}}</li>{{end}}</ul>{{end}}
{{range .Chapters}}<h2>{{.Title}}</h2>
{{range .Steps}}{{template "step" .}}{{end}}{{end}}
{{if .Links}}<h2>Techniques and countermeasures</h2>
<ul>{{range .Links}}<li><a href="{{.Address}}" rel="noreferrer">{{.ID}}</a></li>{{end}}</ul>{{end}}
<footer>{{.Book.ID}} {{.Book.Version}}, sha256 {{.Book.SHA256}}</footer>
</body>
</html>
{{define "values"}}{{$code := .Code}}{{range $i, $v := .Values}}{{if $i}}, {{end}}{{if $code}}<code>{{$v}}</code>{{else}}{{$v}}{{end}}{{end}}{{end}}
{{define "step"}}<section class="step" id="step-{{.ID}}">
<h3>{{.Number}}. {{.Title}}</h3>
<p class="facts">{{range $i, $f := .Facts}}{{if $i}} · {{end}}{{with $f.Label}}{{.}} {{end}}{{template "values" $f}}{{end}}</p>
{{if .Does}}<ul>{{range .Does}}<li>{{.Label}}: {{template "values" .}}</li>{{end}}</ul>{{end}}
{{with .Block}}<pre>{{.}}</pre>{{end}}
{{if .More}}<ul>{{range .More}}<li>{{.Label}}: {{template "values" .}}</li>{{end}}</ul>{{end}}
{{range .Groups}}<p class="group">{{.Title}}</p>
{{range .Steps}}{{template "step" .}}{{end}}{{end}}
</section>
{{end}}`))
