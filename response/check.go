package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
	"firebreak/store/events"
	"firebreak/store/keys"
)

// CheckOptions says how much of the evidence a check reads: the Part-th of
// Parts, 1 of 1 for all of it, and none when Parts is 0. Which blob belongs to
// which part depends on its name alone, so that all parts together are all.
type CheckOptions struct {
	Part, Parts int64
}

// ParseSubset reads "2/7".
func ParseSubset(text string) (CheckOptions, error) {
	a, b, ok := strings.Cut(text, "/")
	n, err := strconv.ParseInt(a, 10, 64)
	t, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err != nil || err2 != nil || n < 1 || t < n || t > 100_000 {
		return CheckOptions{}, usage("--read-data-subset=1/7 today, 2/7 tomorrow, and so on: all seven read everything", "subset %.40q: want n/t, n from 1 to t", text)
	}
	return CheckOptions{n, t}, nil
}

// reads says whether the blob is in the part.
func (o CheckOptions) reads(blob string) bool {
	if o.Parts == 0 || len(blob) < 8 {
		return o.Parts != 0
	}
	n, err := strconv.ParseInt(blob[:8], 16, 64)
	return err != nil || n%o.Parts == o.Part-1
}

// Checked says what a check found in one incident, or in the workspace, whose
// Incident is "".
type Checked struct {
	Incident incident.ID `json:"incident"`
	Entries  int64       `json:"entries"`
	Exhibits int         `json:"exhibits"`
	Blobs    int         `json:"blobs"`
	Read     int         `json:"read"` // exhibits whose bytes were hashed again
	Problems []Found     `json:"problems"`
	Notes    []Found     `json:"notes"`
	Unknown  []string    `json:"unknown,omitempty"` // what could not be looked at
}

// Found is one thing found. Repair says that firebreak repair mends it.
type Found struct {
	What   string `json:"what"` // missing blob, damaged blob, unknown file, mode, record, timeline, …
	Where  string `json:"where"`
	Repair bool   `json:"repair,omitempty"`
}

func (c *Checked) problem(what, where string, repair bool) {
	c.Problems = append(c.Problems, Found{what, where, repair})
}

func (c *Checked) note(what, where string) {
	c.Notes = append(c.Notes, Found{What: what, Where: where})
}

// Check looks at an incident's files, record and evidence and changes nothing.
func (s *Session) Check(ctx context.Context, id incident.ID, o CheckOptions, p ProgressFunc) (Checked, error) {
	c := Checked{Incident: id, Problems: []Found{}, Notes: []Found{}}
	dir := s.s.Dir(id)
	if err := c.modes(dir, ""); err != nil {
		return c, fmt.Errorf("check %s: %w", id, err)
	}
	if err := c.files(dir); err != nil {
		return c, fmt.Errorf("check %s: %w", id, err)
	}
	tell(p, "checking the record of "+string(id), 0, 0)
	xs, err := s.checkRecord(ctx, id, &c)
	if err != nil {
		return c, err
	}
	if err := s.checkEvidence(ctx, id, xs, o, &c, p); err != nil {
		return c, err
	}
	return c, s.checkTimeline(ctx, id, &c)
}

// modes finds what others on this machine can read or write.
func (c *Checked) modes(dir, below string) error {
	return filepath.WalkDir(filepath.Join(dir, below), func(path string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, path)
		if relErr != nil {
			return relErr
		}
		if errors.Is(err, fs.ErrPermission) {
			c.Unknown = append(c.Unknown, rel+": "+err.Error())
			return nil
		}
		if err != nil {
			return absentOK(err)
		}
		info, err := d.Info()
		if err != nil {
			return absentOK(err)
		}
		if open := info.Mode().Perm() & 0o077; open != 0 && posixModes && info.Mode()&fs.ModeSymlink == 0 {
			c.problem("mode", fmt.Sprintf("%s: mode %04o: others than its owner can get at it", rel, info.Mode().Perm()), true)
		}
		return nil
	})
}

