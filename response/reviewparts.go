package response

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// PartView is one part of the review as it stands, with what to look at in it.
type PartView struct {
	review.Part
	Version  int       `json:"version"` // 0: nobody wrote any
	Text     string    `json:"text,omitempty"`
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Seq      int64     `json:"seq,omitempty"`
	Authors  []string  `json:"authors"` // of all versions, the first one first
	Warnings []string  `json:"warnings,omitempty"`
}

// partView is how a part stands.
func partView(w review.Written) PartView {
	v := PartView{Part: w.Part, Authors: []string{}}
	for _, x := range w.Versions {
		v.Version, v.Text, v.By, v.At, v.Seq = x.Version, x.Text, x.By, x.Time, x.Seq
		if !slices.Contains(v.Authors, x.By) {
			v.Authors = append(v.Authors, x.By)
		}
	}
	v.Warnings = partWarnings(w.Part, v.Text)
	return v
}

// partWarnings say what a person should look at again in a text. None of it is
// refused: whoever wrote it may have a reason.
func partWarnings(p review.Part, text string) []string {
	var out []string
	if phrases := review.Blames(text); len(phrases) > 0 {
		out = append(out, fmt.Sprintf("%s: \"%s\" puts blame on somebody: say what made it likely instead", p.Key, strings.Join(phrases, `", "`)))
	}
	if n := len(strings.Fields(text)); p.Words > 0 && n > p.Words {
		out = append(out, fmt.Sprintf("%s: it has %d words; %d are read", p.Key, n, p.Words))
	}
	return out
}

// reviewEntries are the entries that tell of the parts, the states and the releases
// of a review.
func reviewEntries(tx *store.Tx) ([]record.Entry, error) {
	return tx.EntriesOf(record.ReviewText, record.ReviewMoved, record.ReviewReleased)
}

// ReviewParts are the parts of the review that people write, in their order: those of
// review.WrittenParts.
func (s *Session) ReviewParts(ctx context.Context, id incident.ID, keys ...string) ([]PartView, error) {
	for _, key := range keys {
		if _, ok := review.PartOf(key); !ok {
			return nil, noPart(key)
		}
	}
	parts, err := s.writtenParts(ctx, id, keys...)
	if err != nil {
		return nil, err
	}
	out := make([]PartView, len(parts))
	for i, w := range parts {
		out[i] = partView(w)
	}
	return out, nil
}

// PartHistory is one part with every version of it, oldest first.
func (s *Session) PartHistory(ctx context.Context, id incident.ID, key string) (review.Written, error) {
	if _, ok := review.PartOf(key); !ok {
		return review.Written{}, noPart(key)
	}
	parts, err := s.writtenParts(ctx, id, key)
	if err != nil {
		return review.Written{}, err
	}
	i := slices.IndexFunc(parts, func(w review.Written) bool { return w.Key == key })
	if i < 0 {
		return review.Written{}, noPart(key)
	}
	return parts[i], nil
}

func noPart(key string) error {
	return usage("there are "+strings.Join(review.PartKeys(), ", ")+"; and summary.public and the like, for the readers of a profile", "the review has no part %q", key)
}

func (s *Session) writtenParts(ctx context.Context, id incident.ID, keys ...string) ([]review.Written, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return f.writtenParts(ctx, keys...)
}

func (f *folder) writtenParts(ctx context.Context, keys ...string) ([]review.Written, error) {
	var es []record.Entry
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		es, err = reviewEntries(tx)
		return err
	})
	return review.WrittenParts(es, keys...), err
}

// PartsToEdit are the parts as somebody begins to work on them: all, or those that
// are named. It refuses where what they write could not be kept.
func (s *Session) PartsToEdit(ctx context.Context, id incident.ID, keys ...string) ([]review.PartDraft, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := f.writable(); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if _, ok := review.PartOf(key); !ok {
			return nil, noPart(key)
		}
	}
	var es []record.Entry
	if err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		if es, err = reviewEntries(tx); err != nil {
			return err
		}
		return mayEdit(id, es)
	}); err != nil {
		return nil, err
	}
	var out []review.PartDraft
	for _, w := range review.WrittenParts(es, keys...) {
		_, known := review.PartOf(w.Key)
		if known && (len(keys) == 0 || slices.Contains(keys, w.Key)) {
			out = append(out, review.PartDraft{Part: w.Key, From: w.Version(), Text: w.Now()})
		}
	}
	return out, nil
}

// mayEdit refuses an edit of what somebody has put their name under.
func mayEdit(id incident.ID, es []record.Entry) error {
	if st := review.StateOf(es); !st.Before(record.ReviewReviewed) {
		return refused("firebreak review state "+string(id)+" draft --reason WHY takes it back", "the review of %s is %s: its text stands", id, st)
	}
	return nil
}

// PartsFile is the file in which a person edits parts.
func PartsFile(id incident.ID, drafts []review.PartDraft) string {
	return review.PartsFile(id, drafts)
}

// ReadParts reads what a person made of such a file. Where alone is set and one part
// is named, a text without the lines that begin parts is the text of that one,
// written on what stands now.
func (s *Session) ReadParts(ctx context.Context, id incident.ID, text string, alone bool, keys ...string) ([]review.PartDraft, error) {
	const hint = "firebreak review edit INCIDENT --print shows the file as it should be; for the text of one part name it: review edit INCIDENT PART"
	if alone && len(keys) == 1 && !review.HasParts(text) {
		drafts, err := s.PartsToEdit(ctx, id, keys...)
		if err != nil {
			return nil, err
		}
		drafts[0].Text = text
		return drafts, nil
	}
	drafts, err := review.ReadPartsFile(text)
	if err != nil {
		return nil, usage(hint, "read the parts of the review: %w", err)
	}
	if len(keys) > 0 {
		drafts = slices.DeleteFunc(drafts, func(d review.PartDraft) bool { return !slices.Contains(keys, d.Part) })
		if len(drafts) == 0 {
			return nil, usage(hint, "the file has no part %s", strings.Join(keys, ", "))
		}
	}
	return drafts, nil
}

