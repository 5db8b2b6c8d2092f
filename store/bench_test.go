package store

import (
	"context"
	"path/filepath"
	"testing"

	"firebreak/incident"
	"firebreak/record"
)

// BenchmarkUpdate records one note at a time; BenchmarkBareCommit is the floor:
// one row and one fsynced commit.
func BenchmarkUpdate(b *testing.B) {
	ctx := context.Background()
	s := create(b, testOptions(b))
	d := draft(b, record.Noted, record.Note{Text: "the owner of web-1 confirms that nobody should be logged in"})
	for b.Loop() {
		if _, err := s.Update(ctx, func(*Tx) (record.Draft, error) { return d, nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkUpdateAll records a hundred notes under one head.
func BenchmarkUpdateAll(b *testing.B) {
	ctx := context.Background()
	s := create(b, testOptions(b))
	ds := make([]record.Draft, 100)
	for i := range ds {
		ds[i] = draft(b, record.Noted, record.Note{Text: "x"})
	}
	for b.Loop() {
		if _, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) { return ds, nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(ds))/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkBareCommit(b *testing.B) {
	s := create(b, testOptions(b))
	if _, err := s.w.Exec("CREATE TABLE bare (x TEXT)"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.w.Exec("INSERT INTO bare VALUES ('the owner of web-1 confirms that nobody should be logged in')"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkVerify(b *testing.B) {
	ctx := context.Background()
	s := thousand(b)
	for b.Loop() {
		if r, err := s.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() {
			b.Fatal(r.Problems, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	ctx := context.Background()
	s := thousand(b)
	for b.Loop() {
		again, err := Open(ctx, s.Dir(), s.opts)
		if err != nil {
			b.Fatal(err)
		}
		closeStore(b, again)
	}
}

// BenchmarkView reads what a screen reads: the incident, its actions and the
// newest 50 entries of a thousand.
func BenchmarkView(b *testing.B) {
	ctx := context.Background()
	s := thousand(b)
	for b.Loop() {
		err := s.View(ctx, func(tx *Tx) error {
			if _, err := tx.Incident(); err != nil {
				return err
			}
			if _, err := tx.Actions(); err != nil {
				return err
			}
			_, err := tx.Last(50)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// thousand is an incident of 1001 entries under 11 heads.
func thousand(b *testing.B) *Store {
	b.Helper()
	ctx := context.Background()
	s, err := Create(ctx, filepath.Join(b.TempDir(), string(testID)), testID, testOptions(b), opened(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeStore(b, s) })
	for range 10 {
		_, err := s.UpdateAll(ctx, func(*Tx) ([]record.Draft, error) {
			ds := make([]record.Draft, 100)
			for i := range ds {
				d, err := record.NewDraft(alice, record.Noted, incident.Contain, "step", record.Note{Text: "what was seen and done"})
				if err != nil {
					return nil, err
				}
				ds[i] = d
			}
			return ds, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}
