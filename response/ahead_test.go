package response

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/internal/testkit"
	"firebreak/store/events"
	"firebreak/timeline"
)

// datedLog is large enough to be read while it is sealed. Its lines have no years
// and go over New Year.
func datedLog(lines int) string {
	var b strings.Builder
	for i := range lines {
		at := time.Date(2025, 12, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 30 * time.Second)
		fmt.Fprintf(&b, "%s web-%d sshd[%d]: Failed password for user%d from 10.0.%d.%d port 4711 ssh2\n", at.Format(time.Stamp), i%5, i%999, i%77, i%13, i%251)
		if i%1000 == 999 {
			b.WriteString("no line of a log\n")
		}
	}
	return b.String()
}

// several is a bench, and how many lines of a log are more than a segment in it, and
// enough to be read while they are sealed: few, except in the soak form.
func several(t *testing.T) (b *bench, lines int) {
	if testkit.Soak() {
		return newBench(t, config.Config{}), 80_000
	}
	return newBenchOf(t, config.Config{}, 6000), 8000
}

// all is every event as JSON, without the exhibit.
func (b *bench) all() []string {
	b.Helper()
	f, err := b.s.s.open(b.Context(), b.id)
	b.must(err)
	db, err := b.s.s.timeline(b.Context(), f)
	b.must(err)
	var out []string
	err = db.Scan(b.Context(), timeline.Filter{}, events.Request{}, func(e *timeline.Event) error {
		plain := *e
		plain.Exhibit = ""
		line, err := json.Marshal(plain)
		out = append(out, string(line))
		return err
	})
	b.must(err)
	b.must(db.Check(b.Context()))
	return out
}

// A file that is read while it is sealed gives what one gives that is read from the
// locker, and the same account.
func TestReadWhileSealed(t *testing.T) {
	b, n := several(t)
	b.open()
	text := datedLog(n)
	if int64(len(text)) < b.s.s.leastAhead() {
		t.Fatalf("%d bytes are too few", len(text))
	}
	path := b.file("auth.log", text)
	b.must(os.Chtimes(path, time.Now(), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)))
	o := IngestOptions{Skew: time.Minute, Host: "unsaid"}
	ahead := false
	in, err := b.s.Ingest(t.Context(), b.id, []string{path}, o, func(p Progress) {
		ahead = ahead || strings.HasPrefix(p.What, "sealing and parsing ")
		if strings.HasPrefix(p.What, "parsing ") {
			t.Errorf("it is read again: %+v", p)
		}
	})
	b.must(err)
	if !ahead || in.Events != int64(n) || in.Added != int64(n) || in.Rejected != int64(n/1000) {
		t.Fatalf("ahead %t: %+v", ahead, in)
	}
	got := b.all()
	if len(got) != n || !strings.Contains(got[0], "2025-12-19T23:59:00Z") {
		t.Fatalf("%d events, the first is %s", len(got), got[0])
	}
	// The rebuild reads from the locker.
	b.must(b.s.Rebuild(t.Context(), b.id, nil))
	for i, want := range b.all() {
		if got[i] != want {
			t.Fatalf("event %d is\n%s, from the locker\n%s", i, got[i], want)
		}
	}
	// The same bytes again, and with another skew: nothing of the reading ahead stays.
	for _, again := range []struct {
		skew  time.Duration
		added int
	}{{time.Minute, 0}, {time.Hour, n}} {
		o.Skew = again.skew
		in, err = b.s.Ingest(t.Context(), b.id, []string{path}, o, nil)
		b.must(err)
		if in.Added != int64(again.added) || in.Events != int64(n) || len(b.all()) != n {
			t.Errorf("with a skew of %s again: %+v", again.skew, in)
		}
	}
	b.verified()
}

// A file that changes while it is sealed is read from the locker: the events are
// those of what was sealed.
func TestReadWhileSealedAndChanged(t *testing.T) {
	b, n := several(t)
	b.open()
	path := b.file("auth.log", datedLog(n))
	more, parsed := false, false
	in, err := b.s.Ingest(t.Context(), b.id, []string{path}, IngestOptions{}, func(p Progress) {
		parsed = parsed || strings.HasPrefix(p.What, "parsing ")
		if strings.HasPrefix(p.What, "sealing and ") && !more {
			more = true
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			b.must(err)
			_, err = io.WriteString(f, "Jan 20 00:00:00 web-1 sshd[1]: the last line\n")
			b.must(errors.Join(err, f.Close()))
		}
	})
	b.must(err)
	if !parsed || in.Events != in.Added || in.Events < int64(n) || int64(len(b.all())) != in.Events {
		t.Errorf("%+v", in)
	}
	b.verified()
}

// Ctrl-C while it is sealed leaves nothing, and the next time all of it is there.
func TestReadWhileSealedAndStopped(t *testing.T) {
	b, n := several(t)
	b.open()
	path := b.file("auth.log", datedLog(n))
	stop := errors.New("the person pressed ctrl-c")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := b.s.Ingest(ctx, b.id, []string{path}, IngestOptions{}, func(p Progress) {
		if strings.HasPrefix(p.What, "sealing and ") && p.Done > p.Total/2 {
			cancel(stop)
		}
	})
	if !errors.Is(err, stop) {
		t.Fatalf("%v", err)
	}
	if n := len(b.all()); n != 0 {
		t.Errorf("%d events of what was not sealed", n)
	}
	in, err := b.s.Ingest(t.Context(), b.id, []string{path}, IngestOptions{}, nil)
	b.must(err)
	if in.Added != int64(n) || len(in.Resumed) != 0 || len(b.all()) != n {
		t.Errorf("%+v", in)
	}
	b.verified()
}
