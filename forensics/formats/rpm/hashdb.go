package rpm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFormat is returned for what is no database of rpm's.
var ErrFormat = errors.New("no database of rpm")

// Limits of a database.
const (
	maxHeader = 256 << 20 // bytes of one package's header, as rpm has it
	pageHead  = 26        // bytes of the header of a page of Berkeley DB
)

// Pages and items of Berkeley DB.
const (
	hashMeta                  = 8
	hashUnsorted, hashSorted  = 2, 13
	overflow                  = 7
	keyData, offPage          = 1, 3
	hashMagic                 = 0x061561
	minPageSize, maxPageSize  = 512, 64 << 10
	offMagic, offSize, offKin = 12, 20, 25
)

// Tell is told of each header and where it begins. recovered says that the
// database does not know it any more.
type Tell func(offset int64, header []byte, recovered bool) error

// Bad is told of what could not be read.
type Bad func(offset int64, why string) error

// IsBerkeley knows a hash of Berkeley DB by its beginning.
func IsBerkeley(head []byte) bool { return orderOf(head) != nil }

// orderOf is the order of bytes of the machine that wrote it.
func orderOf(head []byte) binary.ByteOrder {
	if len(head) < 72 || head[offKin] != hashMeta {
		return nil
	}
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := o.Uint32(head[offSize:]); o.Uint32(head[offMagic:]) == hashMagic && n >= minPageSize && n <= maxPageSize && n&(n-1) == 0 {
			return o
		}
	}
	return nil
}

// Berkeley reads Packages, rpm's database until 4.15: a hash of Berkeley DB, from
// the number of a package to its header. Buckets are not asked for: every page of
// the kind is read, in the order of the file. Locks, logs and environments are not
// looked at.
//
// Reference: Berkeley DB 4.8, dbinc/db_page.h; rpm 4.14, lib/backend/db3.c.
func Berkeley(ctx context.Context, r io.ReaderAt, size int64, tell Tell, bad Bad) error {
	head := make([]byte, min(size, 72))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return fmt.Errorf("read header: %w", err)
	}
	order := orderOf(head)
	if order == nil {
		return ErrFormat
	}
	b := berkeley{r: r, order: order, page: int64(order.Uint32(head[offSize:])), size: size, used: map[uint32]bool{}}
	for at := b.page; at < size; at += b.page {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := b.at(at)
		if err != nil {
			if err := bad(at, err.Error()); err != nil {
				return err
			}
			continue
		}
		if kind := p[offKin]; kind == hashSorted || kind == hashUnsorted {
			if err := b.items(at, p, tell, bad); err != nil {
				return err
			}
		}
	}
	return nil
}

type berkeley struct {
	r     io.ReaderAt
	order binary.ByteOrder
	page  int64
	size  int64
	used  map[uint32]bool // overflow pages that belong to a header
}

func (b *berkeley) at(at int64) ([]byte, error) {
	p := make([]byte, b.page)
	if n, err := b.r.ReadAt(p, at); n < len(p) {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, errors.New("the page is cut")
		}
		return nil, fmt.Errorf("read a page: %w", err)
	}
	return p, nil
}

// items tells the values of a page of the hash: keys and values take turns.
func (b *berkeley) items(at int64, p []byte, tell Tell, bad Bad) error {
	n := int(b.order.Uint16(p[20:]))
	if pageHead+2*n > len(p) {
		return bad(at, fmt.Sprintf("a page of %d items", n))
	}
	for i := 1; i < n; i += 2 {
		from := int(b.order.Uint16(p[pageHead+2*i:]))
		end := len(p)
		if i > 0 {
			end = int(b.order.Uint16(p[pageHead+2*(i-1):])) // items are laid from the end
		}
		if from < pageHead || from >= end || end > len(p) {
			if err := bad(at, fmt.Sprintf("item %d lies outside of its page", i)); err != nil {
				return err
			}
			continue
		}
		item := p[from:end]
		var err error
		switch {
		case item[0] == keyData && len(item) > 1+4: // of four bytes is the count of packages
			err = tell(at+int64(from)+1, item[1:], false)
		case item[0] == offPage && len(item) >= 12:
			first := b.order.Uint32(item[4:])
			var header []byte
			if header, err = b.chain(first, b.order.Uint32(item[8:])); err != nil {
				err = bad(at+int64(from), err.Error())
			} else {
				err = tell(int64(first)*b.page+pageHead, header, false)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chain reads a value that lies on pages of its own.
func (b *berkeley) chain(first, size uint32) ([]byte, error) {
	if size > maxHeader || int64(size) > b.size {
		return nil, fmt.Errorf("a header of %d bytes", size)
	}
	var out []byte
	for n := first; n != 0 && len(out) < int(size); {
		if b.used[n] {
			return nil, errors.New("a header comes to a page again")
		}
		b.used[n] = true
		p, err := b.at(int64(n) * b.page)
		if err != nil {
			return nil, err
		}
		k := int(b.order.Uint16(p[22:]))
		if p[offKin] != overflow || pageHead+k > len(p) {
			return nil, errors.New("a header goes on where no part of one is")
		}
		out = append(out, p[pageHead:pageHead+k]...)
		n = b.order.Uint32(p[16:])
	}
	if len(out) != int(size) {
		return nil, fmt.Errorf("a header has %d of %d bytes", len(out), size)
	}
	return out, nil
}
