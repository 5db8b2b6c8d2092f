package response

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// as is another person at the same workspace.
func (b *bench) as(name string) *Session { return b.s.s.As(incident.Actor{Name: name}) }

// asked asks for an erasure.
func (b *bench) asked(r EraseRequest) ErasureView {
	b.Helper()
	if r.Basis == "" {
		r.Basis = "GDPR Art. 17(1)(a)"
	}
	v, err := b.s.AskErasure(b.Context(), b.id, r)
	b.must(err)
	return v
}

// agreed has two people agree.
func (b *bench) agreed(v ErasureView) {
	b.Helper()
	for _, who := range []string{"ada", "bob"} {
		_, err := b.as(who).AgreeErasure(b.Context(), b.id, v.ID, v.Digest, "", false)
		b.must(err)
	}
}

func (b *bench) erase(r EraseRequest) ErasureView {
	b.Helper()
	v := b.asked(r)
	b.agreed(v)
	done, err := b.s.DoErasure(b.Context(), b.id, v.ID, nil)
	b.must(err)
	return done
}

func (b *bench) refused(why string, err error) {
	b.Helper()
	b.want(CodeRefused, err)
	if !strings.Contains(err.Error(), why) {
		b.Errorf("%v, want a refusal for %q", err, why)
	}
}

func TestErasureNeedsTwoAndNoHold(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.Note(ctx, b.id, "", "Ann Example lives here", false))
	_, err := b.s.AskErasure(ctx, b.id, EraseRequest{Fields: []string{"2.text"}})
	b.want(CodeUsage, err) // no basis
	v := b.asked(EraseRequest{Fields: []string{"2.text"}})
	do := func() error { _, err := b.s.DoErasure(ctx, b.id, v.ID, nil); return err }
	agree := func(who string) error {
		_, err := b.as(who).AgreeErasure(ctx, b.id, v.ID, v.Digest, "", false)
		return err
	}
	b.refused("needs the yes of 2", do())
	b.must(agree("ada"))
	b.must(agree("ada"))
	b.refused("has 1", do())
	_, err = b.as("bob").AgreeErasure(ctx, b.id, v.ID, strings.Repeat("0", 64), "", false)
	b.refused("its digest is", err)
	_, err = b.as("bob").AgreeErasure(ctx, b.id, v.ID, v.Digest[:11], "", false)
	b.refused("at least its first twelve", err)
	b.must(agree("bob"))
	b.want(CodeUsage, b.s.PlaceHold(ctx, b.id, "", "court"))
	b.refused("is not on hold", b.s.LiftHold(ctx, b.id, "why", ""))
	b.must(b.s.PlaceHold(ctx, b.id, "a lawsuit", "court"))
	b.refused("is on hold since", b.s.PlaceHold(ctx, b.id, "another", ""))
	b.refused("a legal hold stands", do())
	board, err := b.s.Board(ctx, b.id)
	b.must(err)
	list, err := b.s.List(ctx)
	b.must(err)
	if board.Hold == nil || board.Hold.Authority != "court" || !list[0].Hold {
		t.Errorf("the hold is not shown: %+v, %+v", board.Hold, list)
	}
	b.must(b.s.CloseIncident(ctx, b.id, "over"))
	b.must(b.s.LiftHold(ctx, b.id, "settled", "court"))
	b.must(do()) // closed: that is no reason not to
	b.must(do()) // done: there is nothing to do
	b.refused("is done", agree("carol"))
	b.verified()
	no := b.asked(EraseRequest{Fields: []string{"1.title"}})
	_, err = b.as("bob").AgreeErasure(ctx, b.id, no.ID, "", "we need it", true)
	b.must(err)
	v = no
	b.refused("is refused", agree("ada"))
	b.refused("is refused", do())
	if inc, err := b.s.Incident(ctx, b.id); err != nil || inc.Title != "odd login on web-1" {
		t.Errorf("%+v, %v", inc, err)
	}
}

