package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// dump is the projection as text: "action a1" → all its columns. Two databases
// with equal dumps hold the same bytes.
func dump(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT kind, id, number, changed, state, doc FROM projection")
	if err != nil {
		return nil, fmt.Errorf("dump projection: %w", explain(err))
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var kind, id, state, doc string
		var number, changed int64
		if err := rows.Scan(&kind, &id, &number, &changed, &state, &doc); err != nil {
			return nil, fmt.Errorf("dump projection: %w", explain(err))
		}
		line, err := json.Marshal([]any{number, changed, state, doc})
		if err != nil {
			return nil, fmt.Errorf("dump projection: %w", err)
		}
		out[kind+" "+id] = string(line)
	}
	return out, explain(rows.Err())
}

func sortedKeys(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
