package container

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"firebreak/record"
	"firebreak/record/sshsig"
)

// Options say how a container is written.
type Options struct {
	Head       Head            // Format, ID, Created and Signer are filled in
	Recipients []age.Recipient // whoever can open it
	Plain      bool            // with no recipients: not encrypted at all
	Signer     ssh.Signer
	Now        func() time.Time
	Rand       io.Reader
	// Room is asked before each part. Its error ends the items, and the container
	// can still be closed; nil is never asked.
	Room func() error
	// Whole is told of items as soon as all of their bytes are in the stream, in a
	// form that can be read even if nothing follows; nil is told nothing.
	Whole func([]record.Exhibit)
}

// Writer writes a container. It is a forensics.Sealer, and safe for concurrent use.
type Writer struct {
	o       Options
	out     *counted
	box     io.WriteCloser // age, or nothing
	packed  *counted       // what goes into box
	head    int64          // bytes of age's own header
	z       *zstd.Encoder
	tar     *tar.Writer
	parts   sync.Pool
	mu      sync.Mutex // of what follows: one member is written at a time
	err     error      // the stream is broken
	sums    []memberSum
	items   int
	done    int
	bytes   int64
	open    map[string]bool // sealed and not yet added
	log     bytes.Buffer
	actions int
	whole   wholes
	closed  bool
}

// memberSum is a line of SHA256SUMS, as it is kept in memory.
type memberSum struct {
	sum  [sha256.Size]byte
	item uint32 // 0: the member's name is other
	part int32  // of a content; else one of the marks below
	name string
}

const (
	isStart   = -1
	isItem    = -2
	isDropped = -3
	isOther   = -4
)

func (m memberSum) String() string {
	switch m.part {
	case isStart:
		return itemPlace(m.item) + "/start.json"
	case isItem:
		return itemPlace(m.item) + "/item.json"
	case isDropped:
		return itemPlace(m.item) + "/dropped.json"
	case isOther:
		return m.name
	}
	return fmt.Sprintf("%s/content.%03d", itemPlace(m.item), m.part)
}

func itemPlace(n uint32) string { return fmt.Sprintf("items/%06d", n) }

// Receipt is what is said of a container that was written.
type Receipt struct {
	ID          string `json:"id"`
	Items       int    `json:"items"`
	Bytes       int64  `json:"bytes"`   // of the items
	Written     int64  `json:"written"` // of the container
	SHA256      string `json:"sha256"`  // of the container
	Seal        string `json:"seal"`    // SHA-256 of SHA256SUMS, which is signed
	Signer      string `json:"signer"`  // the public key
	Fingerprint string `json:"fingerprint"`
}

// Create begins a container in w. Errors: ErrOpen.
func Create(w io.Writer, o Options) (*Writer, error) {
	if len(o.Recipients) == 0 && !o.Plain {
		return nil, fmt.Errorf("create container: %w", ErrOpen)
	}
	if len(o.Recipients) > 0 && o.Plain {
		return nil, errors.New("create container: plain, and encrypted to somebody")
	}
	var id [16]byte
	if _, err := io.ReadFull(o.Rand, id[:]); err != nil {
		return nil, fmt.Errorf("create container: %w", err)
	}
	o.Head.Format, o.Head.ID, o.Head.Created = Format, hex.EncodeToString(id[:]), o.Now().UTC()
	o.Head.Signer = string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(o.Signer.PublicKey())))
	c := &Writer{o: o, out: &counted{w: w, sum: sha256.New()}, open: map[string]bool{}}
	c.parts.New = func() any { return new([partSize]byte) }
	c.box = plainBox{c.out}
	if !o.Plain {
		var err error
		if c.box, err = age.Encrypt(c.out, o.Recipients...); err != nil {
			return nil, fmt.Errorf("create container: %w", err)
		}
	}
	c.head, c.packed = c.out.n, &counted{w: c.box}
	z, err := zstd.NewWriter(c.packed, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(window), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("create container: %w", err)
	}
	c.z, c.tar = z, tar.NewWriter(z)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.member(memberSum{part: isOther, name: nameText}, []byte(text)); err != nil {
		return nil, fmt.Errorf("create container: %w", err)
	}
	if err := c.json(memberSum{part: isOther, name: nameHead}, o.Head); err != nil {
		return nil, fmt.Errorf("create container: %w", err)
	}
	if err := c.z.Flush(); err != nil { // a small block of its own: Is knows it by few bytes
		return nil, fmt.Errorf("create container: %w", err)
	}
	return c, nil
}

// Head is how the container begins.
func (c *Writer) Head() Head { return c.o.Head }

// Sweep has nothing to do: what a killed writer left is a container that was cut.
func (c *Writer) Sweep() (int, error) { return 0, nil }

