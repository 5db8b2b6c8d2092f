package container

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"firebreak/record"
)

// Taken is which files were taken whole, so that another collection can leave them
// out: of one or more containers that were cut, or of an incident. It has no names
// in it, only a hash of each file's name, inode, size and times, so that it can lie
// in the clear beside an encrypted container, and on the host.
//
// As text: a line "firebreak taken v1"; a line "in ID" for each place; after it a
// line for each file, 64 hexadecimal digits; at the end of a stream a line "end". A
// last line that was cut counts for nothing.
type Taken struct {
	in   []string
	keys []map[[sha256.Size]byte]struct{}
}

const (
	takenFormat = "firebreak taken v1"
	takenEnd    = "end"
	maxTaken    = 2 * maxItems // lines of a list
	maxTakenIn  = 256          // places of a list
)

// ErrTaken says that a list cannot be read.
var ErrTaken = errors.New("not a list of what was taken")

// takenKey is what a file is known by in a list of that place. Only a file that did
// not change while it was read has one.
func takenKey(in string, e record.Exhibit) (key [sha256.Size]byte, ok bool) {
	s := e.Before
	if s == nil || e.Source == "" || s.Inode == 0 {
		return key, false
	}
	if a := e.After; a != nil && (a.Size != s.Size || a.Inode != s.Inode || !a.Modified.Equal(s.Modified) || !a.Changed.Equal(s.Changed)) {
		return key, false
	}
	h := sha256.New()
	for _, text := range []string{takenFormat, in, e.Root, e.Source} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	for _, n := range []int64{int64(s.Inode), s.Size, s.Modified.UnixNano(), s.Changed.UnixNano()} { //nolint:gosec // a number's bits
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) //nolint:gosec // as above
	}
	return [sha256.Size]byte(h.Sum(nil)), true
}

// Add lists an exhibit as taken whole, if it is a file that did not change while it
// was read, and returns its line.
func (t *Taken) Add(in string, e record.Exhibit) (line string, ok bool) {
	key, ok := takenKey(in, e)
	if !ok || e.After == nil {
		return "", false
	}
	at := slices.Index(t.in, in)
	if at < 0 {
		at = len(t.in)
		t.in, t.keys = append(t.in, in), append(t.keys, map[[sha256.Size]byte]struct{}{})
	}
	t.keys[at][key] = struct{}{}
	return hex.EncodeToString(key[:]) + "\n", true
}

// Holds says where a file lies whole, as it is now. A nil list holds nothing.
func (t *Taken) Holds(e record.Exhibit) (in string, ok bool) {
	if t == nil {
		return "", false
	}
	for i, in := range t.in {
		if key, ok := takenKey(in, e); ok {
			if _, there := t.keys[i][key]; there {
				return in, true
			}
		}
	}
	return "", false
}

// In are the places that it speaks of.
func (t *Taken) In() []string {
	if t == nil {
		return nil
	}
	return slices.Clone(t.in)
}

// Len is how many files are listed.
func (t *Taken) Len() int {
	n := 0
	if t != nil {
		for _, k := range t.keys {
			n += len(k)
		}
	}
	return n
}

// WriteTo writes the list; to is left open for more, so there is no "end".
func (t *Taken) WriteTo(to io.Writer) (int64, error) {
	var b bytes.Buffer
	b.WriteString(takenFormat + "\n")
	for i, in := range t.in {
		b.WriteString(TakenIn(in))
		lines := make([]string, 0, len(t.keys[i]))
		for k := range t.keys[i] {
			lines = append(lines, hex.EncodeToString(k[:]))
		}
		slices.Sort(lines)
		for _, l := range lines {
			b.WriteString(l + "\n")
		}
	}
	return b.WriteTo(to)
}

// TakenIn is the line that names the place of the files behind it.
func TakenIn(in string) string { return "in " + in + "\n" }

// TakenEnd is the line that ends a list in a stream.
func TakenEnd() string { return takenEnd + "\n" }

// ReadTaken reads a list up to its end, or to that of the stream. Errors: ErrTaken.
func ReadTaken(from io.Reader) (*Taken, error) {
	r := bufio.NewReaderSize(from, 4<<10)
	t := &Taken{}
	for n := 0; ; n++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) && n > 0 { // what is left of a line says nothing
			return t, nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read list: %w", err)
		}
		text := strings.TrimSuffix(string(line), "\n")
		if err != nil || n > maxTaken {
			return nil, fmt.Errorf("line %d: %w", n+1, ErrTaken)
		}
		place, isPlace := strings.CutPrefix(text, "in ")
		switch {
		case n == 0:
			if text != takenFormat {
				return nil, fmt.Errorf("line 1: %.40q: %w", text, ErrTaken)
			}
		case text == takenEnd:
			return t, nil
		case isPlace && place != "" && len(place) <= 128 && len(t.in) < maxTakenIn:
			t.in, t.keys = append(t.in, place), append(t.keys, map[[sha256.Size]byte]struct{}{})
		case len(text) == 2*sha256.Size && len(t.in) > 0:
			var key [sha256.Size]byte
			if _, err := hex.Decode(key[:], []byte(text)); err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, ErrTaken)
			}
			t.keys[len(t.keys)-1][key] = struct{}{}
		default:
			return nil, fmt.Errorf("line %d: %.40q: %w", n+1, text, ErrTaken)
		}
	}
}
