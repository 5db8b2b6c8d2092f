package container

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"firebreak/record"
	"firebreak/record/sshsig"
)

// trailer reads what stands behind the items.
func (r *Reader) trailer(h *tar.Header) error {
	bad := fmt.Errorf("%w: %.80q has no place here", ErrDamaged, h.Name)
	switch {
	case h.Name == nameCollection && !r.taken.collection:
		r.taken.collection = true
		b, err := r.small(h)
		if err != nil {
			return err
		}
		r.tally.Collection = &record.Collection{}
		if err := json.Unmarshal(b, r.tally.Collection); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, h.Name, err)
		}
	case h.Name == nameSums && r.taken.collection && !r.taken.sums:
		r.taken.sums = true
		sum := sha256.New()
		if _, err := io.Copy(sum, r.tar); err != nil {
			return err
		}
		if !bytes.Equal(sum.Sum(nil), r.sums.Sum(nil)) {
			return fmt.Errorf("%w: %s does not fit what came", ErrDamaged, nameSums)
		}
		r.tally.Seal = hex.EncodeToString(sum.Sum(nil))
	case h.Name == nameSeal && r.taken.sums:
		r.taken.seal = true
		var err error
		r.seal, err = r.small(h)
		return err
	case h.Name == nameSignature && r.taken.seal:
		r.taken.signature = true
		b, err := r.small(h)
		if err != nil {
			return err
		}
		s, err := sshsig.Parse(b)
		if err == nil {
			err = s.Check(Namespace, r.seal)
		}
		if err == nil && s.Fingerprint() != r.tally.Fingerprint {
			err = fmt.Errorf("it is by %s, and the head names %s", s.Fingerprint(), r.tally.Fingerprint)
		}
		if err != nil {
			return fmt.Errorf("%w: its signature: %w", ErrDamaged, err)
		}
	default:
		return bad
	}
	return nil
}

// verify says whether a container that came to its end is what was sealed.
func (r *Reader) verify() error {
	if !r.taken.signature {
		return fmt.Errorf("%w: it ends without a seal", ErrDamaged)
	}
	if want := sealText(r.head, r.tally.Items, r.tally.Members, r.tally.Seal); string(r.seal) != want {
		return fmt.Errorf("%w: %s is not about what came: %.300q", ErrDamaged, nameSeal, r.seal)
	}
	r.tally.Sealed = true
	return nil
}

// ended says whether an error means that the stream stopped before its end. What
// age says of the last block of a file that was cut is the same as of one whose
// last block was changed: both count as cut.
func (r *Reader) ended(err error) (why string, cut bool) {
	switch {
	case errors.Is(err, ErrDamaged) || r.in.err != nil:
		if r.in.err != nil && !errors.Is(err, ErrDamaged) {
			return "reading it failed: " + r.in.err.Error(), true
		}
		return "", false
	case errors.Is(err, io.ErrUnexpectedEOF):
	case r.in.eof && strings.Contains(err.Error(), "decrypt and authenticate"):
	default:
		return "", false
	}
	return fmt.Sprintf("it ends after %d bytes, before its seal", r.in.n), true
}

// ended is a reader that knows how it ended.
type ended struct {
	r   io.Reader
	n   int64
	eof bool
	err error
}

func (e *ended) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.n += int64(n)
	if errors.Is(err, io.EOF) {
		e.eof = true
	} else if err != nil {
		e.err = err
	}
	return n, err
}
