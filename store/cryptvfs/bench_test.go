package cryptvfs

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkPage is what a page costs beside the disk: nonce, AES-GCM and the
// translation. A database/sql caller pays some crossings of cgo more.
func BenchmarkPage(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	key := testKey(b, 1)
	f := &file{raw: &slab{}, key: key}
	log := &file{raw: &slab{}, key: key, log: true}
	p := page(r, 2)
	mustWrite(b, f, page(r, 1), 0)
	for _, c := range []struct {
		name string
		do   func() code
	}{
		{"write", func() code { return f.write(p, PageSize) }},
		{"read", func() code { return f.read(p, PageSize) }},
		{"write frame", func() code {
			if rc := log.write(p[:frameHeader], logHeader); rc != ok {
				return rc
			}
			return log.write(p, logHeader+frameHeader)
		}},
		{"read from log", func() code { return log.read(p, logHeader+frameHeader) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(PageSize)
			for b.Loop() {
				if rc := c.do(); rc != ok {
					b.Fatal(rc)
				}
			}
		})
	}
}
