package parse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Syslog on a TCP connection may count its records in octets (RFC 6587, 3.4.1):
// "LENGTH <pri>…", one right behind the other, so that a record may hold line
// feeds.

// maxFrame is the longest count that is believed.
const maxFrame = 16 << 20

// frameAt reads "LENGTH " with "<" behind it.
func frameAt(b []byte) (size int64, digits int, ok bool) {
	for digits < len(b) && digits < 9 && b[digits] >= '0' && b[digits] <= '9' {
		size = size*10 + int64(b[digits]-'0')
		digits++
	}
	ok = digits > 0 && b[0] != '0' && size >= 5 && size <= maxFrame && len(b) >= digits+3 && b[digits] == ' ' && b[digits+1] == '<' && b[digits+2] >= '0' && b[digits+2] <= '9'
	return size, digits, ok
}

// parseFrames reads such records. Where no count stands, a line is read, as
// some senders mix both.
func parseFrames(j *job, r *bufio.Reader) error {
	p := &syslogParser{j: j, zone: j.assumedZone(), solo: true}
	j.note("records are framed by counts of octets")
	var at int64
	room := make([]byte, maxLine)
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		head, err := r.Peek(12)
		if len(head) == 0 {
			if errors.Is(err, io.EOF) {
				return p.finish()
			}
			return err
		}
		ln := line{offset: at}
		if size, digits, ok := frameAt(head); ok {
			skip, err := r.Discard(digits + 1)
			if err != nil {
				return err
			}
			ln.size, err = frame(r, room, size, &ln)
			ln.size += int64(skip)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if got := ln.size - int64(skip); got < size {
				at += ln.size
				p.j.reject(ln.offset, ln.text, "the file ends inside a frame")
				continue
			}
		} else if ln.size, err = frameless(r, room, &ln); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		at += ln.size
		ln.text = bytes.TrimRight(ln.text, "\r\n")
		if len(ln.text) == 0 {
			continue
		}
		if err := p.line(ln); err != nil {
			return err
		}
	}
}

// frame reads size bytes and keeps the first of them.
func frame(r *bufio.Reader, room []byte, size int64, ln *line) (int64, error) {
	n, err := io.ReadFull(r, room[:min(size, maxLine)])
	ln.text = room[:n]
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if err != nil || size <= maxLine {
		return int64(n), err
	}
	ln.cut = true
	rest, err := r.Discard(int(size - maxLine))
	return int64(n + rest), err
}

// frameless reads a line and keeps its beginning.
func frameless(r *bufio.Reader, room []byte, ln *line) (size int64, err error) {
	ln.text = room[:0]
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		keep := min(len(part), maxLine-len(ln.text))
		ln.text = append(ln.text, part[:keep]...)
		ln.cut = ln.cut || keep < len(part)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return size, err
		}
	}
}
