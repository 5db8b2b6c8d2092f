package segment

import "sync"

// Cache is small dictionaries and the names of attributes of segments, decoded,
// which several readers share. Segments do not change, so what it knows stays
// true. It forgets everything when full.
type Cache struct {
	mu           sync.Mutex
	dictionaries map[cacheKey]*dictionary
	names        map[*Meta]*namesCache
	size         int
}

type cacheKey struct {
	m *Meta
	c Column
}

const (
	mostCached    = 8 << 20 // bytes of texts and what leads to them
	mostOneCached = 64 << 10
	textCost      = 32 // of a text, beside its bytes
)

func (c *Cache) dictionary(m *Meta, column Column) *dictionary {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dictionaries[cacheKey{m, column}]
}

func (c *Cache) namesOf(m *Meta) *namesCache {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names[m]
}

func (c *Cache) putDictionary(m *Meta, column Column, d *dictionary, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room(size)
	c.dictionaries[cacheKey{m, column}] = d
}

func (c *Cache) putNames(m *Meta, n *namesCache, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room(size)
	c.names[m] = n
}

func (c *Cache) room(size int) {
	if c.size += size; c.size > mostCached || c.names == nil {
		c.dictionaries, c.names, c.size = make(map[cacheKey]*dictionary), make(map[*Meta]*namesCache), size
	}
}
