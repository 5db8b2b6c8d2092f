package foreign

import (
	"archive/zip"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the format has it
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// A zip's members are encrypted one by one, in one of two ways. The legacy one
// (appnote 6.1) has three 32-bit registers and a header of 12 bytes whose last is
// compared. WinZip's (AE-1, AE-2: its page "AES Encryption Information") is method
// 99 with an extra field 0x9901; salt, a check of two bytes, AES in counter mode
// with a counter that begins at one in little endian, and ten bytes of HMAC-SHA1.

// sealedReader is deciphered content; whole says at its end whether it was
// complete.
type sealedReader interface {
	io.Reader
	whole() error
}

// decipher returns the content and the method it is compressed with.
func decipher(raw io.Reader, f *zip.File, password []byte) (sealedReader, uint16, error) {
	const winzip = 99
	if f.Method != winzip {
		z, err := newLegacy(raw, f, password)
		return z, f.Method, err
	}
	extra := extraField(f.Extra, 0x9901)
	if len(extra) < 7 {
		return nil, 0, errors.New("encrypted by AES without saying how")
	}
	strength, method := int(extra[4]), binary.LittleEndian.Uint16(extra[5:])
	if strength < 1 || strength > 3 {
		return nil, 0, fmt.Errorf("encrypted by AES of strength %d, which there is not", strength)
	}
	z, err := newWinzip(raw, int64(f.CompressedSize64), strength, password) //nolint:gosec // judged there
	return z, method, err
}

func extraField(extra []byte, id uint16) []byte {
	for len(extra) >= 4 {
		n := int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return nil
		}
		if binary.LittleEndian.Uint16(extra) == id {
			return extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	return nil
}

// legacy is PKWARE's first cipher.
type legacy struct {
	r io.Reader
	k [3]uint32
}

func newLegacy(r io.Reader, f *zip.File, password []byte) (*legacy, error) {
	z := &legacy{r: r, k: [3]uint32{0x12345678, 0x23456789, 0x34567890}}
	for _, b := range password {
		z.update(b)
	}
	head := make([]byte, 12)
	if _, err := io.ReadFull(z, head); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	// With sizes behind the content (flag 8) the time stands in for the CRC.
	want := byte(f.CRC32 >> 24)
	if f.Flags&8 != 0 {
		want = byte(f.ModifiedTime >> 8)
	}
	if head[11] != want {
		return nil, fmt.Errorf("%w: the password is wrong", ErrPassword)
	}
	return z, nil
}

func (z *legacy) update(b byte) {
	z.k[0] = crc32.IEEETable[byte(z.k[0])^b] ^ z.k[0]>>8 //nolint:gosec // its low byte
	z.k[1] = (z.k[1]+z.k[0]&0xff)*134775813 + 1
	z.k[2] = crc32.IEEETable[byte(z.k[2])^byte(z.k[1]>>24)] ^ z.k[2]>>8 //nolint:gosec // its low byte
}

func (z *legacy) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	for i, b := range p[:n] {
		t := z.k[2] | 2
		p[i] = b ^ byte(t*(t^1)>>8) //nolint:gosec // the byte above the lowest
		z.update(p[i])
	}
	return n, err
}

func (z *legacy) whole() error { return nil }

// winzip is AES in WinZip's form.
type winzip struct {
	r     io.Reader
	tail  io.Reader
	mac   hash.Hash
	block cipher.Block
	count [16]byte
	pad   [16]byte
	used  int
}

func newWinzip(r io.Reader, size int64, strength int, password []byte) (*winzip, error) {
	key := 8 + 8*strength // 16, 24, 32 bytes; the salt is half of it
	head := make([]byte, key/2+2)
	if size < int64(len(head)+10) {
		return nil, errors.New("too short to be encrypted by AES")
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("its salt: %w", err)
	}
	keys, err := pbkdf2.Key(sha1.New, string(password), head[:key/2], 1000, 2*key+2)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(keys[2*key:], head[key/2:]) != 1 {
		return nil, fmt.Errorf("%w: the password is wrong", ErrPassword)
	}
	block, err := aes.NewCipher(keys[:key])
	if err != nil {
		return nil, err
	}
	z := &winzip{r: io.LimitReader(r, size-int64(len(head))-10), tail: r, mac: hmac.New(sha1.New, keys[key:2*key]), block: block, used: 16}
	return z, nil
}

func (z *winzip) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	z.mac.Write(p[:n])
	for i := range p[:n] {
		if z.used == len(z.pad) {
			for j := range z.count { // little endian, begins at one
				z.count[j]++
				if z.count[j] != 0 {
					break
				}
			}
			z.block.Encrypt(z.pad[:], z.count[:])
			z.used = 0
		}
		p[i] ^= z.pad[z.used]
		z.used++
	}
	return n, err
}

func (z *winzip) whole() error {
	if _, err := io.Copy(io.Discard, z); err != nil {
		return err
	}
	code := make([]byte, 10)
	if _, err := io.ReadFull(z.tail, code); err != nil {
		return fmt.Errorf("its authentication code: %w", err)
	}
	if !bytes.Equal(code, z.mac.Sum(nil)[:10]) {
		return errors.New("its authentication code is wrong: it was changed")
	}
	return nil
}

// checked compares a deciphered member with its CRC and its authentication code.
type checked struct {
	r     io.Reader
	plain sealedReader
	f     *zip.File
	crc   uint32
	n     uint64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	c.n += uint64(n) //nolint:gosec // positive
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if bad := c.plain.whole(); bad != nil {
		return n, bad
	}
	if c.n == c.f.UncompressedSize64 && (c.f.CRC32 == 0 || c.crc == c.f.CRC32) { // AE-2 has no CRC
		return n, err
	}
	return n, zip.ErrChecksum
}

func (c *checked) Close() error { return nil }
