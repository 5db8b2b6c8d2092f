package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
	"firebreak/record"
)

// marker is in every text of the rich record, with a number.
const marker = "PLANTED"

// rich is a record with an entry of every kind, all fields filled.
func rich(t testing.TB, s *Store) {
	t.Helper()
	n := 0
	m := func() string { n++; return fmt.Sprintf("%s-%d-", marker, n) }
	p := func(s string) *string { return &s }
	sev, at, yes := incident.SEV1, time.Date(2026, 11, 20, 1, 2, 3, 0, time.UTC), true
	tlp := incident.TLPGreen
	sig := func() *record.Signature { return &record.Signature{Principal: m(), Key: "SHA256:x", Text: m()} }
	stat := record.Stat{Size: 5, Mode: m(), Modified: at}
	outcome := func(action string) record.Outcome {
		return record.Outcome{Action: action, Attempt: 1, Class: "not-sent", Error: m(), Ref: m(), Says: m(), Receipt: json.RawMessage(`{"a":"` + m() + `"}`), RetryAt: at}
	}
	action := func(id string, reverts string) record.Planned {
		a := plan(id, 1)
		a.Title, a.Target, a.Undo, a.Reason, a.Plan, a.Reverts, a.By = m(), m(), m(), m(), json.RawMessage(`{"target":"`+m()+`"}`), reverts, incident.Commander
		return a
	}
	yesTo := func(id string) record.Decision {
		return record.Decision{Action: id, Digest: "d-" + id, Reason: m(), Strength: record.Local, Expires: at.AddDate(9, 0, 0), Signature: sig()}
	}
	vars := func() map[string]any { return map[string]any{"who": m()} }
	exhibit := func(id string) record.Exhibit {
		return record.Exhibit{
			ID: id, Kind: "file", Title: m(), Source: m(), Host: m(), Collector: "c", Authority: m(), Method: m(), Tool: "t", ToolSHA256: "00",
			Size: 5, SHA256: m(), Blob: "blob-" + id, Started: at, Finished: at, ClockOffset: 1, Before: &stat, After: &stat, Deviations: []string{m()}, Format: "syslog",
			Argv: []string{m()}, Root: m(), Stored: m(), Machine: &record.Machine{System: m()},
		}
	}
	for _, e := range []struct {
		kind    record.Kind
		payload any
	}{
		{record.IncidentChanged, record.Changed{Title: p(m()), Severity: &sev, TLP: &tlp, Summary: p(m()), Impact: p(m()), Detected: &at, Reason: m()}},
		{record.PhaseEntered, record.Entered{From: incident.Identify, To: incident.Contain}},
		{record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: m()}},
		{record.Noted, record.Note{Text: m(), Decision: true}},
		{record.RunStarted, record.Started{Run: "r1", Playbook: "generic", Name: "G", Version: "1", SHA256: "00", Source: "id: generic", Vars: vars()}},
		{record.VariableSet, record.Variables{Run: "r1", Vars: vars()}},
		{record.StepStarted, record.StepBegin{Run: "r1", Attempt: 1, Until: at, Owner: "pid 1"}},
		{record.StepDone, record.StepEnd{Run: "r1", Result: vars(), Answers: vars(), Set: vars(), Branch: "then", Note: m()}},
		{record.StepFailed, record.StepFailure{Run: "r1", Error: m(), Attempt: 1, Final: true, RetryAt: at}},
		{record.StepSkipped, record.StepSkip{Run: "r1", Reason: m(), Guard: true}},
		{record.StepReopened, record.StepSkip{Run: "r1", Reason: m()}},
		{record.StepAdded, record.AdHoc{Run: "r1", ID: "adhoc-1", Title: m(), Text: m(), Phase: incident.Contain}},
		{record.CollectionFinished, record.Collection{Profile: "triage", Host: m(), Root: m(), Exhibits: 1, Refused: []record.Refusal{{Source: m()}}, Cut: m()}},
		{record.EvidenceSealed, exhibit("e1")},
		{record.EvidenceSealed, exhibit("e2")},
		{record.EvidenceChecked, record.Check{Exhibit: "e1", OK: true, Found: m()}},
		{record.TimelineIngested, record.Ingestion{Exhibit: "e1", Parser: "syslog", Zone: "UTC", Events: 1, Seen: 1, First: at, Last: at, Samples: []string{m()}}},
		{record.EventMarked, record.Mark{Event: "EV1", Star: &yes, Tags: []string{m()}, Comment: m(), Time: at, Message: m(), Exhibit: "e1"}},
		{record.ActionPlanned, action("a1", "")},
		{record.ActionApproved, yesTo("a1")},
		{record.ActionSending, record.Attempt{Action: "a1", Attempt: 1, Owner: "me"}},
		{record.ActionUnknown, outcome("a1")},
		{record.ActionSent, outcome("a1")},
		{record.ActionVerified, outcome("a1")},
		{record.ActionPlanned, action("a2", "a1")},
		{record.ActionRejected, yesTo("a2")},
		{record.ActionPlanned, action("a3", "")},
		{record.ActionFailed, outcome("a3")},
		{record.UpdateWritten, record.Update{ID: "u1", Audience: "executives", Profile: record.ExecutiveProfile, TLP: "amber", Text: m(), Through: 1, ByHand: m()}},
		{record.ItemAdded, record.Item{ID: "i1", Text: m(), Owner: m(), Due: at, Class: "prevent"}},
		{record.ReviewWritten, record.Written{Files: map[string]string{"review.md": "00"}, Size: 1, Root: "00"}},
		{record.ReviewText, record.PartText{Part: "summary", Version: 1, Text: m()}},
		{record.ReviewMoved, record.ReviewMove{From: record.ReviewDraft, To: record.ReviewInReview, Size: 1, Root: "00", Reason: m(), Statement: m(), Signature: sig()}},
		{record.ReviewReleased, record.Release{ID: "v1", Profile: record.PublicProfile, Size: 1, Root: "00", Made: at, To: m(), Reason: m(), Secret: m(), Beside: &record.Beside{Names: []record.KnownName{{Kind: "person", Value: m()}}}}},
		{record.MomentStated, record.Moment{Moment: "occurred", At: at, Reason: m()}},
		{record.ImpactStated, record.Impact{Measure: "people", Class: m(), Place: m(), Certainty: "confirmed", Basis: m(), Text: m()}},
		{record.SubjectNamed, record.Subject{Kind: "person", Value: m(), Role: "victim", As: m(), Note: m()}},
		{record.TechniqueSeen, record.Technique{Technique: "T1078", Text: m()}},
		{record.FactorNamed, record.Factor{ID: "f1", Category: "technical", Text: m()}},
		{record.ControlJudged, record.Control{ID: "c1", Refs: []string{"csf:PR.AA-03"}, Held: "failed", Text: m()}},
		{record.DecisionTaken, record.Decided{ID: "d1", Question: m(), Choice: m(), Known: m(), Alternatives: []string{m()}, Reason: m(), By: m()}},
		{record.ShiftHandedOn, record.HandedOn{To: m(), Text: m(), Through: 1}},
		{record.ItemChanged, record.ItemChange{ID: "i1", State: "done", Text: p(m()), Owner: p(m()), Verify: p(m()), Link: m(), Reason: m()}},
		{record.ClockStarted, record.ClockStart{Event: "aware", At: at, Reason: m(), Basis: json.RawMessage(`{"own":[{"name":"a.yaml","source":"` + m() + `"}]}`)}},
		{record.ClockChosen, record.ClockChoice{Clock: "eu-gdpr-33-authority", Applies: true, Reason: m(), Basis: json.RawMessage(`{"own":[{"name":"a.yaml","source":"` + m() + `"}]}`)}},
		{record.ClockMet, record.Submission{Clock: "eu-gdpr-33-authority", At: at, To: m(), How: m(), Proof: m(), Note: m()}},
		{record.HeadSigned, record.Signed{Size: 1, Root: "00", Reason: m(), Signature: record.Signature{Principal: "p"}}},
		{record.HeadStamped, record.Stamped{Size: 1, Root: "00", Authority: "tsa", Serial: "1", Time: at, Token: []byte("x")}},
		{record.CustodyTransferred, record.Transfer{ID: "t1", Exhibits: []string{"e1"}, From: "a", To: "b", Reason: m(), Place: m(), Statement: m(), FromSig: sig(), ToSig: sig()}},
		{record.CustodyAccepted, record.Acceptance{ID: "t1", By: "b", Reason: m(), Place: m(), Signature: sig()}},
		{record.EvidenceAccessed, record.Access{Exhibit: "e1", Purpose: m(), To: m()}},
		{record.HoldPlaced, record.Hold{Reason: m(), Authority: "court"}},
		{record.HoldLifted, record.Hold{Reason: m(), Authority: "court"}},
		{record.BundleMade, record.Copy{Name: "b", SHA256: "00", Recipients: []string{m()}}},
		{record.BackupMade, record.Copy{Name: "b", SHA256: "00", Recipients: []string{m()}}},
		{record.RecordRestored, record.Restored{From: "b", SHA256: "00", Size: 1, Root: "00", Reason: m()}},
		{record.DiskFull, map[string]any{"path": m(), "failed": m(), "ballast": 1}},
		{record.IncidentClosed, record.Reason{Reason: m()}},
		{record.IncidentReopened, record.Reason{Reason: m()}},
	} {
		if stamped, ok := e.payload.(record.Stamped); ok {
			view(t, s, func(tx *Tx) (err error) {
				stamped.Root, err = tx.Root(stamped.Size)
				return err
			})
			e.payload = stamped
		}
		add(t, s, e.kind, e.payload)
	}
}

