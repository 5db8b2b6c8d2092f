package response

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/store"
)

// ReleaseRequest asks for the review to be frozen for some readers.
type ReleaseRequest struct {
	Profile record.Profile
	For     string   // whom, in a few words: it stands in the files
	Reason  string   // why; it does not
	Forms   []string // as ReviewOptions has them
	To      string   // a folder; the incident's exports without one
	Draft   bool     // nobody has reviewed it, and every page may say so
}

// ReleaseView is one release of the review.
type ReleaseView struct {
	ID      string            `json:"release"`
	Profile record.Profile    `json:"profile"`
	For     string            `json:"for,omitempty"`
	Draft   bool              `json:"draft,omitempty"`
	Files   map[string]string `json:"files"` // name → SHA-256
	Size    int64             `json:"size"`  // entries that it was made over
	Root    string            `json:"root"`
	Made    time.Time         `json:"made"`
	Tool    string            `json:"tool"`
	By      string            `json:"by,omitempty"`
	Seq     int64             `json:"seq,omitempty"`
	Reason  string            `json:"reason,omitempty"`
}

// ReleaseDraft is a release before it is made: a person looks at what it says, and
// at what stands in it still, before it leaves.
type ReleaseDraft struct {
	ReleaseView
	Incident incident.ID `json:"incident"`
	Bytes    int64       `json:"bytes"`
	Warnings []string    `json:"warnings,omitempty"`
	// Found is what was replaced, and what looks like somebody's data and was not. It
	// holds the names themselves.
	Found audience.Report `json:"found"`

	release record.Release
	content map[string][]byte
	to      string
}

// Released is a release with where its files are.
type Released struct {
	ReleaseView
	Incident incident.ID       `json:"incident"`
	Paths    map[string]string `json:"paths"` // name → path
	Sealed   bool              `json:"sealed,omitempty"`
}

func releaseView(rel record.Release, draft bool) ReleaseView {
	return ReleaseView{
		ID: rel.ID, Profile: rel.Profile, For: rel.To, Draft: draft, Files: rel.Files, Size: rel.Size, Root: rel.Root, Made: rel.Made.UTC(),
		Tool: rel.Tool, Reason: rel.Reason,
	}
}

// releasesOf are the releases that the entries tell of, oldest first.
func releasesOf(es []record.Entry) []ReleaseView {
	out := []ReleaseView{}
	for i, e := range es {
		var rel record.Release
		if e.Kind != record.ReviewReleased || e.Decode(&rel) != nil {
			continue
		}
		before := slices.IndexFunc(es[:i], func(x record.Entry) bool { return x.Seq > rel.Size })
		if before < 0 {
			before = i
		}
		v := releaseView(rel, review.StateOf(es[:before]).Before(record.ReviewReviewed))
		v.By, v.Seq = e.Actor.Name, e.Seq
		out = append(out, v)
	}
	return out
}

// Releases are the releases of the review, oldest first.
func (s *Session) Releases(ctx context.Context, id incident.ID) ([]ReleaseView, error) {
	st, err := s.ReviewStanding(ctx, id)
	return st.Releases, err
}

// PrepareRelease makes the files of a release over the record as it is now, and
// records nothing.
func (s *Session) PrepareRelease(ctx context.Context, id incident.ID, r ReleaseRequest) (ReleaseDraft, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ReleaseDraft{}, err
	}
	if err := f.writable(); err != nil {
		return ReleaseDraft{}, err
	}
	forms, err := formsNamed(r.Forms)
	if err != nil {
		return ReleaseDraft{}, err
	}
	for what, text := range map[string]string{"whom it is for": r.For, "the reason": r.Reason} {
		if len(text) > maxReviewReason {
			return ReleaseDraft{}, usage("", "%s has %d bytes: at most %d", what, len(text), maxReviewReason)
		}
	}
	if f.key != nil && r.To != "" {
		if err := s.s.outside(r.To); err != nil {
			return ReleaseDraft{}, err
		}
	}
	m, err := s.gatherReview(ctx, f, cmp.Or(r.Profile, record.FullProfile))
	if err != nil {
		return ReleaseDraft{}, err
	}
	st := review.StateOf(m.entries)
	if st.Before(record.ReviewReviewed) && !r.Draft {
		return ReleaseDraft{}, refused("firebreak review state "+string(id)+" "+asWord(st.Next())+" goes on; --draft releases it marked as a draft on every page",
			"the review of %s is %s: nobody has reviewed it", id, st)
	}
	rel := record.Release{
		ID: nextRelease(m.entries), Profile: m.profile(), Size: m.head.Size, Root: m.head.Root, Made: m.extra.Now, Tool: m.extra.Tool,
		To: r.For, Reason: r.Reason,
	}
	m.readers.Key = make([]byte, secretSize)
	if err := s.s.draws(m.readers.Key); err != nil {
		return ReleaseDraft{}, err
	}
	rel.Secret = hex.EncodeToString(m.readers.Key)
	m.extra.Edition = edition(rel, m.entries)
	secrets := m.readers.Secrets
	m.readers.Secrets = nil // what they are is known here and now only
	content, report, err := m.files(rel, forms)
	if err != nil {
		return ReleaseDraft{}, err
	}
	for name, b := range content {
		if secrets != nil && secrets(string(b)) != string(b) {
			return ReleaseDraft{}, refused("firebreak erase destroys the field that has it", "release of %s: a secret of the configuration stands in %s", id, name)
		}
	}
	rel.Beside, rel.Fonts = m.beside(report), m.fonts.used
	if rel.Program, err = s.s.o.ToolSHA256(); err != nil {
		return ReleaseDraft{}, fmt.Errorf("release of %s: %w", id, err)
	}
	d := ReleaseDraft{Incident: id, Found: report, content: content, to: cmp.Or(r.To, f.exports())}
	rel.Files = map[string]string{}
	for name, b := range content {
		rel.Files[name] = sumOf(b)
		d.Bytes += int64(len(b))
	}
	d.release, d.ReleaseView = rel, releaseView(rel, m.extra.Edition.Draft)
	d.By = s.by.Name
	for _, w := range review.WrittenParts(m.entries) {
		d.Warnings = append(d.Warnings, partWarnings(w.Part, w.Now())...)
		if w.For == record.PublicProfile && w.Key == record.PartFor("summary", w.For) && w.Now() == "" && rel.Profile == w.For {
			d.Warnings = append(d.Warnings, "nobody wrote a summary for the public, and what the team wrote is not for it: firebreak review edit "+string(id)+" summary --for public")
		}
	}
	return d, nil
}

