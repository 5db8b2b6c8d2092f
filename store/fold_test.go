package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

var bob = incident.Actor{ID: "u-3c4d", Name: "Bob Example"}

// view reads one picture.
func view(t testing.TB, s *Store, look func(*Tx) error) {
	t.Helper()
	if err := s.View(context.Background(), look); err != nil {
		t.Fatal(err)
	}
}

// try records an act by somebody and returns the error.
func try(t testing.TB, s *Store, by incident.Actor, k record.Kind, payload any) error {
	t.Helper()
	d, err := record.NewDraft(by, k, incident.Contain, "block", payload)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Update(context.Background(), func(*Tx) (record.Draft, error) { return d, nil })
	return err
}

func plan(id string, approvals int) record.Planned {
	return record.Planned{
		Action: id, Name: "linux.block", Target: "203.0.113.7", Danger: incident.High, Digest: "d-" + id, Key: "k-" + id,
		Plan: json.RawMessage(`{"b":1,"a":[2]}`), Approvals: approvals,
	}
}

func TestIncidentProjection(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	str, sev, when := func(v string) *string { return &v }, incident.SEV1, time.Date(2026, 11, 19, 1, 2, 3, 4, time.FixedZone("", 7200))
	add(t, s, record.IncidentChanged, record.Changed{Title: str("Worse"), Severity: &sev, Detected: &when, Impact: str("web down")})
	add(t, s, record.PhaseEntered, record.Entered{From: incident.Identify, To: incident.Contain})
	add(t, s, record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "alice"})
	add(t, s, record.RoleAssigned, record.Assigned{Role: incident.Scribe, Person: "bob"})
	add(t, s, record.RoleAssigned, record.Assigned{Role: incident.Scribe})
	add(t, s, record.RunStarted, record.Started{Run: "r1", Playbook: "generic", Source: "id: generic"})
	e := add(t, s, record.IncidentClosed, record.Reason{Reason: "done"})
	view(t, s, func(tx *Tx) error {
		i, err := tx.Incident()
		if err != nil {
			return err
		}
		want := incident.Incident{
			ID: testID, Title: "Worse", Severity: incident.SEV1, Status: incident.Closed, Phase: incident.Contain, TLP: incident.TLPAmber,
			Impact: "web down", Roles: map[incident.Role]string{incident.Commander: "alice"}, Playbook: "generic",
			Detected: when.UTC(), Opened: i.Opened, Closed: e.Time,
		}
		if !reflect.DeepEqual(i, want) {
			t.Errorf("incident\n%+v\nwant\n%+v", i, want)
		}
		return nil
	})
	add(t, s, record.IncidentReopened, record.Reason{Reason: "not done"})
	view(t, s, func(tx *Tx) error {
		i, err := tx.Incident()
		if i.Status != incident.Open || !i.Closed.IsZero() {
			t.Errorf("reopened: %+v", i)
		}
		return err
	})
}

