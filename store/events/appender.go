package events

import (
	"context"
	"fmt"
	"sync"

	"firebreak/timeline"
)

// Appender takes events from several goroutines at once. Close says how many
// were new.
type Appender struct {
	ctx context.Context //nolint:containedctx // an appender lives as long as the call that made it
	db  *DB

	mu    sync.Mutex
	added int64
	err   error
}

// NewAppender begins to append. The context ends it.
func (db *DB) NewAppender(ctx context.Context) *Appender {
	return &Appender{ctx: ctx, db: db}
}

// Add takes the events over: the caller may use the batch again when it
// returns. After an error it returns the same one.
func (a *Appender) Add(batch []timeline.Event) error {
	if err := a.failed(); err != nil {
		return err
	}
	n, err := a.db.Append(a.ctx, batch)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.added += n
	if a.err == nil {
		a.err = err
	}
	return a.err
}

func (a *Appender) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// Close waits until everything is durable and says how many events are new.
// What was there before an error stays.
func (a *Appender) Close() (added int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.added, fmt.Errorf("append: %w", a.err)
	}
	return a.added, nil
}
