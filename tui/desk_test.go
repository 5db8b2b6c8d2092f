package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/response"
	"firebreak/review/clocks"
	"firebreak/review/handover"
	"firebreak/timeline"
)

// scripted is a desk with a made-up incident; it notes what it was asked to
// do. Only the states that the screens react to are kept.
type scripted struct {
	mu      sync.Mutex
	board   response.Board
	events  int64 // how many events the timeline has
	did     []string
	fail    error         // what every act returns
	hold    chan struct{} // acts wait for it, when it is set
	pages   int           // how many pages were read
	spans   []response.HistogramRequest
	changed chan struct{}
	signs   bool                // approvals are signed
	key     response.SigningKey // with this; none when it is zero
	inbox   response.InboxState
	sheet   response.ClockSheet
	said    func() string // texts of events, exhibits and entries, when it is set
}

func at(minute int) time.Time { return testkit.Start().Add(time.Duration(minute) * time.Minute) }

const digest = "9f2c41d07be28a5591c4c07a3a2f6a1b5d0e9f2c41d07be28a5591c4c07a3ae1"

// newScripted has a run in its contain phase, with a plan that waits.
func newScripted() *scripted {
	steps := []response.StepView{
		{ID: "c1", Title: "Confirm scope", Verb: playbooks.VerbManual, Phase: incident.Contain, State: playbooks.Done, By: "m.okafor", At: at(2)},
		{ID: "c2", Title: "Snapshot FIN-FS01", Verb: playbooks.VerbCollect, Phase: incident.Contain, State: playbooks.Done, By: "auto", At: at(6)},
		{ID: "c3", Title: "Cut VPN", Verb: playbooks.VerbManual, Phase: incident.Contain, State: playbooks.Skipped, By: "m.okafor", At: at(8), Why: "no VPN user online"},
		{ID: "c4", Title: "Isolate FIN-FS01", Verb: playbooks.VerbAction, Phase: incident.Contain, State: playbooks.Running, At: at(13), Action: "edr.isolate", ActionID: "a1", Danger: incident.High, Text: "Stop the spread before it reaches FIN-DB02."},
		{ID: "c5", Title: "Disable svc-backup", Verb: playbooks.VerbManual, Phase: incident.Contain, State: playbooks.Ready, Text: "Disable the account in the directory and end its sessions.", Due: at(45), Assign: "responder", Ask: []playbooks.Question{
			{Name: "sessions", Text: "How many sessions were ended?", Type: playbooks.Int}, {Name: "personal_data", Text: "Was personal data reachable?", Type: playbooks.Bool},
		}},
		{ID: "c6", Title: "Tell legal", Verb: playbooks.VerbManual, Phase: incident.Contain, State: playbooks.Ready, Text: "Call the duty counsel."},
		{ID: "c7", Title: "Collect again", Verb: playbooks.VerbCollect, Phase: incident.Contain, State: playbooks.Failed, Why: "access denied"},
	}
	plan := response.ActionView{
		Planned: record.Planned{Action: "a1", Name: "edr.isolate", Connection: "edr", Title: "Isolate FIN-FS01", Target: "FIN-FS01", Danger: incident.High, Digest: digest, Undo: "edr.release, about 20 s", Reason: "stop spread", Approvals: 1, By: incident.Commander},
		Step:    "c4", State: response.Planned, PlannedAt: at(13), PlannedBy: "m.okafor",
		Details: response.PlanDetails{
			Identity: "firebreak@edr", Base: "https://edr.example", Effects: []string{"the host loses its network", "41 SMB sessions drop"},
			Requests: []string{"POST https://edr.example/hosts/8841/isolate\n{\"reason\":\"2026-0042 c4\"}"}, Proof: "the EDR reports state = isolated",
			Warnings: []string{"FIN-FS01 serves 12 departments"},
		},
	}
	b := response.Board{
		Incident: incident.Incident{ID: "2026-0042", Title: "Ransomware on FIN-FS01", Severity: incident.SEV1, Status: incident.Open, Phase: incident.Contain, TLP: incident.TLPAmber, Impact: "file shares of finance", Roles: map[incident.Role]string{incident.Commander: "m.okafor", incident.Comms: "j.lind"}, Playbook: "ransomware", Detected: at(-4), Opened: at(0)},
		Head:     record.Head{Size: 57}, Playbook: "Ransomware 3.0.0",
		Phases: []response.PhaseView{
			{Phase: incident.Identify, State: "done", Done: 1, Total: 1, Steps: []response.StepView{{ID: "i1", Title: "Verify the alert", Verb: playbooks.VerbManual, Phase: incident.Identify, State: playbooks.Done, By: "r.singh", At: at(1)}}},
			{Phase: incident.Contain, State: "current", Done: 3, Total: 7, Steps: steps},
			{Phase: incident.Eradicate, Total: 1, Steps: []response.StepView{{ID: "e1", Title: "Rebuild", Verb: playbooks.VerbManual, Phase: incident.Eradicate, State: playbooks.Locked, Why: "after contain"}}},
			{Phase: incident.Recover, Total: 1, Steps: []response.StepView{{ID: "r1", Title: "Restore shares", Verb: playbooks.VerbManual, Phase: incident.Recover, State: playbooks.Locked, Why: "after eradicate"}}},
			{Phase: incident.Learn, Total: 1, Steps: []response.StepView{{ID: "l1", Title: "Review", Verb: playbooks.VerbReview, Phase: incident.Learn, State: playbooks.Locked, Why: "after recover"}}},
		},
		Next: "c4", Approvals: 1, Failures: 1, Exhibits: 3, Events: 1000, Actions: []response.ActionView{plan},
	}
	for i := range int64(5) {
		b.Recent = append(b.Recent, activityAt(53+i))
	}
	return &scripted{board: b, events: 1000}
}

