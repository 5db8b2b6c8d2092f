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

	"firebreak/record"
	"firebreak/store"
	"firebreak/store/keys"
)

// erasureView gathers what there is to see.
func (s *Session) erasureView(ctx context.Context, f *folder, x store.Erasure, person string) (ErasureView, error) {
	v := ErasureView{
		Erasure: x, Incident: f.id, Goes: []ErasedText{}, Kept: []ErasedText{}, Evidence: []ErasedExhibit{}, Files: []string{}, Copies: []string{},
		Events: x.Events, Unfinished: x.State == store.ErasureDone && store.Pending(f.dir),
	}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		entries, err := tx.Fields(0, 0)
		if err != nil {
			return err
		}
		v.texts(entries, x.Fields, person)
		if h, standing, err := tx.Hold(); err != nil {
			return err
		} else if standing {
			v.Hold = &h
		}
		if v.Evidence, err = exhibitsOf(tx, x.Exhibits); err != nil {
			return err
		}
		if x.State == store.ErasureDone {
			v.Copies = append(v.Copies, x.Left...)
			return nil
		}
		copies, err := f.copiesWith(tx, x.ErasureRequest)
		v.Copies = append(v.Copies, copies...)
		return err
	})
	if err != nil || x.State == store.ErasureDone {
		return v, err
	}
	handed, err := s.s.handed(f)
	if err != nil {
		return v, err
	}
	v.Copies = append(v.Copies, handed...)
	if v.Files, err = f.exported(); err != nil {
		return v, err
	}
	return v, s.countErased(ctx, f, &v, person)
}

// texts puts the fields into words, and says what cannot go.
func (v *ErasureView) texts(entries []store.Fields, fields []record.ErasedField, person string) {
	goes := map[string]bool{}
	for _, x := range fields {
		goes[x.Digest] = true
	}
	there := map[string]bool{}
	for _, e := range entries {
		for _, d := range e.Fields {
			text := ErasedText{Seq: e.Seq, Kind: e.Kind, Name: d.Name, Text: shorten(string(d.Value))}
			switch {
			case goes[d.Digest]:
				there[d.Digest] = true
				v.Goes = append(v.Goes, text)
			case person != "" && names(d.Value, person):
				text.Why = keptWhy(e.Kind, d.Name)
				v.Kept = append(v.Kept, text)
			}
		}
	}
	for _, x := range fields {
		if !there[x.Digest] { // erased
			n := slices.IndexFunc(entries, func(e store.Fields) bool { return e.Seq == x.Seq })
			if n >= 0 {
				v.Goes = append(v.Goes, ErasedText{Seq: x.Seq, Kind: entries[n].Kind, Name: x.Name, Text: record.ErasedMark})
			}
		}
	}
}

func keptWhy(k record.Kind, name string) string {
	switch {
	case record.ErasedWithExhibit(k, name):
		return "it goes only with its exhibit"
	case record.Erasable(k, name):
		return "the action has not come to an end"
	}
	return "it holds up the record"
}

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}

