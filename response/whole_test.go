package response

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
)

// meeting is an action that comes to its end only when so many are under way at
// the same time.
type meeting struct {
	renamed
	mu   sync.Mutex
	in   int
	most int
	want int
	all  chan struct{}
	fail func(integrations.Call) error
	sent []string
}

func (m *meeting) Plan(_ context.Context, c integrations.Call, p integrations.Prior) (integrations.Plan, error) {
	return integrations.Plan{Call: c, Prior: p, Target: fmt.Sprint(c.Params["title"])}, nil
}

func (m *meeting) Verify(context.Context, integrations.Call, integrations.Receipt) (integrations.Verification, error) {
	return integrations.Verification{OK: true, Says: "met"}, nil
}

func (m *meeting) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	m.mu.Lock()
	m.in++
	m.most = max(m.most, m.in)
	m.sent = append(m.sent, c.Step)
	if m.in == m.want {
		close(m.all)
	}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.in--
		m.mu.Unlock()
	}()
	select {
	case <-m.all:
	case <-ctx.Done():
		return integrations.Receipt{}, &integrations.Error{Outcome: integrations.Ambiguous, Err: context.Cause(ctx)}
	}
	if m.fail != nil {
		if err := m.fail(c); err != nil {
			return integrations.Receipt{}, err
		}
	}
	return integrations.Receipt{Ref: c.Key, Data: map[string]any{"number": 1}}, nil
}

// meet has the actions of the incident met by a meeting of so many.
func (b *bench) meet(want int) *meeting {
	b.Helper()
	m := &meeting{renamed: renamed{&late{}, "github.issue.create"}, want: want, all: make(chan struct{})}
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	f.registry, err = integrations.NewRegistry([]integrations.System{{Kind: "late", Actions: func(integrations.Connection) ([]integrations.Action, error) {
		return []integrations.Action{m}, nil
	}}}, []integrations.Connection{{Name: "github", Kind: "late"}})
	b.must(err)
	return m
}

const manyHosts = `playbook: v1
id: many
name: Many hosts
version: 1.0.0
vars:
  hosts: {type: list, default: [web-1, web-2, web-3, web-4]}
phases:
  contain:
    - id: all
      for_each: hosts
      as: host
      do:
        - {id: issue, action: github.issue.create, with: {repo: acme/site, title: "{{ host }}"}, irreversible: it stays}
        - {id: tell, title: "Tell the owner of {{ host }}", manual: "Tell the owner of {{ host }}."}
    - id: beside
      parallel:
        - {id: one, action: github.issue.create, with: {repo: acme/site, title: one}, irreversible: it stays}
        - {id: two, action: github.issue.create, with: {repo: acme/site, title: two}, irreversible: it stays}
`

// TestItemsAreDoneSideBySide: all four are under way at the same time, and the
// failure of one does not stop the others.
func TestItemsAreDoneSideBySide(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(manyHosts)
	m := b.meet(4)
	m.fail = func(c integrations.Call) error {
		if c.Params["title"] == "web-2" {
			return &integrations.Error{Outcome: integrations.Rejected, Err: errors.New("no")}
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var told []string
	w, err := b.s.Advance(ctx, b.id, func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, p.Step)
	})
	b.must(err)
	if m.most != 4 || len(m.sent) != 4 {
		t.Errorf("%d at once, sent %v", m.most, m.sent)
	}
	if got := strings.Join(w.Steps, " "); got != "tell.1 tell.3 tell.4 issue.2" {
		t.Errorf("waits for %s: %+v", got, w)
	}
	for _, host := range []string{"1", "3", "4"} {
		b.must(b.s.DoneStep(ctx, b.id, "tell."+host, nil, ""))
	}
	b.must(b.s.SkipStep(ctx, b.id, "all", "web-2 is gone"))
	m.want, m.all = 2, make(chan struct{})
	w, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if !w.Done || m.most != 4 || len(m.sent) != 6 {
		t.Errorf("%+v, sent %v", w, m.sent)
	}
	b.verified()
}