func activityAt(seq int64) response.Activity {
	a := response.Activity{Seq: seq, Time: at(0).Add(time.Duration(seq) * 14 * time.Second), Actor: "m.okafor", Kind: record.Noted, Text: fmt.Sprintf("note %d: CFO reports files renamed", seq)}
	if seq%5 == 0 {
		a.Bad, a.Text, a.Actor = true, "page to dba-oncall failed: 429 Too Many Requests", "pagerduty"
	}
	return a
}

func eventAt(n int64) response.MarkedEvent {
	e := response.MarkedEvent{Event: timeline.Event{
		ID: numbered(n), Time: at(0).Add(time.Duration(n) * 1234 * time.Millisecond), Precision: timeline.Millisecond, TimeKind: timeline.Logged,
		Source: "syslog", Parser: "syslog", Host: "FIN-FS01", Message: fmt.Sprintf("sshd[%d]: Failed password for root from 203.0.113.9 port %d", 1000+n, 40000+n%1000),
		Exhibit: "e3", Offset: n * 97, Attributes: timeline.AttributesOf(map[string]string{"pid": fmt.Sprint(1000 + n), "ip": "203.0.113.9"}),
	}}
	if n%7 == 3 {
		e.Star, e.Tags, e.Technique = true, []string{"pivot"}, "T1110"
	}
	return e
}

// act notes an act, waits where it is told to, and returns the scripted error.
func (s *scripted) act(ctx context.Context, format string, args ...any) error {
	s.mu.Lock()
	s.did = append(s.did, fmt.Sprintf(format, args...))
	hold, fail := s.hold, s.fail
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fail
}

func (s *scripted) done() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.did, "\n")
}

func (s *scripted) Actor() incident.Actor { return incident.Actor{ID: "p1", Name: "r.singh"} }

