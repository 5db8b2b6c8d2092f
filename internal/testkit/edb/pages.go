package edb

// tree lays records into leaves below a page, and answers its number.
func (f *File) tree(top int, records []record, flags uint32) int {
	room := f.size - 200
	var leaves [][]record
	used := room + 1
	for _, r := range records {
		n := len(r.key) + len(r.data) + 12
		if used += n; used > room {
			leaves = append(leaves, nil)
			used = n
		}
		leaves[len(leaves)-1] = append(leaves[len(leaves)-1], r)
	}
	if len(leaves) <= 1 {
		var only []record
		if len(leaves) == 1 {
			only = leaves[0]
		}
		f.put(top, root|leaf|flags, only)
		return top
	}
	var branch []record
	for i, l := range leaves {
		n := f.page()
		f.put(n, leaf|flags, l)
		var sep []byte // what comes next is not below
		if i+1 < len(leaves) {
			sep = leaves[i+1][0].key
		}
		branch = append(branch, record{sep, le.AppendUint32(nil, uint32(n)), false})
	}
	f.put(top, root|4|flags, branch)
	return top
}

// put writes a page. Keys of a leaf that is no root share their first byte.
func (f *File) put(number int, flags uint32, records []record) {
	b := make([]byte, f.size)
	head := 40
	if f.large() {
		head = 80
		le.PutUint64(b[64:], uint64(number))
	}
	le.PutUint32(b[36:], flags|0x2000)
	at, tags := head, 0
	value := func(v []byte, of uint16) {
		tag := len(b) - 4*(tags+1)
		copy(b[at:], v)
		place := uint16(at - head)
		if !f.large() {
			place |= of << 13
		} else if len(v) > 1 && tags > 0 {
			le.PutUint16(b[at:], le.Uint16(b[at:])|of<<13)
		}
		le.PutUint16(b[tag:], uint16(len(v)))
		le.PutUint16(b[tag+2:], place)
		at += len(v)
		tags++
	}
	var prefix []byte
	if flags&root == 0 && len(records) > 0 && len(records[0].key) > 0 {
		prefix = records[0].key[:1]
	}
	if flags&root != 0 {
		value(make([]byte, 16), 0)
	} else {
		value(prefix, 0)
	}
	for _, r := range records {
		var v []byte
		of := uint16(0)
		k := r.key
		if len(prefix) > 0 {
			of = 4
			v, k = le.AppendUint16(nil, uint16(len(prefix))), k[len(prefix):]
		}
		if r.deleted {
			of |= 2
		}
		v = le.AppendUint16(v, uint16(len(k)))
		value(append(append(v, k...), r.data...), of)
	}
	le.PutUint16(b[34:], uint16(tags))
	f.pages[number] = b
}

// Bytes is the file.
func (f *File) Bytes() []byte {
	ids, _ := number(catalogue)
	var records []record
	for i, row := range f.rows {
		records = append(records, record{[]byte{0x7f, byte(i >> 8), byte(i)}, f.record(catalogue, ids, row, nil), false})
	}
	f.tree(4, records, 0)
	f.tree(24, records, 0)
	out := make([]byte, (f.next+2)*f.size)
	for n, b := range f.pages {
		f.seal(n, b)
		copy(out[(n+1)*f.size:], b)
	}
	h := out[:f.size]
	for at, v := range map[int]uint32{4: 0x89abcdef, 8: 0x620, 52: f.State, 232: f.revision, 236: uint32(f.size)} {
		le.PutUint32(h[at:], v)
	}
	le.PutUint32(h, xor(h[4:], 0x89abcdef))
	copy(out[f.size:], h)
	return out
}

// seal writes the checksums of a page.
func (f *File) seal(number int, b []byte) {
	if f.large() {
		for i, at := range []int{0, 40, 48, 56} {
			if i > 0 {
				le.PutUint32(b[at:], xor(b[i*f.size/4:(i+1)*f.size/4], uint32(number)))
			}
		}
		le.PutUint32(b, xor(b[8:f.size/4], uint32(number)))
		return
	}
	le.PutUint32(b, xor(b[8:], uint32(number)))
}

func xor(b []byte, seed uint32) uint32 {
	for ; len(b) >= 4; b = b[4:] {
		seed ^= le.Uint32(b)
	}
	return seed
}