func TestWhatMayBeAskedFor(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	for request, code := range map[string]Code{
		"": CodeUsage, "2": CodeUsage, "x.text": CodeUsage, "2.": CodeUsage, "9.text": CodeNotFound, "2.nothing": CodeNotFound,
		"1.severity": CodeRefused, "2.exhibit": CodeRefused, "2.sha256": CodeRefused, "2.blob": CodeRefused,
	} {
		_, err := b.s.FindErasable(ctx, b.id, EraseRequest{Fields: []string{request}})
		if CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", request, err, code)
		}
	}
	_, err = b.s.FindErasable(ctx, b.id, EraseRequest{Exhibits: []string{"e9"}})
	b.want(CodeNotFound, err)
	_, err = b.s.FindErasable(ctx, b.id, EraseRequest{})
	b.want(CodeUsage, err)
	_, err = b.s.FindErasable(ctx, b.id, EraseRequest{Person: "an"})
	b.want(CodeUsage, err)
	_, err = b.s.FindErasable(ctx, b.id, EraseRequest{Person: "nobody at all"})
	b.want(CodeNotFound, err)
	before, err := b.s.Incident(ctx, b.id)
	b.must(err)
	v, err := b.s.FindErasable(ctx, b.id, EraseRequest{Fields: []string{"2.*"}})
	b.must(err)
	if len(v.Goes) == 0 || slices.ContainsFunc(v.Goes, func(g ErasedText) bool { return g.Name == "sha256" || g.Name == record.ActorName }) {
		t.Errorf("2.* is %+v", v.Goes)
	}
	if after, err := b.s.Incident(ctx, b.id); err != nil || after.Title != before.Title || len(mustErasures(b)) > 0 {
		t.Error("to look records something")
	}
}

func mustErasures(b *bench) []Erasure {
	b.Helper()
	xs, err := b.s.Erasures(b.Context(), b.id)
	b.must(err)
	return xs
}

func TestAPersonIsFoundAndConfirmed(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.as("Ann Example").Note(ctx, b.id, "", "called (ann EXAMPLE), who is not ann examples", false)) // 2
	b.must(b.s.Note(ctx, b.id, "", "nothing of joann example", false))                                      // 3
	b.must(b.s.Assign(ctx, b.id, incident.Commander, "Ann Example"))                                        // 4
	b.must(b.s.PlaceHold(ctx, b.id, "x", "Ann Example"))                                                    // 5
	b.must(b.s.LiftHold(ctx, b.id, "x", ""))                                                                // 6
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("ann example.log", "2026-11-20T02:58:07.000000+00:00 web-1 sshd[811]: Ann Example was here\n")}, IngestOptions{}, nil)
	b.must(err)
	_, err = b.s.AskErasure(ctx, b.id, EraseRequest{Person: "Ann Example", Basis: "GDPR"})
	b.refused("has to be confirmed", err)
	v, err := b.s.FindErasable(ctx, b.id, EraseRequest{Person: "Ann Example", Basis: "GDPR"})
	b.must(err)
	var goes []string
	for _, g := range v.Goes {
		goes = append(goes, string(g.Kind)+"."+g.Name)
	}
	want := []string{"note.actor_name", "note.text", "role.assigned.person", "evidence.sealed.source", "evidence.sealed.title"}
	if !slices.Equal(goes, want) {
		t.Errorf("found %v, want %v", goes, want)
	}
	if len(v.Kept) != 1 || v.Kept[0].Seq != 5 || v.Kept[0].Name != "authority" || v.Events != 1 {
		t.Errorf("kept %+v, %d events", v.Kept, v.Events)
	}
	v = b.asked(EraseRequest{Person: "Ann Example", Basis: "GDPR", Digest: v.Digest[:12]})
	b.agreed(v)
	_, err = b.s.DoErasure(ctx, b.id, v.ID, nil)
	b.must(err)
	acts, err := b.s.Activity(ctx, b.id, 0, 100)
	b.must(err)
	if !strings.HasPrefix(acts[1].Actor, "(erased) p-") || acts[1].Text != "note: (erased)" || acts[3].Text != "(erased) is commander" {
		t.Errorf("%+v\n%+v", acts[1], acts[3])
	}
	inc, err := b.s.Incident(ctx, b.id)
	b.must(err)
	if inc.Roles[incident.Commander] != record.ErasedMark {
		t.Errorf("roles %v", inc.Roles)
	}
	b.verified()
}

