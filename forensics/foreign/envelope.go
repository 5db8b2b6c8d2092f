package foreign

import (
	"archive/zip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what WinZip's form derives keys with
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An encrypted collection of Velociraptor is a zip with metadata.json, as plain
// text, and data.zip, the collection, stored and encrypted by AES in WinZip's form.
// Its password stands in the metadata, encrypted to a certificate (RSA-OAEP,
// SHA-512) or by PGP; or somebody knows it. AES in counter mode can be read from
// any place, so that the collection is unpacked nowhere. Source read: accessors/collector
// and crypto/utils.

const (
	envelopeData = "data.zip"
	envelopeMeta = "metadata.json"
	maxMeta      = 1 << 20
)

// envelope returns the collection inside of an encrypted one; ok is false for any
// other zip. Errors: ErrPassword, which says what opens it; ErrForm.
func envelope(f io.ReaderAt, r *zip.Reader, o Options) (inner io.ReaderAt, size int64, ok bool, err error) {
	var data, meta *zip.File
	for _, m := range r.File {
		switch m.Name {
		case envelopeData:
			data = m
		case envelopeMeta:
			meta = m
		}
	}
	if data == nil || meta == nil || data.Flags&1 == 0 {
		return nil, 0, false, nil
	}
	password := o.Password
	if len(password) == 0 {
		if password, err = sealedPassword(meta, o.Key); err != nil {
			return nil, 0, true, err
		}
	}
	inner, size, err = openSealed(f, data, password)
	return inner, size, true, err
}

// sealedPassword reads the password out of the metadata.
func sealedPassword(meta *zip.File, key []byte) ([]byte, error) {
	in, err := meta.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrForm, envelopeMeta, err)
	}
	b, err := io.ReadAll(io.LimitReader(in, maxMeta))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrForm, envelopeMeta, err)
	}
	var rows []struct{ Scheme, EncryptedPass string }
	if err := json.Unmarshal(b, &rows); err != nil {
		return nil, fmt.Errorf("%w: a collection of Velociraptor whose %s cannot be read: %w", ErrPassword, envelopeMeta, err)
	}
	for _, row := range rows {
		switch scheme := strings.ToLower(row.Scheme); {
		case scheme == "":
		case scheme != "x509":
			return nil, fmt.Errorf("%w: a collection of Velociraptor, its password encrypted by %.20q: decrypt EncryptedPass of %s (gpg --decrypt) and give what comes out as the password", ErrPassword, row.Scheme, envelopeMeta)
		case len(key) == 0:
			return nil, fmt.Errorf("%w: a collection of Velociraptor, its password encrypted to a certificate: give the private key of it (as a rule that of the server: Frontend.private_key in server.config.yaml)", ErrPassword)
		default:
			return unsealed(row.EncryptedPass, key)
		}
	}
	return nil, fmt.Errorf("%w: a collection of Velociraptor", ErrPassword)
}

// unsealed decrypts a password with a private key in PEM.
func unsealed(text string, key []byte) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, fmt.Errorf("%w: the key is no PEM", ErrPassword)
	}
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		other, e := x509.ParsePKCS8PrivateKey(block.Bytes)
		var is bool
		if private, is = other.(*rsa.PrivateKey); e != nil || !is {
			return nil, fmt.Errorf("%w: the key is no RSA private key", ErrPassword)
		}
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: EncryptedPass of %s: %w", ErrPassword, envelopeMeta, err)
	}
	password, err := rsa.DecryptOAEP(sha512.New(), nil, private, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: to another certificate than that of the key", ErrPassword)
	}
	return password, nil
}

// openSealed makes a member that is stored and encrypted by AES readable from any
// place. Its authentication code is not checked: that would take a reading of
// all of it, and each member inside has a checksum of its own.
func openSealed(f io.ReaderAt, m *zip.File, password []byte) (io.ReaderAt, int64, error) {
	extra := extraField(m.Extra, 0x9901)
	if len(extra) < 7 || extra[4] < 1 || extra[4] > 3 || binary.LittleEndian.Uint16(extra[5:]) != zip.Store {
		return nil, 0, fmt.Errorf("%w: %s in it is not stored and encrypted by AES: take it out (7z x) and import it by itself", ErrForm, envelopeData)
	}
	at, err := m.DataOffset()
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrForm, err)
	}
	key := 8 + 8*int(extra[4])
	head := make([]byte, key/2+2)
	size := int64(m.CompressedSize64) - int64(len(head)) - 10 //nolint:gosec // judged
	if size < 0 {
		return nil, 0, fmt.Errorf("%w: %s is too short", ErrForm, envelopeData)
	}
	if _, err := f.ReadAt(head, at); err != nil {
		return nil, 0, fmt.Errorf("%w: %s: %w", ErrForm, envelopeData, err)
	}
	keys, err := pbkdf2.Key(sha1.New, string(password), head[:key/2], 1000, 2*key+2)
	if err != nil {
		return nil, 0, err
	}
	if subtle.ConstantTimeCompare(keys[2*key:], head[key/2:]) != 1 {
		return nil, 0, fmt.Errorf("%w: the password is wrong", ErrPassword)
	}
	block, err := aes.NewCipher(keys[:key])
	if err != nil {
		return nil, 0, err
	}
	return &counter{io.NewSectionReader(f, at+int64(len(head)), size), block}, size, nil
}

// counter is content under AES in counter mode, with WinZip's counter: little
// endian, the first block is one.
type counter struct {
	r     *io.SectionReader
	block cipher.Block
}

// ReadAt reads the plain text.
func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	var count, pad [aes.BlockSize]byte
	for i := 0; i < n; {
		place := off + int64(i)
		binary.LittleEndian.PutUint64(count[:], uint64(place/aes.BlockSize)+1) //nolint:gosec // positive
		c.block.Encrypt(pad[:], count[:])
		in := int(place % aes.BlockSize)
		i += subtle.XORBytes(p[i:n], p[i:n], pad[in:])
	}
	return n, err
}
