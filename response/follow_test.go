package response

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/forensics"
	"firebreak/record"
)

func sshLine(second int) string {
	return fmt.Sprintf("2026-11-20T02:58:%02d.000000+00:00 web-1 sshd[811]: Failed password for root from 203.0.113.9 port %d ssh2\n", second, 40000+second)
}

// following runs Follow; between two looks at the file it does the next of the
// steps, and after the last it is stopped as by Ctrl-C.
func (b *bench) following(path string, o FollowOptions, steps ...func()) []Followed {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	b.s.s.o.Sleep = func(ctx context.Context, d time.Duration) error {
		b.clock.Advance(d)
		if len(steps) == 0 {
			stop()
			return ctx.Err()
		}
		if steps[0] != nil {
			steps[0]()
		}
		steps = steps[1:]
		return ctx.Err()
	}
	var out []Followed
	if err := b.s.Follow(ctx, b.id, path, o, func(f Followed) { out = append(out, f) }); err != nil {
		b.Fatal(err)
	}
	return out
}

func (b *bench) append(path, text string) func() {
	return func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		b.must(err)
		_, err = f.WriteString(text)
		b.must(err)
		b.must(f.Close())
	}
}

func told(fs []Followed) string {
	var out []string
	for _, f := range fs {
		text := fmt.Sprintf("%s %d-%d", f.State, f.From, f.To)
		if f.State == FollowPiece {
			text += fmt.Sprintf(" %s %d+%d", f.Exhibit, f.Added, f.Rejected)
		}
		if f.Left > 0 {
			text += fmt.Sprintf(" left %d", f.Left)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

func TestFollowTakesWholeLines(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	n := len(sshLine(0))
	path := b.file("auth.log", sshLine(0)+sshLine(1)[:20])
	every := FollowOptions{Every: time.Millisecond}
	got := told(b.following(path, every, b.append(path, sshLine(1)[20:]), nil, b.append(path, sshLine(2)+"half")))
	want := fmt.Sprintf("started 0-0\npiece 0-%d e1 1+0\npiece %d-%d e2 1+0\npiece %d-%d e3 1+0\nended %d-%d left 4", n, n, 2*n, 2*n, 3*n, 3*n, 3*n)
	if got != want {
		t.Fatalf("told:\n%s\nwant:\n%s", got, want)
	}
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	if x := xs[1]; x.Piece == nil || x.Piece.From != int64(n) || x.Piece.To != int64(2*n) || x.Title != fmt.Sprintf("auth.log, bytes %d to %d", n, 2*n) || x.Before == nil || x.After == nil {
		t.Errorf("the second piece is recorded as %+v", x)
	}
	// Started again it goes on behind the third line, and the half one is whole now.
	b.append(path, " a line\n"+sshLine(3))()
	got = told(b.following(path, every))
	want = fmt.Sprintf("resumed %d-%d\npiece %d-%d e4 1+1\nended %d-%d", 3*n, 3*n, 3*n, 4*n+12, 4*n+12, 4*n+12)
	if got != want {
		t.Errorf("again told:\n%s\nwant:\n%s", got, want)
	}
	count, err := b.s.Count(t.Context(), b.id, "host:web-1")
	b.must(err)
	if count != 4 {
		t.Errorf("%d events, want 4", count)
	}
	b.must(b.s.Rebuild(t.Context(), b.id, nil))
	if count, err = b.s.Count(t.Context(), b.id, "host:web-1"); err != nil || count != 4 {
		t.Errorf("%d events after a rebuild, want 4: %v", count, err)
	}
	b.verified()
}

func TestFollowWaitsForAPieceOrItsTime(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	path := b.file("auth.log", "")
	looks := func(n int) (out []func()) { return make([]func(), n) }
	seconds := func(text ...int) (steps []func()) { // one look each
		for _, s := range text {
			steps = append(steps, b.append(path, sshLine(s)))
		}
		return steps
	}
	steps := seconds(0, 1, 2)
	steps = append(append(steps, looks(6)...), seconds(3)...)
	got := told(b.following(path, FollowOptions{}, steps...))
	n := len(sshLine(0))
	if want := fmt.Sprintf("started 0-0\npiece 0-%d e1 1+0\npiece %d-%d e2 2+0\npiece %d-%d e3 1+0\nended %d-%d", n, n, 3*n, 3*n, 4*n, 4*n, 4*n); got != want {
		t.Errorf("told:\n%s\nwant:\n%s", got, want)
	}
	got = told(b.following(path, FollowOptions{Piece: int64(n)}, seconds(4, 5)...))
	if want := fmt.Sprintf("resumed %d-%d\npiece %d-%d e4 1+0\npiece %d-%d e5 1+0\nended %d-%d", 4*n, 4*n, 4*n, 5*n, 5*n, 6*n, 6*n, 6*n); got != want {
		t.Errorf("by size it told:\n%s\nwant:\n%s", got, want)
	}
}

func TestFollowNoticesRotationAndTruncation(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	n := len(sshLine(0))
	path := b.file("auth.log", sshLine(0))
	old := path + ".1"
	got := told(b.following(path, FollowOptions{Every: time.Millisecond},
		func() {
			b.append(path, sshLine(1)+"no end")()
			b.must(os.Rename(path, old))
		},
		b.append(path, sshLine(2)), nil,
		func() { b.must(os.Truncate(path, 0)) },
		b.append(path, sshLine(3)),
		func() { b.must(os.WriteFile(path, []byte(sshLine(4)), 0o600)) }, // as long as it was
	))
	want := strings.Join([]string{
		"started 0-0", fmt.Sprintf("piece 0-%d e1 1+0", n),
		fmt.Sprintf("gone %d-%d", n, n), fmt.Sprintf("piece %d-%d e2 1+0", n, 2*n),
		fmt.Sprintf("piece %d-%d e3 0+1", 2*n, 2*n+6), fmt.Sprintf("rotated %d-%d", 2*n+6, 2*n+6),
		fmt.Sprintf("piece 0-%d e4 1+0", n),
		fmt.Sprintf("truncated %d-0", n), fmt.Sprintf("piece 0-%d e5 1+0", n),
		fmt.Sprintf("truncated %d-%d", n, n), fmt.Sprintf("piece 0-%d e6 1+0", n),
		fmt.Sprintf("ended %d-%d", n, n),
	}, "\n")
	if got != want {
		t.Errorf("told:\n%s\nwant:\n%s", got, want)
	}
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	if d := strings.Join(xs[4].Deviations, "; "); !strings.Contains(d, "truncated or written anew after byte") {
		t.Errorf("the deviations of e5 are %q", d)
	}
	b.verified()
}

func TestFollowRefusesWhatCannotBeCut(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(authLog))
	b.must(err)
	b.must(z.Close())
	csv := "message,timestamp,datetime,timestamp_desc\nx,1,2026-11-20T00:00:00+00:00,y\n"
	for name, content := range map[string]string{"auth.log.gz": packed.String() + "\n", "t.csv": csv, "history.log": "Start-Date: 2026-11-20  03:00:00\nCommandline: apt install nmap\nInstall: nmap:amd64 (7.93)\nEnd-Date: 2026-11-20  03:00:09\n"} {
		err := b.s.Follow(t.Context(), b.id, b.file(name, content), FollowOptions{}, nil)
		b.want(CodeUsage, err)
	}
	if err := b.s.Follow(t.Context(), b.id, filepath.Join(t.TempDir(), "none"), FollowOptions{}, nil); err == nil {
		t.Error("a missing file is followed")
	}
	if err := b.s.Follow(t.Context(), b.id, t.TempDir(), FollowOptions{}, nil); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder is followed: %v", err)
	}
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	if len(xs) != 0 {
		t.Errorf("%d exhibits were sealed", len(xs))
	}
	b.must(b.s.CloseIncident(t.Context(), b.id, "over"))
	b.want(CodeRefused, b.s.Follow(t.Context(), b.id, b.file("auth.log", authLog), FollowOptions{}, nil))
}

func TestFollowFromEnd(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	path := b.file("auth.log", sshLine(0)+"begun")
	n := len(sshLine(0))
	got := told(b.following(path, FollowOptions{Every: time.Millisecond, FromEnd: true}, b.append(path, " and ended\n")))
	if want := fmt.Sprintf("started %d-%d\npiece %d-%d e1 0+1\nended %d-%d", n, n, n, n+16, n+16, n+16); got != want {
		t.Errorf("told:\n%s\nwant:\n%s", got, want)
	}
}

func TestRawIsWhatLiesInTheEvidence(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	hostile := "2026-11-20T02:58:09.000000+00:00 web-1 sh[1]: \x1b[2J\u202etxt.exe\n"
	long := "2026-11-20T02:58:10.000000+00:00 web-1 sh[2]: " + strings.Repeat("x", 100<<10) + "\n"
	all := authLog + hostile + strings.Repeat(sshLine(30), 50) + long + "2026-11-20T02:58:11.000000+00:00 web-1 sh[3]: no end"
	_, err := z.Write([]byte(all))
	b.must(err)
	b.must(z.Close())
	_, err = b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log.1.gz", packed.String())}, IngestOptions{}, nil)
	b.must(err)
	for filter, want := range map[string]string{`"txt.exe"`: hostile, `"accepted password"`: strings.SplitAfter(authLog, "\n")[2], `"no end"`: "2026-11-20T02:58:11.000000+00:00 web-1 sh[3]: no end", "attr.pid:2": long[:64<<10]} {
		page, err := b.s.Page(t.Context(), b.id, PageRequest{Filter: filter})
		b.must(err)
		if len(page) != 1 {
			t.Fatalf("%s finds %d events", filter, len(page))
		}
		raw, err := b.s.Raw(t.Context(), b.id, page[0].ID.String(), nil)
		b.must(err)
		at := strings.Index(all, want)
		if string(raw.Bytes) != want || raw.Offset != int64(at) || raw.Exhibit != "e1" || raw.More != (len(want) == 64<<10) {
			t.Errorf("%s: raw is %+v of %d bytes at %d, want %d bytes at %d", filter, raw.Exhibit, len(raw.Bytes), raw.Offset, len(want), at)
		}
		if !strings.HasSuffix(all[:at], string(raw.Before)) || !strings.HasPrefix(all[at+len(raw.Bytes):], string(raw.After)) || at > 0 && len(raw.Before) == 0 {
			t.Errorf("%s: before is %q, after %q", filter, raw.Before, raw.After)
		}
	}
	_, err = b.s.Raw(t.Context(), b.id, "E1", nil)
	b.want(CodeNotFound, err)
}

// TestRawReadsEveryFormat ingests a real file of each format that is there and
// looks whether the bytes of an event are those of its record.
func TestRawReadsEveryFormat(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	record := make([]byte, 384)
	record[0] = 7 // a login
	copy(record[8:], "pts/0")
	copy(record[44:], "root")
	copy(record[76:], "203.0.113.9")
	record[340], record[341], record[342], record[343] = 0, 0x10, 0x60, 0x69
	second := bytes.Clone(record)
	copy(second[44:], "svc1")
	apt := "Start-Date: 2026-11-20  03:00:00\nCommandline: apt install nmap\nInstall: nmap:amd64 (7.93)\nEnd-Date: 2026-11-20  03:00:09\n"
	for _, c := range []struct{ name, content, filter, want string }{
		{"wtmp", string(record) + string(second), "parser:utmp user:svc1", string(second)},
		{"history.log", apt + "\n" + strings.ReplaceAll(apt, "nmap", "nc"), "parser:apt nmap", apt},
		{".bash_history", "#1763600000\nid\n#1763600001\nwget x\n", "parser:history wget", "#1763600001\nwget x\n"},
	} {
		_, err := b.s.Ingest(t.Context(), b.id, []string{b.file(c.name, c.content)}, IngestOptions{}, nil)
		b.must(err)
		page, err := b.s.Page(t.Context(), b.id, PageRequest{Filter: c.filter})
		b.must(err)
		if len(page) == 0 {
			t.Errorf("%s: no event", c.name)
			continue
		}
		raw, err := b.s.Raw(t.Context(), b.id, page[0].ID.String(), nil)
		b.must(err)
		if string(raw.Bytes) != c.want {
			t.Errorf("%s: raw is %q, want %q", c.name, raw.Bytes, c.want)
		}
	}
}

// TestFollowReadsWhatWasOnlySealed goes on after a crash between the sealing of
// a piece and its reading.
func TestFollowReadsWhatWasOnlySealed(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	path := b.file("auth.log", sshLine(0)+sshLine(1))
	n := int64(len(sshLine(0)))
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	g, err := forensics.OpenGrowing(path)
	b.must(err)
	x, err := b.s.given(path, IngestOptions{})
	b.must(err)
	x, err = f.locker.SealPiece(t.Context(), g, 0, n, x, nil)
	b.must(err)
	b.must(g.Close())
	x.Format = "syslog"
	_, err = b.s.register(t.Context(), f, []record.Exhibit{x}, "")
	b.must(err)
	got := told(b.following(path, FollowOptions{}))
	if want := fmt.Sprintf("resumed %d-%d\npiece %d-%d e2 1+0\nended %d-%d", n, n, n, 2*n, 2*n, 2*n); got != want {
		t.Errorf("told:\n%s\nwant:\n%s", got, want)
	}
	count, err := b.s.Count(t.Context(), b.id, "")
	b.must(err)
	if count != 2 {
		t.Errorf("%d events, want 2", count)
	}
	// Another file of that name is taken from its start.
	b.must(os.WriteFile(path, []byte(sshLine(5)+sshLine(6)+sshLine(7)), 0o600))
	got = told(b.following(path, FollowOptions{}))
	if want := fmt.Sprintf("started 0-0\npiece 0-%d e3 3+0\nended %d-%d", 3*n, 3*n, 3*n); got != want {
		t.Errorf("of another file it told:\n%s\nwant:\n%s", got, want)
	}
}
