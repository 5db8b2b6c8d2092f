package segment

import "fmt"

// Check reads every part of the open segment, and looks whether they agree.
func (r *Reader) Check() error {
	m := r.meta
	last := int64(-1 << 63)
	counts := make([][]uint32, m.columns)
	for chunk := range m.Chunks {
		stamps, err := r.Times(chunk)
		if err != nil {
			return err
		}
		for _, s := range stamps {
			if s < last {
				return fmt.Errorf("%w: chunk %d is not in the order of time", ErrDamaged, chunk)
			}
			last = s
		}
		if span := (Span{stamps[0], stamps[len(stamps)-1]}); span != m.Chunks[chunk] {
			return fmt.Errorf("%w: chunk %d has other times than it should", ErrDamaged, chunk)
		}
		if _, err := r.Places(chunk); err != nil {
			return err
		}
		for c := range counts {
			codes, err := r.Codes(Column(c), chunk)
			if err != nil {
				return err
			}
			for _, code := range codes {
				if code == NoValue && Column(c) >= Attributes {
					continue
				}
				for int(code) >= len(counts[c]) {
					counts[c] = append(counts[c], 0)
				}
				counts[c][code]++
			}
		}
	}
	for c := range counts {
		want, err := r.Counts(Column(c))
		if err != nil {
			return err
		}
		for code, n := range want {
			if has := code < len(counts[c]); has && counts[c][code] != n || !has && n != 0 {
				return fmt.Errorf("%w: column %d has other values than it should", ErrDamaged, c)
			}
		}
	}
	for block := range m.Blocks {
		if _, err := r.Text(block); err != nil {
			return err
		}
	}
	return r.checkWords()
}

func (r *Reader) checkWords() error {
	l, err := r.Lexicon()
	if err != nil {
		return err
	}
	for part, n := range l.counts {
		p, err := r.wordPart(part)
		if err != nil {
			return err
		}
		if len(p.rests) != n {
			return fmt.Errorf("%w: part %d of the words has %d, not %d", ErrDamaged, part, len(p.rests), n)
		}
	}
	return nil
}
