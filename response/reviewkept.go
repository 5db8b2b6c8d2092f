package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/review"
)

// keptPrefix begins the names of files with text of a review that its author
// could not save. They lie among the exports: an erasure destroys them with these,
// and in an encrypted incident they are sealed.
const keptPrefix = "unsaved-review-"

// KeepParts keeps what somebody wrote and could not save: a file of parts, or
// whatever their editor left of one. It returns where.
func (s *Session) KeepParts(ctx context.Context, id incident.ID, text string) (string, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return "", err
	}
	if err := f.writable(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.exports(), 0o700); err != nil {
		return "", fmt.Errorf("keep the text: %w", err)
	}
	stem := keptPrefix + s.by.ID + "-" + s.s.o.Now().UTC().Format("20060102T150405.000Z")
	name := stem + ".md"
	for n := 2; there(filepath.Join(f.exports(), name)) || there(filepath.Join(f.exports(), name+sealedSuffix)); n++ {
		name = fmt.Sprintf("%s-%d.md", stem, n)
	}
	path, err := f.writeExport(f.exports(), name, []byte(text))
	if err != nil {
		return "", fmt.Errorf("keep the text: %w", err)
	}
	return path, nil
}

// KeptParts are the files with what this person could not save, oldest first.
func (s *Session) KeptParts(ctx context.Context, id incident.ID) ([]string, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return f.keptBy(s.by.ID)
}

func (f *folder) keptBy(actor string) ([]string, error) {
	entries, err := os.ReadDir(f.exports())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for texts that were kept: %w", err)
	}
	out := []string{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), keptPrefix+actor+"-") && !strings.HasPrefix(filepath.Ext(e.Name()), ".tmp") {
			out = append(out, filepath.Join(f.exports(), e.Name()))
		}
	}
	slices.Sort(out)
	return out, nil
}

// Resumed is a text that was kept, as its author goes on with it.
type Resumed struct {
	Text string // for the editor
	From string // the file; ForgetKept takes it away once the text is saved
	// Whole says that the file is as its author left it, because its parts could not
	// be told apart.
	Whole bool
}

// ResumeParts is the newest text that this person could not save. Where somebody
// else changed a part since, both texts stand in it. CodeNotFound: there is none.
func (s *Session) ResumeParts(ctx context.Context, id incident.ID) (Resumed, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Resumed{}, err
	}
	kept, err := f.keptBy(s.by.ID)
	if err != nil {
		return Resumed{}, err
	}
	if len(kept) == 0 {
		return Resumed{}, notFound("firebreak review edit "+string(id)+" begins with the text as it stands", "no text of %s is kept in %s", s.by.Name, id)
	}
	r := Resumed{From: kept[len(kept)-1]}
	b, err := f.readExport(r.From)
	if err != nil {
		return Resumed{}, fmt.Errorf("read the text that was kept in %s: %w", r.From, err)
	}
	drafts, err := review.ReadPartsFile(string(b))
	if err != nil {
		r.Text, r.Whole = string(b), true
		return r, nil
	}
	parts, err := f.writtenParts(ctx)
	if err != nil {
		return Resumed{}, err
	}
	for i := range drafts {
		drafts[i] = onto(drafts[i], parts)
	}
	r.Text = review.PartsFile(id, drafts)
	return r, nil
}

// onto puts a draft onto what stands now.
func onto(d review.PartDraft, parts []review.Written) review.PartDraft {
	for _, w := range parts {
		if w.Key != d.Part || w.Version() == d.From {
			continue
		}
		base, now := textOf(w, d.From), w.Now()
		switch d.Text {
		case base, now:
			d.Text = now
		default:
			if now != base {
				last := w.Versions[len(w.Versions)-1]
				d.Text = review.Both(d.Text, now, fmt.Sprintf("version %d by %s", last.Version, last.By))
			}
		}
		d.From = w.Version()
	}
	return d
}

// ForgetKept takes a file away whose text is saved.
func (s *Session) ForgetKept(ctx context.Context, id incident.ID, path string) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	if filepath.Dir(path) != f.exports() || !strings.HasPrefix(filepath.Base(path), keptPrefix) {
		return usage("", "%s is no text that was kept", path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("take the kept text away: %w", err)
	}
	return durable.SyncDir(f.exports())
}
