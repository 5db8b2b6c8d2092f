package pdf

import (
	"encoding/binary"
	"maps"
	"slices"
)

// trueType writes a font file of just these characters. Each has a glyph of its
// own, in the order of the characters, so that the same characters give the same
// bytes.
func trueType(units, ascent, descent int, glyphs map[rune]glyph) []byte {
	runes := slices.Sorted(maps.Keys(glyphs))
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
	for _, r := range runes {
		put(glyphs[r])
		widest = max(widest, glyphs[r].advance)
	}
	loca = append32(loca, len(glyf))
	n := len(runes) + 1
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
		"OS/2": words(4, units/2, 400, 5, 0, units/2, units/2, 0, 0, units/2, units/2, 0, 0, units/20, units/4, 0,
			0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7066, 0x6232, 0x40, int(runes[0]), int(runes[len(runes)-1]),
			ascent, -descent, 0, ascent, descent, 0, 0, 0, 0, units/2, units*7/10, 0, 32, 1),
		"post": words(3, 0, 0, 0, -units/10, units/20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		"name": words(0, 0, 6),
		"cmap": characterMap(runes),
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

// characterMap maps the characters, in their order, to the glyphs from 1 on.
func characterMap(runes []rune) []byte {
	type run struct{ from, to, glyph int }
	var all []run
	for i, r := range runes {
		if n := len(all); n > 0 && all[n-1].to == int(r)-1 {
			all[n-1].to = int(r)
			continue
		}
		all = append(all, run{int(r), int(r), i + 1})
	}
	all = append(all, run{0xFFFF, 0xFFFF, 0})
	power, log := 1, 0
	for power*2 <= len(all) {
		power, log = power*2, log+1
	}
	words := []int{0, 1, 3, 1, 0, 12, 4, 16 + 8*len(all), 0, 2 * len(all), 2 * power, log, 2 * (len(all) - power)}
	for _, r := range all {
		words = append(words, r.to)
	}
	words = append(words, 0)
	for _, r := range all {
		words = append(words, r.from)
	}
	for _, r := range all {
		words = append(words, r.glyph-r.from)
	}
	for range all {
		words = append(words, 0)
	}
	var out []byte
	for _, w := range words {
		out = append16(out, w)
	}
	return out
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