// What quotes an exhibit can grow after people have agreed: then it is asked
// for again.
func TestExhibitQuotedAfterConsent(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	v := b.asked(EraseRequest{Exhibits: []string{"e1"}})
	if len(v.Evidence) != 1 || v.Evidence[0].Events != 2 || v.Evidence[0].Shared != "" {
		t.Errorf("%+v", v.Evidence)
	}
	b.agreed(v)
	page, err := b.s.Page(ctx, b.id, PageRequest{})
	b.must(err)
	yes := true
	b.must(b.s.Mark(ctx, b.id, page[0].ID.String(), &yes, nil, ""))
	_, err = b.s.DoErasure(ctx, b.id, v.ID, nil)
	b.refused("has changed since", err)
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	old, err := f.exhibit(ctx, "e1")
	b.must(err)
	again := b.erase(EraseRequest{Exhibits: []string{"e1"}})
	if again.Events != 2 || again.Unfinished {
		t.Errorf("%+v", again)
	}
	if there, err := f.locker.Holds(old.Blob); there || err != nil {
		t.Errorf("the bytes are there: %v, %v", there, err)
	}
	for what, err := range map[string]error{
		"check": func() error { _, err := b.s.CheckExhibit(ctx, b.id, "e1"); return err }(),
		"open":  func() error { _, err := b.s.OpenExhibit(ctx, b.id, "e1"); return err }(),
		"ask": func() error {
			_, err := b.s.FindErasable(ctx, b.id, EraseRequest{Exhibits: []string{"e1"}})
			return err
		}(),
	} {
		if CodeOf(err) != CodeRefused || !strings.Contains(err.Error(), "was erased") {
			t.Errorf("%s of an erased exhibit: %v", what, err)
		}
	}
	_, err = b.s.DoErasure(ctx, b.id, v.ID, nil)
	b.refused("was erased already", err)
	b.must(b.s.Rebuild(ctx, b.id, nil))
	if n, err := b.s.Count(ctx, b.id, ""); n != 0 || err != nil {
		t.Errorf("%d events after a rebuild, %v", n, err)
	}
	r, err := b.s.Verify(ctx, b.id, nil)
	b.must(err)
	if !r.OK() || r.Exhibits != 0 || r.ErasedExhibits != 1 || r.Erased == 0 {
		t.Errorf("%+v", r)
	}
}

func TestSameBytesOfAnotherExhibitStay(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	for range 2 {
		_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
		b.must(err)
	}
	v := b.asked(EraseRequest{Exhibits: []string{"e1"}})
	if v.Evidence[0].Shared != "e2" {
		t.Errorf("%+v", v.Evidence)
	}
	b.agreed(v)
	_, err := b.s.DoErasure(ctx, b.id, v.ID, nil)
	b.must(err)
	r, err := b.s.OpenExhibit(ctx, b.id, "e2")
	b.must(err)
	text, err := io.ReadAll(r)
	b.must(errors.Join(err, r.Close()))
	if string(text) != authLog {
		t.Error("the other exhibit lost its bytes")
	}
	if n, err := b.s.Count(ctx, b.id, "exhibit:e2"); n != 2 || err != nil {
		t.Errorf("the other exhibit has %d events on the timeline, %v", n, err)
	}
	b.verified()
	if v := b.erase(EraseRequest{Exhibits: []string{"e2"}}); v.Evidence[0].Shared != "" {
		t.Errorf("%+v", v.Evidence)
	}
	files, err := filepath.Glob(filepath.Join(b.s.s.Dir(b.id), "evidence", "*", "*"))
	b.must(err)
	if len(files) > 0 {
		t.Errorf("left: %v", files)
	}
	b.verified()
}

// A timeline that is too large to be written anew is emptied and made again.
func TestLargeTimelineIsMadeAgain(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	for _, name := range []string{"goes", "stays"} {
		_, err := b.s.Ingest(ctx, b.id, []string{b.file(name, strings.ReplaceAll(authLog, "root", name))}, IngestOptions{}, nil)
		b.must(err)
	}
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	db, err := b.s.s.timeline(ctx, f)
	b.must(err)
	b.must(eraseIn(ctx, db, []string{"e1"}, 0))
	if n, err := db.Total(ctx); n != 0 || err != nil {
		t.Errorf("%d events are left in an emptied timeline, %v", n, err)
	}
	b.erase(EraseRequest{Exhibits: []string{"e1"}})
	if n, err := b.s.Count(ctx, b.id, "stays"); n != 2 || err != nil {
		t.Errorf("%d events were made again, %v", n, err)
	}
	if n, err := b.s.Count(ctx, b.id, ""); n != 2 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	b.verified()
}

