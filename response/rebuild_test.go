package response

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/store"
)

const yearless = "Mar 10 03:12:01 web-1 sshd[811]: Failed password for root from 203.0.113.9 port 40022 ssh2\n"

func (b *bench) only() time.Time {
	b.Helper()
	page, err := b.s.Page(b.Context(), b.id, PageRequest{})
	b.must(err)
	if len(page) != 1 {
		b.Fatalf("%d events, want 1", len(page))
	}
	return page[0].Time
}

func TestRebuildReadsAsBefore(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	berlin, err := time.LoadLocation("Europe/Berlin")
	b.must(err)
	path := b.file("messages", yearless)
	for _, pass := range []struct {
		o    IngestOptions
		want time.Time
	}{
		{IngestOptions{Year: 2019, Zone: berlin}, time.Date(2019, 3, 10, 2, 12, 1, 0, time.UTC)},
		{IngestOptions{Year: 2021, Zone: time.UTC}, time.Date(2021, 3, 10, 3, 12, 1, 0, time.UTC)},
	} {
		in, err := b.s.Ingest(t.Context(), b.id, []string{path}, pass.o, nil)
		b.must(err)
		if in.Added != 1 {
			t.Errorf("%+v", in)
		}
		said := strings.Contains(strings.Join(in.Notes, "\n"), "the same bytes as e1, read with another year, zone, skew or mapping: they replace its 1 event")
		if said != (pass.o.Year == 2021) {
			t.Errorf("notes %q", in.Notes)
		}
		for range 2 {
			if got := b.only(); !got.Equal(pass.want) {
				t.Errorf("%s, want %s", got, pass.want)
			}
			b.must(b.s.Rebuild(t.Context(), b.id, nil))
		}
	}
	in, err := b.s.Ingest(t.Context(), b.id, []string{path}, IngestOptions{Year: 2021, Zone: time.UTC}, nil)
	b.must(err)
	if in.Added != 0 {
		t.Errorf("the same once more: %+v", in)
	}
	b.verified()
}

// Another process that has the timeline open sees what a rebuild made, and
// what it adds later is not lost.
func TestRebuildBesideAnotherProcess(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	_, err := b.s.Ingest(ctx, b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	other := b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	count := func(s *Session, want int64) {
		t.Helper()
		n, err := s.Count(ctx, b.id, "")
		b.must(err)
		if n != want {
			t.Errorf("%d events, want %d", n, want)
		}
	}
	count(other, 2)
	b.must(b.s.Rebuild(ctx, b.id, nil))
	count(other, 2)
	_, err = other.Ingest(ctx, b.id, []string{b.file("messages", yearless)}, IngestOptions{}, nil)
	b.must(err)
	count(other, 3)
	count(b.s, 3)
}

// A playbook of the team that is broken is not replaced by the built-in one.
func TestBrokenPlaybookHidesTheBuiltIn(t *testing.T) {
	for _, name := range []string{"generic.yaml", "ours.yaml"} {
		b := newBench(t, config.Config{})
		dir := filepath.Join(b.home, "playbooks")
		b.must(os.MkdirAll(dir, 0o700))
		b.must(os.WriteFile(filepath.Join(dir, name), []byte("playbook: v1\nid: generic\nnme: Ours\n"), 0o600))
		_, err := b.s.Open(t.Context(), NewIncident{Title: "t", Playbook: "generic"})
		b.want(CodeUsage, err)
		if !strings.Contains(err.Error(), name+":3:1:") || !strings.Contains(HintOf(err), "lint") {
			t.Errorf("%v (%s)", err, HintOf(err))
		}
		if _, err := b.s.s.Playbook("ransomware"); CodeOf(err) == CodeUsage {
			t.Errorf("another playbook is refused: %v", err)
		}
	}
}

func TestPermissionIsNotReadOnly(t *testing.T) {
	denied := storeError("2026-0001", fmt.Errorf("%w: %w", store.ErrReadOnly, &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}))
	if hint := HintOf(denied); !strings.Contains(hint, "owner and mode") {
		t.Error(hint)
	}
	if hint := HintOf(storeError("2026-0001", store.ErrReadOnly)); !strings.Contains(hint, "not changed") || errors.Is(denied, store.ErrDamaged) {
		t.Error(hint)
	}
}
