package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// triage takes evidence from this machine, as UAC's ir_triage does: live state,
// a listing of the whole disk, hashes of all executables, logs, settings and
// histories. Ours goes into an encrypted workspace and onto the timeline.
func (b *bench) triage(ctx context.Context) error {
	ours := &line{Who: "firebreak collect --profile triage, encrypted, read into the timeline"}
	peer := &line{Who: "UAC ir_triage (its archive is not encrypted)"}
	if os.Geteuid() != 0 {
		b.tell("  skipped: a triage needs root")
		return nil
	}
	home := filepath.Join(b.dir, "workspace-triage")
	secret := filepath.Join(b.dir, "triage.passphrase")
	if err := os.WriteFile(secret, []byte("a passphrase of the benchmark\n"), 0o600); err != nil {
		return err
	}
	out := filepath.Join(b.dir, "uac-out")
	defer func() { _, _ = os.RemoveAll(out), os.RemoveAll(home) }()
	opened := []string{"--unlock", "file:" + secret}
	err := b.turns(ctx, []*line{ours, peer},
		func(ctx context.Context) (sample, error) {
			if err := os.RemoveAll(home); err != nil {
				return sample{}, err
			}
			for _, args := range [][]string{{"init", "--passphrase-from", "file:" + secret}, append([]string{"open", "triage"}, opened...)} {
				if _, err := run(ctx, job{args: append([]string{b.firebreak}, args...), env: b.environ(home)}); err != nil {
					return sample{}, err
				}
			}
			return run(ctx, job{args: append([]string{b.firebreak, "collect", "last", "--profile", "triage", "-q"}, opened...), env: b.environ(home)})
		},
		func(ctx context.Context) (sample, error) {
			if b.uac == "" || !there(filepath.Join(b.uac, "uac")) {
				return sample{}, errors.New("not there: -uac or FIREBREAK_UAC names its folder")
			}
			if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o700)); err != nil {
				return sample{}, err
			}
			return run(ctx, job{args: []string{"./uac", "-H", "-p", "ir_triage", out}, dir: b.uac, env: b.environ(home)})
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
		Work: "triage of this machine, with hashes of all executables", Goal: "≤ 1/5 of UAC's time",
		Met: func(l *line) bool {
			return peer.Why == "" && l.Wall <= peer.Wall/5
		},
		Lines: []*line{ours, peer},
	})
	return nil
}
