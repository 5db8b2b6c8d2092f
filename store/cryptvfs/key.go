package cryptvfs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"firebreak/internal/sqliteuri"
)

// Key is the key of one database while it is in use. It is safe for use by
// several goroutines.
type Key struct {
	slot   int64
	damage atomic.Pointer[Failure]

	mu     sync.RWMutex
	sealer cipher.AEAD // nil once released
	block  cipher.Block
}

// keys are the keys in use, by slot. SQLite knows a file system by its name
// only and a file by its URI, so both are of the whole process; a slot is
// never given twice.
var keys = struct {
	sync.RWMutex
	last int64
	of   map[int64]*Key
}{of: map[int64]*Key{}}

// register makes the file system known to SQLite, once.
var register = sync.OnceValue(registerVFS)

// NewKey takes a key into use. The caller may wipe secret; Release forgets
// what was made of it.
func NewKey(secret *[32]byte) (*Key, error) {
	if err := register(); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, fmt.Errorf("take database key: %w", err)
	}
	sealer, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("take database key: %w", err)
	}
	keys.Lock()
	defer keys.Unlock()
	keys.last++
	k := &Key{slot: keys.last, sealer: sealer, block: block}
	keys.of[k.slot] = k
	return k, nil
}

// Release forgets the key; nil has nothing to forget. Files that are still
// open cannot be read or written any more.
func (k *Key) Release() {
	if k == nil {
		return
	}
	keys.Lock()
	delete(keys.of, k.slot)
	keys.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	scrub(k.sealer)
	scrub(k.block)
	k.sealer, k.block = nil, nil
}

// Params adds what makes SQLite open a file with this key to the parameters of
// its URI; nil is a plain file. The key itself is not among them.
func (k *Key) Params(q url.Values) {
	if k == nil {
		return
	}
	q.Set("vfs", vfsName)
	q.Set("slot", strconv.FormatInt(k.slot, 10))
}

// Target is path as the URI of a file to be written by VACUUM INTO. For nil,
// it will be a plain one, whatever it is copied from.
func (k *Key) Target(path string) (string, error) {
	q := url.Values{}
	if k != nil {
		k.Params(q)
		q.Set("reserve", strconv.Itoa(Reserve))
	} else {
		if err := register(); err != nil {
			return "", err
		}
		q.Set("vfs", defaultVFS())
		q.Set("reserve", "0")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return sqliteuri.Of(abs, q), nil
}

// ErrOtherLog is returned by Check.
var ErrOtherLog = errors.New("the write-ahead log is encrypted or damaged")

// Check looks at the write-ahead log of a database that is to be opened. Plain
// SQLite takes one that it cannot read for empty, and deletes it with all that
// was committed to it, so where the key is nil such a log is ErrOtherLog. With
// a key the file system itself sees to that.
func (k *Key) Check(path string) (err error) {
	if k != nil {
		return nil
	}
	// SQLite holds no locks on this file that closing it could drop.
	f, err := os.Open(path + "-wal") //nolint:gosec // the caller names the file
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the write-ahead log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var head [logHeader]byte
	if n, err := io.ReadFull(f, head[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil // SQLite has not written its header: nothing is in it
	} else if err != nil {
		return fmt.Errorf("look at the write-ahead log: %d bytes: %w", n, err)
	}
	// The two magic numbers of https://sqlite.org/fileformat2.html#the_write_ahead_log.
	if magic := binary.BigEndian.Uint32(head[:]); magic != 0x377f0682 && magic != 0x377f0683 {
		return fmt.Errorf("open %s: %w", filepath.Base(path), ErrOtherLog)
	}
	return nil
}

// Failure is a place that did not decrypt: it was damaged or changed, or the
// key is another one.
type Failure struct {
	File string // its base name
	Log  bool   // Page counts the frames of a write-ahead log
	Page int64  // from 1; 0 is the log's header
}

// Error names the place.
func (f Failure) Error() string {
	switch {
	case f.Log && f.Page == 0:
		return fmt.Sprintf("the header of %s does not decrypt: it is damaged, or encrypted with another key", f.File)
	case f.Log:
		return fmt.Sprintf("frame %d of %s does not decrypt", f.Page, f.File)
	case f.Page == 1:
		return fmt.Sprintf("page 1 of %s does not decrypt: it is damaged, not encrypted, or encrypted with another key", f.File)
	default:
		return fmt.Sprintf("page %d of %s does not decrypt", f.Page, f.File)
	}
}

// Damage is the last place that did not decrypt, or nil.
func (k *Key) Damage() error {
	if k == nil {
		return nil
	}
	if f := k.damage.Load(); f != nil {
		return *f
	}
	return nil
}

func (k *Key) failed(f Failure) { k.damage.Store(&f) }

// bind is what is authenticated beside the content: what it is and where.
func bind(p part, index int64) [9]byte {
	var b [9]byte
	b[0] = byte(p)
	binary.BigEndian.PutUint64(b[1:], uint64(index)) //nolint:gosec // a position, never negative
	return b
}

// seal appends ciphertext and tag to dst and fills nonce. It reports whether
// there was a key.
func (k *Key) seal(dst, plain, nonce []byte, p part, index int64) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.sealer == nil {
		return false
	}
	// Never from a source that a test could make repeat itself.
	if _, err := rand.Read(nonce); err != nil {
		return false
	}
	about := bind(p, index)
	k.sealer.Seal(dst, nonce, plain, about[:])
	return true
}

// open appends the plain content to dst and reports whether it is authentic.
func (k *Key) open(dst, sealed, nonce []byte, p part, index int64) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.sealer == nil {
		return false
	}
	about := bind(p, index)
	_, err := k.sealer.Open(dst, nonce, sealed, about[:])
	return err == nil
}

// find is the key in that slot.
func find(slot int64) *Key {
	keys.RLock()
	defer keys.RUnlock()
	return keys.of[slot]
}

var errRegister = errors.New("register the encrypting file system with SQLite")
