package events

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// addressTerm looks for addresses of networks in the texts of events. The
// lexicon has IPv4 addresses as words; one can also be written as part of an
// IPv6 address, which then has the word ffff.
type addressTerm struct {
	termInfo
	address timeline.Address
	four    []netip.Prefix
	words   []string // of IPv6: every text with such an address has one of these words
	open    bool     // of IPv6: nothing is sure
	anchors []finder // one of these pieces of text is in every text with such an address
}

type addressState struct {
	text       uint64
	host       codeSet
	attributes []attributeCodes
}

func (p *plan) address(x timeline.Address) term {
	t := &addressTerm{termInfo: p.info(x, costText), address: x}
	for _, prefix := range x.Prefixes {
		if prefix.Addr().Is4() {
			t.four = append(t.four, prefix.Masked())
			octets := strings.SplitAfter(prefix.Addr().String(), ".")
			t.anchor(strings.Join(octets[:prefix.Bits()/8], ""), ".")
			t.words = append(t.words, "ffff")
			t.anchor("ffff", "")
			continue
		}
		// Leading zeros may be written or not, but not where there are none.
		if first := prefix.Addr().As16(); prefix.Bits() >= 16 && first[0] >= 0x10 {
			word := fmt.Sprintf("%02x%02x", first[0], first[1])
			t.words = append(t.words, word)
			t.anchor(word, "")
			continue
		}
		t.open = true
		t.anchor(":", "")
	}
	if t.open {
		t.cost = costEveryText
	}
	return t
}

func (t *addressTerm) anchor(text, otherwise string) {
	if text == "" {
		text = otherwise
	}
	t.anchors = append(t.anchors, finder{anchor: []byte(text), letters: true})
}

func (t *addressTerm) prepare(w *worker, p *prep) (maybe, sure uint64, err error) {
	s := &addressState{}
	p.states[t.number] = s
	all := everyBlock(p.e.meta)
	set, allHosts, err := w.codesWhere(p.e, timeline.FieldHost, t.address.Holds)
	if err != nil {
		return 0, 0, err
	}
	if allHosts {
		return all, all, nil
	}
	if s.host = set; set != nil {
		maybe = all
	}
	if s.text, err = t.blocks(w, p); err != nil || s.text == 0 {
		return maybe, 0, err
	}
	s.attributes, err = w.attributesWhere(p.e, t.address.Holds)
	return maybe | s.text, 0, err
}

// blocks are those whose texts may hold such an address.
func (t *addressTerm) blocks(w *worker, p *prep) (uint64, error) {
	all := everyBlock(p.e.meta)
	if t.open {
		w.use(p.e)
		return all, nil
	}
	var blocks uint64
	for _, word := range t.words {
		found, err := w.fragment(p, timeline.Fragment{Text: word})
		if err != nil {
			return 0, err
		}
		blocks |= found
	}
	w.use(p.e)
	for _, prefix := range t.four {
		if blocks == all {
			break
		}
		var found uint64
		var err error
		if prefix.IsSingleIP() {
			found, err = w.fragment(p, timeline.Fragment{Text: prefix.Addr().String()})
		} else {
			found, err = w.network(p, prefix)
		}
		if err != nil {
			return 0, err
		}
		blocks |= found
	}
	return blocks, nil
}

// network goes through the IPv4 addresses among the words.
func (w *worker) network(p *prep, prefix netip.Prefix) (uint64, error) {
	key := wordMask{segment: p.e.id, fragment: timeline.Fragment{Text: "ip:" + prefix.String()}}
	if blocks, ok := w.db.masks.get(key); ok {
		return blocks, nil
	}
	w.use(p.e)
	lexicon, err := w.r.Lexicon()
	if err != nil {
		return 0, err
	}
	blocks := w.r.Long()
	octets := strings.SplitAfter(prefix.Addr().String(), ".")
	begin := []byte("\x00" + strings.Join(octets[:prefix.Bits()/8], ""))
	texts, all := lexicon.Texts(), everyBlock(p.e.meta)
	if len(begin) == 1 {
		begin = []byte(".")
	}
	for at := 0; blocks != all; {
		i := 0
		if at > 0 || begin[0] != 0 || !bytes.HasPrefix(texts, begin[1:]) {
			if i = bytes.Index(texts[at:], begin); i < 0 {
				break
			}
			if begin[0] == 0 {
				i++
			}
		}
		token := lexicon.At(at + i)
		text := lexicon.Token(token)
		if a, err := netip.ParseAddr(string(text)); err == nil && prefix.Contains(a) {
			mask, err := lexicon.Blocks(token)
			if err != nil {
				return 0, err
			}
			blocks |= mask
		}
		end := bytes.IndexByte(texts[at+i:], 0)
		if end < 0 {
			break
		}
		// The zero byte behind this word may be the one before the next.
		at += i + end
		if begin[0] != 0 {
			at++
		}
	}
	w.db.masks.put(key, blocks)
	return blocks, nil
}

func (t *addressTerm) match(w *worker, p *prep, block int, rows *bitmap) error {
	s := p.states[t.number].(*addressState) //nolint:forcetypeassert // prepare put it there
	w.use(p.e)
	b := &p.e.meta.Blocks[block]
	found := w.bitmap()
	defer w.give(found)
	found.clear()
	if err := w.mark(segment.Host, b, s.host, rows, found); err != nil {
		return err
	}
	if s.text>>block&1 != 0 {
		for _, a := range s.attributes {
			if err := w.mark(a.column, b, a.codes, rows, found); err != nil {
				return err
			}
		}
		if err := t.inText(w, p, block, rows, found); err != nil {
			return err
		}
	}
	rows.and(found)
	return nil
}

func (t *addressTerm) inText(w *worker, p *prep, block int, rows, found *bitmap) error {
	text, err := w.r.Text(block)
	if err != nil {
		return err
	}
	raw := w.lower(p, block, text.Raw())
	for _, f := range t.anchors {
		for row := rows.next(0); row >= 0; {
			start, _ := text.Row(row)
			at := bytes.Index(raw[start:], f.anchor)
			if at < 0 {
				break
			}
			if row = text.RowAt(start + at); rows.has(row) && !found.has(row) {
				if err := inTexts(text, row, false, t.address.Holds, found); err != nil {
					return err
				}
			}
			row = rows.next(row + 1)
		}
	}
	return nil
}
