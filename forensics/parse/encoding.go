package parse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

var bomUTF8 = []byte("\xef\xbb\xbf")

// encoding is how an artefact of text is written, where it is not UTF-8 in
// lines that end in line feeds.
type encoding struct {
	name  string           // utf-16le, utf-16be; "" for all others
	order binary.ByteOrder // of UTF-16
	cr    bool             // lines end in carriage returns
}

// lineEnd is what ends a line.
func (e encoding) lineEnd() byte {
	if e.cr {
		return '\r'
	}
	return '\n'
}

// encodingOf looks at the beginning of an artefact.
func encodingOf(head []byte) encoding {
	e := encoding{}
	e.name, e.order = wide(head)
	if e.order != nil {
		head = narrow(head, e.order)
	}
	e.cr = bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0
	return e
}

// wide says whether head is UTF-16: because nearly every second byte is zero, or
// by its mark and some of them, as a log has digits in every language. What it
// says must be text, so that no binary file is taken for one.
func wide(head []byte) (string, binary.ByteOrder) {
	head = head[:min(len(head), 4096)&^1]
	if len(head) < 4 {
		return "", nil
	}
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	half := len(head) / 2
	little := zeros[1] > half*9/10 && zeros[0] == 0 || bytes.HasPrefix(head, []byte{0xff, 0xfe}) && zeros[1] > half/20
	big := zeros[0] > half*9/10 && zeros[1] == 0 || bytes.HasPrefix(head, []byte{0xfe, 0xff}) && zeros[0] > half/20
	name, order := "utf-16le", binary.ByteOrder(binary.LittleEndian)
	switch {
	case little:
	case big:
		name, order = "utf-16be", binary.BigEndian
	default:
		return "", nil
	}
	odd := 0
	for _, r := range string(narrow(head, order)) {
		if r == utf8.RuneError || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			odd++
		}
	}
	if odd*20 > half { // a mark alone proves nothing
		return "", nil
	}
	return name, order
}

// narrow is UTF-16 as UTF-8, without its mark.
func narrow(b []byte, order binary.ByteOrder) []byte {
	out, err := io.ReadAll(&narrower{r: bytes.NewReader(b), order: order})
	if err != nil {
		return nil // a bytes.Reader does not fail
	}
	return out
}

// narrower reads UTF-16 as UTF-8. Half a pair, or half a unit at the end, is
// U+FFFD.
type narrower struct {
	r     io.Reader
	order binary.ByteOrder
	in    [8 << 10]byte
	have  int // bytes of in
	out   []byte
	begun bool
	err   error
}

func (n *narrower) Read(p []byte) (int, error) {
	for len(n.out) == 0 {
		if n.err != nil {
			return 0, n.err
		}
		var got int
		got, n.err = n.r.Read(n.in[n.have:])
		n.have += got
		n.convert(errors.Is(n.err, io.EOF))
	}
	m := copy(p, n.out)
	n.out = n.out[m:]
	return m, nil
}

// convert turns what is there into UTF-8; half a pair waits for its other half.
func (n *narrower) convert(last bool) {
	at, out := 0, n.out[:0:0]
	for at+2 <= n.have {
		r := rune(n.order.Uint16(n.in[at:]))
		size := 2
		if utf16.IsSurrogate(r) {
			if at+4 > n.have && !last {
				break
			}
			pair := rune(utf8.RuneError)
			if at+4 <= n.have {
				pair = utf16.DecodeRune(r, rune(n.order.Uint16(n.in[at+2:])))
			}
			if pair != utf8.RuneError {
				size = 4
			}
			r = pair
		}
		at += size
		if r == '\ufeff' && !n.begun {
			n.begun = true
			continue
		}
		n.begun = true
		out = utf8.AppendRune(out, r)
	}
	if last && at < n.have {
		out, at = utf8.AppendRune(out, utf8.RuneError), n.have
	}
	n.have = copy(n.in[:], n.in[at:n.have])
	n.out = out
}

// head is the beginning of the artefact as UTF-8 in lines that end in line feeds.
func (e encoding) head(b []byte) []byte {
	if e.order != nil {
		b = narrow(b, e.order)
	}
	if e.cr {
		b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	}
	return bytes.TrimPrefix(b, bomUTF8)
}

// open gives the text as UTF-8.
func (e encoding) open(r io.Reader) io.Reader {
	if e.order == nil {
		return r
	}
	return &narrower{r: r, order: e.order}
}