func (s *scripted) List(context.Context) ([]response.Listed, error) {
	old := s.board.Incident
	old.ID, old.Title, old.Severity, old.Status, old.Phase, old.Opened = "2026-0041", "Leaked token in build logs", incident.SEV3, incident.Closed, incident.Learn, at(-9000)
	exercise := s.board.Incident
	exercise.ID, exercise.Title, exercise.Drill, exercise.Opened, exercise.Severity, exercise.Phase = "2026-0040", "Drill: Leaked GitHub token", true, at(-9900), incident.SEV2, incident.Recover
	return []response.Listed{{Incident: s.board.Incident, Entries: 57}, {Incident: old}, {Incident: exercise}, {Incident: incident.Incident{ID: "2026-0039"}, Broken: "newer schema 9: this program knows 3"}}, nil
}

func (s *scripted) InboxState(context.Context) (response.InboxState, error) { return s.inbox, nil }

func (s *scripted) Open(ctx context.Context, n response.NewIncident) (incident.Incident, error) {
	return s.board.Incident, s.act(ctx, "open %s %s %s", n.Title, n.Severity, n.Playbook)
}

func (s *scripted) StartDrill(ctx context.Context, p string) (incident.Incident, error) {
	return s.board.Incident, s.act(ctx, "drill %s", p)
}

func (s *scripted) Board(context.Context, incident.ID) (response.Board, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board, nil
}

func (s *scripted) Watch(context.Context, incident.ID) (<-chan struct{}, error) {
	return s.changed, nil
}

func (s *scripted) Change(ctx context.Context, _ incident.ID, c record.Changed) error {
	return s.act(ctx, "change %v", c.Severity)
}

func (s *scripted) Assign(ctx context.Context, _ incident.ID, r incident.Role, who string) error {
	return s.act(ctx, "assign %s %s", r, who)
}

func (s *scripted) Note(ctx context.Context, _ incident.ID, step, text string, decision bool) error {
	return s.act(ctx, "note %q %q %v", step, text, decision)
}

func (s *scripted) CloseIncident(ctx context.Context, _ incident.ID, why string) error {
	return s.act(ctx, "close %s", why)
}

func (s *scripted) Reopen(ctx context.Context, _ incident.ID, why string) error {
	return s.act(ctx, "reopen %s", why)
}

func (s *scripted) AddItem(ctx context.Context, _ incident.ID, i record.Item) (string, error) {
	return "i1", s.act(ctx, "item %s", i.Text)
}

func (s *scripted) StartStep(ctx context.Context, _ incident.ID, step string) error {
	return s.act(ctx, "start %s", step)
}

func (s *scripted) DoneStep(ctx context.Context, _ incident.ID, step string, answers map[string]string, note string) error {
	return s.act(ctx, "done %s %v %q", step, answers, note)
}

func (s *scripted) SkipStep(ctx context.Context, _ incident.ID, step, why string) error {
	return s.act(ctx, "skip %s %q", step, why)
}

func (s *scripted) ReopenStep(ctx context.Context, _ incident.ID, step, why string) error {
	return s.act(ctx, "again %s %q", step, why)
}

func (s *scripted) AddStep(ctx context.Context, _ incident.ID, a record.AdHoc) (string, error) {
	return "x1", s.act(ctx, "add %s", a.Title)
}

func (s *scripted) RunStep(ctx context.Context, _ incident.ID, step string, told response.ProgressFunc) error {
	told(response.Progress{What: "processes", Done: 12, Total: 40})
	return s.act(ctx, "run %s", step)
}

func (s *scripted) PlanStep(ctx context.Context, _ incident.ID, step string) (response.ActionView, error) {
	if err := s.act(ctx, "plan %s", step); err != nil {
		return response.ActionView{}, err
	}
	for _, v := range s.board.Actions {
		if v.Step == step {
			return v, nil
		}
	}
	return response.ActionView{}, incident.ErrNotFound
}

func (s *scripted) SetVariables(ctx context.Context, _ incident.ID, values map[string]string) error {
	return s.act(ctx, "set %v", values)
}

func (s *scripted) FinishWait(ctx context.Context, _ incident.ID, step, _ string) error {
	return s.act(ctx, "finish %s", step)
}

