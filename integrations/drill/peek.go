package drill

import (
	"fmt"
	"os"
	"sync"
)

// peeked is the state as it was read last, and the file that it was read from.
type peeked struct {
	mu   sync.Mutex
	file os.FileInfo
	s    *state
}

// peek is view for who only looks: it reads the file again only when there is
// another one. The state that it returns is shared, and must not be changed.
func (w *World) peek() (*state, error) {
	w.last.mu.Lock()
	defer w.last.mu.Unlock()
	now, err := os.Stat(w.file())
	if err != nil {
		return nil, fmt.Errorf("read drill: %w", err)
	}
	was := w.last.file
	if was != nil && os.SameFile(was, now) && was.Size() == now.Size() && was.ModTime().Equal(now.ModTime()) {
		return w.last.s, nil
	}
	s, err := w.view()
	if err != nil {
		return nil, err
	}
	w.last.file, w.last.s = now, s // a file that came between is another one at the next look
	return s, nil
}
