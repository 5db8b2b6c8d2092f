package integrations

import (
	"math/bits"
	"time"
)

// Patience is how often and how long something that is known not to have been
// done is tried again by itself.
type Patience struct {
	Base, Most time.Duration // of the waits between two tries
	Tries      int           // 0: as many as the time allows
	For        time.Duration // from the first try on
}

// The two kinds of patience. A message may come late. A containment that comes
// late is a surprise: somebody has to be told instead.
//
//nolint:gochecknoglobals // two tables
var (
	ForMessages = Patience{Base: time.Second, Most: time.Minute, For: 24 * time.Hour}
	ForActions  = Patience{Base: time.Second, Most: 30 * time.Second, Tries: 5, For: 2 * time.Minute}
)

// Wait is how long to wait after that many tries: anything between nothing and
// twice as much as the last time (full jitter), so that many who failed together
// do not come back together. draw is a random number.
func (p Patience) Wait(tries int, draw uint64) time.Duration {
	most := p.Most
	if n := max(tries, 1) - 1; n < 32 {
		most = min(p.Base<<n, p.Most)
	}
	wait, _ := bits.Mul64(draw, uint64(most)+1) //nolint:gosec // it is not negative
	return time.Duration(wait)                  //nolint:gosec // it is at most what most is
}

// Spent says that after that many tries, that long after the first, a person has
// to be asked.
func (p Patience) Spent(tries int, since time.Duration) bool {
	return p.Tries > 0 && tries >= p.Tries || since >= p.For
}
