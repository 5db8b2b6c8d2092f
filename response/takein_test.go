package response

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/forensics/container"
	"firebreak/record"
)

// What another container is said to have is asked for, unless just that container
// is here: a foreign log may name none, or half of one.
func TestKeptElsewhere(t *testing.T) {
	const id, other = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
	b := newBench(t, config.Config{})
	b.open()
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	came := func(source, method string) record.Exhibit {
		x, err := f.locker.SealInput(t.Context(), strings.NewReader(source), record.Exhibit{Source: source, Method: method})
		b.must(err)
		return x
	}
	in := func(method, container string) string { return method + cameIn + container + cameUnder + "SHA256:a/b+c" }
	_, err = b.s.register(t.Context(), f, []record.Exhibit{
		came("/a", in("read", id)),
		came("/forged", in(in("read", id), other)), // its writer wrote the first
		came("/ssh", in("read", id)+"; by this program on the host itself, over ssh as root@web-1"),
		came("/given", "given by the responder"),
	}, "")
	b.must(err)
	for _, tt := range []struct {
		source, in string
		missing    bool
	}{
		{"/a", id, false},
		{"/a", "", true},
		{"/a", id[:8], true},
		{"/a", other, true},
		{"/a", string(b.id), false},
		{"/none", string(b.id), true},
		{"/forged", id, true},
		{"/forged", other, false},
		{"/ssh", id, true},
		{"/given", "", true},
	} {
		notes, err := b.s.keptElsewhere(t.Context(), f, []container.Kept{{Source: tt.source, In: tt.in}})
		if err != nil || (len(notes) == 1) != tt.missing {
			t.Errorf("%s, said to be in %q: %q, %v", tt.source, tt.in, notes, err)
		}
	}
}

// What a killed process had half sealed is cleared away by the next one that opens
// the incident, whatever it does there; what one at work is sealing stays.
func TestWhatWasHalfSealedIsClearedAway(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", "2026-11-21T03:12:01Z web-9 app: first\n")}, IngestOptions{}, nil)
	b.must(err)
	left := filepath.Join(b.s.s.Dir(b.id), "evidence", "tmp-1-1")
	b.must(os.WriteFile(left, []byte("its writer was killed"), 0o600))
	b.again()
	_, err = b.s.Ingest(t.Context(), b.id, []string{b.file("other.log", "2026-11-21T03:12:01Z web-9 app: second\n")}, IngestOptions{}, nil)
	b.must(err)
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("it is there still: %v", err)
	}
}