// TestStoppingStopsAll: a person stops it; what was under way is unknown, what
// had not begun is as it was, and nothing is sent twice.
func TestStoppingStopsAll(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(manyHosts)
	m := b.meet(5) // they never meet
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			m.mu.Lock()
			n := m.in
			m.mu.Unlock()
			if n == 4 {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err := b.s.Advance(ctx, b.id, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	m.mu.Lock()
	m.want = 0
	m.mu.Unlock()
	close(m.all)
	w, err := b.s.Advance(t.Context(), b.id, nil)
	b.must(err)
	if len(w.Unknown) != 4 || len(m.sent) != 4 {
		t.Errorf("%+v, sent %v", w, m.sent)
	}
	b.verified()
}

const rotateTwo = `playbook: v1
id: rotate-two
name: Rotate
version: 1.4.0
vars:
  repo: {type: string, prompt: "Repo?", required: true}
  rotated: {type: bool, default: false}
phases:
  contain:
    - {id: issue, action: github.issue.create, with: {repo: "{{ repo }}", title: rotate}, irreversible: it stays}
    - {id: sure, manual: "Is it rotated in {{ repo }}?", ask: {rotated: "Is it?"}}
`

const callsTwo = `playbook: v1
id: calls-two
name: Calls
version: 1.0.0
vars:
  repo: {type: string, default: acme/site}
  ok: {type: bool}
phases:
  contain:
    - {id: rotate, playbook: rotate-two@1, with: {repo: "{{ repo }}"}, set: {ok: result.rotated}}
    - {id: other, if: ok, manual: "Only then."}
`

// TestCallIsPinned: the called playbook is the one that was there when it began,
// whatever becomes of the file.
func TestCallIsPinned(t *testing.T) {
	b := newBench(t, config.Config{})
	dir := filepath.Join(b.home, "playbooks")
	b.must(os.MkdirAll(dir, 0o700))
	file := filepath.Join(dir, "rotate-two.yaml")
	b.must(os.WriteFile(file, []byte(rotateTwo), 0o600))
	b.drill(callsTwo)
	m := b.meet(1)
	ctx := t.Context()
	w, err := b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if strings.Join(w.Steps, " ") != "rotate/sure" || strings.Join(m.sent, " ") != "rotate/issue" {
		t.Fatalf("%+v, sent %v", w, m.sent)
	}
	b.must(os.WriteFile(file, []byte(strings.Replace(rotateTwo, "Is it rotated", "Changed", 1)), 0o600))
	later := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	board, err := later.Board(ctx, b.id)
	b.must(err)
	var ids []string
	for _, p := range board.Phases {
		for _, st := range p.Steps {
			ids = append(ids, fmt.Sprintf("%s:%d:%s", st.ID, st.Depth, st.State))
			if st.ID == "rotate/sure" && st.Text != "Is it rotated in acme/site?" {
				t.Errorf("text %q", st.Text)
			}
		}
	}
	if got := strings.Join(ids, " "); got != "rotate:0:running rotate/issue:1:done rotate/sure:1:ready other:0:locked" {
		t.Errorf("steps %s", got)
	}
	added, err := later.AddStep(ctx, b.id, record.AdHoc{ID: "rotate/call-them", Title: "Call them"})
	b.must(err)
	b.must(later.DoneStep(ctx, b.id, added, nil, ""))
	b.must(later.DoneStep(ctx, b.id, "rotate/sure", map[string]string{"rotated": "yes"}, ""))
	if b.state("rotate") != playbooks.Done || b.state("other") != playbooks.Ready {
		t.Errorf("rotate is %s, other %s", b.state("rotate"), b.state("other"))
	}
	b.must(later.ReopenStep(ctx, b.id, "rotate/sure", "it was not"))
	b.must(later.DoneStep(ctx, b.id, "rotate/sure", map[string]string{"rotated": "no"}, ""))
	if b.state("other") != playbooks.Skipped {
		t.Errorf("other is %s", b.state("other"))
	}
	if len(m.sent) != 1 {
		t.Errorf("sent %v", m.sent)
	}
	b.verified()
}

// TestFailedCallGoesOnWhereItWas: what is done in a called playbook is not done
// again because something else in it failed.
func TestFailedCallGoesOnWhereItWas(t *testing.T) {
	b := newBench(t, config.Config{})
	dir := filepath.Join(b.home, "playbooks")
	b.must(os.MkdirAll(dir, 0o700))
	book := rotateTwo[:strings.Index(rotateTwo, "    - {id: sure")] + "    - {id: read, ingest: [" + filepath.Join(dir, "log") + "]}\n"
	b.must(os.WriteFile(filepath.Join(dir, "rotate-two.yaml"), []byte(book), 0o600))
	b.drill(strings.Replace(callsTwo, ", set: {ok: result.rotated}", "", 1))
	m := b.meet(1)
	ctx := t.Context()
	w, err := b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if strings.Join(w.Steps, " ") != "rotate/read" || b.state("rotate") != playbooks.Failed {
		t.Fatalf("rotate is %s, and it waits for %v", b.state("rotate"), w.Steps)
	}
	b.want(CodeRefused, b.s.ReopenStep(ctx, b.id, "rotate", "again"))
	b.must(os.WriteFile(filepath.Join(dir, "log"), []byte("Nov 20 03:12:01 web-1 sshd[1]: Accepted publickey for root from 203.0.113.66 port 1 ssh2\n"), 0o600))
	b.must(b.s.ReopenStep(ctx, b.id, "rotate/read", "the log is there now"))
	if _, err = b.s.Advance(ctx, b.id, nil); err != nil || b.state("rotate") != playbooks.Done {
		t.Errorf("rotate is %s: %v", b.state("rotate"), err)
	}
	if len(m.sent) != 1 {
		t.Errorf("sent %v", m.sent)
	}
	b.verified()
}

// TestCallOfWhatIsNotThere: the step fails and says what is missing.
func TestCallOfWhatIsNotThere(t *testing.T) {
	for name, text := range map[string]string{"no such playbook": "", "another version": strings.Replace(rotateTwo, "1.4.0", "2.0.0", 1), "it is broken": "playbook: v1\n"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, config.Config{})
			if text != "" {
				b.must(os.MkdirAll(filepath.Join(b.home, "playbooks"), 0o700))
				b.must(os.WriteFile(filepath.Join(b.home, "playbooks", "rotate-two.yaml"), []byte(text), 0o600))
			}
			b.drill(callsTwo)
			w, err := b.s.Advance(t.Context(), b.id, nil)
			b.must(err)
			if b.state("rotate") != playbooks.Failed || !strings.Contains(w.Reason, "rotate-two") {
				t.Errorf("%s: %+v", b.state("rotate"), w)
			}
		})
	}
}

