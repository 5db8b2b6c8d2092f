package response

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
)

// writes saves a text as one part, on what that version says.
func (b *bench) writes(s *Session, part string, from int, text string) (PartsSaved, error) {
	b.Helper()
	return s.SaveParts(b.Context(), b.id, []review.PartDraft{{Part: part, From: from, Text: text}})
}

func (b *bench) wrote(part, text string) {
	b.Helper()
	drafts, err := b.s.PartsToEdit(b.Context(), b.id, part)
	b.must(err)
	_, err = b.writes(b.s, part, drafts[0].From, text)
	b.must(err)
}

func TestPartsAreRecordedWithAuthorAndVersion(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	bob := b.s.s.As(incident.Actor{Name: "bob"})
	saved, err := b.writes(b.s, "summary", 0, "  \r\nOne.\r\nTwo.  \n\n")
	b.must(err)
	if len(saved.Saved) != 1 || saved.Saved[0].Version != 1 {
		t.Fatalf("%+v", saved)
	}
	_, err = b.writes(bob, "summary", 1, "Another.")
	b.must(err)
	// What is not changed is not recorded, whatever it began from.
	for _, d := range []review.PartDraft{{Part: "summary", From: 2, Text: "Another."}, {Part: "summary", From: 1, Text: "One.\nTwo."}, {Part: "luck", From: 0, Text: " \n"}} {
		if saved, err = b.s.SaveParts(t.Context(), b.id, []review.PartDraft{d}); err != nil || len(saved.Saved) > 0 {
			t.Errorf("%+v: %+v, %v", d, saved, err)
		}
	}
	if n := len(b.entries(record.ReviewText)); n != 2 {
		t.Errorf("%d entries", n)
	}
	w, err := b.s.PartHistory(t.Context(), b.id, "summary")
	b.must(err)
	if len(w.Versions) != 2 || w.Versions[0].Text != "One.\nTwo." || w.Versions[0].By != "ada" || w.Versions[1].By != "bob" {
		t.Errorf("%+v", w)
	}
	parts, err := b.s.ReviewParts(t.Context(), b.id)
	b.must(err)
	if v := parts[0]; v.Text != "Another." || v.Version != 2 || !slices.Equal(v.Authors, []string{"ada", "bob"}) {
		t.Errorf("%+v", v)
	}
	_, err = b.s.PartHistory(t.Context(), b.id, "nonsense")
	b.want(CodeUsage, err)
	if r := b.signatures(); !r.OK() {
		t.Error(r.Problems)
	}
}

func TestPartsOfAClosedIncidentAreStillWritten(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.must(b.s.CloseIncident(t.Context(), b.id, "over"))
	b.wrote("lessons", "We know more.")
	b.must(b.s.MoveReview(t.Context(), b.id, record.ReviewInReview, ""))
}

