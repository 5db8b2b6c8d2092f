package response

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review/audience"
	"firebreak/store"
)

// ReleaseCheck is what came of making a release again.
type ReleaseCheck struct {
	Incident incident.ID    `json:"incident"`
	Release  string         `json:"release"`
	Profile  record.Profile `json:"profile"`
	OK       bool           `json:"ok"`
	Files    []FileCheck    `json:"files"`
	Tool     string         `json:"tool"` // that made it
	Now      string         `json:"tool_now"`
	// Program and ProgramNow are the SHA-256 of the programs: that made it, as far as
	// the release says, and this one.
	Program    string `json:"program,omitempty"`
	ProgramNow string `json:"program_now,omitempty"`
	// Erased are entries of erasures behind the release: what they destroyed may have
	// stood in it.
	Erased []int64 `json:"erased,omitempty"`
	Why    string  `json:"why,omitempty"` // it cannot be made again
	// Fonts are those of the machine that are not the ones it was drawn with.
	Fonts []FontCheck `json:"fonts,omitempty"`
	// Look are words that stand in it, look like names, and that nobody gave the
	// incident. They hold the names themselves.
	Look []audience.Finding `json:"look,omitempty"`
	// LookText is the same for a terminal.
	LookText string `json:"-"`
}

// FileCheck is one file of a release that was made again.
type FileCheck struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // as it was released
	Made   string `json:"made,omitempty"`
	OK     bool   `json:"ok"`
	Why    string `json:"why,omitempty"`
}

// Reasons say in sentences what may be behind a difference.
func (c ReleaseCheck) Reasons() []string {
	var out []string
	if c.OK {
		return nil
	}
	if c.Why != "" {
		out = append(out, c.Why)
	}
	if why := c.otherProgram(); why != "" {
		out = append(out, why)
	}
	if len(c.Erased) > 0 {
		out = append(out, fmt.Sprintf("something was erased since (entry %d): what stood in the release and is gone cannot be written again; a copy of the files is compared with their hashes", c.Erased[len(c.Erased)-1]))
	}
	for _, f := range c.Fonts {
		out = append(out, fmt.Sprintf("font %s: %s; a PDF is the same with the same fonts only", f.Name, f.Why))
	}
	if len(out) == 0 {
		out = append(out, "nothing in the record explains it: either other code made it, or the record is not what it was (firebreak verify)")
	}
	return out
}

// otherProgram says which program made it, where it was not this one. A release
// that is older than the field may have been made by another of the same version.
func (c ReleaseCheck) otherProgram() string {
	short := func(sum string) string { return sum[:min(len(sum), 12)] + "…" }
	const only = ": only that one makes the same bytes for sure; run its firebreak review again"
	switch {
	case c.Program == "" && c.Tool == c.Now:
		if strings.Contains(c.Tool, "dev") {
			return fmt.Sprintf("the program that made it calls itself %s, as this one does; which build it was, this release does not say", c.Tool)
		}
		return ""
	case c.Program == c.ProgramNow && c.Program != "":
		return ""
	case c.Tool == c.Now:
		return fmt.Sprintf("it was made by another build of %s: the SHA-256 of that program is %s, and of this %s", c.Tool, short(c.Program), short(c.ProgramNow)) + only
	case c.Program == "":
		return fmt.Sprintf("it was made by another version (%s), and this is %s", c.Tool, c.Now) + only
	}
	return fmt.Sprintf("it was made by another version (%s, a program with the SHA-256 %s), and this is %s", c.Tool, short(c.Program), c.Now) + only
}

// CheckRelease makes a release again from the entries that it was made of, and
// compares every byte. A difference is part of the check, not an error.
func (s *Session) CheckRelease(ctx context.Context, id incident.ID, release string) (ReleaseCheck, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ReleaseCheck{}, err
	}
	c, _, err := s.remake(ctx, f, release)
	return c, err
}

// AgainRelease writes the files of a release again, bit for bit. Where they would
// not be the same nothing is written, and the code is CodeIntegrity.
func (s *Session) AgainRelease(ctx context.Context, id incident.ID, release, to string) (Released, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Released{}, err
	}
	if f.key != nil && to != "" {
		if err := s.s.outside(to); err != nil {
			return Released{}, err
		}
	}
	c, content, err := s.remake(ctx, f, release)
	if err != nil {
		return Released{}, err
	}
	if !c.OK {
		return Released{}, &Error{
			Code: CodeIntegrity, Hint: "firebreak review check " + string(id) + " " + c.Release + " says what differs",
			Err: fmt.Errorf("release %s cannot be written again, nothing was written: %s", c.Release, strings.Join(append(c.differ(), c.Reasons()...), "; ")),
		}
	}
	rel, v, err := f.released(ctx, release)
	if err != nil {
		return Released{}, err
	}
	if to == "" {
		to = f.exports()
		if err := f.writable(); err != nil {
			return Released{}, err
		}
	}
	if err := f.makeRoom(to, rel.Files); err != nil {
		return Released{}, err
	}
	out := Released{ReleaseView: v, Incident: id, Sealed: f.key != nil && to == f.exports()}
	out.Paths, err = f.writeRelease(to, content)
	return out, err
}

