package response

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
)

func (b *bench) release(r ReleaseRequest) Released {
	b.Helper()
	d, err := b.s.PrepareRelease(b.Context(), b.id, r)
	b.must(err)
	out, err := b.s.Release(b.Context(), d)
	b.must(err)
	return out
}

// reviewed is an incident with evidence, a marked event, and a review that is
// reviewed.
func (b *bench) reviewed() {
	b.Helper()
	b.open()
	ctx := b.Context()
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	page, err := b.s.Page(ctx, b.id, PageRequest{Limit: 1})
	b.must(err)
	star := true
	b.must(b.s.Mark(ctx, b.id, page[0].ID.String(), &star, []string{"pivot"}, "here it began"))
	b.must(b.s.Note(ctx, b.id, "", "decided by ada on web-1", true))
	b.wrote("summary", "It is over.")
	b.moves(b.s, record.ReviewInReview)
	b.moves(b.s, record.ReviewReviewed)
}

func TestReleaseIsMadeAgainBitForBit(t *testing.T) {
	b := newBench(t, config.Config{})
	b.reviewed()
	ctx := t.Context()
	var all []Released
	for _, p := range record.Profiles() {
		to := t.TempDir()
		r := b.release(ReleaseRequest{Profile: p, For: "somebody", Reason: "asked", Forms: []string{"all"}, To: to})
		if len(r.Files) != len(reviewForms()) || r.Draft {
			t.Errorf("%+v", r)
		}
		all = append(all, r)
	}
	// More is recorded, the timeline grows, another service looks: nothing of it shows.
	b.must(b.s.Note(ctx, b.id, "", "afterwards", false))
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("more.log", strings.ReplaceAll(authLog, "web-1", "web-2"))}, IngestOptions{}, nil)
	b.must(err)
	b.must(b.s.MoveReview(ctx, b.id, record.ReviewDraft, "more came up"))
	b.wrote("summary", "It is not over.")
	b.clock.Advance(1000 * time.Hour)
	b.must(b.s.s.Close())
	b.s = b.service(config.Config{}).As(incident.Actor{Name: "eve"})
	for _, r := range all {
		c, err := b.s.CheckRelease(ctx, b.id, r.ID)
		b.must(err)
		if !c.OK {
			t.Errorf("release %s, profile %s: %+v", r.ID, r.Profile, c)
		}
		to := t.TempDir()
		again, err := b.s.AgainRelease(ctx, b.id, r.ID, to)
		b.must(err)
		for name, path := range again.Paths {
			was, err := os.ReadFile(r.Paths[name])
			b.must(err)
			is, err := os.ReadFile(path)
			b.must(err)
			if string(was) != string(is) || sumOf(is) != r.Files[name] {
				t.Errorf("release %s: %s differs", r.ID, name)
			}
		}
	}
	if _, err := b.s.AgainRelease(ctx, b.id, "v1", filepath.Dir(all[0].Paths["review-v1.md"])); err != nil {
		t.Errorf("what is there already is not written again: %v", err)
	}
	b.must(os.WriteFile(all[0].Paths["review-v1.md"], []byte("mine"), 0o600))
	_, err = b.s.AgainRelease(ctx, b.id, "v1", filepath.Dir(all[0].Paths["review-v1.md"]))
	b.refused("is another file", err)
	cmp, err := b.s.CompareRelease(ctx, b.id, "v2", []string{all[1].Paths["review-v2.md"], all[0].Paths["review-v1.md"]})
	b.must(err)
	if cmp.OK || !cmp.Files[0].OK || cmp.Files[1].OK {
		t.Errorf("%+v", cmp)
	}
}

func TestReleaseOfADraftSaysSo(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.PrepareRelease(t.Context(), b.id, ReleaseRequest{})
	b.refused("nobody has reviewed it", err)
	r := b.release(ReleaseRequest{Draft: true, Forms: []string{"md"}})
	text, err := os.ReadFile(r.Paths["review-v1.md"])
	b.must(err)
	if !r.Draft || !strings.HasPrefix(string(text), "# DRAFT: ") || !strings.Contains(string(text), "**DRAFT**") {
		t.Errorf("%.300s", text)
	}
	list, err := b.s.Releases(t.Context(), b.id)
	b.must(err)
	if len(list) != 1 || !list[0].Draft || list[0].By != "ada" {
		t.Errorf("%+v", list)
	}
}

