package response

import (
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/drill"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// A follow-up is filed as an issue once, without names, in a closed incident too; what
// becomes of the issue is read back.
func TestFollowUpIsFiledAndReadBack(t *testing.T) {
	b := newBench(t, updatesConfig())
	w := b.incidentWithNames()
	ctx := t.Context()
	item, err := b.s.AddItem(ctx, b.id, record.Item{Text: "Have Grace Hopper's account on web-1.example.org need a second factor", Class: "prevent", Verify: "a login without one is refused", Due: b.clock.Now().Add(-50 * time.Hour)})
	b.must(err)
	b.must(b.s.CloseIncident(ctx, b.id, "over"))
	where := Tracking{Connection: "github", Repo: drill.Repo}
	a, err := b.s.PlanItem(ctx, b.id, item, where)
	b.must(err)
	sent := strings.Join(a.Details.Requests, "\n")
	for _, never := range []string{"Grace", "Hopper", "web-1"} {
		if strings.Contains(sent, never) {
			t.Errorf("the issue names %s:\n%s", never, sent)
		}
	}
	if !strings.Contains(sent, "a login without one is refused") {
		t.Error(sent)
	}
	if _, err := b.s.PlanItem(ctx, b.id, item, where); CodeOf(err) != CodeRefused {
		t.Errorf("a second issue: %v", err)
	}
	if a.Approvals > 0 {
		b.must(b.s.Approve(ctx, b.id, a.Action, a.Digest, "", ""))
	}
	_, err = b.s.Do(ctx, b.id, a.Action)
	b.must(err)
	// The program may end between sending and writing down where it is.
	if got, err := b.s.ReadItems(ctx, b.id, nil); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	all, not, err := b.s.Items(ctx, b.id)
	b.must(err)
	if len(not) != 0 || len(all) != 1 || all[0].Link == "" || all[0].Days != 2 || all[0].State != review.ItemOpen {
		t.Fatalf("%+v %v", all, not)
	}
	set := func(action string) {
		t.Helper()
		reg, err := b.s.s.systems(b.s.s.folders[b.id])
		b.must(err)
		var r integrations.Receipt
		b.must(b.s.s.folders[b.id].store.View(ctx, func(tx *store.Tx) (err error) {
			r, err = receiptOf(tx, a.Action)
			return err
		}))
		act, connection, err := reg.Lookup(action, "github")
		b.must(err)
		_, err = act.Do(ctx, integrations.Call{Action: action, Connection: connection, Key: integrations.Key(b.id, action, 1), Incident: b.id, Params: map[string]any{"repo": r.Data["repo"], "number": r.Data["number"]}}, integrations.Plan{})
		b.must(err)
	}
	for _, c := range []struct{ action, want string }{{"github.issue.close", review.ItemDone}, {"github.issue.reopen", review.ItemOpen}} {
		set(c.action)
		got, err := b.s.ReadItems(ctx, b.id, nil)
		b.must(err)
		if len(got) != 1 || got[0].State != c.want {
			t.Errorf("%s: %+v", c.action, got)
		}
		if got, err := b.s.ReadItems(ctx, b.id, nil); err != nil || len(got) != 0 {
			t.Errorf("read again: %+v, %v", got, err)
		}
	}
	if n := b.effects(w); n == 0 {
		t.Error("nothing was sent")
	}
}

// An issue that is not to be filed any more keeps none from being filed later.
func TestFollowUpIsFiledAfterItWasGivenUp(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	ctx := t.Context()
	item, err := b.s.AddItem(ctx, b.id, record.Item{Text: "Have every account need a second factor", Class: "prevent"})
	b.must(err)
	where := Tracking{Connection: "github", Repo: drill.Repo}
	for _, end := range []func(ActionView) error{
		func(a ActionView) error {
			_, err := b.s.Drop(ctx, b.id, a.Action, "the wrong list")
			return err
		},
		func(a ActionView) error { return b.s.Reject(ctx, b.id, a.Action, "not yet") },
	} {
		a, err := b.s.PlanItem(ctx, b.id, item, where)
		b.must(err)
		if _, err := b.s.PlanItem(ctx, b.id, item, where); CodeOf(err) != CodeRefused {
			t.Errorf("a second issue: %v", err)
		}
		b.must(end(a))
	}
	a, err := b.s.PlanItem(ctx, b.id, item, where)
	b.must(err)
	if a.Action != "a3" {
		t.Errorf("the third plan is %s", a.Action)
	}
}

func TestFollowUpMoves(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	ctx := t.Context()
	item, err := b.s.AddItem(ctx, b.id, record.Item{Text: "Watch the keys"})
	b.must(err)
	to := func(state, reason string) error {
		_, err := b.s.ChangeItem(ctx, b.id, record.ItemChange{ID: item, State: state, Reason: reason})
		return err
	}
	owner := "ben"
	for n, c := range []struct {
		change record.ItemChange
		want   Code
	}{
		{record.ItemChange{ID: "i9", State: review.ItemDone}, CodeNotFound},
		{record.ItemChange{ID: item, State: review.ItemVerified, Reason: "seen"}, CodeRefused}, // nobody has done it
		{record.ItemChange{ID: item, State: review.ItemDropped}, CodeUsage},                    // why?
		{record.ItemChange{ID: item}, CodeRefused},                                             // nothing changes
		{record.ItemChange{ID: item, Owner: &owner}, ""},
		{record.ItemChange{ID: item, Owner: &owner}, CodeRefused}, // that is how it is
	} {
		_, err := b.s.ChangeItem(ctx, b.id, c.change)
		if c.want == "" {
			b.must(err)
		} else if CodeOf(err) != c.want {
			t.Errorf("%d: %v", n, err)
		}
	}
	b.must(to(review.ItemDone, ""))
	if err := to(review.ItemVerified, ""); CodeOf(err) != CodeUsage {
		t.Errorf("verified without a word: %v", err)
	}
	b.must(to(review.ItemVerified, "a test key fired it"))
	b.must(to(review.ItemOpen, "it does not fire for robots"))
	all, _, err := b.s.Items(ctx, b.id)
	b.must(err)
	if all[0].State != review.ItemOpen || all[0].Owner != "ben" || len(all[0].History) != 4 {
		t.Errorf("%+v", all[0])
	}
}

// The next incident of the same kind says what was promised in the last one.
func TestPromisedLastTime(t *testing.T) {
	b := newBench(t, updatesConfig())
	b.incidentWithNames()
	ctx := t.Context()
	for _, text := range []string{"One", "Two"} {
		_, err := b.s.AddItem(ctx, b.id, record.Item{Text: text})
		b.must(err)
	}
	_, err := b.s.ChangeItem(ctx, b.id, record.ItemChange{ID: "i1", State: review.ItemDone})
	b.must(err)
	first := b.id
	b.incidentWithNames()
	got, err := b.s.Promised(ctx, b.id, 20)
	b.must(err)
	if len(got) != 2 || got[0].Incident != first || Undone(got) != "1 of 2 follow-ups that earlier incidents of this kind promised are not done" {
		t.Errorf("%+v %q", got, Undone(got))
	}
	if got, err := b.s.Promised(ctx, first, 0); err != nil || len(got) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	if all, _, err := b.s.Items(ctx); err != nil || len(all) != 0 {
		t.Errorf("drills promise nothing: %+v %v", all, err)
	}
	var none incident.ID = "2026-9999"
	if _, not, err := b.s.Items(ctx, none); err != nil || len(not) != 1 {
		t.Errorf("%v %v", not, err)
	}
}

// Who reads a repository is known by its connection, named or not.
func TestFollowUpIsMaskedForWhoReadsThere(t *testing.T) {
	c := updatesConfig()
	c.Connections["github"] = config.Connection{Kind: "github", Audience: "responders"}
	b := newBench(t, c)
	b.incidentWithNames()
	item, err := b.s.AddItem(t.Context(), b.id, record.Item{Text: "Ask Grace Hopper what she saw"})
	b.must(err)
	for _, connection := range []string{"", "github"} {
		a, err := b.s.PlanItem(t.Context(), b.id, item, Tracking{Connection: connection, Repo: drill.Repo})
		b.must(err)
		if sent := strings.Join(a.Details.Requests, "\n"); !strings.Contains(sent, "Grace Hopper") || a.Connection != "github" {
			t.Errorf("over %q:\n%s", connection, sent)
		}
		b.must(b.s.Reject(t.Context(), b.id, a.Action, "not there"))
	}
}
