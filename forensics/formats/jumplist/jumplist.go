// Package jumplist reads what Windows' task bar keeps of the files that a program
// opened: automatic jump lists, which are compound files of links with a list of
// when each was used, and those that programs make, which are links in a row.
//
// Reference: libyal, Jump lists format (dtformats); [MS-SHLLINK]; [MS-CFB].
// Times are FILETIME, UTC.
package jumplist

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"firebreak/forensics/formats/cfb"
	"firebreak/forensics/formats/le"
	"firebreak/forensics/formats/lnk"
)

// ErrFormat says that it is no jump list.
var ErrFormat = errors.New("no jump list")

const (
	maxEntries = 64 << 10
	maxLink    = 4 << 20
	footer     = 0xbabffbab
)

// Entry is one file in a list.
type Entry struct {
	Offset   int64
	Number   uint32 // the name of its link's stream
	Path     string
	Machine  string
	Used     time.Time
	Count    uint32 // how often; 0 where the version does not say
	Pinned   bool
	Tracker  *lnk.Tracker
	Link     *lnk.Link // nil where there is none
	Category string    // of lists that programs make
	Found    string    // where it was found, when the list does not count it
}

// List is a jump list.
type List struct {
	Version  uint32
	Entries  []Entry
	Missing  int // entries that the list counts and nobody finds
	Problems []string
}

// IsCustom knows a list that a program made.
func IsCustom(head []byte) bool {
	b := le.Bytes(head)
	at := min(len(b), 4096)
	return b.U32(0) == 2 && b.U32(4) < 64 && b.U32(8) == 0 && (bytes.Contains(head[:at], []byte(lnk.Signature)) || len(head) < 64 && b.U32(len(b)-4) == footer)
}

// IsAutomatic knows one that Windows made.
func IsAutomatic(head []byte) bool {
	return bytes.HasPrefix(head, []byte(cfb.Magic)) && bytes.Contains(head, []byte("D\x00e\x00s\x00t\x00L\x00i\x00s\x00t\x00\x00"))
}

// Custom reads a list that a program made.
func Custom(in []byte) (*List, error) {
	b := le.Bytes(in)
	if b.U32(0) != 2 || len(b) < 12 {
		return nil, ErrFormat
	}
	l := &List{Version: 2}
	at, ok := 12, true
	for n := b.U32(4); n > 0 && ok; n-- {
		at, ok = l.category(b, at)
	}
	l.rest(b, at)
	return l, nil
}

// category reads one; ok is false where the next cannot be found.
func (l *List) category(b le.Bytes, at int) (end int, ok bool) {
	var name string
	var n int
	switch b.U32(at) {
	case 0:
		size := int(b.U16(at+4)) * 2
		name = b.Wide(at+6, size)
		at += 6 + size
		n = b.Int(at)
		at += 4
	case 1:
		name = map[uint32]string{1: "frequent", 2: "recent"}[b.U32(at+4)]
		at += 8
	case 2:
		name, n = "tasks", b.Int(at+4)
		at += 8
	default:
		l.Problems = append(l.Problems, fmt.Sprintf("a category of an unknown kind at %d", at))
		return at, false
	}
	for i := range n {
		if string(b.Cut(at, 16)) != lnk.Class {
			l.Missing += n - i
			return at, false
		}
		link, err := lnk.Read(b.From(at + 16))
		if err != nil {
			l.Missing += n - i
			return at, false
		}
		l.Entries = append(l.Entries, Entry{Offset: int64(at + 16), Path: link.Path, Link: link, Category: name})
		at += 16 + link.Size
		if len(l.Entries) >= maxEntries {
			l.Missing += n - i - 1
			return at, false
		}
	}
	if b.U32(at) == footer {
		return at + 4, true
	}
	l.Problems = append(l.Problems, fmt.Sprintf("the end of a category at %d is missing", at))
	return at, b.Has(at, 4)
}

// rest looks for links behind what could be read in order.
func (l *List) rest(b le.Bytes, at int) {
	for len(l.Entries) < maxEntries {
		n := bytes.Index(b.From(at), []byte(lnk.Signature))
		if n < 0 {
			return
		}
		at += n
		link, err := lnk.Read(b.From(at))
		if err != nil {
			return // the signature is there: it is too short
		}
		e := Entry{Offset: int64(at), Path: link.Path, Link: link, Found: "behind damage"}
		if l.Missing > 0 {
			l.Missing--
		}
		l.Entries = append(l.Entries, e)
		at += max(link.Size, len(lnk.Signature))
	}
}

// Automatic reads one that Windows made: the entries of its list, then links
// that the list does not know.
func Automatic(in []byte) (*List, error) {
	f, err := cfb.Open(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	l := &List{}
	links := map[string]bool{}
	if s := f.Stream("DestList"); s != nil {
		l.destinations(f, f.Read(s, int64(len(in))), f.Offset(s), links)
	} else {
		l.Problems = append(l.Problems, "the list of its entries is missing")
	}
	for i := range f.Streams {
		s := &f.Streams[i]
		number, err := strconv.ParseUint(s.Name, 16, 32)
		if s.Storage || err != nil || links[s.Name] || len(l.Entries) >= maxEntries {
			continue
		}
		if link, err := lnk.Read(f.Read(s, maxLink)); err == nil {
			l.Entries = append(l.Entries, Entry{Offset: f.Offset(s), Number: uint32(number), Path: link.Path, Link: link, Found: "a link that the list does not know"})
		}
	}
	return l, nil
}

// destinations reads the list.
func (l *List) destinations(f *cfb.File, b le.Bytes, offset int64, links map[string]bool) {
	l.Version = b.U32(0)
	n := b.Int(4)
	fixed, sizeAt := 114, 112
	if l.Version >= 3 {
		fixed, sizeAt = 130, 128
	}
	at := 32
	for i := range n {
		e := b.Cut(at, fixed)
		if e == nil || len(l.Entries) >= maxEntries {
			l.Missing = n - i
			return
		}
		entry := Entry{Offset: offset + int64(at), Machine: e.Narrow(72, 16), Number: e.U32(88), Pinned: e.U32(108)>>31 == 0}
		entry.Used, _ = e.Filetime(100)
		if l.Version >= 3 {
			entry.Count = e.U32(116)
		}
		entry.Tracker = lnk.NewTracker(entry.Machine, e.From(8))
		size := int(e.U16(sizeAt)) * 2
		entry.Path = b.Wide(at+fixed, size)
		if at += fixed + size; l.Version >= 3 {
			at += 4
		}
		name := strconv.FormatUint(uint64(entry.Number), 16)
		if s := f.Stream(name); s != nil {
			links[s.Name] = true
			if link, err := lnk.Read(f.Read(s, maxLink)); err == nil {
				entry.Link = link
			}
		}
		l.Entries = append(l.Entries, entry)
	}
}
