package segment

import "sync"

// Cache is small dictionaries and the names of attributes of segments, decoded,
// which several readers share. Segments do not change, so what it knows stays
// true. When it is full it forgets any of it.
type Cache struct {
	mu    sync.Mutex
	known map[cacheKey]cached
	size  int
}

type cacheKey struct {
	m *Meta
	c Column
}

// cached is one of the two.
type cached struct {
	dictionary *dictionary
	names      *namesCache
	size       int
}

// ofNames stands for the column of the names.
const ofNames Column = -1

const (
	mostCached    = 4 << 20 // bytes of texts and what leads to them
	mostOneCached = 64 << 10
	textCost      = 32 // of a text, beside its bytes
)

func (c *Cache) get(m *Meta, column Column) cached {
	if c == nil {
		return cached{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[cacheKey{m, column}]
}

func (c *Cache) put(m *Meta, column Column, what cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[cacheKey]cached)
	}
	key := cacheKey{m, column}
	c.size += what.size - c.known[key].size
	c.known[key] = what
	if c.size <= mostCached {
		return
	}
	for k, old := range c.known { // in no order
		delete(c.known, k)
		if c.size -= old.size; c.size <= mostCached*3/4 {
			return
		}
	}
}
