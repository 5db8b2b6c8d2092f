package foreign

import (
	"crypto/md5"  //nolint:gosec // other tools' lists have it; it is compared, not trusted
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// Content is the bytes of a member. Read gives io.EOF where they end, for
// whatever reason; Notes, then, says what was wrong with them.
type Content struct {
	r       io.Reader
	claimed []claimed
	size    int64 // as the archive says
	n       int64
	most    int64
	why     string // of most
	ended   bool
	notes   []string
	failed  error
}

// claimed is a hash that is being computed, to be compared.
type claimed struct {
	Claim
	h hash.Hash
}

func newContent(r io.Reader, m Member, packed int64, l Limits, left int64) *Content {
	c := &Content{r: r, size: m.Size, most: l.File, why: "the limit for one member"}
	if left < c.most {
		c.most, c.why = left, "the limit for all members"
	}
	if packed > 0 {
		if most := max(packed*l.Ratio, freeBytes); most < c.most {
			c.most, c.why = most, fmt.Sprintf("%d times its packed size", l.Ratio)
		}
	}
	for _, claim := range m.Claims {
		switch claim.Algorithm {
		case "md5":
			c.claimed = append(c.claimed, claimed{claim, md5.New()}) //nolint:gosec // as above
		case "sha1":
			c.claimed = append(c.claimed, claimed{claim, sha1.New()}) //nolint:gosec // as above
		case "sha256":
			c.claimed = append(c.claimed, claimed{claim, sha256.New()})
		}
	}
	return c
}

func (c *Content) Read(p []byte) (int, error) {
	if c.ended {
		return 0, cmpErr(c.failed)
	}
	if c.n >= c.most {
		var one [1]byte
		if n, _ := io.ReadFull(c.r, one[:]); n > 0 {
			c.notes = append(c.notes, fmt.Sprintf("cut after %d bytes: %s is reached", c.n, c.why))
			c.end(false)
		} else {
			c.end(true)
		}
		return 0, io.EOF
	}
	if int64(len(p)) > c.most-c.n {
		p = p[:c.most-c.n]
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	for i := range c.claimed {
		c.claimed[i].h.Write(p[:n])
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		c.end(true)
	case errors.Is(err, errOurs):
		c.failed = err
		c.end(false)
		return n, err
	default:
		c.notes = append(c.notes, fmt.Sprintf("damaged: it ends after %d of %d bytes: %v", c.n, c.size, err))
		c.end(false)
	}
	return n, io.EOF
}

func cmpErr(err error) error {
	if err != nil {
		return err
	}
	return io.EOF
}

// end compares what was read with what was claimed.
func (c *Content) end(whole bool) {
	c.ended = true
	if !whole {
		return
	}
	if c.size >= 0 && c.n != c.size {
		c.notes = append(c.notes, fmt.Sprintf("%d bytes: the archive says %d", c.n, c.size))
	}
	for _, k := range c.claimed {
		name := strings.ToUpper(k.Algorithm)
		if got := hex.EncodeToString(k.h.Sum(nil)); got != k.Sum {
			c.notes = append(c.notes, fmt.Sprintf("%s is %s, and %s says %s: it is not what the list was made of", name, got, k.From, k.Sum))
		}
	}
}

// Notes is what was wrong with the member. It is complete when Read gave io.EOF.
func (c *Content) Notes() []string { return c.notes }

// Verified says which claimed hashes were right, as "MD5 (hash_list.md5)".
func (c *Content) Verified() (names []string) {
	if !c.ended {
		return nil
	}
	for _, k := range c.claimed {
		if hex.EncodeToString(k.h.Sum(nil)) == k.Sum {
			names = append(names, strings.ToUpper(k.Algorithm)+" ("+k.From+")")
		}
	}
	return names
}