func (s *scripted) Pulse(ctx context.Context, _ incident.ID, _ response.ProgressFunc) error {
	return s.act(ctx, "pulse")
}

func (s *scripted) AnswerInject(ctx context.Context, _ incident.ID, inject, choice, note string) (bool, error) {
	return false, s.act(ctx, "answer %s %s%s", inject, choice, note)
}

func (s *scripted) Audiences() []response.Audience {
	return []response.Audience{{Name: "responders"}, {Name: "executives", Every: time.Hour}, {Name: "customers"}}
}

func (s *scripted) DraftUpdate(_ context.Context, id incident.ID, r response.UpdateRequest) (response.UpdateDraft, error) {
	d := response.UpdateDraft{
		Incident: id, ID: "u3", Audience: r.Audience, Profile: record.ExecutiveProfile, TLP: "amber", Subject: "[LIVE SEV1 2026-0042] Ransomware · update 3",
		Text: strings.TrimSpace(r.Say + "\n\nSince the last update:\n- Phase: contain, was identify"), Late: 12, Masked: []string{"h-3Z6626TW"},
		To: []response.UpdateTo{{Connection: "chat", Action: "slack.message.post", Target: "#leaders", Effects: []string{"all in the channel read it"}, Requests: []string{"POST https://slack.example/api"}}},
	}
	if strings.Contains(r.Say, "red") {
		d.To[0].Refused, d.To[0].Hint = "TLP:RED goes nowhere by itself", "tell them another way"
	}
	return d, s.fail
}

func (s *scripted) SendUpdate(ctx context.Context, d response.UpdateDraft, _ response.ProgressFunc) (response.UpdateSent, error) {
	return response.UpdateSent{}, s.act(ctx, "update %s to %s: %s", d.ID, d.Audience, strings.SplitN(d.Text, "\n", 2)[0])
}

func (s *scripted) Handover(context.Context, incident.ID) (response.Handover, error) {
	row := func(ref, text string, alarm bool) handover.Row {
		return handover.Row{Ref: ref, Text: text, Alarm: alarm}
	}
	var many []handover.Row
	for i := range 40 {
		many = append(many, row(fmt.Sprintf("c%d", i), "Look at a host\x1b[2J: ready, nobody", false))
	}
	return response.Handover{
		Made: at(0), Incident: s.board.Incident, Through: 214,
		Sections: []handover.Section{
			{ID: "first", Title: "Look at first", Rows: []handover.Row{row("a2", "Disable a token on acme: UNKNOWN", true)}},
			{ID: "steps", Title: "Open steps, and who holds them", Rows: many},
		},
	}, s.fail
}

func (s *scripted) HandShift(ctx context.Context, _ incident.ID, h response.Handing) error {
	return s.act(ctx, "handed to %s as %s after %d: %s", h.To, h.Role, h.Through, h.Say)
}

func (s *scripted) Advance(ctx context.Context, _ incident.ID, _ response.ProgressFunc) (response.Waiting, error) {
	return response.Waiting{Steps: []string{"c5"}}, s.act(ctx, "advance")
}

func (s *scripted) DrillAnswers(context.Context, incident.ID, string) (map[string]string, error) {
	return map[string]string{"sessions": "3", "personal_data": "no"}, nil
}

func (s *scripted) Action(_ context.Context, _ incident.ID, id string) (response.ActionView, error) {
	for _, v := range s.board.Actions {
		if v.Action == id {
			return v, nil
		}
	}
	return response.ActionView{}, incident.ErrNotFound
}

func (s *scripted) Approve(ctx context.Context, _ incident.ID, action, digest, confirm, _ string) error {
	if err := s.act(ctx, "approve %s %s %q", action, digest[:4], confirm); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.Actions = append([]response.ActionView(nil), s.board.Actions...)
	for i := range s.board.Actions {
		if s.board.Actions[i].Action == action {
			s.board.Actions[i].State = response.Approved
			s.board.Approvals = 0
		}
	}
	return nil
}

