package record

import "fmt"

// checkLines compares the lines with the heads and names what happened to
// each. It says nothing when the newest head vouches for exactly these lines.
func checkLines(r *Report, ev Evidence, lines []*Line, tree *Tree, heads []Head) {
	var signed int64 // entries that the newest good head vouches for
	bad := false
	for _, h := range heads {
		signed = h.Size
		bad = bad || !rootIs(tree, h)
	}
	if !bad && tree.Size() == signed {
		for i, l := range lines { // signed, and yet not ours
			if l == nil || l.Seq != int64(i+1) {
				r.fault(int64(i+1), Damaged, "the line was signed as it is, and cannot be read as entry %d of this incident", i+1)
			}
		}
		return
	}
	before := len(r.Problems)
	if leaves := vouched(ev.Leaves, heads); leaves != nil {
		align(r, ev.Lines, lines, leaves)
	} else {
		byNumber(r, lines, signed)
		if len(r.Problems) == before && bad {
			between(r, tree, heads)
		}
	}
	if len(r.Problems) == before { // never a good word for a record that does not match
		r.fault(0, Edited, "the record does not have the root that its heads signed")
	}
}

// vouched returns the kept leaf hashes if the newest head vouches for them.
func vouched(leaves []Hash, heads []Head) []Hash {
	if len(heads) == 0 || int64(len(leaves)) < heads[len(heads)-1].Size {
		return nil
	}
	h := heads[len(heads)-1]
	leaves = leaves[:h.Size]
	var t Tree
	for _, l := range leaves {
		if t.Append(l) != nil {
			return nil
		}
	}
	if !rootIs(&t, h) {
		return nil
	}
	return leaves
}

// align finds for each line the leaf it was signed as.
func align(r *Report, kept []Sealed, lines []*Line, leaves []Hash) {
	number := make(map[Hash]int64, len(leaves))
	for i, l := range leaves {
		number[l] = int64(i + 1)
	}
	taken := make([]bool, len(leaves)+1)
	is := make([]int64, len(kept)) // 0 for a line that was not signed
	for i, s := range kept {
		if n := number[LeafHash(s.Line)]; n > 0 && !taken[n] {
			taken[n], is[i] = true, n
		} else if n > 0 {
			r.fault(n, Inserted, "a copy of it stands at place %d", i+1)
			is[i] = -1
		}
	}
	highest := int64(0)
	for i, n := range is {
		switch {
		case n > 0 && n < highest:
			r.fault(n, Reordered, "it stands at place %d, behind entry %d", i+1, highest)
		case n == 0:
			n = claim(r, lines[i], int64(i+1), highest+1, taken, int64(len(leaves)))
		}
		highest = max(highest, n)
	}
	missing(r, taken[1:], int64(len(leaves)))
}

// claim judges a line that was never signed: it stands for a signed one that
// is gone, and then its number comes back, or it was put in.
func claim(r *Report, l *Line, place, next int64, taken []bool, signed int64) int64 {
	n := next
	if l != nil {
		n = l.Seq
	}
	switch {
	case n > signed && l != nil:
		r.fault(n, Unvouched, "no head vouches for it: it was added behind the signed record")
	case n <= signed && !taken[n]:
		taken[n] = true
		r.fault(n, Edited, "its line at place %d is not the one that was signed", place)
		return n
	default:
		r.fault(n, Inserted, "the line at place %d was never signed", place)
	}
	return 0
}

// missing reports the signed entries that no line stands for: those at the end
// as truncated, others as removed.
func missing(r *Report, there []bool, signed int64) {
	last := signed
	for last > 0 && !there[last-1] {
		last--
	}
	for i := int64(0); i < last; i++ {
		if !there[i] {
			r.fault(i+1, Removed, "its line is gone")
		}
	}
	if last < signed {
		r.fault(last+1, Truncated, "%s gone: the heads vouch for %d, the record ends at %d; it was cut, or an old backup was restored",
			span(last+1, signed), signed, last)
	}
}

func span(a, b int64) string {
	if a == b {
		return fmt.Sprintf("entry %d is", a)
	}
	return fmt.Sprintf("entries %d to %d are", a, b)
}

// byNumber judges by the numbers in the lines alone, where no leaf hashes are
// kept.
func byNumber(r *Report, lines []*Line, signed int64) {
	there := make([]bool, signed)
	highest, before := int64(0), len(r.Problems)
	for i, l := range lines {
		n := highest + 1
		if l == nil {
			r.fault(n, Edited, "the line at place %d cannot be read as one of this incident", i+1)
		} else {
			n = l.Seq
		}
		switch {
		case n > signed && signed > 0:
			r.fault(n, Unvouched, "no head vouches for it: it was added behind the signed record")
		case n > signed:
		case there[n-1]:
			r.fault(n, Inserted, "it is there again at place %d", i+1)
		case n < highest:
			r.fault(n, Reordered, "it stands at place %d, behind entry %d", i+1, highest)
		}
		if n <= signed {
			there[n-1] = true
		}
		highest = max(highest, n)
	}
	missing(r, there, signed)
	if signed == 0 && len(lines) > 0 && len(r.Problems) == before {
		r.fault(1, Unvouched, "no head with a good signature vouches for any entry")
	}
}

// between places an edit between the last head that fits and the first that
// does not. What was changed after that cannot be seen without leaf hashes.
func between(r *Report, t *Tree, heads []Head) {
	good := int64(0)
	for _, h := range heads {
		if rootIs(t, h) {
			good = h.Size
			continue
		}
		if h.Size == good+1 {
			r.fault(h.Size, Edited, "its line is not the one that was signed; later changes cannot be told apart")
		} else {
			r.fault(good+1, Edited, "an entry from %d to %d is not the one that was signed; later changes cannot be told apart", good+1, h.Size)
		}
		return
	}
}