func TestCopiesElsewhereAreNamed(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.act(ctx, b.id, record.BackupMade, "", record.Copy{Name: "before.age", Size: 1}, nil)) // 2
	b.must(b.s.Note(ctx, b.id, "", "to go", false))                                                  // 3
	b.must(b.s.act(ctx, b.id, record.BundleMade, "", record.Copy{Name: "counsel.tar.gz", Size: 3}, nil))
	v := b.erase(EraseRequest{Fields: []string{"3.text"}})
	if len(v.Copies) != 1 || !strings.Contains(v.Copies[0], "bundle counsel.tar.gz of ") || !strings.Contains(v.Copies[0], "(entry 4)") {
		t.Errorf("copies %q", v.Copies)
	}
	all := b.erase(EraseRequest{Fields: []string{"1.title"}})
	if len(all.Copies) != 2 {
		t.Errorf("copies %q", all.Copies)
	}
}

// A plan that may still be sent is what is sent: it stays until its action ends.
func TestOpenPlansStay(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	a := b.reach()
	var seq string
	acts, err := b.s.Activity(t.Context(), b.id, 0, 100)
	b.must(err)
	for _, x := range acts {
		if x.Kind == record.ActionPlanned {
			seq = strconv.FormatInt(x.Seq, 10)
		}
	}
	_, err = b.s.FindErasable(t.Context(), b.id, EraseRequest{Fields: []string{seq + ".plan"}})
	b.refused("has not come to an end", err)
	v := b.asked(EraseRequest{Fields: []string{seq + ".title"}})
	b.agreed(v)
	b.must(b.s.Reject(t.Context(), b.id, a.Action, "no"))
	_, err = b.s.DoErasure(t.Context(), b.id, v.ID, nil)
	b.must(err)
	b.erase(EraseRequest{Fields: []string{seq + ".plan"}})
	if shown, err := b.s.Action(t.Context(), b.id, a.Action); err != nil || shown.Title != record.ErasedMark || shown.State != Rejected {
		t.Errorf("%+v, %v", shown, err)
	}
	b.verified()
}

// The run goes on after the answers and notes of its steps are gone.
func TestRunGoesOnWithoutAnswers(t *testing.T) {
	b := newBench(t, config.Config{})
	b.drill(oneComment)
	b.must(b.s.DoneStep(t.Context(), b.id, "ask", nil, "Ann Example said so"))
	_, err := b.s.AddStep(t.Context(), b.id, record.AdHoc{Title: "Call Ann Example", Text: "at home"})
	b.must(err)
	v, err := b.s.FindErasable(t.Context(), b.id, EraseRequest{Person: "Ann Example", Basis: "GDPR"})
	b.must(err)
	b.erase(EraseRequest{Person: "Ann Example", Digest: v.Digest, Basis: "GDPR"})
	board, err := b.s.Board(t.Context(), b.id)
	b.must(err)
	titles := ""
	for _, p := range board.Phases {
		for _, st := range p.Steps {
			titles += st.Title + "; " + st.Note + "; "
		}
	}
	if !strings.Contains(titles, record.ErasedMark) || strings.Contains(titles, "Ann") {
		t.Errorf("steps: %s", titles)
	}
	if b.state("ask") != "done" {
		t.Errorf("ask is %s", b.state("ask"))
	}
	b.must(b.s.SkipStep(t.Context(), b.id, "comment", "not needed"))
	b.must(b.s.DoneStep(t.Context(), b.id, "after", nil, ""))
	b.verified()
}

// Another process reads while it is erased: it is told, and ends the next time.
func TestErasureBesideAReader(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.Note(ctx, b.id, "", "MARKER", false))
	v := b.asked(EraseRequest{Fields: []string{"2.text"}})
	b.agreed(v)
	other := b.service(config.Config{})
	f, err := other.open(ctx, b.id)
	b.must(err)
	b.must(f.store.View(ctx, func(*store.Tx) error {
		_, err := b.s.DoErasure(ctx, b.id, v.ID, nil)
		if CodeOf(err) != CodePartial || !strings.Contains(err.Error(), "another process still reads") {
			t.Errorf("beside a reader: %v", err)
		}
		board, err := b.s.Board(ctx, b.id)
		if err != nil || board.Unfinished == "" {
			t.Errorf("the board does not say so: %v", err)
		}
		r, err := b.s.Verify(ctx, b.id, nil)
		if err != nil || !r.OK() || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "is not finished") }) {
			t.Errorf("verify: %v, %v, %v", r.Problems, r.Notes, err)
		}
		return nil
	}))
	done, err := b.s.DoErasure(ctx, b.id, v.ID, nil)
	b.must(err)
	if done.Unfinished || store.Pending(b.s.s.Dir(b.id)) {
		t.Error("it is still not finished")
	}
	b.verified()
}

