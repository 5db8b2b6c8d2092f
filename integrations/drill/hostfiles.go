package drill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"firebreak/incident"
	"firebreak/integrations"
)

// File is a file of the drill's host that should not be there.
const File = "/var/www/html/.cache/shell.php"

// kept is a file in quarantine.
type kept struct {
	Place string            `json:"place"`
	File  integrations.File `json:"file"`
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

func newFiles() []integrations.File {
	const seen = 1764298800_000000000
	return []integrations.File{
		{Path: File, SHA256: sum("<?php drill"), Size: 4711, Mode: 0o644, UID: 33, GID: 33, MTime: seen, Links: 1},
		{Path: "/usr/lib/systemd/systemd", SHA256: sum("systemd"), Size: 100000, Mode: 0o755, MTime: seen, Links: 1, Vital: true},
		{Path: "/etc/cron.d/kworkerds", SHA256: sum("* * * * * root /tmp/.x/kworkerds"), Size: 61, Mode: 0o644, MTime: seen, Links: 1},
	}
}

func at(path string) func(integrations.File) bool {
	return func(f integrations.File) bool { return f.Path == path }
}

// File implements integrations.Hands.
func (f fakeHost) File(ctx context.Context, path string) (integrations.File, error) {
	if err := ctx.Err(); err != nil {
		return integrations.File{}, &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	s, err := f.view()
	if err != nil {
		return integrations.File{}, err
	}
	i := slices.IndexFunc(s.Host.Files, at(path))
	if i < 0 {
		return integrations.File{}, incident.ErrNotFound
	}
	return s.Host.Files[i], nil
}

// Quarantine implements integrations.Hands.
func (f fakeHost) Quarantine(ctx context.Context, file integrations.File, folder, id string) error {
	if err := ctx.Err(); err != nil {
		return &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	if err := f.breaks("quarantine", file.Path); err != nil {
		return err
	}
	return f.change(func(s *state) error {
		i := slices.IndexFunc(s.Host.Files, at(file.Path))
		if i < 0 || s.Host.Files[i].SHA256 != file.SHA256 {
			return &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("quarantine %s: %w", file.Path, incident.ErrNotFound)}
		}
		s.Host.Kept = append(s.Host.Kept, kept{folder + "/" + id, s.Host.Files[i]})
		s.Host.Files = slices.Delete(s.Host.Files, i, i+1)
		f.effect(s, "linux", "file taken away", file.Path, "")
		return nil
	})
}

func in(folder, id string) func(kept) bool {
	return func(k kept) bool { return k.Place == folder+"/"+id }
}

// Quarantined implements integrations.Hands.
func (f fakeHost) Quarantined(_ context.Context, folder, id string) (integrations.File, error) {
	s, err := f.view()
	if err != nil {
		return integrations.File{}, err
	}
	i := slices.IndexFunc(s.Host.Kept, in(folder, id))
	if i < 0 {
		return integrations.File{}, incident.ErrNotFound
	}
	return s.Host.Kept[i].File, nil
}

// Restore implements integrations.Hands.
func (f fakeHost) Restore(ctx context.Context, file integrations.File, folder, id string) error {
	if err := ctx.Err(); err != nil {
		return &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	if err := f.breaks("restore", file.Path); err != nil {
		return err
	}
	return f.change(func(s *state) error {
		i := slices.IndexFunc(s.Host.Kept, in(folder, id))
		if i < 0 || slices.ContainsFunc(s.Host.Files, at(file.Path)) {
			return &integrations.Error{Outcome: integrations.Rejected, Err: errors.New("restore: there is no such file, or its place is taken")}
		}
		s.Host.Files = append(s.Host.Files, s.Host.Kept[i].File)
		s.Host.Kept = slices.Delete(s.Host.Kept, i, i+1)
		f.effect(s, "linux", "file put back", file.Path, "")
		return nil
	})
}
