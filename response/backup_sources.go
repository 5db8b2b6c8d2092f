package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
	"firebreak/store/keys"
)

// sources lists what goes into the archive, most needed first: of an archive
// that is cut, the records are left.
func (b *backing) sources(ctx context.Context, m *archive.Manifest) ([]archive.Source, error) {
	var first, more, blobs []archive.Source
	if b.o.Workspace {
		files, err := b.workspace()
		if err != nil {
			return nil, err
		}
		first = files
	}
	for _, t := range b.taken {
		in, record := t.record()
		if !b.o.Plain {
			in.Key = t.f.key.Reveal()
		}
		first = append(first, record...)
		for _, dir := range []string{"exports", "drill"} {
			files, err := tree(filepath.Join(t.f.dir, dir), "incidents/"+string(t.f.id)+"/"+dir)
			if err != nil {
				return nil, err
			}
			more = append(more, files...)
		}
		sealed, err := t.evidence(ctx, &in)
		if err != nil {
			return nil, err
		}
		blobs = append(blobs, sealed...)
		m.Incidents = append(m.Incidents, in)
	}
	return append(append(first, more...), blobs...), nil
}

// record are the files without which there is no incident.
func (t picture) record() (archive.Incident, []archive.Source) {
	in := archive.Incident{ID: t.f.id, Size: t.Head.Size, Root: t.Head.Root, Exhibits: len(t.Exhibits)}
	place := "incidents/" + string(t.f.id) + "/"
	out := []archive.Source{
		{Path: place + store.HeadsFile, Content: t.Heads},
		{Path: place + evidenceKey, File: filepath.Join(t.f.dir, evidenceKey)},
	}
	for _, name := range []string{dataKeyFile, keys.OthersFile} {
		if sealed := filepath.Join(t.f.dir, name); there(sealed) {
			out = append(out, archive.Source{Path: place + name, File: sealed})
		}
	}
	return in, append(out, archive.Source{Path: place + store.DatabaseFile, File: filepath.Join(t.scratch.Dir, store.DatabaseFile)})
}

// dataKeyFile is the key of an encrypted incident, itself encrypted.
const dataKeyFile = keys.DataKeyFile

// evidence are the blobs that the picture's exhibits name, with their keys. One
// that is missing is named in the manifest.
func (t picture) evidence(ctx context.Context, in *archive.Incident) ([]archive.Source, error) {
	var out []archive.Source
	seen := map[string]bool{}
	for _, x := range t.Exhibits {
		if len(x.Blob) != 64 || seen[x.Blob] {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		seen[x.Blob] = true
		place := "evidence/" + x.Blob[:2] + "/" + x.Blob
		if !there(filepath.Join(t.f.dir, place)) {
			in.Missing = append(in.Missing, x.Blob)
			continue
		}
		for _, name := range []string{place, place + ".key"} {
			if path := filepath.Join(t.f.dir, name); name == place || there(path) {
				out = append(out, archive.Source{Path: "incidents/" + string(t.f.id) + "/" + name, File: path})
			}
		}
	}
	return out, nil
}

// workspace are the files of the workspace itself. What is known of the
// incidents in the archive is what the archive holds: a head that somebody
// wrote since would make the backup look old when it is restored.
func (b *backing) workspace() ([]archive.Source, error) {
	var out []archive.Source
	for _, dir := range []string{"keys", "trust", "playbooks"} {
		files, err := tree(filepath.Join(b.s.s.o.Home, dir), "workspace/"+dir)
		if err != nil {
			return nil, err
		}
		out = append(out, files...)
	}
	taken := map[incident.ID]record.Head{}
	for _, t := range b.taken {
		taken[t.f.id] = t.Head
		out = append(out, archive.Source{Path: "workspace/heads/" + string(t.f.id), Content: t.Head.Signed})
	}
	known, err := tree(b.s.s.headsDir(), "workspace/heads")
	if err != nil {
		return nil, err
	}
	for _, s := range known {
		if _, ok := taken[incident.ID(filepath.Base(s.File))]; !ok {
			out = append(out, s)
		}
	}
	if b.o.Config != "" && there(b.o.Config) {
		out = append(out, archive.Source{Path: "workspace/config.yaml", File: b.o.Config})
	}
	return out, nil
}

// tree lists the plain files below dir. Locks, half-written files and whatever
// else begins with a full stop stay behind.
func tree(dir, as string) ([]archive.Source, error) {
	var out []archive.Source
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return absentOK(err)
		}
		name := d.Name()
		if path != dir && strings.HasPrefix(name, ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, draftsPrefix) {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			out = append(out, archive.Source{Path: as + "/" + filepath.ToSlash(rel), File: path})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return out, nil
}

func there(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

func absentOK(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// noSpace gives the system's ways of saying that there is no room their name.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}
