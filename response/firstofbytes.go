package response

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"firebreak/record"
	"firebreak/store"
)

// firsts knows which exhibit of an incident had which bytes first. It grows with
// the record: exhibits are only ever added.
type firsts struct {
	mu   sync.Mutex
	of   map[string]sealedFirst // by SHA-256
	next int64                  // number of the first exhibit that it does not know
}

type sealedFirst struct {
	number       int64
	host, source string
}

// first is the exhibit that had the same bytes before this one, nil where none
// had. Where a responder's own words say which host it is, that sets nothing apart:
// who ingests a file again under another name corrects it.
func (f *folder) first(ctx context.Context, x record.Exhibit) (*record.Exhibit, error) {
	number, err := strconv.ParseInt(strings.TrimPrefix(x.ID, "e"), 10, 64)
	if err != nil || x.SHA256 == "" {
		return nil, nil //nolint:nilnil // none, as documented
	}
	f.firsts.mu.Lock()
	defer f.firsts.mu.Unlock()
	if number >= f.firsts.next {
		var xs []store.Exhibit
		err := f.store.View(ctx, func(tx *store.Tx) (err error) {
			xs, err = tx.ExhibitsFrom(f.firsts.next)
			return err
		})
		if err != nil {
			return nil, err
		}
		f.firsts.add(xs)
	}
	one, ok := f.firsts.of[x.SHA256]
	if !ok || one.number >= number {
		return nil, nil //nolint:nilnil // none, as documented
	}
	out := &record.Exhibit{ID: "e" + strconv.FormatInt(one.number, 10), Host: one.host, Source: one.source}
	if x.Collector == ingestCollector {
		out.Host = x.Host
	}
	return out, nil
}

func (s *firsts) add(xs []store.Exhibit) {
	if s.of == nil {
		s.of = map[string]sealedFirst{}
	}
	for _, x := range xs {
		number, err := strconv.ParseInt(strings.TrimPrefix(x.ID, "e"), 10, 64)
		if err != nil {
			continue
		}
		s.next = max(s.next, number+1)
		if _, known := s.of[x.SHA256]; !known && x.SHA256 != "" {
			s.of[x.SHA256] = sealedFirst{number, x.Host, x.Source}
		}
	}
}