func TestExhibitsMarksItemsAndIDs(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), create(t, testOptions(t))
	es, err := s.UpdateAll(ctx, func(tx *Tx) ([]record.Draft, error) {
		var ds []record.Draft
		for range 3 {
			id, err := tx.NextID("e")
			if err != nil {
				return nil, err
			}
			ds = append(ds, draft(t, record.EvidenceSealed, record.Exhibit{ID: id, Title: "x", Size: 1 << 40, Before: &record.Stat{Inode: 1<<64 - 1}}))
		}
		return ds, nil
	})
	if err != nil || len(es) != 3 || es[2].Seq != 4 || s.Head().Size != 4 {
		t.Fatalf("entries %v, head %v, %v", es, s.Head(), err)
	}
	if hs := headNotes(t, s.Dir()); len(hs) != 2 {
		t.Errorf("%d heads, want one for each update", len(hs))
	}
	add(t, s, record.TimelineIngested, record.Ingestion{Exhibit: "e2", Parser: "syslog", Events: 9, Seen: 10, Rejected: 1})
	add(t, s, record.EvidenceChecked, record.Check{Exhibit: "e2", OK: true})
	yes, no := true, false
	add(t, s, record.EventMarked, record.Mark{Event: "EV1", Star: &yes, Tags: []string{"pivot", "c2"}, Comment: "first", Message: "m"})
	add(t, s, record.EventMarked, record.Mark{Event: "EV1", Star: &no, Tags: []string{"-pivot", "c2", "a"}, Comment: "second"})
	add(t, s, record.ItemAdded, record.Item{ID: "i1", Text: "rotate keys"})
	view(t, s, func(tx *Tx) error {
		xs, err := tx.Exhibits()
		if err != nil || len(xs) != 3 || xs[1].ID != "e2" || xs[1].Parsed == nil || xs[1].Checked == nil || xs[0].Parsed != nil {
			t.Errorf("exhibits = %+v, %v", xs, err)
		}
		x, err := tx.Exhibit("e3")
		if err != nil || x.Seq != 4 || x.SealedBy != alice.Name || x.Before.Inode != 1<<64-1 || x.Size != 1<<40 {
			t.Errorf("e3 = %+v, %v", x, err)
		}
		m, err := tx.Mark("EV1")
		if err != nil || m.Star || !slices.Equal(m.Tags, []string{"a", "c2"}) || !slices.Equal(m.Comments, []string{"first", "second"}) || m.Message != "m" {
			t.Errorf("mark = %+v, %v", m, err)
		}
		items, err := tx.Items()
		if err != nil || len(items) != 1 || items[0].Text != "rotate keys" {
			t.Errorf("items = %+v, %v", items, err)
		}
		for prefix, want := range map[string]string{"e": "e4", "a": "a1", "i": "i2", "r": "r1"} {
			if got, err := tx.NextID(prefix); err != nil || got != want {
				t.Errorf("next %s = %s, %v", prefix, got, err)
			}
		}
		if _, err := tx.Exhibit("e9"); !errors.Is(err, incident.ErrNotFound) {
			t.Errorf("e9: %v", err)
		}
		if _, err := tx.NextID("x'; DROP TABLE entries"); err == nil {
			t.Error("an unknown prefix has a next id")
		}
		some, err := tx.EntriesOf(record.EventMarked, record.ItemAdded)
		if err != nil || len(some) != 3 || some[0].Kind != record.EventMarked {
			t.Errorf("entries of kinds = %v, %v", some, err)
		}
		last, err := tx.Last(2)
		if err != nil || len(last) != 2 || last[1].Kind != record.ItemAdded || last[0].Seq != last[1].Seq-1 {
			t.Errorf("last = %v, %v", last, err)
		}
		page, err := tx.Entries(2, 2)
		if err != nil || len(page) != 2 || page[0].Seq != 3 {
			t.Errorf("page = %v, %v", page, err)
		}
		return nil
	})
}