func (c ReleaseCheck) differ() []string {
	var out []string
	for _, f := range c.Files {
		if !f.OK {
			out = append(out, f.Name+" differs")
		}
	}
	return out
}

// CompareRelease compares files that somebody has with those that were released.
func (s *Session) CompareRelease(ctx context.Context, id incident.ID, release string, paths []string) (ReleaseCheck, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ReleaseCheck{}, err
	}
	rel, _, err := f.released(ctx, release)
	if err != nil {
		return ReleaseCheck{}, err
	}
	c := ReleaseCheck{Incident: id, Release: rel.ID, Profile: rel.Profile, OK: true, Tool: rel.Tool, Now: s.s.o.Tool}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return c, usage("", "compare with release %s: %w", rel.ID, err)
		}
		v := FileCheck{Name: path, Made: sumOf(b)}
		for name, sum := range rel.Files {
			if sum == v.Made {
				v.SHA256, v.OK, v.Why = sum, true, "it is "+name
			}
		}
		if !v.OK {
			v.Why = "no file of the release has this content"
		}
		c.OK = c.OK && v.OK
		c.Files = append(c.Files, v)
	}
	return c, nil
}

// released finds a release by its id.
func (f *folder) released(ctx context.Context, release string) (record.Release, ReleaseView, error) {
	var es []record.Entry
	if err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		es, err = reviewEntries(tx)
		return err
	}); err != nil {
		return record.Release{}, ReleaseView{}, err
	}
	views := releasesOf(es)
	i := slices.IndexFunc(views, func(v ReleaseView) bool { return v.ID == release })
	if i < 0 {
		return record.Release{}, ReleaseView{}, notFound("firebreak review release "+string(f.id)+" --list shows them", "the review of %s has no release %.40q", f.id, release)
	}
	for _, e := range es {
		var rel record.Release
		if e.Seq == views[i].Seq {
			return rel, views[i], e.Decode(&rel)
		}
	}
	return record.Release{}, views[i], fmt.Errorf("release %s: its entry is gone", release)
}

// remake makes a release again. The files are whole where the check is OK.
func (s *Session) remake(ctx context.Context, f *folder, release string) (ReleaseCheck, map[string][]byte, error) {
	rel, _, err := f.released(ctx, release)
	if err != nil {
		return ReleaseCheck{}, nil, err
	}
	c := ReleaseCheck{Incident: f.id, Release: rel.ID, Profile: rel.Profile, Tool: rel.Tool, Now: s.s.o.Tool, Program: rel.Program, Files: []FileCheck{}}
	if c.ProgramNow, err = s.s.o.ToolSHA256(); err != nil {
		return c, nil, fmt.Errorf("check release %s: %w", rel.ID, err)
	}
	if err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		c.Erased, err = erasedAfter(tx, rel.Size)
		return err
	}); err != nil {
		return c, nil, err
	}
	made := map[string][]byte{}
	var found audience.Report
	fonts := &machineFonts{folders: s.s.fontFolders, again: true, released: rel.Fonts}
	key, err := hex.DecodeString(rel.Secret)
	if err != nil || len(key) != secretSize {
		c.Why = "the key of its pseudonyms was erased: nobody can make them again"
	} else if made, found, err = f.remadeFiles(ctx, rel, key, fonts); err != nil {
		return c, nil, err
	}
	c.Look, c.LookText = found.Look, found.LookText()
	c.OK = c.Why == "" && len(rel.Files) > 0
	for _, name := range slices.Sorted(maps.Keys(rel.Files)) {
		v := FileCheck{Name: name, SHA256: rel.Files[name]}
		if b, ok := made[name]; ok {
			v.Made = sumOf(b)
			if v.OK = v.Made == v.SHA256; !v.OK {
				v.Why = f.whatDiffers(rel, name, b)
			}
		} else if c.Why == "" {
			v.Why = "this version does not write that form"
		}
		c.OK = c.OK && v.OK
		c.Files = append(c.Files, v)
		if _, there := made[name]; there && !v.OK && strings.HasSuffix(name, ".pdf") {
			c.Fonts = fonts.compare(rel.Fonts)
		}
	}
	return c, made, nil
}

// remadeFiles makes the files of a release from the entries.
func (f *folder) remadeFiles(ctx context.Context, rel record.Release, key []byte, fonts *machineFonts) (map[string][]byte, audience.Report, error) {
	m, err := f.again(ctx, rel, key)
	if err != nil {
		return nil, audience.Report{}, err
	}
	m.fonts = fonts
	forms := slices.DeleteFunc(reviewForms(), func(form reviewForm) bool {
		_, ok := rel.Files[tagged(form.file, rel.ID)]
		return !ok
	})
	files, found, err := m.files(rel, forms)
	return files, found, err
}