func TestPartThatIsTooLongOrNoText(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	for name, text := range map[string]string{"long": strings.Repeat("x", review.MaxPart+1), "ten MB": strings.Repeat("word ", 2<<20), "no UTF-8": "\xff", "NUL": "a\x00b"} {
		_, err := b.writes(b.s, "summary", 0, text)
		if CodeOf(err) != CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	// As much as there may be, in all parts at once, is kept and reads back.
	var all []review.PartDraft
	for _, p := range review.Parts() {
		all = append(all, review.PartDraft{Part: p.Key, Text: strings.Repeat("ä\n", review.MaxPart/3)})
	}
	saved, err := b.s.SaveParts(t.Context(), b.id, all)
	b.must(err)
	if len(saved.Saved) != len(all) || len(saved.Warnings) != 1 { // the summary's length
		t.Errorf("%d saved, %q", len(saved.Saved), saved.Warnings)
	}
	parts, err := b.s.ReviewParts(t.Context(), b.id)
	b.must(err)
	if parts[3].Text != strings.TrimSpace(all[3].Text) {
		t.Errorf("%d bytes came back", len(parts[3].Text))
	}
}

func TestTwoWhoWriteOnePartLoseNothing(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	bob := b.s.s.As(incident.Actor{Name: "bob"})
	b.wrote("summary", "base")
	b.wrote("luck", "base")
	ctx := t.Context()
	mine, err := b.s.PartsToEdit(ctx, b.id, "summary", "luck", "lessons")
	b.must(err)
	_, err = b.writes(bob, "summary", 1, "bob's summary")
	b.must(err)
	_, err = b.writes(bob, "luck", 1, "bob's luck")
	b.must(err)
	mine[0].Text, mine[2].Text = "ada's summary", "ada's lessons" // of luck she changed nothing
	saved, err := b.s.SaveParts(ctx, b.id, mine)
	b.want(CodePartial, err)
	if len(saved.Saved) != 1 || saved.Saved[0].Part != "lessons" || len(saved.Conflicts) != 1 || saved.Conflicts[0].Part != "summary" || saved.Conflicts[0].By != "bob" {
		t.Fatalf("%+v", saved)
	}
	said := err.Error()
	text, err := os.ReadFile(saved.Kept)
	b.must(err)
	if !strings.Contains(string(text), "ada's summary") || !strings.Contains(said, "bob") {
		t.Errorf("%s", text)
	}
	if kept, err := bob.KeptParts(ctx, b.id); err != nil || len(kept) > 0 {
		t.Errorf("bob is shown ada's text: %v, %v", kept, err)
	}
	r, err := b.s.ResumeParts(ctx, b.id)
	b.must(err)
	drafts, err := review.ReadPartsFile(r.Text)
	b.must(err)
	if len(drafts) != 1 || drafts[0].From != 2 || drafts[0].Text != review.Both("ada's summary", "bob's summary", "version 2 by bob") {
		t.Errorf("%+v", drafts)
	}
	_, err = b.s.SaveParts(ctx, b.id, drafts)
	b.want(CodeRefused, err) // nobody has made one text of the two
	drafts[0].Text = "both of us"
	_, err = b.s.SaveParts(ctx, b.id, drafts)
	b.must(err)
	b.must(b.s.ForgetKept(ctx, b.id, r.From))
	b.want(CodeUsage, b.s.ForgetKept(ctx, b.id, b.home+"/incidents/"+string(b.id)+"/incident.db"))
	_, err = b.s.ResumeParts(ctx, b.id)
	b.want(CodeNotFound, err)
}

func TestAKeptTextGoesOnWithWhatStands(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.wrote("summary", "base")
	ctx := t.Context()
	for name, c := range map[string]struct{ mine, theirs, want string }{
		"only they changed it": {"base", "theirs", "theirs"},
		"only I changed it":    {"mine", "base", "mine"},
		"both, alike":          {"same", "same", "same"},
		"both":                 {"mine", "theirs", review.Both("mine", "theirs", "version 2 by bob")},
	} {
		parts := []review.Written{{Part: review.Part{Key: "summary"}, Versions: []review.PartVersion{
			{Version: 1, Text: "base"}, {Version: 2, Text: c.theirs, Act: review.Act{By: "bob"}},
		}}}
		if d := onto(review.PartDraft{Part: "summary", From: 1, Text: c.mine}, parts); d.Text != c.want || d.From != 2 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	// What is no file of parts any more comes back as it was left.
	_, err := b.s.KeepParts(ctx, b.id, "no parts in here")
	b.must(err)
	r, err := b.s.ResumeParts(ctx, b.id)
	if err != nil || !r.Whole || r.Text != "no parts in here" {
		t.Errorf("%+v, %v", r, err)
	}
}

// Many write at once; each word is in the record or kept.
func TestPartsWrittenAtTheSameTime(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	const people = 8
	var all sync.WaitGroup
	var mu sync.Mutex
	saved, kept := 0, 0
	for i := range people {
		all.Go(func() {
			s := b.s.s.As(incident.Actor{Name: fmt.Sprintf("person%d", i)})
			out, err := s.SaveParts(t.Context(), b.id, []review.PartDraft{{Part: "factors", Text: fmt.Sprintf("text of %d", i)}})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				saved++
			case CodeOf(err) == CodeRefused && out.Kept != "":
				kept++
			default:
				t.Errorf("person%d: %+v, %v", i, out, err)
			}
		})
	}
	all.Wait()
	if saved != 1 || kept != people-1 || len(b.entries(record.ReviewText)) != 1 {
		t.Errorf("%d saved, %d kept", saved, kept)
	}
}

func TestBlameIsPointedOutNotRefused(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	saved, err := b.writes(b.s, "factors", 0, "Human error: Bob should have seen it. A careless act.")
	b.must(err)
	if len(saved.Saved) != 1 || len(saved.Warnings) != 1 || !strings.Contains(saved.Warnings[0], `"Human error", "should have", "careless"`) {
		t.Errorf("%+v", saved)
	}
	saved, err = b.writes(b.s, "luck", 0, "The backup ran an hour before.")
	b.must(err)
	if len(saved.Warnings) > 0 {
		t.Errorf("%q", saved.Warnings)
	}
}

// reads is the Markdown of the review for the readers of a profile, with what the
// mask found.
func (b *bench) reads(p record.Profile) string {
	b.Helper()
	forms, _, _ := b.shownBy(p, "one key")
	return string(forms["review.md"])
}

func TestPartForTheReadersOfAProfile(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.wrote("summary", "Our server fs-7 was encrypted.")
	b.wrote("luck", "Nobody looked at the backups.")
	if got := b.reads(record.PublicProfile); strings.Contains(got, "encrypted") || !strings.Contains(got, "nobody wrote it for them") || !strings.Contains(got, "nobody wrote a summary for the public") {
		t.Errorf("without words for the public:\n%s", got)
	}
	b.wrote("summary.public", "A server was locked, ada says. Nobody's data was taken.")
	b.wrote("luck.executive", "A copy was left.")
	for _, x := range []struct {
		profile        record.Profile
		reads, doesNot []string
	}{
		{record.PublicProfile, []string{"A server was locked, ", "Written for the public by ", "nobody wrote it for them"}, []string{"encrypted", "ada says", "A copy was left", "Nobody looked"}},
		{record.ExecutiveProfile, []string{"was encrypted", "A copy was left"}, []string{"A server was locked", "Nobody looked", "fs-7 "}},
		{record.TechnicalProfile, []string{"was encrypted", "Nobody looked"}, []string{"A server was locked", "A copy was left"}},
		{record.FullProfile, []string{"was encrypted", "Nobody looked", "What the public read in the place of this:", "A server was locked, ada says", "What executives read", "A copy was left"}, nil},
	} {
		got := b.reads(x.profile)
		if x.profile == record.ExecutiveProfile {
			x.doesNot = x.doesNot[:2] // nobody named the host
		}
		for _, want := range x.reads {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not read %q:\n%s", x.profile, want, got)
			}
		}
		for _, secret := range x.doesNot {
			if _, body, _ := strings.Cut(got, "# Summary"); strings.Contains(body, secret) {
				t.Errorf("%s reads %q:\n%s", x.profile, secret, got)
			}
		}
	}
	// They are versions of their own, and none of the team's is counted with them.
	w, err := b.s.PartHistory(t.Context(), b.id, "summary.public")
	b.must(err)
	st, err := b.s.ReviewStanding(t.Context(), b.id)
	b.must(err)
	if w.Version() != 1 || w.For != record.PublicProfile || st.Parts != 2 {
		t.Errorf("%+v, %d parts", w, st.Parts)
	}
	b.wrote("summary.public", "")
	if got := b.reads(record.PublicProfile); !strings.Contains(got, "nobody wrote a summary for the public") {
		t.Error("taking it back leaves something")
	}
	for _, key := range []string{"summary.full", "nonsense.public", ".public"} {
		_, err := b.writes(b.s, key, 0, "text")
		b.want(CodeUsage, err)
	}
	if r := b.signatures(); !r.OK() {
		t.Error(r.Problems)
	}
}

func TestReleaseForThePublicSaysThatNobodyWroteForIt(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	warned := func() bool {
		d, err := b.s.PrepareRelease(t.Context(), b.id, ReleaseRequest{Profile: record.PublicProfile, Draft: true, Forms: []string{"md"}})
		b.must(err)
		return slices.ContainsFunc(d.Warnings, func(w string) bool { return strings.Contains(w, "summary --for public") })
	}
	if !warned() {
		t.Error("nothing is said")
	}
	b.wrote("summary.public", "A server was locked.")
	if warned() {
		t.Error("it is said though somebody did")
	}
}