func (s *scripted) Reject(ctx context.Context, _ incident.ID, action, why string) error {
	return s.act(ctx, "reject %s %q", action, why)
}

func (s *scripted) Do(ctx context.Context, id incident.ID, action string) (response.ActionView, error) {
	v, err := s.Action(ctx, id, action)
	v.State = response.Verified
	return v, errors.Join(err, s.act(ctx, "do %s", action))
}

func (s *scripted) Outbox(ctx context.Context, _ incident.ID, _ bool) ([]response.OutboxRow, error) {
	var out []response.OutboxRow
	for _, v := range s.board.Actions {
		r := response.OutboxRow{Action: v.Action, Title: v.Title, Connection: v.Connection, State: v.State, Class: v.Class, Says: v.Says, Attempts: v.Attempts, NextTry: v.NextTry}
		switch v.State { //nolint:exhaustive // the others are not in it
		case response.Unknown:
			r.MayHaveHappened = true
		case response.Failed:
			r.NeedsHuman = true
		case response.Queued:
		default:
			continue
		}
		out = append(out, r)
	}
	return out, s.act(ctx, "outbox")
}

func (s *scripted) RunOutbox(ctx context.Context, _ incident.ID, once bool, _ response.ProgressFunc) (response.OutboxRun, error) {
	return response.OutboxRun{Delivered: []string{"a1"}}, s.act(ctx, "run outbox %v", once)
}

func (s *scripted) Retry(ctx context.Context, _ incident.ID, action string, again bool, reason string, _ response.ProgressFunc) (response.ActionView, error) {
	v := s.board.Actions[0]
	v.State = response.Verified
	return v, s.act(ctx, "retry %s %v %s", action, again, reason)
}

func (s *scripted) Drop(ctx context.Context, _ incident.ID, action, reason string) (response.ActionView, error) {
	v := s.board.Actions[0]
	v.State = response.Dropped
	return v, s.act(ctx, "drop %s %s", action, reason)
}

func (s *scripted) LookTelling(ctx context.Context, _ incident.ID, action string, _ response.ProgressFunc) (response.ActionView, error) {
	return response.ActionView{State: response.Verified}, s.act(ctx, "look %s", action)
}

func (s *scripted) Remind(ctx context.Context, _ incident.ID) error { return s.act(ctx, "remind") }

func (s *scripted) Extend(ctx context.Context, _ incident.ID, action string, by time.Duration, why string) (response.Containment, error) {
	return response.Containment{Action: action, Until: at(600)}, s.act(ctx, "extend %s %s %q", action, by, why)
}

func (s *scripted) Revert(ctx context.Context, _ incident.ID, action, why string) (response.ActionView, error) {
	v := s.board.Actions[0]
	v.Action, v.Title, v.Digest, v.Reverts = "a2", "Release FIN-FS01", "77"+digest[2:], action
	return v, s.act(ctx, "revert %s %q", action, why)
}

func (s *scripted) Collect(ctx context.Context, _ incident.ID, o response.CollectOptions, told response.ProgressFunc) (record.Collection, error) {
	told(response.Progress{What: "sockets", Done: 3, Total: 14})
	return record.Collection{Exhibits: 14}, s.act(ctx, "collect %s", o.Profile)
}

func (s *scripted) Ingest(ctx context.Context, _ incident.ID, files []string, _ response.IngestOptions, _ response.ProgressFunc) (response.Ingested, error) {
	return response.Ingested{Events: 5}, s.act(ctx, "ingest %v", files)
}

