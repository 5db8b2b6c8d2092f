package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// journalRemote writes a journal of what it reads; it is no program of a path.
const journalRemote = "/lib/systemd/systemd-journal-remote"

// journal reads a journal that systemd wrote, beside journalctl on the same
// file: both read every entry with all of its fields.
func (b *bench) journal(ctx context.Context) error {
	entries := max(1, int(min(1, b.scale*10)*200_000))
	dir := filepath.Join(b.dir, fmt.Sprintf("journal-%d", entries))
	if err := b.makeJournal(ctx, dir, entries); err != nil {
		b.tell("  no journal: %v", err)
		return nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.journal")) // systemd begins a new one every 50 MB
	if err != nil {
		return err
	}
	ours, peer := &line{Who: "firebreak parse"}, &line{Who: "journalctl -o json"}
	err = b.turns(ctx, []*line{ours, peer},
		func(ctx context.Context) (sample, error) {
			return run(ctx, job{args: append([]string{b.firebreak, "parse", "--json"}, files...)})
		},
		func(ctx context.Context) (sample, error) {
			return run(ctx, job{args: []string{"journalctl", "--file", filepath.Join(dir, "*.journal"), "-o", "json"}})
		})
	if err != nil {
		return err
	}
	perCore := func(l *line) float64 { return float64(entries) / l.CPU.Seconds() }
	ours.Extra = fmt.Sprintf("%.0f k entries a CPU second, hashed", perCore(ours)/1e3)
	if peer.Why == "" {
		peer.Extra = fmt.Sprintf("%.0f k entries a CPU second", perCore(peer)/1e3)
		b.same("entries that journalctl shows", fmt.Sprint(peer.Lines), fmt.Sprint(entries))
	}
	seen := 0
	for row := range strings.Lines(ours.Out) {
		var file struct{ Events, Rejected int }
		if err := json.Unmarshal([]byte(row), &file); err != nil {
			return fmt.Errorf("read what parse said: %w", err)
		}
		seen += file.Events
	}
	b.same("entries of the journal", fmt.Sprint(seen), fmt.Sprint(entries))
	b.add(result{
		Work: number(int64(entries)) + " entries of a systemd journal, 22 fields each", Goal: "≥ 150,000 entries a CPU second",
		Met:   func(l *line) bool { return perCore(l) >= 150_000 },
		Lines: []*line{ours, peer},
	})
	return nil
}

// makeJournal has systemd write a journal, or finds it from an earlier run.
func (b *bench) makeJournal(ctx context.Context, dir string, entries int) error {
	if there(dir) {
		return nil
	}
	if !there(journalRemote) {
		return fmt.Errorf("%s is not there: install systemd-journal-remote", journalRemote)
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := os.MkdirAll(part, 0o700); err != nil {
		return err
	}
	text := filepath.Join(part, "export")
	if _, err := run(ctx, job{args: []string{"sh", "-c", `"$0" journal "$1" >"$2"`, b.self, fmt.Sprint(entries), text}}); err != nil {
		return err
	}
	if _, err := run(ctx, job{args: []string{journalRemote, "-o", filepath.Join(part, "bench.journal"), text}}); err != nil {
		return err
	}
	if err := os.Remove(text); err != nil {
		return err
	}
	return os.Rename(part, dir)
}

// exportJournal writes entries in systemd's export format, as services on a
// host write them.
func exportJournal(out io.Writer, entries int) error {
	w := bufio.NewWriterSize(out, 1<<20)
	say := func(format string, args ...any) { fmt.Fprintf(w, format, args...) } //nolint:errcheck // Flush tells of it
	units := []string{"sshd", "cron", "nginx", "systemd", "kernel", "app", "postgres", "dockerd"}
	for i := range entries {
		u, pid := units[i*7%8], 1000+i*13%4000
		at := 1_790_000_000_000_000 + i*1_000_003
		message := fmt.Sprintf("request %d handled in %d us by worker %d, status %d", i, i*37%100_000, i%16, 200+i%5)
		if u == "sshd" {
			message = fmt.Sprintf("Failed password for invalid user u%d from 10.%d.%d.%d port %d ssh2", i%977, i%251, i%13, i%200, 1024+i%60_000)
		}
		say("__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_MACHINE_ID=fedcba9876543210fedcba9876543210\n_HOSTNAME=web-1\n", at, 5_000_000+i*1000)
		say("PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n_COMM=%s\n_PID=%d\n_UID=%d\n_GID=%d\n_TRANSPORT=syslog\nSYSLOG_FACILITY=%d\n", 3+i%4, u, u, pid, i%3*1000, i%3*1000, 3+i%7)
		say("_EXE=/usr/sbin/%s\n_CMDLINE=/usr/sbin/%s -D --option=%d\n_CAP_EFFECTIVE=1ffffffffff\n_SYSTEMD_CGROUP=/system.slice/%s.service\n_SYSTEMD_UNIT=%s.service\n_SYSTEMD_SLICE=system.slice\n", u, u, pid%50, u, u)
		say("_SYSTEMD_INVOCATION_ID=%032x\n_SOURCE_REALTIME_TIMESTAMP=%d\nMESSAGE=%s\n\n", i%100, at-7, message)
	}
	return w.Flush()
}
