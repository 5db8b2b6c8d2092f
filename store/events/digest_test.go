package events

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"

	"firebreak/timeline"
)

// digested is the rows of the table digest.
func digested(t *testing.T, db *DB) (rows map[int64][]byte) {
	t.Helper()
	rows = make(map[int64][]byte)
	err := db.view(t.Context(), func(s *snapshot) error {
		return s.each(t.Context(), `SELECT id, data FROM digest`, nil, func(row []driver.Value) (bool, error) {
			data, ok := row[1].([]byte)
			if !ok {
				return false, fmt.Errorf("%T", row[1])
			}
			id, err := integer(row[0])
			rows[id] = bytes.Clone(data)
			return true, err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A digest says of its segments what they say themselves, goes with any of them,
// and nothing depends on it.
func TestDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	db, err := Open(t.Context(), path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	db.merger.close() // segments stay as they are
	const segments = 150
	add := func(i int) {
		batch := lines(fmt.Sprint("e", i), i, 30)
		for j := range batch {
			batch[j].Host, batch[j].User = fmt.Sprintf("Host-%d", i), fmt.Sprintf("name\x00of-%d", i%9)
		}
		mustAppend(t, db, batch)
	}
	for i := range segments {
		add(i)
	}
	if n := len(digested(t, db)); n != 0 {
		t.Fatalf("%d digests nobody asked for", n)
	}
	ask := func(when string, gone int) {
		t.Helper()
		again, err := Open(t.Context(), path, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		defer closeTest(t, again)
		for text, want := range map[string]int64{
			"": 30 * int64(segments-gone), "host-7": 30, "of-3": 30 * 17, "*ost-14*": 30 * 11, "nobody-7": 0, "host:host-149": 30,
		} {
			if n, err := again.Count(t.Context(), parse(t, text)); err != nil || n != want {
				t.Errorf("%s: %q is counted %d times, not %d, %v", when, text, n, want, err)
			}
		}
		if err := again.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	ask("without digests", 0)
	if err := db.digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := digested(t, db)
	if len(all) != 3 || !bytes.Contains(all[1], []byte("host-100\x00")) {
		t.Fatalf("%d digests", len(all))
	}
	ask("with digests", 0)
	if n, err := db.DeleteExhibit(t.Context(), "e100"); n != 30 || err != nil {
		t.Fatal(n, err)
	}
	left := digested(t, db)
	for id, data := range left {
		if bytes.Contains(data, []byte("host-100")) {
			t.Errorf("digest %d knows a host that is gone", id)
		}
	}
	if len(left) != 3 {
		t.Errorf("%d digests", len(left))
	}
	ask("after one is gone", 1)
	add(100)
	ask("with one that has none", 0)
	// One that is not as it was written is damage.
	if err := db.update(t.Context(), func(w *writer) error {
		_, err := w.exec(t.Context(), `UPDATE digest SET data = substr(data, 1, length(data) - 9) || 'x' || substr(data, -8) WHERE id = 1`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Check(t.Context()); err == nil {
		t.Error("a damaged digest is taken for sound")
	}
}

// What the version before wrote is read as it is, and has today's form when it was
// written to.
func TestSchemaLikeThis(t *testing.T) {
	packed, err := os.ReadFile(filepath.Join("testdata", "schema-3.db.zst"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	path := filepath.Join(t.TempDir(), "timeline.db")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	closeTest(t, f)
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	version := func() int64 {
		v, _, err := identity(t.Context(), db.read)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	want := map[timeline.ID]timeline.Event{}
	t.Setenv("FIREBREAK_CORPUS", "")
	benchLog(t, 600, func(batch []timeline.Event) {
		for _, e := range batch {
			want[e.ID] = e
		}
	})
	same := func() {
		t.Helper()
		for _, e := range everything(t, db, timeline.Filter{}, MaxPage) {
			w, ok := want[e.ID]
			if ok && (e.Message != w.Message || !e.Time.Equal(w.Time) || e.Host != w.Host || !slices.Equal(e.Attributes, w.Attributes)) {
				t.Fatalf("%+v came back, not %+v", e, w)
			}
			delete(want, e.ID)
		}
		if len(want) != 0 {
			t.Errorf("%d events are missing", len(want))
		}
	}
	if n, err := db.Count(t.Context(), parse(t, "sshd")); n == 0 || err != nil || version() != schemaLikeIt {
		t.Errorf("sshd is found %d times, %v, version %d", n, err, version())
	}
	same()
	for i := range digestFew {
		batch := lines(fmt.Sprint("later", i), i, 40)
		for _, e := range batch {
			want[e.ID] = e
		}
		mustAppend(t, db, batch)
	}
	if err := db.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := version(); v != schemaVersion {
		t.Errorf("version %d", v)
	}
	same()
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