// The files of an incident's folder, by what they begin with.
var (
	ownFiles = []string{store.DatabaseFile, store.DatabaseFile + "-wal", store.DatabaseFile + "-shm", store.HeadsFile, "lock", evidenceKey, dataKeyFile, keys.NextKeyFile, keys.OthersFile, "evidence", "exports", "drill", "ballast"}
	ownStart = []string{"timeline.db", "incident.schema-", store.DamagedPrefix}
	midWork  = []string{".scratch-", ".stream-", ".new-", store.DatabaseFile + ".new", store.DatabaseFile + ".mended", store.HeadsFile + ".new"}
)

func (c *Checked) files(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	begins := func(starts []string, name string) bool {
		return slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(name, s) })
	}
	for _, e := range entries {
		name := e.Name()
		there[name] = true
		switch {
		case slices.Contains(ownFiles, name), begins(ownStart, name):
		case begins(midWork, name):
			c.note("unfinished", name+": of a process that is at work or was killed")
		default:
			c.note("unknown file", name)
		}
	}
	for _, name := range []string{store.DatabaseFile, store.HeadsFile, evidenceKey} {
		if !there[name] {
			c.problem("missing file", name, name == store.HeadsFile)
		}
	}
	return nil
}

// checkRecord is what verify does, without the evidence.
func (s *Session) checkRecord(ctx context.Context, id incident.ID, c *Checked) ([]store.Exhibit, error) {
	st, _, err := s.s.openToVerify(ctx, id)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, fs.ErrPermission) {
			c.Unknown = append(c.Unknown, err.Error())
			return nil, nil
		}
		c.problem("record", err.Error(), true)
		return nil, nil
	}
	defer func() { _ = st.Close() }() // only read from
	trusted, slips := s.s.trust()
	report, err := st.Verify(ctx, store.VerifyOptions{Trust: trusted})
	if err == nil {
		err = s.s.verifyKnown(ctx, id, st, &report)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.problem("record", err.Error(), true)
	}
	if slips != nil {
		c.note("trusted keys", slips.Error())
	}
	c.Entries = report.Entries
	for _, p := range report.Problems {
		c.problem("record", p.String(), p.What == record.Derived || p.What == record.Damaged || p.What == record.HeadRemoved || p.What == record.BadHead)
	}
	for _, n := range report.Notes {
		if !strings.HasPrefix(n, "no seal from outside") { // said by verify, where a seal can be given
			c.note("record", n)
		}
	}
	var xs []store.Exhibit
	err = st.View(ctx, func(tx *store.Tx) error { xs, err = tx.Exhibits(); return err })
	xs = slices.DeleteFunc(xs, erased)
	if err != nil && ctx.Err() == nil {
		c.problem("record", "the exhibits cannot be listed: "+err.Error(), true)
		return nil, nil
	}
	return xs, err
}

// erased says that the sealed bytes of an exhibit were destroyed with a record:
// nothing is missing.
func erased(x store.Exhibit) bool { return x.Erased != "" }

// checkEvidence compares the locker with the exhibits, and reads what is asked
// for.
func (s *Session) checkEvidence(ctx context.Context, id incident.ID, xs []store.Exhibit, o CheckOptions, c *Checked, p ProgressFunc) error {
	locker, err := s.s.lockerOf(id)
	if err != nil {
		c.Unknown = append(c.Unknown, "the evidence: "+err.Error())
		return nil
	}
	in, err := locker.List(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.Unknown = append(c.Unknown, err.Error())
		return nil
	}
	c.Exhibits, c.Blobs = len(xs), len(in.Blobs)
	named := map[string]bool{}
	for i, x := range xs {
		if x.Elsewhere {
			continue
		}
		named[x.Blob] = true
		c.blob(x, in)
		if !o.reads(x.Blob) {
			continue
		}
		tell(p, "reading "+x.ID+" "+x.Title, int64(i), int64(len(xs)))
		if err := c.read(ctx, locker, x); err != nil {
			return err
		}
	}
	c.rest(in, named)
	return nil
}

// Compression of what cannot be compressed adds little; encryption adds 16
// bytes to 64 KiB, and a header.
const sealedExtra = 64 << 10

