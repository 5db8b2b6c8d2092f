package response

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
)

// A timeline that was lost, made by an older program, or made again only in part,
// is shown as such, and whatever reads evidence next makes it whole.
func TestTheNextReaderMakesTheTimelineWhole(t *testing.T) {
	lost := func(b *bench) {
		b.must(b.s.s.Close())
		files, err := filepath.Glob(filepath.Join(b.home, "incidents", string(b.id), "timeline.db*"))
		b.must(err)
		for _, name := range files {
			b.must(os.Remove(name))
		}
	}
	older := func(b *bench) {
		b.must(b.s.s.Close())
		db, err := sql.Open("sqlite3", filepath.Join(b.home, "incidents", string(b.id), "timeline.db"))
		b.must(err)
		_, err = db.ExecContext(b.Context(), `PRAGMA user_version = 2`)
		b.must(errors.Join(err, db.Close()))
	}
	halfway := func(b *bench) {
		ctx, cancel := context.WithCancelCause(b.Context())
		stop := errors.New("stop")
		err := b.s.Rebuild(ctx, b.id, func(p Progress) {
			if strings.HasPrefix(p.What, "parsing other") {
				cancel(stop)
			}
		})
		if !errors.Is(err, context.Canceled) && !errors.Is(err, stop) {
			b.Fatalf("%v", err)
		}
	}
	ingest := func(b *bench) error {
		_, err := b.s.Ingest(b.Context(), b.id, []string{b.file("third", "2026-11-21T03:12:01Z web-9 app: third\n")}, IngestOptions{}, nil)
		return err
	}
	collect := func(b *bench) error {
		_, err := b.s.Collect(b.Context(), b.id, CollectOptions{Root: b.TempDir(), Collectors: []string{"linux.system"}}, nil)
		return err
	}
	rebuild := func(b *bench) error { return b.s.Rebuild(b.Context(), b.id, nil) }
	for name, c := range map[string]struct {
		harm    func(*bench)
		heal    func(*bench) error
		unread  int
		refused bool // to be asked, with what to do
	}{
		"lost, ingest":     {lost, ingest, 2, false},
		"older, ingest":    {older, ingest, 0, true},
		"older, collect":   {older, collect, 0, true},
		"older, rebuild":   {older, rebuild, 0, true},
		"halfway, ingest":  {halfway, ingest, 1, false},
		"halfway, collect": {halfway, collect, 1, false},
		"halfway, rebuild": {halfway, rebuild, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, config.Config{})
			b.open()
			_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("messages", manyLines(100)), b.file("other", manyLines(20_000)[3000:])}, IngestOptions{}, nil)
			b.must(err)
			want, err := b.s.Count(t.Context(), b.id, "")
			b.must(err)
			board, err := b.s.Board(t.Context(), b.id)
			b.must(err)
			if board.Unread != 0 || want < 19_000 {
				t.Fatalf("%d unread, %d events", board.Unread, want)
			}
			c.harm(b)
			b.s = b.service(config.Config{}).As(b.s.by)
			board, err = b.s.Board(t.Context(), b.id)
			b.must(err)
			if board.Unread != c.unread || (board.NoTimeline != "") != c.refused {
				t.Errorf("unread %d, %q", board.Unread, board.NoTimeline)
			}
			if c.refused {
				_, err := b.s.Count(t.Context(), b.id, "")
				b.want(CodeIntegrity, err)
				if !strings.Contains(HintOf(err), "--rebuild") || !strings.Contains(board.NoTimeline, "--rebuild") {
					t.Errorf("%v (%s)", err, HintOf(err))
				}
			}
			b.must(c.heal(b))
			board, err = b.s.Board(t.Context(), b.id)
			b.must(err)
			got, err := b.s.Count(t.Context(), b.id, "exhibit:e1 or exhibit:e2")
			b.must(err)
			if board.Unread != 0 || got != want {
				t.Errorf("%d unread, %d events of %d", board.Unread, got, want)
			}
			b.verified()
		})
	}
}

// Damage that is found in the middle of an answer says what to do, and that works.
func TestDamageFoundWhileAsked(t *testing.T) {
	b, lines := several(t)
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("messages", manyLines(lines))}, IngestOptions{}, nil)
	b.must(err)
	b.must(b.s.s.Close())
	path := filepath.Join(b.home, "incidents", string(b.id), "timeline.db")
	content, err := os.ReadFile(path)
	b.must(err)
	for at := 10 * 4096; at < len(content); at += 2 * 4096 {
		for i := range 2000 {
			content[at+i] = 0xaa
		}
	}
	b.must(os.WriteFile(path, content, 0o600))
	b.s = b.service(config.Config{}).As(b.s.by)
	_, err = b.s.Count(t.Context(), b.id, "lin*7*")
	b.want(CodeIntegrity, err)
	if !strings.Contains(HintOf(err), "--rebuild") {
		t.Errorf("%v (%s)", err, HintOf(err))
	}
	b.must(b.s.Rebuild(t.Context(), b.id, nil))
	if n, err := b.s.Count(t.Context(), b.id, ""); n != int64(lines) || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	b.verified()
}