// PartsSaved is what came of saving parts.
type PartsSaved struct {
	Incident  incident.ID    `json:"incident"`
	Saved     []PartSaved    `json:"saved"` // empty: nothing was changed, and nothing recorded
	Conflicts []PartConflict `json:"conflicts,omitempty"`
	Kept      string         `json:"kept,omitempty"` // where the text of the conflicts is
	Warnings  []string       `json:"warnings,omitempty"`
}

// PartSaved is one part that was recorded.
type PartSaved struct {
	Part    string `json:"part"`
	Version int    `json:"version"`
	Seq     int64  `json:"seq"`
}

// PartConflict is a part that somebody else changed meanwhile.
type PartConflict struct {
	Part string    `json:"part"`
	From int       `json:"from"` // what was worked on
	Now  int       `json:"now"`  // what stands
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// SaveParts records what was changed in the parts, in one transaction. A part that
// somebody else changed since that person looked at it is not recorded: their text
// is kept beside, and the error is CodePartial or, where nothing was recorded,
// CodeRefused. Whoever gets another error still has the text: KeepParts keeps it.
func (s *Session) SaveParts(ctx context.Context, id incident.ID, drafts []review.PartDraft) (PartsSaved, error) {
	out := PartsSaved{Incident: id, Saved: []PartSaved{}}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return out, err
	}
	for i := range drafts {
		d := &drafts[i]
		if _, ok := review.PartOf(d.Part); !ok {
			return out, noPart(d.Part)
		}
		if review.IsBoth(d.Text) {
			return out, refused("make one text of the two", "part %s: both texts still stand in it", d.Part)
		}
		if d.Text, err = review.PartTextOf(d.Text); err != nil {
			return out, usage("", "part %s: %w", d.Part, err)
		}
	}
	var clash []review.PartDraft
	var keys []string
	for _, d := range drafts {
		keys = append(keys, d.Part)
	}
	entries, err := f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		out.Saved, out.Conflicts, out.Warnings, clash = []PartSaved{}, nil, nil, nil
		es, err := reviewEntries(tx)
		if err != nil {
			return nil, err
		}
		var drafted []record.Draft
		for _, w := range review.WrittenParts(es, keys...) {
			i := slices.IndexFunc(drafts, func(d review.PartDraft) bool { return d.Part == w.Key })
			if i < 0 || drafts[i].Text == w.Now() || drafts[i].Text == textOf(w, drafts[i].From) {
				continue
			}
			if drafts[i].From != w.Version() {
				last := w.Versions[len(w.Versions)-1]
				out.Conflicts = append(out.Conflicts, PartConflict{w.Key, drafts[i].From, last.Version, last.By, last.Time})
				clash = append(clash, drafts[i])
				continue
			}
			d, err := s.draft(tx, record.ReviewText, "", record.NewPartText(w.Key, w.Version()+1, drafts[i].Text))
			if err != nil {
				return nil, err
			}
			drafted = append(drafted, d)
			out.Saved = append(out.Saved, PartSaved{Part: w.Key, Version: w.Version() + 1})
			out.Warnings = append(out.Warnings, partWarnings(w.Part, drafts[i].Text)...)
		}
		if len(drafted)+len(clash) > 0 {
			err = mayEdit(id, es)
		}
		return drafted, err
	})
	if err != nil {
		return out, err
	}
	for i := range out.Saved {
		out.Saved[i].Seq = entries[i].Seq
	}
	if len(clash) == 0 {
		return out, nil
	}
	out.Kept, err = s.KeepParts(ctx, id, review.PartsFile(id, clash))
	return out, errors.Join(clashed(id, out), err)
}

// textOf is a part's text of one version.
func textOf(w review.Written, version int) string {
	for _, x := range w.Versions {
		if x.Version == version {
			return x.Text
		}
	}
	return ""
}

// clashed says what two people did to one text, and how one is made of it.
func clashed(id incident.ID, out PartsSaved) error {
	code, also := CodeRefused, ""
	if n := len(out.Saved); n > 0 {
		code, also = CodePartial, "; the other parts are recorded"
	}
	var whose []string
	for _, c := range out.Conflicts {
		whose = append(whose, fmt.Sprintf("%s (version %d by %s)", c.Part, c.Now, c.By))
	}
	return fail(code, "firebreak review edit "+string(id)+" --resume opens both texts",
		"somebody else changed %s while you wrote: theirs stands, yours is kept in %s%s", strings.Join(whose, ", "), out.Kept, also)
}

// Parts are the parts of a review that people write.
func Parts() []review.Part { return review.Parts() }

// PartAs is a part as it is written for the readers of a profile, before anybody
// wrote it for them.
func PartAs(key string, readers record.Profile) PartView {
	key, _ = record.PartReaders(key)
	p, _ := review.PartOf(record.PartFor(key, readers))
	return PartView{Part: p, Authors: []string{}}
}

// PartArgs are the arguments by which a command names a part: "summary --for public".
func PartArgs(key string) string {
	part, readers := record.PartReaders(key)
	if readers == "" {
		return part
	}
	return part + " --for " + string(readers)
}

// PartDraft is one part as somebody works on it.
type PartDraft = review.PartDraft