func TestRefusedEntriesLeaveNothing(t *testing.T) {
	t.Parallel()
	ctx, s := context.Background(), create(t, testOptions(t))
	add(t, s, record.ActionPlanned, plan("a1", 1))
	before := s.Head()
	for name, c := range map[string]struct {
		kind    record.Kind
		payload any
	}{
		"opened twice":               {record.IncidentOpened, record.Opened{Title: "again", Severity: incident.SEV1}},
		"unknown kind":               {"coffee.made", struct{}{}},
		"exhibit id":                 {record.EvidenceSealed, record.Exhibit{ID: "exhibit-1"}},
		"exhibit id 0":               {record.EvidenceSealed, record.Exhibit{ID: "e0"}},
		"exhibit id 01":              {record.EvidenceSealed, record.Exhibit{ID: "e01"}},
		"ingestion of nothing":       {record.TimelineIngested, record.Ingestion{Exhibit: "e1"}},
		"check of nothing":           {record.EvidenceChecked, record.Check{Exhibit: "e1"}},
		"mark of nothing":            {record.EventMarked, record.Mark{}},
		"plan twice":                 {record.ActionPlanned, plan("a1", 1)},
		"revert of nothing":          {record.ActionPlanned, func() record.Planned { p := plan("a2", 0); p.Reverts = "a7"; return p }()},
		"approval of nothing":        {record.ActionApproved, record.Decision{Action: "a9", Digest: "d-a9"}},
		"approval of another plan":   {record.ActionApproved, record.Decision{Action: "a1", Digest: "d-a2"}},
		"sending without approval":   {record.ActionSending, record.Attempt{Action: "a1", Attempt: 1}},
		"sent without sending":       {record.ActionSent, record.Outcome{Action: "a1"}},
		"unknown without sending":    {record.ActionUnknown, record.Outcome{Action: "a1"}},
		"verified without sending":   {record.ActionVerified, record.Outcome{Action: "a1"}},
		"field of another type":      {record.ActionApproved, map[string]any{"action": 1}},
		"name of the actor as field": {record.Noted, map[string]any{"actor_name": "x"}},
	} {
		if err := try(t, s, alice, c.kind, c.payload); err == nil {
			t.Errorf("%s: recorded", name)
		}
	}
	_, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) { // the good half must not stay
		return []record.Draft{draft(t, record.Noted, record.Note{Text: "x"}), draft(t, "coffee.made", struct{}{})}, nil
	})
	if !errors.Is(err, ErrRefused) {
		t.Errorf("half good: %v, want ErrRefused", err)
	}
	mine := errors.New("mine")
	if _, err := s.Update(ctx, func(*Tx) (record.Draft, error) { return record.Draft{}, mine }); err != mine { //nolint:errorlint // it must come back as it is
		t.Errorf("error of decide = %v", err)
	}
	if es, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) { return nil, nil }); err != nil || es != nil {
		t.Errorf("no drafts: %v, %v", es, err)
	}
	if after := s.Head(); after.Seal() != before.Seal() || len(headNotes(t, s.Dir())) != 2 {
		t.Errorf("something was recorded: %s", after.Seal())
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	state := func(id string) Action {
		var a Action
		view(t, s, func(tx *Tx) (err error) { a, err = tx.Action(id); return err })
		return a
	}
	must := func(by incident.Actor, k record.Kind, payload any, want string) {
		t.Helper()
		if err := try(t, s, by, k, payload); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if a := state("a1"); a.State != want {
			t.Fatalf("after %s: %s, want %s", k, a.State, want)
		}
	}
	mustNot := func(by incident.Actor, k record.Kind, payload any, why string) {
		t.Helper()
		if err := try(t, s, by, k, payload); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), why) {
			t.Fatalf("%s: %v, want a refusal for %q", k, err, why)
		}
	}
	yes := record.Decision{Action: "a1", Digest: "d-a1", Strength: "local"}
	send := func(n int) record.Attempt { return record.Attempt{Action: "a1", Attempt: n, Owner: "me"} }
	out := record.Outcome{Action: "a1", Attempt: 1, Ref: "r-1"}

	must(alice, record.ActionPlanned, plan("a1", 2), StatePlanned)
	must(alice, record.ActionApproved, yes, StatePlanned)
	must(alice, record.ActionApproved, yes, StatePlanned) // the same person twice is one
	mustNot(alice, record.ActionSending, send(1), "not been approved")
	must(bob, record.ActionApproved, yes, StateApproved)
	must(bob, record.ActionSending, send(1), StateSending)
	mustNot(alice, record.ActionSending, send(2), "it is sending")
	mustNot(alice, record.ActionApproved, yes, "it is sending")
	must(alice, record.ActionUnknown, out, StateUnknown)
	mustNot(alice, record.ActionSending, send(2), "look first")
	must(alice, record.ActionFailed, record.Outcome{Action: "a1", Class: "not-sent"}, StateFailed)
	mustNot(alice, record.ActionSending, send(1), "attempt 1 was made before")
	must(alice, record.ActionSending, send(2), StateSending)
	must(alice, record.ActionSent, out, StateSent)
	must(alice, record.ActionVerified, out, StateVerified)
	mustNot(alice, record.ActionSending, send(3), "it is verified")
	mustNot(alice, record.ActionRejected, yes, "it is verified")

	a := state("a1")
	if a.Planner != alice.ID || a.PlannedBy != alice.Name || a.Attempts != 2 || a.Owner != "me" || a.Last.Ref != "r-1" || a.Planned.Approvals != 2 ||
		len(a.Approvals) != 2 || a.Approvals[0].Actor != alice || a.Step != "block" || a.Phase != incident.Contain || string(a.Plan) != `{"b":1,"a":[2]}` {
		t.Errorf("action = %+v", a)
	}

	undo := plan("a2", 0)
	undo.Reverts = "a1"
	must(alice, record.ActionPlanned, undo, StateVerified)
	if got := state("a2").State; got != StateApproved {
		t.Errorf("a plan that needs no approval is %s", got)
	}
	must(alice, record.ActionSending, record.Attempt{Action: "a2", Attempt: 1}, StateVerified)
	if state("a1").RevertedBy != "" {
		t.Error("reverted before the revert was sent")
	}
	must(alice, record.ActionSent, record.Outcome{Action: "a2"}, StateVerified)
	if got := state("a1").RevertedBy; got != "a2" {
		t.Errorf("reverted by %q", got)
	}

	must(alice, record.ActionPlanned, plan("a3", 1), StateVerified)
	must(alice, record.ActionApproved, record.Decision{Action: "a3", Digest: "d-a3", Expires: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, StateVerified)
	if got := state("a3").State; got != StatePlanned {
		t.Errorf("an expired approval made it %s", got)
	}
	soon := s.opts.Now().Add(2 * time.Second)
	must(alice, record.ActionApproved, record.Decision{Action: "a3", Digest: "d-a3", Expires: soon}, StateVerified)
	s.opts.Now() // a second passes at each reading
	s.opts.Now()
	mustNot(alice, record.ActionSending, record.Attempt{Action: "a3", Attempt: 1}, "expired")
	must(bob, record.ActionRejected, record.Decision{Action: "a3", Digest: "d-a3"}, StateVerified)
	if got := state("a3").State; got != StateRejected {
		t.Errorf("rejected one is %s", got)
	}
	if r, err := s.Verify(context.Background(), VerifyOptions{}); err != nil || !r.OK() {
		t.Errorf("verify: %v, %v", r.Problems, err)
	}
}

