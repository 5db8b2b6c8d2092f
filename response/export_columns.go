package response

import (
	"context"
	"fmt"
	"io"
	"time"

	"firebreak/store"
	"firebreak/store/events/sqlview"
	"firebreak/timeline"
	"firebreak/timeline/parquet"
)

// columnFormats are the forms for programs that analyse tables.
func columnFormats() []exportFormat {
	return []exportFormat{
		{
			ExportFormat: ExportFormat{"sqlite", "SQLite, datasette and whoever wants SQL: one table events", []string{".sqlite", ".sqlite3", ".db"}},
			file: func(ctx context.Context, path string, r ExportRequest) (timeline.Sink, error) {
				return sqlview.NewFile(ctx, path, r.beside.sealed, r.beside.spills)
			},
		},
		{
			ExportFormat: ExportFormat{"parquet", "pandas, DuckDB, Spark, ClickHouse", []string{".parquet"}},
			stream: func(w io.Writer, r ExportRequest) (timeline.Sink, error) {
				return parquet.New(w, r.beside.sealed), nil
			},
			binary: true,
		},
	}
}

// exportBeside is what some forms need besides the events.
type exportBeside struct {
	sealed map[string]time.Time // when each exhibit was sealed
	spills sqlview.Spills
}

func (s *Session) exportBeside(ctx context.Context, f *folder) (b exportBeside, err error) {
	b.sealed = map[string]time.Time{}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		exhibits, err := tx.Exhibits()
		for _, x := range exhibits {
			b.sealed[x.ID] = x.SealedAt
		}
		return err
	})
	if err == nil {
		b.spills, err = s.s.spills(f)
	}
	if err != nil {
		return b, fmt.Errorf("export: %w", err)
	}
	return b, nil
}