const watches = `playbook: v1
id: watches
name: Watches
version: 1.0.0
vars:
  n: {type: int, default: 0}
phases:
  recover:
    - {id: tell, notify: [webhook], with: {message: "Still on it."}, repeat: {every: 1h, max: 3}}
    - id: loop
      if: n < 2
      then: [{id: count, manual: m, ask: {n: "How many?"}}]
      repeat: {every: 10m, max: 5}
`

// TestRepeating: a message goes out each time, and the run says when it is next.
func TestRepeating(t *testing.T) {
	b := newBench(t, config.Config{})
	w := b.drill(watches)
	ctx := t.Context()
	for n := 1; n <= 3; n++ {
		got, err := b.s.Advance(ctx, b.id, nil)
		b.must(err)
		if sent := b.effects(w); sent != n {
			t.Fatalf("%d messages after %d times", sent, n)
		}
		if n < 3 && (got.Until.IsZero() || got.Until.Sub(b.clock.Now()) > time.Hour) {
			t.Fatalf("%+v", got)
		}
		again, err := b.s.Advance(ctx, b.id, nil)
		b.must(err)
		if sent := b.effects(w); sent != n {
			t.Fatalf("%d messages before their time: %+v", sent, again)
		}
		b.clock.Advance(time.Hour)
	}
	b.must(b.s.DoneStep(ctx, b.id, "count.1", map[string]string{"n": "1"}, ""))
	got, err := b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if got.Until.IsZero() || len(got.Steps) != 0 {
		t.Errorf("%+v", got)
	}
	b.clock.Advance(10 * time.Minute)
	got, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if strings.Join(got.Steps, " ") != "count.2" {
		t.Errorf("%+v", got)
	}
	b.must(b.s.DoneStep(ctx, b.id, "count.2", map[string]string{"n": "2"}, ""))
	got, err = b.s.Advance(ctx, b.id, nil)
	b.must(err)
	if !got.Done {
		t.Errorf("%+v", got)
	}
	b.verified()
}