// Seal reads r to its end into the container. The exhibit that it returns is not
// there before it was given to Add; its Blob is the item's folder. When it fails
// of r, what was written of the item is marked as dropped.
func (c *Writer) Seal(ctx context.Context, r io.Reader, meta record.Exhibit) (record.Exhibit, error) {
	buf := c.parts.Get().(*[partSize]byte)
	defer c.parts.Put(buf)
	sum := sha256.New()
	var item uint32
	var size int64
	for part := int32(0); ; part++ {
		n, end := fill(ctx, buf[:], r)
		if end != nil && !errors.Is(end, io.EOF) {
			return meta, c.drop(item, meta, fmt.Errorf("seal %s: %w", meta.Source, end))
		}
		if n == 0 && part > 0 {
			break
		}
		sum.Write(buf[:n])
		size += int64(n)
		if part == maxParts {
			return meta, c.drop(item, meta, fmt.Errorf("seal %s: longer than a container takes", meta.Source))
		}
		var err error
		if item, err = c.part(item, part, meta, buf[:n]); err != nil {
			return meta, fmt.Errorf("seal %s: %w", meta.Source, errors.Join(err, c.drop(item, meta, nil)))
		}
		if end != nil {
			break
		}
	}
	meta.Size, meta.SHA256, meta.Blob = size, hex.EncodeToString(sum.Sum(nil)), itemPlace(item)
	meta.Finished = c.o.Now().UTC()
	return meta, nil
}

// part writes one part, and before the first what is known of the item.
func (c *Writer) part(item uint32, part int32, meta record.Exhibit, b []byte) (uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return item, errors.New("the container is closed")
	}
	if c.o.Room != nil {
		if err := c.o.Room(); err != nil {
			return item, err
		}
	}
	if part == 0 {
		if c.items == maxItems {
			return item, fmt.Errorf("more than %d items", maxItems)
		}
		if len(c.open) == maxOpen {
			return item, fmt.Errorf("more than %d items at once", maxOpen)
		}
		c.items++
		item = uint32(c.items) //nolint:gosec // at most maxItems
		if err := c.json(memberSum{item: item, part: isStart}, meta); err != nil {
			return item, err
		}
		c.open[itemPlace(item)] = true
	}
	if err := c.member(memberSum{item: item, part: part}, b); err != nil {
		return item, err
	}
	c.whole.plain += int64(len(b))
	return item, c.tellWhole()
}

// drop says of an item that has begun that it is none, and returns why.
func (c *Writer) drop(item uint32, meta record.Exhibit, why error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	reason := "it could not be written"
	if why != nil {
		reason = why.Error()
	}
	if err := c.note("dropped", meta.Source, reason); err != nil {
		return errors.Join(why, err)
	}
	if item == 0 || !c.open[itemPlace(item)] {
		return why
	}
	delete(c.open, itemPlace(item))
	return errors.Join(why, c.json(memberSum{item: item, part: isDropped}, map[string]string{"reason": reason}))
}

// Add ends an item: e is what Seal returned, with what was learnt after reading.
func (c *Writer) Add(e record.Exhibit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open[e.Blob] {
		return fmt.Errorf("add %s: it was not sealed here", e.Source)
	}
	var item uint32
	if _, err := fmt.Sscanf(e.Blob, "items/%d", &item); err != nil {
		return fmt.Errorf("add %s: %w", e.Source, err)
	}
	delete(c.open, e.Blob)
	if err := c.json(memberSum{item: item, part: isItem}, e); err != nil {
		return fmt.Errorf("add %s: %w", e.Source, err)
	}
	c.done++
	c.bytes += e.Size
	if c.o.Whole == nil {
		return nil
	}
	c.whole.added = append(c.whole.added, e)
	return c.tellWhole()
}

// Log writes a line of the log.
func (c *Writer) Log(act, what, why string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.note(act, what, why)
}

// logEvery is how much of the log waits for a member of its own.
const logEvery = 16 << 10

func (c *Writer) note(act, what, why string) error {
	const most = 64 << 10
	a := Action{Time: c.o.Now().UTC(), Act: act, What: what[:min(len(what), most)], Why: why[:min(len(why), most)]}
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	c.log.Write(append(b, '\n'))
	if c.log.Len() < logEvery {
		return nil
	}
	return c.flushLog()
}

func (c *Writer) flushLog() error {
	if c.log.Len() == 0 {
		return nil
	}
	c.actions++
	b := bytes.Clone(c.log.Bytes())
	c.log.Reset()
	return c.member(memberSum{part: isOther, name: fmt.Sprintf("actions/%06d.jsonl", c.actions)}, b)
}

// Close ends the container with the collection and the seal. The stream below is
// the caller's to close.
func (c *Writer) Close(sum record.Collection) (Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return Receipt{}, errors.New("close container: it is closed")
	}
	c.closed = true
	r, err := c.end(sum)
	if err != nil {
		return r, fmt.Errorf("close container: %w", err)
	}
	return r, nil
}

