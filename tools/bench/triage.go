package main

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
)

// triage takes evidence from this machine, as UAC's ir_triage does: live state,
// a listing of the whole disk, hashes of all executables, logs, settings and
// histories. Ours goes into an encrypted workspace and onto the timeline. Both
// are run where what builds have left (hidden) is not to be seen: it is hundreds
// of thousands of names that no host under examination has.
func (b *bench) triage(ctx context.Context) error {
	ours := &line{Who: "firebreak collect --profile triage, encrypted, read into the timeline"}
	peer := &line{Who: "UAC ir_triage (its archive is not encrypted)"}
	if os.Geteuid() != 0 {
		b.tell("  skipped: a triage needs root")
		return nil
	}
	hidden, err := b.hidden(ctx)
	if err != nil {
		return err
	}
	names, err := b.names(ctx, hidden)
	if err != nil {
		return err
	}
	home := filepath.Join(b.dir, "workspace-triage")
	secret := filepath.Join(b.dir, "triage.passphrase")
	if err := os.WriteFile(secret, []byte("a passphrase of the benchmark\n"), 0o600); err != nil {
		return err
	}
	out := filepath.Join(b.dir, "uac-out")
	defer func() { _, _ = os.RemoveAll(out), os.RemoveAll(home) }()
	opened := []string{"--unlock", "file:" + secret}
	err = b.turns(ctx, []*line{ours, peer},
		func(ctx context.Context) (sample, error) {
			if err := os.RemoveAll(home); err != nil {
				return sample{}, err
			}
			for _, args := range [][]string{{"init", "--passphrase-from", "file:" + secret}, append([]string{"open", "triage"}, opened...)} {
				if _, err := run(ctx, job{args: append([]string{b.firebreak}, args...), env: b.environ(home)}); err != nil {
					return sample{}, err
				}
			}
			return run(ctx, job{args: append([]string{b.firebreak, "collect", "last", "--profile", "triage", "-q"}, opened...), env: b.environ(home), hide: hidden})
		},
		func(ctx context.Context) (sample, error) {
			if b.uac == "" || !there(filepath.Join(b.uac, "uac")) {
				return sample{}, errors.New("not there: -uac or FIREBREAK_UAC names its folder")
			}
			if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o700)); err != nil {
				return sample{}, err
			}
			return run(ctx, job{args: []string{"./uac", "-H", "-p", "ir_triage", out}, dir: b.uac, env: b.environ(home), hide: hidden})
		})
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(ours.Out, "\n")
	ours.Extra = strings.Join(strings.Fields(first), " ")
	if _, said, ok := strings.Cut(ours.Extra, " "); ok {
		ours.Extra = said
	}
	b.add(result{
		Work: fmt.Sprintf("triage of this machine, %s names (%d folders of build caches were hidden), with hashes of all executables", number(names), len(hidden)), Goal: "≤ 1/5 of UAC's time",
		Met: func(l *line) bool {
			return peer.Why == "" && l.Wall <= peer.Wall/5
		},
		Lines: []*line{ours, peer},
	})
	return nil
}

// hidden are the folders that both triages do not see: Go's caches, and those
// of -hide. One that holds what the bench needs would hide it too.
func (b *bench) hidden(ctx context.Context) ([]string, error) {
	caches, err := run(ctx, job{args: []string{"go", "env", "GOCACHE", "GOMODCACHE"}})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, dir := range append(strings.Fields(caches.Out), strings.Split(b.hide, ",")...) {
		dir = strings.TrimSpace(dir)
		if info, err := os.Stat(dir); dir == "" || errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		if dir, err = filepath.EvalSymlinks(dir); err != nil {
			return nil, err
		}
		if !filepath.IsAbs(dir) || dir == "/" {
			return nil, fmt.Errorf("hide %s: it has to be a whole path of a folder", dir)
		}
		for _, needed := range []string{b.dir, b.uac} {
			if below, err := filepath.Rel(dir, needed); err == nil && needed != "" && filepath.IsLocal(below) {
				return nil, fmt.Errorf("hide %s: %s lies in it, which is needed: name another folder with -dir or -uac", dir, needed)
			}
		}
		out = append(out, dir)
	}
	slices.Sort(out) // what holds others comes before them
	last := ""
	return slices.DeleteFunc(out, func(dir string) bool {
		if last != "" && (dir == last || strings.HasPrefix(dir, last+"/")) {
			return true
		}
		last = dir
		return false
	}), nil
}

// names is how many there are on the root's file system, as both will see it.
// It also brings them into the kernel's caches, for both alike.
func (b *bench) names(ctx context.Context, hidden []string) (int64, error) {
	s, err := run(ctx, job{args: []string{b.self, "names", "/"}, hide: hidden})
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(s.Out), 10, 64)
}