// Others write while it is erased: nothing of theirs is lost.
func TestErasureBesideWriters(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.Note(ctx, b.id, "", "MARKER", false))
	v := b.asked(EraseRequest{Fields: []string{"2.text"}})
	b.agreed(v)
	const each = 20
	var all sync.WaitGroup
	for range 2 {
		b.seed++ // salts of its own
		s := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
		all.Go(func() {
			for range each {
				if err := s.Note(ctx, b.id, "", "another note", false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	_, err := b.s.DoErasure(ctx, b.id, v.ID, nil)
	if err != nil && CodeOf(err) != CodePartial {
		t.Error(err)
	}
	all.Wait()
	_, err = b.s.DoErasure(ctx, b.id, v.ID, nil)
	b.must(err)
	acts, err := b.s.Activity(ctx, b.id, 0, 1000)
	b.must(err)
	n := 0
	for _, a := range acts {
		if a.Text == "note: another note" {
			n++
		}
	}
	if n != 2*each {
		t.Errorf("%d of %d notes are there", n, 2*each)
	}
	b.verified()
}

// A review that was made of what is erased before it is written is made again.
func TestReviewMadeBeforeAnErasure(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.Note(ctx, b.id, "", "MARKER", false))
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	r, head, err := b.s.buildReview(ctx, f, record.FullProfile)
	b.must(err)
	b.erase(EraseRequest{Fields: []string{"2.text"}})
	if _, err := b.s.keepReview(ctx, f, "", ReviewOptions{To: f.exports(), Profile: record.FullProfile}, r, head); !errors.Is(err, errErasedMeanwhile) {
		t.Errorf("an old review is kept: %v", err)
	}
	w, err := b.s.Review(ctx, b.id)
	b.must(err)
	for _, path := range []string{w.Markdown, w.HTML, w.JSON} {
		text, err := os.ReadFile(path)
		b.must(err)
		if bytes.Contains(text, []byte("MARKER")) || !bytes.Contains(text, []byte("(erased)")) {
			t.Errorf("%s quotes what was erased, or does not say so", path)
		}
	}
}

func TestRetentionTellsWhatIsDue(t *testing.T) {
	no := false
	conf := config.Config{Retention: []config.Rule{
		{Kind: "evidence", ClosedFor: config.Age{Days: 90}, Drill: &no, Action: "erase"},
		{Kind: "incident", ClosedFor: config.Age{Years: 2}, Severity: []string{"sev3"}, Action: "erase"},
		{Kind: "incident", ClosedFor: config.Age{Years: 1}, Severity: []string{"sev1"}, Action: "review"},
	}}
	b := newBench(t, conf)
	b.open()
	ctx := t.Context()
	due := func() []Due {
		t.Helper()
		d, unread, err := b.s.Retention(ctx)
		b.must(err)
		if len(unread) > 0 {
			t.Errorf("unread: %v", unread)
		}
		return d
	}
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	b.clock.Advance(100 * 24 * time.Hour)
	if d := due(); len(d) != 0 {
		t.Errorf("an open incident is due: %+v", d)
	}
	b.must(b.s.CloseIncident(ctx, b.id, "over"))
	b.clock.Advance(89 * 24 * time.Hour)
	if d := due(); len(d) != 0 {
		t.Errorf("due too early: %+v", d)
	}
	b.clock.Advance(25 * time.Hour)
	b.must(b.s.PlaceHold(ctx, b.id, "a lawsuit", "court"))
	d := due()
	if len(d) != 1 || d[0].Rule != 1 || d[0].Hold == nil || d[0].Command != "firebreak erase "+string(b.id)+" --exhibit e1 --basis BASIS" || !slices.Equal(d[0].Exhibits, []string{"e1"}) {
		t.Errorf("%+v", d)
	}
	b.must(b.s.LiftHold(ctx, b.id, "settled", ""))
	b.erase(EraseRequest{Exhibits: []string{"e1"}})
	if d := due(); len(d) != 0 {
		t.Errorf("erased, and still due: %+v", d)
	}
	b.clock.Advance(2 * 366 * 24 * time.Hour)
	d = due()
	if len(d) != 1 || d[0].Rule != 2 || d[0].Kind != "incident" || !strings.HasSuffix(d[0].Command, "--all --basis BASIS") || d[0].Fields == 0 {
		t.Errorf("%+v", d)
	}
	v, err := b.s.FindErasable(ctx, b.id, EraseRequest{All: true})
	b.must(err)
	b.erase(EraseRequest{All: true, Digest: v.Digest})
	if d := due(); len(d) != 0 {
		t.Errorf("all is erased, and still due: %+v", d)
	}
	b.verified()
	_, _, err = newBench(t, config.Config{}).s.Retention(ctx)
	b.want(CodeUsage, err)
}

func TestWordsAreFoundWhole(t *testing.T) {
	for text, want := range map[string]bool{
		"ann example": true, "ANN EXAMPLE!": true, "(ann example)": true, "x ann example y": true, "ann examples": false, "joann example": false,
		"ann  example": false, "": false, "joann example and ann example": true, "ann example2": false, "ann.example": false, "éann example": false,
	} {
		if got := holdsWords(strings.ToLower(text), "ann example"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if !names([]byte(`{"a":["x",{"ann@example.org":1}]}`), "ann@example.org") || names([]byte(`not json`), "not") {
		t.Error("texts within JSON")
	}
	if got := textFilter(`a "b" \c`); got != `"a \"b\" \\c" or user:"a \"b\" \\c" or host:"a \"b\" \\c"` {
		t.Error(got)
	}
}

func TestConsentsAreSigned(t *testing.T) {
	b := newBench(t, config.Config{})
	b.evidence("one")
	k := b.keyring("ada", "bob")
	b.must(b.s.Note(t.Context(), b.id, "", "MARKER", false))
	v := b.asked(EraseRequest{Exhibits: []string{"e1"}})
	for _, who := range []string{"ada", "bob"} {
		_, err := k.as(who).AgreeErasure(t.Context(), b.id, v.ID, v.Digest, "", false)
		b.must(err)
	}
	_, err := k.s.s.As(incident.Actor{Name: "eve"}).WithKey(k.path("bob")).AgreeErasure(t.Context(), b.id, v.ID, v.Digest, "", false)
	b.refused("the signing key is bob@example.org's", err)
	report, err := b.s.Verify(t.Context(), b.id, nil)
	b.must(err)
	if len(report.Signatures) != 2 || !report.Signatures[0].OK || report.Signatures[1].Principal != "bob@example.org" {
		t.Fatalf("signatures: %+v", report.Signatures)
	}
	_, err = b.s.DoErasure(t.Context(), b.id, v.ID, nil)
	b.must(err)

	// A consent whose signature is under another request does not count.
	v = b.asked(EraseRequest{Fields: []string{"1.title"}})
	other, err := k.as("ada").Sign(t.Context(), record.ErasureNamespace, "another request\n")
	b.must(err)
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	_, err = f.store.Update(t.Context(), func(tx *store.Tx) (record.Draft, error) {
		return k.as("ada").draft(tx, record.ErasureAgreed, "", record.ErasureConsent{ID: v.ID, Digest: v.Digest, Strength: record.KeyFile, Signature: other})
	})
	b.must(err)
	_, err = b.as("bob").AgreeErasure(t.Context(), b.id, v.ID, v.Digest, "", false)
	b.must(err)
	_, err = b.s.DoErasure(t.Context(), b.id, v.ID, nil)
	b.want(CodeIntegrity, err)
}

// Where approvals have to be signed, a name alone does not agree to an erasure.
func TestConsentsMustBeSigned(t *testing.T) {
	b := newBench(t, config.Config{Approvals: config.ApprovalsSigned})
	b.evidence("one")
	k := b.keyring("ada", "bob")
	v := b.asked(EraseRequest{Fields: []string{"1.title"}})
	_, err := k.as("ada").AgreeErasure(t.Context(), b.id, v.ID, v.Digest, "", false)
	b.must(err)
	_, err = b.as("bob").AgreeErasure(t.Context(), b.id, v.ID, v.Digest, "", false)
	b.must(err)
	_, err = b.s.DoErasure(t.Context(), b.id, v.ID, nil)
	b.refused("not signed by anybody on the roster", err)
	_, err = k.as("bob").AgreeErasure(t.Context(), b.id, v.ID, v.Digest, "", false)
	b.must(err)
	_, err = b.s.DoErasure(t.Context(), b.id, v.ID, nil)
	b.must(err)
}
