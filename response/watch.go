package response

import (
	"context"
	"time"

	"firebreak/incident"
)

const watchEvery = 250 * time.Millisecond

// Watch sends a value whenever anybody changed the incident: this process or
// another one. Values are coalesced; the channel is closed when ctx ends or the
// incident can no longer be read.
func (s *Session) Watch(ctx context.Context, id incident.ID) (<-chan struct{}, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	last, err := f.store.Version(ctx)
	if err != nil {
		return nil, err
	}
	changed := make(chan struct{}, 1)
	go func() {
		defer close(changed)
		for s.s.o.Sleep(ctx, watchEvery) == nil {
			v, err := f.store.Version(ctx)
			if err != nil {
				return
			}
			if v == last {
				continue
			}
			last = v
			select {
			case changed <- struct{}{}:
			default: // one is waiting already
			}
		}
	}()
	return changed, nil
}