// TestNobodyApproves: after its time the step fails, is skipped, or the people
// on call are told, once.
func TestNobodyApproves(t *testing.T) {
	for how, want := range map[string]playbooks.State{"fail": playbooks.Failed, "skip": playbooks.Skipped, "page": playbooks.Ready} {
		t.Run(how, func(t *testing.T) {
			b := newBench(t, config.Config{})
			w := b.drill(strings.Replace(oneComment, "approve: {by: commander, count: 1}", "approve: {by: commander, count: 1, timeout: 10m, on_timeout: "+how+"}", 1))
			a := b.reach()
			ctx := t.Context()
			_, err := b.s.Advance(ctx, b.id, nil)
			b.must(err)
			if b.state("comment") != playbooks.Ready {
				t.Fatalf("too early: %s", b.state("comment"))
			}
			b.clock.Advance(11 * time.Minute)
			for range 3 {
				_, err = b.s.Advance(ctx, b.id, nil)
				b.must(err)
			}
			if got := b.state("comment"); got != want {
				t.Errorf("the step is %s, want %s", got, want)
			}
			if n := b.effects(w); how == "page" && n != 1 || how != "page" && n != 0 {
				t.Errorf("%d effects", n)
			}
			if how == "page" {
				b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
				_, err = b.s.Advance(ctx, b.id, nil)
				b.must(err)
				if b.state("comment") != playbooks.Done {
					t.Errorf("the step is %s", b.state("comment"))
				}
			} else {
				b.want(CodeRefused, b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
			}
			b.verified()
		})
	}
}

// TestMessageTemplates: of the workspace before the built-in ones.
func TestMessageTemplates(t *testing.T) {
	b := newBench(t, config.Config{})
	svc := b.s.s
	text, err := svc.messageTemplate("stakeholder-update")
	b.must(err)
	if !strings.Contains(text, "{{ incident.id }}") || strings.HasPrefix(text, "#") {
		t.Errorf("%q", text)
	}
	b.must(os.MkdirAll(filepath.Join(b.home, "templates"), 0o700))
	b.must(os.WriteFile(filepath.Join(b.home, "templates", "stakeholder-update.txt"), []byte("# head\n\nOurs: {{ what }}, {{ incident.id }}, {{ nobody }}\n"), 0o600))
	for _, name := range []string{"../x", "a/b", "", "nope"} {
		if _, err := svc.messageTemplate(name); err == nil {
			t.Errorf("%q was read", name)
		}
	}
	w := b.drill("playbook: v1\nid: t\nname: T\nversion: 1.0.0\nphases:\n  identify:\n    - {id: tell, notify: [webhook], template: stakeholder-update, with: {what: \"it {{ incident.severity }}\"}}\n")
	_, err = b.s.Advance(t.Context(), b.id, nil)
	b.must(err)
	if b.effects(w) != 1 {
		t.Fatalf("%d effects", b.effects(w))
	}
	a, err := b.s.Action(t.Context(), b.id, "a1")
	b.must(err)
	if body := strings.Join(a.Details.Requests, "\n"); !strings.Contains(body, "Ours: it sev3, "+string(b.id)+", \\u003cnobody\\u003e") {
		t.Errorf("%s", body)
	}
}