func (s *scripted) Evidence(context.Context, incident.ID) ([]response.ExhibitView, []record.Collection, error) {
	var xs []response.ExhibitView
	for i, title := range []string{"Processes", "Network sockets", "Authentication log"} {
		x := response.ExhibitView{Exhibit: record.Exhibit{
			ID: fmt.Sprintf("e%d", i+1), Kind: "linux.processes", Title: title, Source: "/var/log/auth.log", Host: "FIN-FS01", Collector: "processes", Method: "read of one descriptor", Tool: "firebreak 0.1.0",
			ToolSHA256: digest, Size: int64(i+1) * 123456, SHA256: digest, Started: at(3), Finished: at(4),
		}, SealedAt: at(4), SealedBy: "m.okafor", Authority: "ciso", Holder: "m.okafor", Custody: 2, Parsed: &record.Ingestion{Parser: "syslog", Events: 481, Seen: 484, Rejected: 3, Samples: []string{"\x1b[2Jbad line"}}}
		xs = append(xs, x)
	}
	if s.said != nil {
		xs[0].Title, xs[0].Source, xs[0].Host, xs[0].Method = s.said(), s.said(), s.said(), s.said()
	}
	xs[0].Custody, xs[0].Open, xs[0].Unsigned = 5, "t2", []string{"t1", "t2"}
	xs[1].Deviations = []string{"12 owners could not be read: not root"}
	xs[2].Checked = &record.Check{Exhibit: "e3", OK: true}
	return xs, []record.Collection{{Profile: "triage", Host: "FIN-FS01", Exhibits: 3, Bytes: 740736, Took: 3 * time.Second, Refused: []record.Refusal{{Collector: "shadow", Source: "/etc/shadow", Reason: "permission denied"}}}}, nil
}

func (s *scripted) CheckExhibit(ctx context.Context, _ incident.ID, x string) (record.Check, error) {
	return record.Check{Exhibit: x, OK: true}, s.act(ctx, "check %s", x)
}

func (s *scripted) OpenExhibit(context.Context, incident.ID, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("line one\n\x1b]0;owned\x07two\n")), nil
}

// Page pages through generated events; any filter keeps every third.
func (s *scripted) Page(ctx context.Context, _ incident.ID, r response.PageRequest) ([]response.MarkedEvent, error) {
	s.mu.Lock()
	s.pages++
	s.mu.Unlock()
	if _, err := timeline.ParseFilter(r.Filter, at(0)); err != nil {
		return nil, fmt.Errorf("read the filter: %w", err)
	}
	step := int64(1)
	if strings.HasSuffix(r.Filter, starred) {
		var out []response.MarkedEvent
		for i := s.events - 1; i >= 0 && len(out) < min(r.Limit, 2); i-- {
			if e := eventAt(i); e.Star {
				out = append([]response.MarkedEvent{e}, out...)
			}
		}
		return out, ctx.Err()
	}
	if r.Filter != "" && r.Filter != happened {
		step = 3
	}
	n := (s.events + step - 1) / step
	number := func(c *timeline.Cursor) int64 {
		if c.ID.IsZero() {
			return n
		}
		return int64(c.ID.Place()>>8) / step
	}
	from, to := int64(0), min(int64(r.Limit), n)
	switch {
	case r.After != nil:
		from = number(r.After) + 1
		to = min(from+int64(r.Limit), n)
	case r.Before != nil:
		to = number(r.Before)
		from = max(to-int64(r.Limit), 0)
	case r.End:
		from, to = max(n-int64(r.Limit), 0), n
	case !r.At.IsZero():
		from = min(max((int64((r.At.Sub(at(0))+1233*time.Millisecond)/(1234*time.Millisecond))+step-1)/step, 0), n)
		to = min(from+int64(r.Limit), n)
	}
	var out []response.MarkedEvent
	for i := from; i < to; i++ {
		e := eventAt(i * step)
		if s.said != nil {
			e.Message, e.Host, e.Source, e.Attributes = s.said(), s.said(), s.said(), timeline.Attributes{{Name: s.said(), Value: s.said()}}
		}
		out = append(out, e)
	}
	return out, ctx.Err()
}

func (s *scripted) Count(_ context.Context, _ incident.ID, f string) (int64, error) {
	if f != "" {
		return (s.events + 2) / 3, nil
	}
	return s.events, nil
}

