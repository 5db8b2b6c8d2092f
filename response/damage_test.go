package response

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/store"
)

// hurtWorkspace is a closed workspace with sealed evidence, to be copied and
// damaged.
func hurtWorkspace(t *testing.T) *bench {
	b := newBench(t, config.Config{})
	b.open()
	var files []string
	for i := range 6 {
		files = append(files, b.file(fmt.Sprintf("auth%d.log", i), strings.Repeat(authLog, 1+i*20)+fmt.Sprint(i)))
	}
	_, err := b.s.Ingest(t.Context(), b.id, files, IngestOptions{}, nil)
	b.must(err)
	b.must(b.s.s.Close())
	return b
}

// copied is the same workspace somewhere else.
func (b *bench) copied() *bench {
	b.Helper()
	c := &bench{T: b.T, clock: b.clock, id: b.id, home: filepath.Join(b.TempDir(), "home"), seed: b.seed}
	b.must(os.CopyFS(c.home, os.DirFS(b.home)))
	return c
}

// below lists the files of a folder.
func (b *bench) below(dir string) (out []string) {
	b.Helper()
	b.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// A bit of a blob flips, a blob loses its end or goes: verify names the
// exhibit, or it reads as before.
func TestDamagedBlobs(t *testing.T) {
	b := hurtWorkspace(t)
	r := rand.New(rand.NewPCG(21, 1))
	c := b.copied()
	s := c.service(config.Config{}).As(incident.Actor{Name: "grace"})
	f, err := s.s.open(t.Context(), c.id)
	b.must(err)
	var xs []store.Exhibit
	b.must(f.store.View(t.Context(), func(tx *store.Tx) (err error) { xs, err = tx.Exhibits(); return err }))
	blobs := c.below(filepath.Join(c.home, "incidents", string(c.id), "evidence"))
	where := map[string]int{}
	rounds := testkit.Rounds(t, 12, 200)
	detected, harmless := 0, 0
	for round := range rounds {
		path := blobs[r.IntN(len(blobs))]
		good, err := os.ReadFile(path)
		b.must(err)
		hurt := slices.Clone(good)
		at := r.IntN(len(hurt))
		way := "a bit flipped"
		switch {
		case round%12 == 5:
			way, hurt = "missing", nil
		case round%4 == 3:
			way, hurt = "cut short", hurt[:at]
		default:
			hurt[at] ^= 1 << r.IntN(8)
		}
		b.must(os.Chmod(path, 0o600))
		b.must(os.WriteFile(path, hurt, 0o600))
		if way == "missing" {
			b.must(os.Remove(path))
		}
		report, err := s.Verify(t.Context(), c.id, nil)
		if err != nil {
			t.Fatalf("%s at %d of %s: %v", way, at, path, err)
		}
		named := slices.ContainsFunc(report.Problems, func(p record.Problem) bool {
			return p.Seq > 0 && strings.Contains(p.Where, "exhibit e") && strings.Contains(p.Where, filepath.Base(path)[:64])
		})
		switch {
		case named:
			detected++
			where[way]++
		case report.OK() && sameContent(t, f, xs, filepath.Base(path), authLog):
			harmless++
		default:
			t.Errorf("%s at %d of %s: %+v", way, at, path, report.Problems)
		}
		b.must(os.WriteFile(path, good, 0o600))
	}
	testkit.Tell(t, testkit.Figure{
		Name: "damage to sealed evidence", Rounds: rounds, Detected: testkit.N(detected), Harmless: testkit.N(harmless), Lost: testkit.N(0), Where: where,
		Note: "a problem names the exhibit and its blob",
	})
}

// sameContent says whether the blob still gives the content it was made of.
func sameContent(t *testing.T, f *folder, xs []store.Exhibit, blob, begins string) bool {
	t.Helper()
	for _, x := range xs {
		if x.Blob != blob {
			continue
		}
		plain, err := f.locker.Open(x.Blob)
		if err != nil {
			return false
		}
		all, err := io.ReadAll(plain)
		if err := errors.Join(err, plain.Close()); err != nil || int64(len(all)) != x.Size {
			return false
		}
		return strings.HasPrefix(string(all), begins)
	}
	return false
}

// Keys, locks and the ballast are damaged: what matters is named, what does
// not matter does no harm.
func TestDamagedKeysAndLocks(t *testing.T) {
	b := hurtWorkspace(t)
	incidentDir := filepath.Join("incidents", string(b.id))
	detected, harmless, rounds := 0, 0, 0
	where := map[string]int{}
	r := rand.New(rand.NewPCG(22, 1))
	for _, name := range []string{"keys/instance", filepath.Join(incidentDir, "evidence.key"), filepath.Join(incidentDir, "lock"), filepath.Join(incidentDir, "ballast")} {
		good, err := os.ReadFile(filepath.Join(b.home, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // no room for a ballast here
		}
		b.must(err)
		for range testkit.Rounds(t, 3, 50) {
			rounds++
			c := b.copied()
			hurt := slices.Clone(good)
			if len(hurt) > 0 {
				at := r.IntN(len(hurt))
				if r.IntN(3) == 0 {
					hurt = hurt[:at]
				} else {
					hurt[at] ^= 1 << r.IntN(8)
				}
			}
			b.must(os.WriteFile(filepath.Join(c.home, name), hurt, 0o600))
			ok, err := c.verifies()
			base := filepath.Base(name)
			switch {
			case ok && err == nil:
				harmless++
			case err != nil && (base == "lock" || base == "ballast"):
				t.Errorf("%s damaged: %v", name, err)
			default:
				detected++
				where[base]++
				if err != nil && HintOf(err) == "" {
					t.Errorf("%s damaged: %v, and no hint", name, err)
				}
			}
			b.must(os.RemoveAll(c.home))
		}
	}
	testkit.Tell(t, testkit.Figure{Name: "damage to keys, lock and ballast", Rounds: rounds, Detected: testkit.N(detected), Harmless: testkit.N(harmless), Lost: testkit.N(0), Where: where})
}

// verifies opens the workspace anew, writes a note and verifies.
func (b *bench) verifies() (bool, error) {
	svc, err := b.tryService(config.Config{})
	if err != nil {
		return false, err
	}
	defer func() { b.must(svc.Close()) }()
	s := svc.As(incident.Actor{Name: "grace"})
	report, err := s.Verify(b.Context(), b.id, nil)
	if err != nil || !report.OK() {
		return false, err
	}
	return true, s.Note(b.Context(), b.id, "", "goes on", false)
}