func (c *Checked) blob(x store.Exhibit, in forensics.Inventory) {
	where := fmt.Sprintf("exhibit %s (evidence/%s/%s)", x.ID, x.Blob[:min(2, len(x.Blob))], x.Blob)
	b, ok := in.Blobs[x.Blob]
	switch {
	case !ok:
		c.problem("missing blob", where, false)
	case !b.Sound || b.Size > x.Size+x.Size/500+sealedExtra:
		c.problem("damaged blob", fmt.Sprintf("%s: its %d bytes are no sealed evidence", where, b.Size), false)
	case b.Mode.Perm()&0o222 != 0 && posixModes:
		c.note("mode", fmt.Sprintf("%s: mode %04o: sealed evidence is read-only", where, b.Mode.Perm()))
	}
}

// read hashes one exhibit again. A missing blob is named already.
func (c *Checked) read(ctx context.Context, locker *forensics.Locker, x store.Exhibit) error {
	found, err := locker.Check(ctx, x.Exhibit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.Read++
	if err != nil {
		c.Unknown = append(c.Unknown, "exhibit "+x.ID+": "+err.Error())
		return nil
	}
	if !found.OK && found.Found != "the blob is missing" {
		c.problem("damaged blob", fmt.Sprintf("exhibit %s (evidence/%s/%s): %s", x.ID, x.Blob[:min(2, len(x.Blob))], x.Blob, found.Found), false)
	}
	return nil
}

// rest names what lies in the locker and belongs to no exhibit.
func (c *Checked) rest(in forensics.Inventory, named map[string]bool) {
	for blob := range in.Blobs {
		if !named[blob] {
			c.note("blob of no exhibit", "evidence/"+blob[:2]+"/"+blob+": sealed, and not recorded, as by a process that was killed")
		}
	}
	for _, name := range in.Temporary {
		c.note("unfinished", "evidence/"+name+": of a process that is at work or was killed")
	}
	for _, name := range in.Strange {
		c.problem("unknown file", "evidence/"+name, false)
	}
	slices.SortFunc(c.Notes, func(a, b Found) int { return strings.Compare(a.What+a.Where, b.What+b.Where) })
}

// checkTimeline checks the timeline if there is one. It is derived.
func (s *Session) checkTimeline(ctx context.Context, id incident.ID, c *Checked) error {
	path := filepath.Join(s.s.Dir(id), "timeline.db")
	if !there(path) {
		if c.Exhibits > 0 {
			c.note("timeline", "there is none; firebreak ingest "+string(id)+" --rebuild makes it from the evidence")
		}
		return nil
	}
	db, err := s.s.openEvents(ctx, id)
	if err == nil {
		err = errors.Join(db.Check(ctx), db.Close())
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, events.ErrDamaged) {
		c.problem("timeline", err.Error(), true)
	} else if err != nil {
		c.Unknown = append(c.Unknown, err.Error())
	}
	return nil
}

// CheckWorkspace looks at what lies beside the incidents.
func (s *Session) CheckWorkspace() (Checked, error) {
	c := Checked{Problems: []Found{}, Notes: []Found{}}
	home := s.s.o.Home
	for _, dir := range []string{"keys", "trust", "heads"} {
		if err := c.modes(home, dir); err != nil {
			return c, fmt.Errorf("check the workspace: %w", err)
		}
	}
	entries, err := os.ReadDir(s.s.incidentsDir())
	if err != nil {
		return c, fmt.Errorf("check the workspace: %w", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == ".lock":
		case archive.IsScratch(name), strings.HasPrefix(name, ".new-"):
			c.note("unfinished", "incidents/"+name+": of a process that is at work or was killed")
		case strings.HasPrefix(name, replacedPrefix):
			c.note("replaced", "incidents/"+name+": what was there before a restore; remove it when it is not needed")
		default:
			if _, err := incident.ParseID(name); err != nil || !e.IsDir() {
				c.note("unknown file", "incidents/"+name)
			}
		}
	}
	seen, err := os.ReadDir(s.s.headsDir())
	if err != nil && absentOK(err) != nil {
		return c, fmt.Errorf("check the workspace: %w", err)
	}
	for _, e := range seen {
		id, err := incident.ParseID(e.Name())
		if err != nil {
			continue
		}
		if _, err := os.Lstat(s.s.Dir(id)); err == nil {
			continue
		}
		if known, err := s.s.known(id); err == nil {
			c.problem("missing incident", fmt.Sprintf("%s was here, last seen as %s; its folder is gone. If that is right, remove heads/%s", id, known.Seal(), id), false)
		}
	}
	return c, nil
}