// Histogram spreads the events over the first twenty minutes.
func (s *scripted) Histogram(_ context.Context, _ incident.ID, r response.HistogramRequest) (response.Histogram, error) {
	s.mu.Lock()
	s.spans = append(s.spans, r)
	s.mu.Unlock()
	h := response.Histogram{From: at(0), To: at(20)}
	if !r.From.IsZero() {
		h.From, h.To = r.From, r.To
	}
	for i := range r.Buckets {
		h.Buckets = append(h.Buckets, int64(i%17*i%13))
	}
	return h, nil
}

func (s *scripted) Event(_ context.Context, _ incident.ID, id string) (response.MarkedEvent, error) {
	eid, ok := timeline.ParseID(id)
	if !ok {
		return response.MarkedEvent{}, errors.New("no such event")
	}
	e := eventAt(int64(eid.Place() >> 8))
	e.Star = true
	return e, nil
}

func (s *scripted) Mark(ctx context.Context, _ incident.ID, id string, star *bool, tags []string, comment string) error {
	eid, ok := timeline.ParseID(id)
	if !ok {
		return errors.New("no such event")
	}
	return s.act(ctx, "mark #%d star=%v %v %q", eid.Place()>>8, star != nil && *star, tags, comment)
}

func (s *scripted) Activity(_ context.Context, _ incident.ID, before int64, n int) ([]response.Activity, error) {
	size := s.board.Head.Size
	if before == 0 || before > size+1 {
		if before == 0 {
			before = size + 1
		}
	}
	var out []response.Activity
	for i := max(before-int64(n), 1); i < before && i <= size; i++ {
		out = append(out, activityAt(i))
	}
	return out, nil
}

func (s *scripted) Review(ctx context.Context, _ incident.ID) (response.Written, error) {
	return response.Written{Markdown: "/data/2026-0042/exports/review.md", HTML: "/data/2026-0042/exports/review.html"}, s.act(ctx, "review")
}

func (s *scripted) SigningKey(context.Context) (response.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key.Key == "" {
		return s.key, response.ErrNoSigningKey
	}
	return s.key, nil
}

func (s *scripted) WillSign(response.ActionView) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signs
}

func (s *scripted) SignHead(ctx context.Context, _ incident.ID, reason string) (record.Signed, error) {
	return record.Signed{Size: 57, Signature: record.Signature{Principal: s.key.Principal, Strength: s.key.Strength}}, s.act(ctx, "sign %q", reason)
}

func (s *scripted) Verify(ctx context.Context, _ incident.ID, _ response.ProgressFunc) (record.Report, error) {
	return record.Report{Notes: []string{"no head from outside was given"}}, s.act(ctx, "verify")
}

// numbered is the id of event n of the scripted timeline.
func numbered(n int64) timeline.ID { return timeline.FileKey{'E'}.ID(n, 0) }

func (s *scripted) Clocks(context.Context, incident.ID) (response.ClockSheet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sheet, nil
}

func (s *scripted) StartClock(ctx context.Context, _ incident.ID, c record.ClockStart) error {
	return s.act(ctx, "clock start %s at %s for %v: %s", c.Event, c.At.Format(time.RFC3339), c.Clocks, c.Reason)
}

func (s *scripted) ChooseClock(ctx context.Context, _ incident.ID, clock string, applies bool, reason string) error {
	return s.act(ctx, "clock %s applies=%v: %s", clock, applies, reason)
}

func (s *scripted) MeetClock(ctx context.Context, _ incident.ID, m record.Submission) error {
	return s.act(ctx, "clock met %s at %s to %s how %s proof %s", m.Clock, m.At.Format(time.RFC3339), m.To, m.How, m.Proof)
}

func (s *scripted) DraftClock(ctx context.Context, _ incident.ID, clock string) (clocks.Draft, error) {
	return clocks.Draft{Clock: clock, Missing: []string{"likely consequences"}, Text: "DRAFT, not sent.\n\n1. likely consequences\n   [MISSING: likely consequences]\n"}, s.act(ctx, "clock draft %s", clock)
}