// all are the fields that may be erased, with the exhibits.
func erasableFields(t testing.TB, s *Store) (fields []record.ErasedField, kinds map[record.Kind]bool) {
	t.Helper()
	kinds = map[record.Kind]bool{}
	view(t, s, func(tx *Tx) error {
		entries, err := tx.Fields(0, 0)
		for _, e := range entries {
			kinds[e.Kind] = true
			for _, f := range e.Fields {
				if record.Erasable(e.Kind, f.Name) {
					fields = append(fields, record.ErasedField{Seq: e.Seq, Name: f.Name, Digest: f.Digest})
				}
			}
		}
		return err
	})
	return fields, kinds
}

// ask asks for an erasure and has two people agree.
func agreeTo(t testing.TB, s *Store, fields []record.ErasedField, exhibits ...string) record.ErasureRequest {
	t.Helper()
	var req record.ErasureRequest
	_, err := s.UpdateAll(context.Background(), func(tx *Tx) ([]record.Draft, error) {
		id, err := tx.NextID("x")
		if err != nil {
			return nil, err
		}
		req = record.ErasureRequest{ID: id, Fields: fields, Exhibits: exhibits, Basis: "GDPR Art. 17(1)(a)", Reason: "asked for"}
		if req.Digest, err = req.Bind(testID); err != nil {
			return nil, err
		}
		yes := record.ErasureConsent{ID: req.ID, Digest: req.Digest, Strength: record.Local}
		second := draft(t, record.ErasureAgreed, yes)
		second.Actor = bob
		return []record.Draft{draft(t, record.ErasureAsked, req), draft(t, record.ErasureAgreed, yes), second}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func done(req record.ErasureRequest) record.Erasure {
	return record.Erasure{ID: req.ID, Fields: req.Fields, Exhibits: req.Exhibits, Basis: req.Basis, Approvers: []string{alice.Name, bob.Name}}
}

func erase(t testing.TB, s *Store, req record.ErasureRequest) error {
	t.Helper()
	_, err := s.Erase(context.Background(), func(*Tx) (record.Draft, []string, error) {
		return draft(t, record.ErasureDone, done(req)), []string{"exports/review.md", "../outside", "/etc/passwd"}, nil
	})
	return err
}

func nothingOutside(Leftover, func(string) bool) error { return nil }

func finish(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Finish(context.Background(), nothingOutside); err != nil {
		t.Fatal(err)
	}
}

func verified(t testing.TB, s *Store) record.Report {
	t.Helper()
	r, err := s.Verify(context.Background(), VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("verify: %s", p)
	}
	return r
}

// traces counts the planted markers in all files of the incident's folder, as
// they are and as disclosures hold them.
func traces(t testing.TB, dir, what string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, form := range encoded(what) {
			n += bytes.Count(b, []byte(form))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Each field alone, of every kind: the record replays and verifies without it.
func TestEachFieldErased(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	rich(t, s)
	fields, kinds := erasableFields(t, s)
	for _, k := range []record.Kind{record.HoldPlaced, record.ActionUnknown, record.CustodyTransferred, record.EvidenceSealed, record.DiskFull} {
		if !kinds[k] {
			t.Errorf("the rich record has no %s", k)
		}
	}
	if len(kinds) < 39 || len(fields) < 145 {
		t.Fatalf("%d kinds, %d fields: the record is not rich", len(kinds), len(fields))
	}
	var held, free []record.ErasedField
	for _, f := range fields {
		view(t, s, func(tx *Tx) error {
			es, err := tx.Entries(f.Seq-1, 1)
			if record.ErasedWithExhibit(es[0].Kind, f.Name) {
				held = append(held, f)
			} else {
				free = append(free, f)
			}
			return err
		})
	}
	erased := 0
	for some := range slices.Chunk(free, testkit.Rounds(t, 7, 1)) { // alone in the long form
		if err := erase(t, s, agreeTo(t, s, some)); err != nil {
			t.Fatalf("%v: %v", some, err)
		}
		if err := s.forget(); err != nil { // to write the database anew each time would take long
			t.Fatal(err)
		}
		if erased += len(some); erased%10 == 0 {
			if r := verified(t, s); r.Erased != erased {
				t.Fatalf("after %v: %d erased, want %d", some, r.Erased, erased)
			}
		}
	}
	for _, f := range held {
		if err := erase(t, s, agreeTo(t, s, []record.ErasedField{f})); !errors.Is(err, ErrRefused) {
			t.Errorf("%s of entry %d went without its exhibit: %v", f.Name, f.Seq, err)
		}
	}
	if r := verified(t, s); r.Erased != erased || len(r.Notes) == 0 {
		t.Errorf("%d erased, want %d", r.Erased, erased)
	}
	view(t, s, func(tx *Tx) error {
		i, err := tx.Incident()
		if err != nil || i.Title != record.ErasedMark || i.Roles[incident.Commander] != record.ErasedMark {
			t.Errorf("incident %+v, %v", i, err)
		}
		x, err := tx.Exhibit("e1")
		if err != nil || x.Title != record.ErasedMark || x.SHA256 == record.ErasedMark || !strings.HasPrefix(x.SealedBy, record.ErasedMark) {
			t.Errorf("exhibit %+v, %v", x, err)
		}
		a, err := tx.Action("a1")
		if err != nil || a.State != StateVerified || a.Target != record.ErasedMark || a.Digest != "d-a1" {
			t.Errorf("action %+v, %v", a, err)
		}
		return err
	})
}

// Everything at once: not one trace of any planted marker is left.
func TestAllFieldsErasedTogether(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	rich(t, s)
	add(t, s, record.Noted, record.Note{Text: "an UNRELATED note"})
	fields, _ := erasableFields(t, s)
	fields = slices.DeleteFunc(fields, func(f record.ErasedField) bool {
		count, err := int64(0), error(nil)
		view(t, s, func(tx *Tx) error { count, err = tx.Count(); return err })
		return f.Seq == count // the unrelated note
	})
	if traces(t, s.Dir(), marker) == 0 {
		t.Fatal("nothing was planted")
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "incident.schema-1.db"), []byte(marker), 0o600); err != nil {
		t.Fatal(err)
	}
	req := agreeTo(t, s, fields, "e1", "e2")
	if err := erase(t, s, req); err != nil {
		t.Fatal(err)
	}
	left, err := s.Leftover(t.Context())
	if err != nil || left == nil || left.Erasure != req.ID || !slices.Equal(left.Blobs, []string{"blob-e1", "blob-e2"}) || !slices.Equal(left.Files, []string{"exports/review.md"}) {
		t.Fatalf("left over %+v, %v", left, err)
	}
	if err := erase(t, s, req); !errors.Is(err, ErrUnfinished) {
		t.Errorf("another erasure before the first is finished: %v", err)
	}
	calls := 0
	for range 2 {
		err = s.Finish(t.Context(), func(_ Leftover, still func(string) bool) error {
			calls++
			if still("blob-e1") {
				t.Error("the blob is needed, by nobody")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 || Pending(s.Dir()) {
		t.Errorf("finished %d times, pending: %v", calls, Pending(s.Dir()))
	}
	if n := traces(t, s.Dir(), marker); n > 0 {
		t.Errorf("%d traces are left", n)
	}
	if traces(t, s.Dir(), "UNRELATED") == 0 {
		t.Error("what has nothing to do with it is gone")
	}
	if r := verified(t, s); r.Erased != len(fields) {
		t.Errorf("%d erased, want %d", r.Erased, len(fields))
	}
	closeStore(t, s)
	again, err := Open(t.Context(), s.Dir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, again)
	add(t, again, record.Noted, record.Note{Text: "work goes on"})
	view(t, again, func(tx *Tx) error {
		es, err := tx.Entries(0, 0)
		if err != nil {
			return err
		}
		for _, e := range es[1:4] {
			if len(e.Erased) == 0 {
				t.Errorf("entry %d (%s) does not know what was erased of it", e.Seq, e.Kind)
			}
		}
		x, err := tx.Exhibit("e1")
		if x.Erased != req.ID || x.SHA256 != record.ErasedMark || x.Size != 0 || x.Blob != "" {
			t.Errorf("e1 = %+v", x)
		}
		return err
	})
	verified(t, again)
}

func TestErasureNeedsItsConsents(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	add(t, s, record.Noted, record.Note{Text: "to go"})
	add(t, s, record.Noted, record.Note{Text: "to stay"})
	fields, _ := erasableFields(t, s)
	text := func(seq int64) []record.ErasedField {
		return slices.DeleteFunc(slices.Clone(fields), func(f record.ErasedField) bool { return f.Seq != seq || f.Name != "text" })
	}
	carol := incident.Actor{ID: "u-5e6f", Name: "Carol Example"}
	req := record.ErasureRequest{ID: "x1", Fields: text(2), Basis: "GDPR"}
	bind := func(r record.ErasureRequest) record.ErasureRequest {
		t.Helper()
		var err error
		if r.Digest, err = r.Bind(testID); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, bad := range map[string]record.ErasureRequest{
		"digest of something else": {ID: "x1", Fields: text(2), Basis: "GDPR", Digest: strings.Repeat("0", 64)},
		"no basis":                 bind(record.ErasureRequest{ID: "x1", Fields: text(2)}),
		"nothing":                  bind(record.ErasureRequest{ID: "x1", Basis: "GDPR"}),
		"what is not there yet":    bind(record.ErasureRequest{ID: "x1", Basis: "GDPR", Fields: []record.ErasedField{{Seq: 9, Name: "text"}}}),
		"no such exhibit":          bind(record.ErasureRequest{ID: "x1", Basis: "GDPR", Exhibits: []string{"e7"}}),
	} {
		if err := try(t, s, alice, record.ErasureAsked, bad); !errors.Is(err, ErrRefused) {
			t.Errorf("asked for %s: %v", name, err)
		}
	}
	must := func(who incident.Actor, k record.Kind, payload any) {
		t.Helper()
		if err := try(t, s, who, k, payload); err != nil {
			t.Fatal(err)
		}
	}
	refusedErase := func(req record.ErasureRequest, why string) {
		t.Helper()
		if err := erase(t, s, req); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), why) {
			t.Errorf("%v, want a refusal for %q", err, why)
		}
	}
	req = bind(req)
	must(alice, record.ErasureAsked, req)
	yes := record.ErasureConsent{ID: "x1", Digest: req.Digest, Strength: record.Local}
	refusedErase(req, "0 of 2")
	must(alice, record.ErasureAgreed, yes)
	must(alice, record.ErasureAgreed, yes) // the same person twice is one
	refusedErase(req, "1 of 2")
	if err := try(t, s, bob, record.ErasureAgreed, record.ErasureConsent{ID: "x1", Digest: "another"}); !errors.Is(err, ErrRefused) {
		t.Errorf("a consent to something else: %v", err)
	}
	must(bob, record.ErasureAgreed, yes)
	other := req
	other.Fields = text(3)
	refusedErase(other, "not what was agreed to")
	must(carol, record.HoldPlaced, record.Hold{Reason: "a lawsuit", Authority: "court"})
	if err := try(t, s, carol, record.HoldPlaced, record.Hold{Reason: "again"}); !errors.Is(err, ErrRefused) {
		t.Errorf("a second hold: %v", err)
	}
	refusedErase(req, "legal hold")
	must(carol, record.HoldLifted, record.Hold{Reason: "settled"})
	must(carol, record.ErasureAgreed, record.ErasureConsent{ID: "x1", Digest: req.Digest, No: true})
	refusedErase(req, "refused")
	if err := try(t, s, bob, record.ErasureAgreed, yes); !errors.Is(err, ErrRefused) {
		t.Errorf("a yes after the no: %v", err)
	}
	same := func(id string, who incident.Actor) {
		must(who, record.ErasureAgreed, record.ErasureConsent{ID: id, Digest: bind(record.ErasureRequest{ID: id, Fields: text(2), Basis: "GDPR"}).Digest, Signature: &record.Signature{Key: "SHA256:one"}})
	}
	req = bind(record.ErasureRequest{ID: "x2", Fields: text(2), Basis: "GDPR"})
	must(alice, record.ErasureAsked, req)
	same("x2", alice)
	same("x2", bob)
	refusedErase(req, "1 of 2") // two names, one key
	must(carol, record.ErasureAgreed, record.ErasureConsent{ID: "x2", Digest: req.Digest})
	if err := erase(t, s, req); err != nil {
		t.Fatal(err)
	}
	finish(t, s)
	refusedErase(req, "is done")
	verified(t, s)
	if traces(t, s.Dir(), "to go") > 0 || traces(t, s.Dir(), "to stay") == 0 {
		t.Error("not what was asked for")
	}
	if err := erase(t, s, agreeTo(t, s, text(2))); err != nil { // it is gone already: that is no harm
		t.Error(err)
	}
	finish(t, s)
	verified(t, s)
	structural := []record.ErasedField{}
	view(t, s, func(tx *Tx) error {
		es, err := tx.Fields(0, 1)
		for _, f := range es[0].Fields {
			if f.Name == "severity" {
				structural = append(structural, record.ErasedField{Seq: 1, Name: f.Name, Digest: f.Digest}, record.ErasedField{Seq: 1, Name: "title", Digest: f.Digest})
			}
		}
		return err
	})
	for _, f := range structural {
		if err := erase(t, s, agreeTo(t, s, []record.ErasedField{f})); !errors.Is(err, ErrRefused) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if err := try(t, s, alice, record.ErasureDone, done(req)); !errors.Is(err, ErrRefused) {
		t.Errorf("an erasure that destroys nothing is recorded: %v", err)
	}
}

// Another process reads: the erasure is recorded, and not finished before the
// reader has ended.
func TestFinishTellsOfAReader(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	add(t, s, record.Noted, record.Note{Text: marker})
	fields, _ := erasableFields(t, s)
	req := agreeTo(t, s, fields)
	other, err := Open(t.Context(), s.Dir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, other)
	view(t, other, func(*Tx) error {
		if err := erase(t, s, req); err != nil {
			return err
		}
		if err := s.Finish(context.Background(), nothingOutside); !errors.Is(err, ErrBusy) {
			t.Errorf("beside a reader: %v, want ErrBusy", err)
		}
		return nil
	})
	if !Pending(s.Dir()) {
		t.Error("nothing is noted as left over")
	}
	finish(t, s)
	if n := traces(t, s.Dir(), marker); n > 0 || Pending(s.Dir()) {
		t.Errorf("%d traces are left, pending: %v", n, Pending(s.Dir()))
	}
	verified(t, s)
}

func TestEraseReadOnly(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	o.ReadOnly = true
	look, err := Open(t.Context(), s.Dir(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, look)
	if err := erase(t, look, record.ErasureRequest{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("erase: %v", err)
	}
	if err := look.Finish(t.Context(), nothingOutside); !errors.Is(err, ErrReadOnly) {
		t.Errorf("finish: %v", err)
	}
}

// The job of a child: carry out x1, and die where dieEnv says.
const (
	jobErase = "erase"
	dieEnv   = "FIREBREAK_STORE_DIE"
)

func eraseAndDie(ctx context.Context, dir string, o Options) error {
	die := func(step string) {
		if step == os.Getenv(dieEnv) {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			fmt.Println(err)
			select {} // until it takes effect
		}
	}
	o.Reached = die
	s, err := Open(ctx, dir, o)
	if err != nil {
		return err
	}
	_, err = s.Erase(ctx, func(tx *Tx) (record.Draft, []string, error) {
		x, err := tx.Erasure("x1")
		if err != nil {
			return record.Draft{}, nil, err
		}
		d, err := record.NewDraft(alice, record.ErasureDone, incident.Identify, "", done(x.ErasureRequest))
		return d, nil, err
	})
	if err != nil {
		return err
	}
	if err := s.Finish(ctx, nothingOutside); err != nil {
		return err
	}
	return s.Close()
}

// toErase is an incident with an erasure that was agreed to, closed.
func toErase(t *testing.T, o Options) (dir string, req record.ErasureRequest) {
	t.Helper()
	s := create(t, o)
	for i := range 40 {
		add(t, s, record.Noted, record.Note{Text: fmt.Sprintf("%s-%d", marker, i)})
	}
	add(t, s, record.ItemAdded, record.Item{ID: "i1", Text: marker + "-item"})
	add(t, s, record.ItemAdded, record.Item{ID: "i2", Text: "UNRELATED"})
	fields, _ := erasableFields(t, s)
	fields = slices.DeleteFunc(fields, func(f record.ErasedField) bool { return f.Name != "text" || f.Seq > 42 })
	req = agreeTo(t, s, fields)
	closeStore(t, s)
	return s.Dir(), req
}

// eraser is the process that carries it out.
func eraser(dir, home, die string) *exec.Cmd {
	c := exec.Command(os.Args[0], dir, home, "0")
	c.Env = append(os.Environ(), jobEnv+"="+jobErase, dieEnv+"="+die)
	return c
}

// afterKill opens the incident, as the next start does, and wants everything
// erased, or nothing. It says which.
func afterKill(t *testing.T, dir string, o Options, req record.ErasureRequest) (recorded bool) {
	t.Helper()
	again, err := Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, again)
	finish(t, again)
	var state string
	view(t, again, func(tx *Tx) error {
		x, err := tx.Erasure("x1")
		state = x.State
		return err
	})
	if Pending(dir) {
		t.Error("something is noted as left over")
	}
	r := verified(t, again)
	if state == ErasureAgreed {
		if r.Erased != 0 || traces(t, dir, marker) == 0 {
			t.Fatal("something was erased without a record")
		}
		if err := erase(t, again, req); err != nil {
			t.Fatal(err)
		}
		finish(t, again)
		r = verified(t, again)
	}
	if n := traces(t, dir, marker); n > 0 || r.Erased != len(req.Fields) {
		t.Errorf("%d traces are left, %d of %d erased", n, r.Erased, len(req.Fields))
	}
	if traces(t, dir, "UNRELATED") == 0 {
		t.Error("what has nothing to do with it is gone")
	}
	return state == ErasureDone
}

// kill -9 between any two steps: the next start finishes, or nothing happened.
func TestErasureKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"noted", "recorded", "outside", "vacuumed", "scrubbed", "never"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			home, o := newHome(t)
			dir, req := toErase(t, o)
			c := eraser(dir, home, at)
			out, err := c.CombinedOutput()
			if killed := !c.ProcessState.Exited() || runtime.GOOS == "windows" && c.ProcessState.ExitCode() == 1; killed != (at != "never") || !killed && err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if recorded := afterKill(t, dir, o, req); recorded != (at != "noted") {
				t.Errorf("recorded: %v", recorded)
			}
		})
	}
}

// The same at each system call that changes something on the disk.
func TestErasureKilledAtAnyCall(t *testing.T) {
	t.Parallel()
	home, o := newHome(t)
	base, req := toErase(t, o)
	run := func(dir string, p mishap.Plan) (seen []string, hit bool) {
		p.Name = "/" + string(testID) + "/"
		cmd := eraser(dir, home, "")
		w := mishap.Start(t, cmd, p)
		if err := cmd.Wait(); err != nil && p.Then != mishap.Kill {
			t.Fatal(err)
		}
		return w.End(t)
	}
	all, _ := run(copyDir(t, base), mishap.Plan{})
	if len(all) < 30 {
		t.Fatalf("%d calls: %v", len(all), all)
	}
	kills, recorded := 0, 0
	step := max(1, len(all)/testkit.Rounds(t, 25, len(all)))
	for n := 1; n <= len(all); n += step {
		dir := copyDir(t, base)
		if seen, hit := run(dir, mishap.Plan{Nth: n, Then: mishap.Kill}); !hit {
			t.Logf("call %d of %d did not come", n, len(seen)) // not each run asks for as many
			continue
		}
		kills++
		if afterKill(t, dir, o, req) {
			recorded++
		}
	}
	t.Logf("%d kills at %d calls, %d with the erasure in the record", kills, len(all), recorded)
	if kills == 0 || recorded == 0 || recorded == kills {
		t.Errorf("%d kills, %d recorded: want both sides of the commit", kills, recorded)
	}
}

// encoded are the forms that a text can have in the files: as it is, and within
// base64 at each of the three places where it can begin.
func encoded(what string) []string {
	out := []string{what}
	for skip := range 3 {
		b := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\x00", skip) + what))
		first := (skip*8 + 5) / 6 // letters that hold bits of what comes before
		last := len(b)
		if (skip+len(what))%3 != 0 {
			last-- // and of what comes behind
		}
		out = append(out, b[first:last])
	}
	return out
}
