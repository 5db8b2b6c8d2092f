package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"firebreak/record"
)

// Reader reads a container once, from its beginning to its end.
type Reader struct {
	in    *ended
	z     *zstd.Decoder
	tar   *tar.Reader
	head  Head
	sums  hash.Hash // of the lines that SHA256SUMS must have
	open  map[int]*Item
	next  int
	tally Report
	taken struct{ sums, seal, signature, collection bool }
	seal  []byte

	refused bool // one who took an item failed: an error need not be the container's
}

// Report is what is known of a container after it was read.
type Report struct {
	Head        Head               `json:"head"`
	Items       int                `json:"items"`   // whole ones
	Bytes       int64              `json:"bytes"`   // of those
	Members     int                `json:"members"` // of the archive
	Dropped     int                `json:"dropped"` // begun, and then none after all
	Actions     int                `json:"actions"` // lines of the log
	Kept        []Kept             `json:"kept,omitempty"`
	Collection  *record.Collection `json:"collection,omitempty"`
	Cut         string             `json:"cut,omitempty"` // why it ended before its seal
	CutItems    []string           `json:"cut_items,omitempty"`
	Sealed      bool               `json:"sealed"` // whole, and its signature is good
	Encrypted   bool               `json:"encrypted"`
	Fingerprint string             `json:"fingerprint"` // of the key that signs, as the head names it
	Seal        string             `json:"seal,omitempty"`
}

// Kept is a file that was not read again, since the container or incident In has
// it whole and unchanged, by what its writer was told.
type Kept struct {
	Source string `json:"source"`
	In     string `json:"in"`
}

// maxKept bounds what is remembered of them.
const maxKept = 100_000

// kept finds the files that were not read again in lines of the log.
func (r *Reader) kept(lines []byte) {
	for line := range bytes.Lines(lines) {
		var a Action
		if len(r.tally.Kept) < maxKept && bytes.Contains(line, []byte(ActKept)) && json.Unmarshal(line, &a) == nil && a.Act == ActKept {
			r.tally.Kept = append(r.tally.Kept, Kept{a.What, a.Why})
		}
	}
}

// Item is one exhibit as it is read. Start is known from the beginning; after the
// content was read to its end, End says what became of it.
type Item struct {
	Number int
	Start  record.Exhibit

	end   record.Exhibit
	whole bool
	cut   bool
	size  int64
	parts int
	sum   hash.Hash
	to    *io.PipeWriter
	from  *io.PipeReader
	back  chan error
}

// End is the exhibit as it was written after reading. whole is false when the
// container was cut within the item: then the exhibit is Start with the size and
// hash of what came, and says so among its deviations.
func (i *Item) End() (e record.Exhibit, whole bool) {
	if i.whole {
		return i.end, true
	}
	e = i.Start
	e.Size, e.SHA256 = i.size, hex.EncodeToString(i.sum.Sum(nil))
	e.Deviations = append(e.Deviations[:len(e.Deviations):len(e.Deviations)], fmt.Sprintf("the container was cut in the middle of it: only the first %d bytes came", i.size))
	return e, false
}

// Is says whether b, the beginning of a stream, may be that of a container that is
// not encrypted. An encrypted one begins as every age file does.
func Is(b []byte) bool {
	z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return false
	}
	defer z.Close()
	h, err := tar.NewReader(z).Next()
	return err == nil && h.Name == nameText
}

// AgeBegins is how an encrypted container begins, as every age file does.
const AgeBegins = "age-encryption.org/"

// Open begins to read a container and reads its head; in is read once, forwards.
// Errors: ErrNot, ErrKey, ErrDamaged, and those of the identities.
func Open(in io.Reader, identities ...age.Identity) (*Reader, error) {
	r := &Reader{in: &ended{r: in}, sums: sha256.New(), open: map[int]*Item{}, next: 1}
	b := bufio.NewReaderSize(r.in, 64<<10)
	begin, err := b.Peek(len(AgeBegins))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("open container: %w", err)
	}
	var packed io.Reader = b
	if string(begin) == AgeBegins {
		r.tally.Encrypted = true
		packed, err = age.Decrypt(b, identities...)
		var none *age.NoIdentityMatchError
		switch {
		case len(identities) == 0 || errors.As(err, &none):
			return nil, fmt.Errorf("open container: %w", ErrKey)
		case err != nil:
			return nil, fmt.Errorf("open container: %w", err)
		}
	} else if !bytes.HasPrefix(begin, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return nil, fmt.Errorf("open container: %w", ErrNot)
	}
	r.z, err = zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("open container: %w", err)
	}
	if err := r.begin(r.z); err != nil {
		r.z.Close()
		return nil, fmt.Errorf("open container: %w", err)
	}
	return r, nil
}