func TestReleaseOfWhatWasChangedMeanwhile(t *testing.T) {
	b := newBench(t, config.Config{})
	b.reviewed()
	ctx := t.Context()
	d, err := b.s.PrepareRelease(ctx, b.id, ReleaseRequest{})
	b.must(err)
	b.must(b.s.Note(ctx, b.id, "", "life goes on", false))
	_, err = b.s.Release(ctx, d) // of what was prepared, over its own head
	b.must(err)
	_, err = b.s.Release(ctx, d)
	b.refused("was changed meanwhile", err)
	if d, err = b.s.PrepareRelease(ctx, b.id, ReleaseRequest{}); err != nil {
		t.Fatal(err)
	}
	b.must(b.s.MoveReview(ctx, b.id, record.ReviewInReview, "wait"))
	_, err = b.s.Release(ctx, d)
	b.refused("was changed meanwhile", err)
	if n := len(b.entries(record.ReviewReleased)); n != 1 {
		t.Errorf("%d releases", n)
	}
}

func TestReleaseAfterAnErasure(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	b.must(b.s.Note(ctx, b.id, "", "MARKER", false))
	b.release(ReleaseRequest{Draft: true})
	b.release(ReleaseRequest{Draft: true, Profile: record.PublicProfile})
	b.erase(EraseRequest{Fields: []string{"2.text"}})
	c, err := b.s.CheckRelease(ctx, b.id, "v1")
	b.must(err)
	if c.OK || len(c.Erased) != 1 || !strings.Contains(strings.Join(c.Reasons(), " "), "something was erased since") {
		t.Errorf("%+v", c)
	}
	_, err = b.s.AgainRelease(ctx, b.id, "v1", t.TempDir())
	b.want(CodeIntegrity, err)
	// The public never saw it: theirs is the same still.
	if c, err = b.s.CheckRelease(ctx, b.id, "v2"); err != nil || !c.OK {
		t.Errorf("%+v, %v", c, err)
	}
	// Without the key of its pseudonyms nobody can make it again.
	releases := b.entries(record.ReviewReleased)
	b.erase(EraseRequest{Fields: []string{strconv.FormatInt(releases[1].Seq, 10) + ".secret"}})
	if c, err = b.s.CheckRelease(ctx, b.id, "v2"); err != nil || c.OK || !strings.Contains(c.Why, "was erased") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestReleaseByAnotherVersion(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.release(ReleaseRequest{Draft: true})
	b.s.s.o.Tool = "firebreak 99.0"
	c, err := b.s.CheckRelease(t.Context(), b.id, "v1")
	b.must(err)
	if !c.OK { // the version that stands in it is the one that made it
		t.Errorf("%+v", c)
	}
	if c.Program == "" || c.Program != c.ProgramNow {
		t.Errorf("programs %q and %q", c.Program, c.ProgramNow)
	}
	_, err = b.s.CheckRelease(t.Context(), b.id, "v9")
	b.want(CodeNotFound, err)
}

// TestReleaseByAnotherBuild tells two programs of one version apart.
func TestReleaseByAnotherBuild(t *testing.T) {
	one, other := strings.Repeat("1a", 32), strings.Repeat("2b", 32)
	for _, x := range []struct {
		c    ReleaseCheck
		want string
	}{
		{ReleaseCheck{Tool: "firebreak 1.0", Now: "firebreak 1.1", Program: one, ProgramNow: other}, "it was made by another version (firebreak 1.0, a program with the SHA-256 1a1a1a1a1a1a…), and this is firebreak 1.1: only that one"},
		{ReleaseCheck{Tool: "firebreak 1.0", Now: "firebreak 1.1", ProgramNow: other}, "it was made by another version (firebreak 1.0), and this is firebreak 1.1: only that one"},
		{ReleaseCheck{Tool: "firebreak dev", Now: "firebreak dev", Program: one, ProgramNow: other}, "another build of firebreak dev: the SHA-256 of that program is 1a1a1a1a1a1a…, and of this 2b2b2b2b2b2b…: only that one"},
		{ReleaseCheck{Tool: "firebreak dev", Now: "firebreak dev", ProgramNow: other}, "which build it was, this release does not say"},
		{ReleaseCheck{Tool: "firebreak dev", Now: "firebreak dev", Program: one, ProgramNow: one}, "nothing in the record explains it"},
		{ReleaseCheck{Tool: "firebreak 1.0", Now: "firebreak 1.0", ProgramNow: one}, "nothing in the record explains it"},
	} {
		if got := strings.Join(x.c.Reasons(), "; "); !strings.Contains(got, x.want) {
			t.Errorf("%+v: %q, want %q", x.c, got, x.want)
		}
	}
	b := newBench(t, config.Config{})
	b.open()
	b.release(ReleaseRequest{Draft: true, Forms: []string{"md", "pdf"}})
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	rel, _, err := f.released(t.Context(), "v1")
	b.must(err)
	md, err := os.ReadFile(filepath.Join(f.exports(), "review-v1.md"))
	b.must(err)
	if got := f.whatDiffers(rel, "review-v1.md", bytes.Replace(md, []byte("\n## "), []byte("\n## The "), 1)); !regexp.MustCompile(`^line \d+ was "## \w.*", and is "## The \w`).MatchString(got) {
		t.Errorf("%q", got)
	}
	pdf, err := os.ReadFile(filepath.Join(f.exports(), "review-v1.pdf"))
	b.must(err)
	if got := f.whatDiffers(rel, "review-v1.pdf", append(pdf[:2000:2000], 'x')); got != fmt.Sprintf("they differ from byte 2001 on; it had %d bytes, and has 2001", len(pdf)) {
		t.Errorf("%q", got)
	}
	b.must(os.WriteFile(filepath.Join(f.exports(), "review-v1.md"), []byte("another"), 0o600))
	if got := f.whatDiffers(rel, "review-v1.md", nil); got != "" {
		t.Errorf("a copy that is none: %q", got)
	}
}

// A PDF that was drawn with a font of the machine is the same with that font only,
// and the check says which one it is.
func TestReleaseDrawnWithAFontOfTheMachine(t *testing.T) {
	var font []byte
	for _, pattern := range []string{"/usr/share/fonts/*/*/NotoSansThai-Regular.ttf", "/usr/share/fonts/*/*/Loma.ttf", "/usr/share/fonts/*/*/Garuda.ttf"} {
		if paths, err := filepath.Glob(pattern); err == nil && len(paths) > 0 && font == nil {
			if font, err = os.ReadFile(paths[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if font == nil {
		t.Skip("no font with Thai is at hand: install fonts-noto-core")
	}
	b := newBench(t, config.Config{})
	dir := t.TempDir()
	b.s.s.fontFolders = []string{dir}
	path := filepath.Join(dir, "NotoSansThai-Regular.ttf")
	b.must(os.WriteFile(path, font, 0o600))
	b.open()
	b.wrote("summary", "ประเทศ")
	r := b.release(ReleaseRequest{Draft: true, Forms: []string{"md", "pdf"}})
	var rel record.Release
	b.must(b.entries(record.ReviewReleased)[0].Decode(&rel))
	if len(rel.Fonts) != 1 || rel.Fonts["NotoSansThai-Regular.ttf"] != sumOf(font) {
		t.Fatalf("fonts: %v", rel.Fonts)
	}
	check := func(ok bool, fonts ...FontCheck) {
		t.Helper()
		c, err := b.s.CheckRelease(t.Context(), b.id, r.ID)
		b.must(err)
		if c.OK != ok || !slices.Equal(c.Fonts, fonts) {
			t.Errorf("%v %+v, want %v %+v", c.OK, c.Fonts, ok, fonts)
		}
		for _, f := range fonts {
			if !strings.Contains(strings.Join(c.Reasons(), "; "), f.Name+": "+f.Why) {
				t.Errorf("%q", c.Reasons())
			}
		}
	}
	check(true)
	was := FontCheck{Name: "NotoSansThai-Regular.ttf", SHA256: sumOf(font)}
	b.must(os.Rename(path, filepath.Join(dir, "kept")))
	was.Why = "it is not on this machine"
	check(false, was)
	other := append(slices.Clone(font), 0) // the same letters, in another file
	b.must(os.WriteFile(path, []byte("no font"), 0o600))
	was.Now, was.Why = sumOf([]byte("no font")), "the one on this machine is another"
	check(false, was)
	b.must(os.WriteFile(filepath.Join(dir, "Loma.ttf"), other, 0o600))
	check(false, was) // it was not taken then, and is not now
	b.must(os.Rename(filepath.Join(dir, "kept"), path))
	check(true)
}

func TestFontsOfOneName(t *testing.T) {
	var m machineFonts
	for _, data := range []string{"a", "b", "a"} {
		m.use("x.ttf", []byte(data))
	}
	if len(m.used) != 2 || m.used["x.ttf"] != sumOf([]byte("a")) || m.used["x.ttf (2)"] != sumOf([]byte("b")) {
		t.Errorf("%v", m.used)
	}
}