// nextRelease is the id of the next release.
func nextRelease(entries []record.Entry) string {
	n := 0
	for _, e := range entries {
		var rel record.Release
		if e.Kind == record.ReviewReleased && e.Decode(&rel) == nil {
			was, _ := strconv.Atoi(strings.TrimPrefix(rel.ID, "v")) // no number counts as none
			n = max(n, was)
		}
	}
	return "v" + strconv.Itoa(n+1)
}

// files are the files of a release, in these forms.
func (m making) files(rel record.Release, forms []reviewForm) (map[string][]byte, audience.Report, error) {
	r, report, err := m.review()
	if err != nil {
		return nil, report, err
	}
	out := map[string][]byte{}
	for _, form := range forms {
		b, err := form.made(r, m.fonts)
		if err != nil {
			return nil, report, fmt.Errorf("write review as %s: %w", form.name, err)
		}
		out[tagged(form.file, rel.ID)] = b
	}
	return out, report, nil
}

// Release records a release and writes its files. What was recorded and could not
// be written is CodePartial: it can be made again.
func (s *Session) Release(ctx context.Context, d ReleaseDraft) (Released, error) {
	out := Released{ReleaseView: d.ReleaseView, Incident: d.Incident, Paths: map[string]string{}}
	f, err := s.s.open(ctx, d.Incident)
	if err != nil {
		return out, err
	}
	out.Sealed = f.key != nil && d.to == f.exports()
	if err := f.makeRoom(d.to, d.release.Files); err != nil {
		return out, err
	}
	e, err := f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
		since, err := tx.EntriesOf(record.ReviewText, record.ReviewMoved, record.ReviewReleased, record.ErasureDone)
		if err != nil {
			return record.Draft{}, err
		}
		if n := len(since); n > 0 && since[n-1].Seq > d.Size {
			return record.Draft{}, refused("look at it again, then repeat it", "release %s: the review of %s was changed meanwhile (entry %d)", d.ID, d.Incident, since[n-1].Seq)
		}
		return s.draft(tx, record.ReviewReleased, "", d.release)
	})
	if err != nil {
		return out, err
	}
	out.Seq = e.Seq
	if out.Paths, err = f.writeRelease(d.to, d.content); err != nil {
		return out, fail(CodePartial, "firebreak review again "+string(f.id)+" "+d.ID+" --to FOLDER writes them", "release %s is recorded, and its files are not all written: %w", d.ID, err)
	}
	return out, s.SignDecision(ctx, f.id, "review released: "+d.ID)
}

// makeRoom makes the folder of a release, and refuses one that has other files of
// these names.
func (f *folder) makeRoom(dir string, files map[string]string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write release: %w", err)
	}
	for name, sum := range files {
		path := filepath.Join(dir, name)
		if dir == f.exports() && f.key != nil {
			path += sealedSuffix
		}
		b, err := f.readExport(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("write release: %w", err)
		}
		if sumOf(b) != sum {
			return refused("--to names another folder", "write release: %s is there, and is another file", path)
		}
	}
	return nil
}

func (f *folder) writeRelease(dir string, content map[string][]byte) (map[string]string, error) {
	paths := map[string]string{}
	var err error
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if paths[name], err = f.writeExport(dir, name, content[name]); err != nil {
			return paths, err
		}
	}
	return paths, nil
}