// exhibitsOf describes exhibits that go.
func exhibitsOf(tx *store.Tx, ids []string) ([]ErasedExhibit, error) {
	out := []ErasedExhibit{}
	all, err := tx.Exhibits()
	if err != nil {
		return out, err
	}
	for _, x := range all {
		if !slices.Contains(ids, x.ID) {
			continue
		}
		e := ErasedExhibit{Exhibit: x.ID, Title: x.Title}
		for _, other := range all {
			if other.Blob == x.Blob && x.Blob != "" && other.Erased == "" && !slices.Contains(ids, other.ID) {
				e.Shared = other.ID
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// exportsWith lists the exports of events that may hold what is to go: those
// made when its exhibits were sealed, or its marks set.
func exportsWith(tx *store.Tx, r record.ErasureRequest) ([]string, error) {
	entries, err := tx.EntriesOf(record.TimelineExported)
	if err != nil {
		return nil, err
	}
	var first int64 // entry of what is to go
	seen := func(seq int64) {
		if first == 0 || seq < first {
			first = seq
		}
	}
	for _, f := range r.Fields {
		if f.Name == "tags" || f.Name == "comment" {
			seen(f.Seq)
		}
	}
	for _, id := range r.Exhibits {
		x, err := tx.Exhibit(id)
		if err != nil {
			return nil, err
		}
		seen(x.Seq)
	}
	var out []string
	for _, e := range entries {
		var x record.Exported
		if err := e.Decode(&x); err != nil {
			return nil, err
		}
		if first > 0 && first < e.Seq {
			out = append(out, fmt.Sprintf("events exported to %s on %s (entry %d)", x.To, e.Time.UTC().Format("2006-01-02"), e.Seq))
		}
	}
	return out, nil
}

// copiesWith lists the bundles and backups that were made when what is to go
// was there, and what a restore moved aside: it is another record, and goes by
// hand.
func (f *folder) copiesWith(tx *store.Tx, r record.ErasureRequest) ([]string, error) {
	out, err := exportsWith(tx, r)
	if err != nil {
		return nil, err
	}
	entries, err := tx.EntriesOf(record.BundleMade, record.BackupMade)
	if err != nil {
		return nil, err
	}
	aside, err := filepath.Glob(filepath.Join(filepath.Dir(f.dir), ".replaced-"+string(f.id)+"-*"))
	if err != nil {
		return nil, err
	}
	for _, path := range aside {
		out = append(out, "incidents/"+filepath.Base(path)+", which a restore moved aside")
	}
	for _, e := range entries {
		var c record.Copy
		if err := e.Decode(&c); err != nil {
			return nil, err
		}
		holds := slices.ContainsFunc(r.Fields, func(f record.ErasedField) bool { return f.Seq <= c.Size })
		holds = holds || slices.ContainsFunc(r.Exhibits, func(id string) bool { return slices.Contains(c.Exhibits, id) })
		if holds {
			what := "bundle"
			if e.Kind == record.BackupMade {
				what = "backup"
			}
			out = append(out, fmt.Sprintf("%s %s of %s (entry %d)", what, c.Name, e.Time.UTC().Format("2006-01-02"), e.Seq))
		}
	}
	return out, nil
}

// countErased counts the events of the timeline that go, or that name a person.
func (s *Session) countErased(ctx context.Context, f *folder, v *ErasureView, person string) error {
	db, err := s.s.timeline(ctx, f)
	if CodeOf(err) == CodeIntegrity {
		return nil // damaged: it is made again without them
	}
	if err != nil {
		return err
	}
	for i := range v.Evidence {
		n, err := db.CountExhibit(ctx, v.Evidence[i].Exhibit)
		if err != nil {
			return err
		}
		v.Evidence[i].Events = n
		v.Events += n
	}
	if person != "" && len(v.Evidence) == 0 {
		v.Events, err = s.Count(ctx, f.id, textFilter(person))
	}
	return err
}

// quoting lists the files of the incident's folder that may quote what goes, by
// their paths below it: everything that was exported. In a drill also the state
// of its stand-ins, when one of the values is in it or some of what goes is of
// an action.
func (f *folder) quoting(values []string, acts bool) ([]string, error) {
	out, err := f.exported()
	if err != nil {
		return nil, err
	}
	if !f.drill {
		return out, nil
	}
	quotes, err := folderHolds(filepath.Join(f.dir, drillFolder), values, f.key.Subkey(keys.ForDrill))
	if quotes || acts { // what the stand-ins got came from actions
		out = append(out, drillFolder)
	}
	return out, err
}

// exported lists what was exported, by the paths below the incident's folder.
func (f *folder) exported() ([]string, error) {
	out := []string{}
	entries, err := os.ReadDir(filepath.Join(f.dir, exportsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look at the exports: %w", err)
	}
	for _, e := range entries {
		out = append(out, filepath.Join(exportsDir, e.Name()))
	}
	return out, nil
}

// drillFolder is where the state of a drill's stand-ins is.
const drillFolder = "drill"
