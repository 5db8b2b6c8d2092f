package response

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// peer is a carrier that fails for some time.
type peer struct {
	takes   time.Duration // of each attempt that fails
	fails   int
	clock   time.Time
	tries   int
	got     []byte
	aborted int
}

var errPeer = errors.New("silence")

func (p *peer) Put(_ context.Context, at int64, b []byte) error {
	if p.tries++; p.tries <= p.fails {
		p.clock = p.clock.Add(p.takes)
		return errPeer
	}
	p.got = append(p.got[:at], b...)
	return nil
}

func (p *peer) Finish(context.Context, int64) error { return nil }
func (p *peer) Note() json.RawMessage               { return nil }
func (p *peer) Close() error                        { return nil }
func (p *peer) Abort(context.Context) error         { p.aborted++; return nil }

// TestPatience: a peer that fails at once is tried five times, one that takes long
// to fail is not waited for so often. Then a file takes over; without one, what
// was sent is taken back.
func TestPatience(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer     peer
		fallback bool
		tries    int
		aborted  int
	}{
		"good":                  {peer{}, true, 1, 0},
		"comes back":            {peer{fails: 4, takes: time.Second}, true, 5, 0},
		"gone":                  {peer{fails: 99}, true, 5, 0},
		"silent":                {peer{fails: 99, takes: 45 * time.Second}, true, 3, 0},
		"slow":                  {peer{fails: 99, takes: 10 * time.Minute}, true, 1, 0},
		"silent, without a way": {peer{fails: 99, takes: 45 * time.Second}, false, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, file := &c.peer, ""
			if c.fallback {
				file = filepath.Join(t.TempDir(), "rest")
			}
			s := newSending(t.Context(), p, "there", file, 1, func() time.Time { return p.clock },
				func(_ context.Context, d time.Duration) error { p.clock = p.clock.Add(d); return nil }, func(string) {})
			want := []byte("a container")
			if _, err := s.Write(want); err != nil {
				t.Fatal(err)
			}
			err := s.end(true)
			if p.tries != c.tries || p.aborted != c.aborted || (err == nil) != (c.fallback || c.peer.fails < carryAttempts) {
				t.Errorf("%d tries, taken back %d times, %v", p.tries, p.aborted, err)
			}
			if err != nil {
				return
			}
			if c.peer.fails >= carryAttempts {
				if b, err := os.ReadFile(file); !slices.Equal(b, want) {
					t.Errorf("the file has %q, %v", b, err)
				}
			} else if !slices.Equal(p.got, want) {
				t.Errorf("the peer has %q", p.got)
			}
		})
	}
}
