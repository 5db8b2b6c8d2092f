package response

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/internal/testkit"
)

// TestFileIsStamped over the network and by file, and openssl accepts it.
func TestFileIsStamped(t *testing.T) {
	t.Parallel()
	tsa := testkit.NewTSA(t)
	b := newBench(t, config.Config{Timestamp: config.Timestamp{URL: tsa.Serve(nil)}})
	w, ctx, content := b.s.s.o, t.Context(), []byte("a container")
	file := filepath.Join(t.TempDir(), "a.tar.zst.age")
	b.must(os.WriteFile(file, content, 0o600))
	if s, err := CheckFileStamp(ctx, w, file, nil); s != nil || err != nil {
		t.Errorf("without one: %+v, %v", s, err)
	}
	got, err := StampFile(ctx, w, file, "", nil)
	b.must(err)
	reply, err := os.ReadFile(file + ".tsr")
	b.must(err)
	b.must(opensslAccepts(t, tsa, content, reply))
	if got.Trusted || got.Time.IsZero() || !strings.Contains(got.Authority, "Test TSA") {
		t.Errorf("%+v", got)
	}
	b.trustTSA(tsa)
	if s, err := CheckFileStamp(ctx, w, file, nil); err != nil || !s.Trusted || s.Time != got.Time {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := StampFile(ctx, w, file, "", nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("there is one: %v", err)
	}

	// Elsewhere: the reply is of this file and no other.
	other := filepath.Join(t.TempDir(), "b")
	b.must(os.WriteFile(other, []byte("another"), 0o600))
	q, err := StampFileQuery(ctx, other, nil)
	b.must(err)
	answer, err := tsa.Reply(q)
	b.must(err)
	if _, err := StampFileReply(ctx, w, file, answer, nil); CodeOf(err) != CodeRefused || !strings.Contains(err.Error(), "other bytes") {
		t.Errorf("of another file: %v", err)
	}
	if _, err := StampFileReply(ctx, w, other, answer, nil); err != nil {
		t.Error(err)
	}
	if now, err := os.ReadFile(file + ".tsr"); err != nil || !bytes.Equal(now, reply) {
		t.Errorf("the first stamp was changed (%v)", err)
	}
	b.must(os.WriteFile(file, []byte("a c0ntainer"), 0o600))
	if _, err := CheckFileStamp(ctx, w, file, nil); CodeOf(err) != CodeIntegrity {
		t.Errorf("a changed file: %v", err)
	}
}