// begin reads the text and the head.
func (r *Reader) begin(plain io.Reader) error {
	r.tar = tar.NewReader(plain)
	h, err := r.tar.Next()
	if err != nil {
		if _, cut := r.ended(err); cut {
			return fmt.Errorf("%w: it ends before its head", ErrDamaged)
		}
		return fmt.Errorf("%w: %w", ErrNot, err)
	}
	if h.Name != nameText {
		return ErrNot
	}
	if _, err := r.small(h); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if h, err = r.tar.Next(); err == nil && h.Name != nameHead {
		err = fmt.Errorf("%.80q stands where %s should", h.Name, nameHead)
	}
	var b []byte
	if err == nil {
		b, err = r.small(h)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := json.Unmarshal(b, &r.head); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, nameHead, err)
	}
	if r.head.Format != Format {
		return fmt.Errorf("%w: format %.60q, and this program knows %q", ErrNot, r.head.Format, Format)
	}
	key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(r.head.Signer))
	if err != nil || len(rest) > 0 {
		return fmt.Errorf("%w: %s: the key that signs cannot be read", ErrDamaged, nameHead)
	}
	r.tally.Head, r.tally.Fingerprint = r.head, ssh.FingerprintSHA256(key)
	return nil
}

// Head is how the container begins. It is not verified before the end was read.
func (r *Reader) Head() Head { return r.head }

// Fingerprint is the key that signs, as the head names it.
func (r *Reader) Fingerprint() string { return r.tally.Fingerprint }

// Close gives up the memory of the reader; the stream is the caller's.
func (r *Reader) Close() { r.z.Close() }

// Each reads the container to its end and hands each item to take, in a goroutine
// for each item that is open, as items may alternate. take reads the content; its
// error, if not nil, ends everything. The content's hash is verified while it is
// read: instead of io.EOF comes ErrDamaged, or ErrDropped for an item that is none.
//
// A container that was cut is no error: Report.Cut says so, and the items of
// which only the beginning came were handed over with Item.End telling that.
// With ErrDamaged the report says how far it was sound.
func (r *Reader) Each(ctx context.Context, take func(*Item, io.Reader) error) (Report, error) {
	err := r.each(ctx, take)
	if err != nil && ctx.Err() == nil {
		if why, cut := r.ended(err); cut {
			r.tally.Cut, err = why, nil
		}
	}
	if err != nil && ctx.Err() == nil && !r.refused && !errors.Is(err, ErrDamaged) { // what cannot be decrypted, unpacked or read as a tar
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if e := r.finish(err); err == nil {
		err = e
	}
	if err == nil && r.tally.Cut == "" {
		err = r.verify()
	}
	if err != nil {
		return r.tally, fmt.Errorf("read container: %w", err)
	}
	return r.tally, nil
}

// Verify reads a container to its end without keeping anything.
func (r *Reader) Verify(ctx context.Context) (Report, error) {
	return r.Each(ctx, func(_ *Item, content io.Reader) error {
		if _, err := io.Copy(io.Discard, content); err != nil && !errors.Is(err, ErrDropped) {
			return err
		}
		return nil
	})
}

// ErrDropped says of an item that its writer could not take it after all.
var ErrDropped = errors.New("the item was dropped by its writer")

func (r *Reader) each(ctx context.Context, take func(*Item, io.Reader) error) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h, err := r.tar.Next()
		if errors.Is(err, io.EOF) {
			return r.rest()
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || r.taken.signature || r.taken.seal && h.Name != nameSignature {
			return fmt.Errorf("%w: %.80q has no place here", ErrDamaged, h.Name)
		}
		switch m := itemName.FindStringSubmatch(h.Name); {
		case m != nil && !r.taken.collection:
			err = r.item(ctx, h, m, take)
		case actionName.MatchString(h.Name) && !r.taken.collection:
			var b []byte
			if b, err = r.small(h); err == nil {
				r.tally.Actions += bytes.Count(b, []byte("\n"))
				r.kept(b)
			}
		default:
			err = r.trailer(h)
		}
		if err != nil {
			return err
		}
	}
}

