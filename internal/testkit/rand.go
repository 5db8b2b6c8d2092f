package testkit

import (
	"io"
	"math/rand/v2"
	"sync"
)

// Rand is a source of bytes that is the same in every run. It can be used from
// many goroutines.
func Rand(seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return &repeatable{source: rand.NewChaCha8(key)}
}

type repeatable struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (r *repeatable) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}
