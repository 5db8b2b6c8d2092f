package pdf

import (
	"encoding/binary"
	"maps"
	"slices"
)

// trueType writes a font file of just these glyphs, numbered from 1. It has what a
// font within a PDF needs (ISO 32000-1, 9.9) and no more: who draws with it knows
// the numbers.
func trueType(units, ascent, descent int, glyphs []glyph) []byte {
	var glyf, loca, hmtx []byte
	box := [4]int{0, -descent, units, ascent}
	put := func(g glyph) {
		loca = append32(loca, len(glyf))
		hmtx = append16(hmtx, g.advance)
		left := 0
		if data, b := g.bytes(); len(data) > 0 {
			glyf = append(glyf, data...)
			left = b[0]
			box = [4]int{min(box[0], b[0]), min(box[1], b[1]), max(box[2], b[2]), max(box[3], b[3])}
		}
		hmtx = append16(hmtx, left)
	}
	put(glyph{advance: units / 2}) // what a character without a glyph would show; there is none
	widest := units / 2
	for _, g := range glyphs {
		put(g)
		widest = max(widest, g.advance)
	}
	loca = append32(loca, len(glyf))
	n := len(glyphs) + 1
	words := func(values ...int) []byte {
		var out []byte
		for _, v := range values {
			out = append16(out, v)
		}
		return out
	}
	return assemble(map[string][]byte{
		"head": words(1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0x000B, units, 0, 0, 0, 0, 0, 0, 0, 0, box[0], box[1], box[2], box[3], 0, 8, 2, 1, 0),
		"hhea": words(1, 0, ascent, -descent, 0, widest, 0, 0, box[2], 1, 0, 0, 0, 0, 0, 0, 0, n),
		"maxp": words(1, 0, n, maxPoints, 1024, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
		"glyf": glyf, "loca": loca, "hmtx": hmtx,
	})
}

// bytes is the glyph as a simple one of TrueType, padded to four, and its box.
func (g glyph) bytes() ([]byte, [4]int) {
	var ends, flags, xs, ys []byte
	box := [4]int{1 << 15, 1 << 15, -1 << 15, -1 << 15}
	n, lastX, lastY := 0, 0, 0
	contours := 0
	for _, c := range g.contours {
		if len(c) < 2 || n+len(c) > maxPoints {
			continue
		}
		for _, p := range c {
			flag := byte(0)
			if p.on {
				flag = 1
			}
			flags = append(flags, flag)
			xs = append16(xs, p.x-lastX)
			ys = append16(ys, p.y-lastY)
			lastX, lastY = p.x, p.y
			box = [4]int{min(box[0], p.x), min(box[1], p.y), max(box[2], p.x), max(box[3], p.y)}
		}
		n += len(c)
		contours++
		ends = append16(ends, n-1)
	}
	if contours == 0 {
		return nil, box
	}
	out := append16(nil, contours)
	for _, b := range box {
		out = append16(out, b)
	}
	out = append(out, ends...)
	out = append(out, 0, 0) // no instructions
	out = append(append(append(out, flags...), xs...), ys...)
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out, box
}

// assemble writes the tables behind their directory.
func assemble(tables map[string][]byte) []byte {
	tags := slices.Sorted(maps.Keys(tables))
	power, log := 1, 0
	for power*2 <= len(tags) {
		power, log = power*2, log+1
	}
	out := []byte{0, 1, 0, 0}
	for _, w := range []int{len(tags), 16 * power, log, 16 * (len(tags) - power)} {
		out = append16(out, w)
	}
	at := 12 + 16*len(tags)
	var body []byte
	for _, tag := range tags {
		t := tables[tag]
		padded := append(slices.Clone(t), make([]byte, (4-len(t)%4)%4)...)
		var sum uint32
		for i := 0; i < len(padded); i += 4 {
			sum += binary.BigEndian.Uint32(padded[i:])
		}
		out = append(out, tag...)
		out = binary.BigEndian.AppendUint32(out, sum)
		out = append32(out, at+len(body))
		out = append32(out, len(t))
		body = append(body, padded...)
	}
	return append(out, body...)
}

// append16 appends a number as two bytes, the higher first; a negative one as its
// complement. All numbers of a font that we write fit: what comes from others is
// clipped when it is read.
func append16(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint16(b, uint16(n)) //nolint:gosec // see above
}

func append32(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(n)) //nolint:gosec // see above
}