// rest sees to it that nothing comes behind the archive but zeros.
func (r *Reader) rest() error {
	buf := make([]byte, 4<<10)
	for left := 1 << 20; left > 0; { // a tar may be filled up to a block
		n, err := r.z.Read(buf)
		if len(bytes.Trim(buf[:n], "\x00")) > 0 {
			return fmt.Errorf("%w: something comes after its end", ErrDamaged)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		left -= n
	}
	return fmt.Errorf("%w: something comes after its end", ErrDamaged)
}

// small reads a member that is kept whole.
func (r *Reader) small(h *tar.Header) ([]byte, error) {
	if h.Size > maxJSON || h.Typeflag != tar.TypeReg {
		return nil, fmt.Errorf("%w: %.80q has %d bytes", ErrDamaged, h.Name, h.Size)
	}
	b, err := io.ReadAll(r.tar)
	if err != nil {
		return nil, err
	}
	r.noted(h.Name, sha256.Sum256(b))
	return b, nil
}

// noted adds a line to what SHA256SUMS must be.
func (r *Reader) noted(name string, sum [sha256.Size]byte) {
	if !r.taken.sums {
		r.tally.Members++
		fmt.Fprintf(r.sums, "%x  %s\n", sum, name) //nolint:errcheck // a hash takes everything
	}
}

// item reads a member of an item.
func (r *Reader) item(ctx context.Context, h *tar.Header, m []string, take func(*Item, io.Reader) error) error {
	n, err := strconv.Atoi(m[1])
	if err != nil || m[1] != fmt.Sprintf("%06d", n) || n < 1 || n > maxItems {
		return fmt.Errorf("%w: %.80q", ErrDamaged, h.Name)
	}
	i := r.open[n]
	if m[2] == "start.json" {
		return r.start(h, n, take)
	}
	if i == nil {
		return fmt.Errorf("%w: %.80q: the item is not open", ErrDamaged, h.Name)
	}
	if m[3] != "" {
		return r.content(ctx, i, h, m[3])
	}
	b, err := r.small(h)
	if err != nil {
		return err
	}
	if m[2] == "dropped.json" {
		var why struct {
			Reason string `json:"reason"`
		}
		if err := json.Unmarshal(b, &why); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, h.Name, err)
		}
		r.tally.Dropped++
		return r.done(i, fmt.Errorf("%w: %.200s", ErrDropped, why.Reason))
	}
	if err := json.Unmarshal(b, &i.end); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, h.Name, err)
	}
	if sum := hex.EncodeToString(i.sum.Sum(nil)); i.end.SHA256 != sum || i.end.Size != i.size {
		err := fmt.Errorf("%w: item %d: %d bytes with SHA-256 %s, and its record says %d and %.64s", ErrDamaged, n, i.size, sum, i.end.Size, i.end.SHA256)
		return errors.Join(err, r.done(i, err))
	}
	i.whole = true
	r.tally.Items++
	r.tally.Bytes += i.size
	return r.done(i, io.EOF)
}

// start opens an item.
func (r *Reader) start(h *tar.Header, n int, take func(*Item, io.Reader) error) error {
	if n != r.next || len(r.open) == maxOpen {
		return fmt.Errorf("%w: %.80q: out of its turn", ErrDamaged, h.Name)
	}
	r.next++
	b, err := r.small(h)
	if err != nil {
		return err
	}
	i := &Item{Number: n, sum: sha256.New(), back: make(chan error, 1)}
	if err := json.Unmarshal(b, &i.Start); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, h.Name, err)
	}
	i.Start.ID, i.Start.Blob = "", itemPlace(uint32(n)) //nolint:gosec // at most maxItems
	i.from, i.to = io.Pipe()
	r.open[n] = i
	go func() {
		err := take(i, i.from)
		_ = i.from.CloseWithError(errTaken) // never fails
		i.back <- err
	}()
	return nil
}

var errTaken = errors.New("nobody reads on")

// content hands on a part.
func (r *Reader) content(ctx context.Context, i *Item, h *tar.Header, part string) error {
	if part != fmt.Sprintf("%03d", i.parts) || h.Size > partSize {
		return fmt.Errorf("%w: %.80q: out of its turn, or too large", ErrDamaged, h.Name)
	}
	i.parts++
	sum := sha256.New()
	both := io.MultiWriter(sum, i.sum)
	buf := make([]byte, 64<<10)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.tar.Read(buf)
		_, _ = both.Write(buf[:n]) // a hash takes everything
		i.size += int64(n)
		if n > 0 {
			if _, err := i.to.Write(buf[:n]); err != nil && !errors.Is(err, errTaken) {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	r.noted(h.Name, [sha256.Size]byte(sum.Sum(nil)))
	return nil
}

// done ends an item and waits for the one who takes it.
func (r *Reader) done(i *Item, how error) error {
	delete(r.open, i.Number)
	if errors.Is(how, io.EOF) {
		how = nil
	}
	_ = i.to.CloseWithError(how) // never fails
	err := <-i.back
	r.refused = r.refused || err != nil
	return err
}

// finish ends the items that are still open: cut, or with the error.
func (r *Reader) finish(err error) error {
	var errs []error
	for n := range r.next {
		i := r.open[n]
		if i == nil {
			continue
		}
		how := err
		if err == nil {
			i.cut = true
			r.tally.CutItems = append(r.tally.CutItems, i.Start.Source)
			if r.tally.Cut == "" {
				how = fmt.Errorf("%w: item %d has no end", ErrDamaged, n)
				errs = append(errs, how)
			}
		}
		if e := r.done(i, how); e != nil && err == nil && how == nil {
			errs = append(errs, e)
		}
	}
	return errors.Join(errs...)
}
