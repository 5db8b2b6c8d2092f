package response

import (
	"io"
	"os"
	"slices"
	"testing"

	"firebreak/config"
)

func TestCompanionsFirst(t *testing.T) {
	got := companionsFirst([]string{"a/History", "b.log", "a/NTUSER.DAT", "a/ntuser.dat.LOG1", "a/./History-wal", "c-wal"})
	want := []string{"a/ntuser.dat.LOG1", "a/./History-wal", "a/History", "b.log", "a/NTUSER.DAT", "c-wal"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBeside(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	first := b.file("History", "the database")
	second := first + "-wal"
	b.must(os.WriteFile(second, []byte("its log"), 0o600))
	_, err := b.s.Ingest(ctx, b.id, []string{first, second, b.file("other", "x")}, IngestOptions{Parser: "text"}, nil)
	b.must(err)
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	xs, _, err := b.s.Evidence(ctx, b.id)
	b.must(err)
	if xs[0].Source != second || xs[1].Source != first {
		t.Fatalf("%s, %s", xs[0].Source, xs[1].Source)
	}
	r, err := b.s.beside(ctx, f, xs[1].Exhibit, "-WAL")
	b.must(err)
	text, err := io.ReadAll(r)
	b.must(err)
	b.must(r.Close())
	if string(text) != "its log" {
		t.Errorf("%q", text)
	}
	if r, err := b.s.beside(ctx, f, xs[2].Exhibit, "-wal"); r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	r, err = besideFile(first, "-wal")
	b.must(err)
	b.must(r.Close())
	if r, err := besideFile(first, "-journal"); r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
}