func (c *Writer) end(sum record.Collection) (Receipt, error) {
	for place := range c.open { // sealed, and never handed over
		var item uint32
		if _, err := fmt.Sscanf(place, "items/%d", &item); err != nil {
			return Receipt{}, err
		}
		if err := c.json(memberSum{item: item, part: isDropped}, map[string]string{"reason": "the collection ended while it was taken"}); err != nil {
			return Receipt{}, err
		}
	}
	act := "end"
	if sum.Cut != "" {
		act = "cut"
	}
	if err := errors.Join(c.note(act, "", sum.Cut), c.flushLog(), c.json(memberSum{part: isOther, name: nameCollection}, sum)); err != nil {
		return Receipt{}, err
	}
	seal, err := c.writeSums()
	if err != nil {
		return Receipt{}, err
	}
	statement := sealText(c.o.Head, c.done, len(c.sums), seal)
	signature, err := sshsig.Sign(c.o.Signer, c.o.Rand, Namespace, []byte(statement))
	if err != nil {
		return Receipt{}, err
	}
	for _, m := range []struct{ name, text string }{{nameSeal, statement}, {nameSignature, signature}} {
		if err := c.raw(m.name, []byte(m.text)); err != nil {
			return Receipt{}, err
		}
	}
	if err := c.tar.Close(); err != nil {
		return Receipt{}, err
	}
	if err := c.z.Close(); err != nil {
		return Receipt{}, err
	}
	if err := c.box.Close(); err != nil {
		return Receipt{}, err
	}
	c.tellAll()
	return Receipt{
		ID: c.o.Head.ID, Items: c.done, Bytes: c.bytes, Written: c.out.n, SHA256: hex.EncodeToString(c.out.sum.Sum(nil)),
		Seal: seal, Signer: c.o.Head.Signer, Fingerprint: ssh.FingerprintSHA256(c.o.Signer.PublicKey()),
	}, nil
}

// sealText is what is signed. Only this form is one.
func sealText(h Head, items, members int, sums string) string {
	return fmt.Sprintf("%s\ncontainer %s\nitems %d\nmembers %d\nSHA256SUMS %s\n", Format, h.ID, items, members, sums)
}

// writeSums writes SHA256SUMS, whose size is known before its lines are made.
func (c *Writer) writeSums() (string, error) {
	var size int64
	for _, m := range c.sums {
		size += int64(sumLine(m))
	}
	if err := c.header(nameSums, size); err != nil {
		return "", err
	}
	sum := sha256.New()
	both := io.MultiWriter(c.tar, sum)
	for _, m := range c.sums {
		if _, err := fmt.Fprintf(both, "%x  %s\n", m.sum, m); err != nil {
			return "", c.broken(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func sumLine(m memberSum) int { return 2*sha256.Size + 2 + len(m.String()) + 1 }

func (c *Writer) json(m memberSum, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if b = append(b, '\n'); len(b) > maxJSON {
		return fmt.Errorf("%s: %d bytes: more than a container takes", m, len(b))
	}
	return c.member(m, b)
}

// member writes one whole member and remembers its hash.
func (c *Writer) member(m memberSum, b []byte) error {
	m.sum = sha256.Sum256(b)
	if err := c.raw(m.String(), b); err != nil {
		return err
	}
	c.sums = append(c.sums, m)
	return nil
}

func (c *Writer) raw(name string, b []byte) error {
	if err := c.header(name, int64(len(b))); err != nil {
		return err
	}
	if _, err := c.tar.Write(b); err != nil {
		return c.broken(err)
	}
	if err := c.tar.Flush(); err != nil {
		return c.broken(err)
	}
	return nil
}

func (c *Writer) header(name string, size int64) error {
	if c.err != nil {
		return c.err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: c.o.Now().UTC().Truncate(time.Second), Format: tar.FormatUSTAR}
	if err := c.tar.WriteHeader(h); err != nil {
		return c.broken(err)
	}
	return nil
}

// broken keeps the first error of the stream: nothing after it can be read.
func (c *Writer) broken(err error) error {
	if c.err == nil {
		c.err = err
	}
	return c.err
}

// fill reads until b is full; unlike io.ReadFull it gives the reader's own error.
func fill(ctx context.Context, b []byte, r io.Reader) (n int, err error) {
	for n < len(b) && err == nil {
		if ctx.Err() != nil {
			return n, context.Cause(ctx)
		}
		var got int
		got, err = r.Read(b[n:])
		n += got
	}
	return n, err
}

// counted counts and hashes what is written.
type counted struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.sum != nil {
		c.sum.Write(p[:n])
	}
	c.n += int64(n)
	return n, err
}

// plainBox is the closer of a container that is not encrypted.
type plainBox struct{ io.Writer }

func (plainBox) Close() error { return nil }