// Any sequence of entries, refused ones among them, leaves a projection that
// the record replays to exactly, and no action is ever sending twice at once.
func TestRandomEntriesReplay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		s := create(t, testOptions(t))
		r := rand.New(rand.NewPCG(seed, 1))
		recorded := 0
		for range 80 {
			kind, payload := randomAct(r)
			err := try(t, s, []incident.Actor{alice, bob}[r.IntN(2)], kind, payload)
			switch {
			case err == nil:
				recorded++
			case !errors.Is(err, ErrRefused):
				t.Fatalf("%s %+v: %v", kind, payload, err)
			}
		}
		rep, err := s.Verify(context.Background(), VerifyOptions{})
		if err != nil || !rep.OK() || rep.Entries != int64(recorded+1) {
			t.Fatalf("seed %d: %d entries, %v, %v", seed, rep.Entries, rep.Problems, err)
		}
		open := map[string]bool{}
		view(t, s, func(tx *Tx) error {
			es, err := tx.EntriesOf(record.ActionSending, record.ActionSent, record.ActionFailed, record.ActionUnknown, record.ActionVerified, record.ActionQueued)
			for _, e := range es {
				var o record.Outcome
				if err := e.Decode(&o); err != nil {
					return err
				}
				if e.Kind == record.ActionSending && open[o.Action] {
					t.Errorf("seed %d: %s sent again at entry %d", seed, o.Action, e.Seq)
				}
				open[o.Action] = e.Kind == record.ActionSending || e.Kind == record.ActionUnknown
			}
			return err
		})
	}
}

func randomAct(r *rand.Rand) (record.Kind, any) {
	n := func(prefix string) string { return fmt.Sprint(prefix, 1+r.IntN(3)) }
	a, yes := n("a"), r.IntN(2) == 0
	switch r.IntN(19) {
	case 0:
		return record.ActionPlanned, plan(a, r.IntN(3))
	case 1, 2:
		return record.ActionApproved, record.Decision{Action: a, Digest: "d-" + a}
	case 3, 4, 5:
		return record.ActionSending, record.Attempt{Action: a, Attempt: 1 + r.IntN(6)}
	case 16, 17:
		at := time.Date(2026, 11, 20, 3, 0, r.IntN(120), 0, time.UTC)
		return record.ActionQueued, record.Queued{Action: a, Attempt: r.IntN(4), NotBefore: at, Until: at.Add(time.Minute), Since: at}
	case 18:
		return record.ActionDropped, record.Decision{Action: a, Digest: "d-" + a, Reason: "enough"}
	case 6:
		return record.ActionSent, record.Outcome{Action: a, Receipt: json.RawMessage(`{"z":1e2}`)}
	case 7:
		return record.ActionVerified, record.Outcome{Action: a}
	case 8:
		return record.ActionFailed, record.Outcome{Action: a, Error: "<no>"}
	case 9:
		return record.ActionUnknown, record.Outcome{Action: a}
	case 10:
		return record.EvidenceSealed, record.Exhibit{ID: n("e"), Title: "\x1b[31m", Deviations: []string{"\u202e"}}
	case 11:
		return record.TimelineIngested, record.Ingestion{Exhibit: n("e"), Seen: r.Int64()}
	case 12:
		return record.EventMarked, record.Mark{Event: n("E"), Star: &yes, Tags: []string{n("t"), "-" + n("t")}, Comment: n("c")}
	case 13:
		return record.RoleAssigned, record.Assigned{Role: incident.Role(n("role")), Person: []string{"", "x"}[r.IntN(2)]}
	case 14:
		return record.RunStarted, record.Started{Run: n("r"), Playbook: n("p"), Vars: map[string]any{"x": 1.5}}
	default:
		return record.ItemAdded, record.Item{ID: n("i")}
	}
}

// The views for the sqlite3 shell show what the projection holds.
func TestViewsForPeople(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	add(t, s, record.EvidenceSealed, record.Exhibit{ID: "e1", Title: "auth.log"})
	add(t, s, record.ActionPlanned, plan("a1", 1))
	add(t, s, record.ItemAdded, record.Item{ID: "i1", Text: "rotate"})
	for query, want := range map[string]string{
		"SELECT title || ' ' || severity || ' ' || status FROM incident": "Odd login on web-1 sev2 open",
		"SELECT id || ' ' || seq || ' ' || title FROM exhibits":          "e1 2 auth.log",
		"SELECT id || ' ' || state || ' ' || danger FROM actions":        "a1 planned high",
		"SELECT id || ' ' || text FROM items":                            "i1 rotate",
	} {
		var got string
		if err := s.r.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", query, got, err, want)
		}
	}
}
