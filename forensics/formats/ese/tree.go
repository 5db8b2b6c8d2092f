package ese

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// errStop ends a walk early.
var errStop = errors.New("stop")

// walk is one way over the leaves of a tree, from a key on.
type walk struct {
	from []byte // nil: from the first
	node func(n node) error
	bad  func(offset int64, err error) error
	seen map[uint32]bool
	all  bool // it is a table that is walked
}

// visit walks a tree in the order of its keys. What is damaged is told to bad and
// left out.
func (f *File) visit(ctx context.Context, root uint32, w walk) error {
	w.seen = map[uint32]bool{}
	err := f.descend(ctx, root, 0, &w)
	if !errors.Is(err, errStop) {
		return err
	}
	if w.all && f.left < 0 {
		return w.bad(0, fmt.Errorf("%w: its tables have more pages than the file", ErrDamaged))
	}
	return nil
}

func (f *File) descend(ctx context.Context, number uint32, depth int, w *walk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	where := (int64(number) + 1) * int64(f.PageSize)
	if w.seen[number] || depth > maxDepth {
		return w.bad(where, fmt.Errorf("%w: the tree comes to page %d again", ErrDamaged, number))
	}
	w.seen[number] = true
	if w.all {
		f.left--
	} else {
		f.long -= longCost
	}
	if w.all && f.left < 0 || !w.all && f.long < 0 {
		return errStop
	}
	p, err := f.at(number)
	if errors.Is(err, ErrDamaged) {
		return w.bad(where, err)
	}
	if err != nil {
		return err
	}
	if p.flags&(pageEmpty|pageSpace|pageIndex) != 0 {
		return w.bad(where, fmt.Errorf("%w: page %d is none of this tree", ErrDamaged, number))
	}
	for i := 1; i < p.tags; i++ {
		n, err := p.node(i)
		switch {
		case err != nil:
			err = w.bad(where, err)
		case p.flags&pageLeaf != 0:
			if bytes.Compare(n.key, w.from) >= 0 {
				err = w.node(n)
			}
		case len(n.data) < 4:
			err = w.bad(n.offset, fmt.Errorf("%w: value %d of page %d leads nowhere", ErrDamaged, i, number))
		case len(n.key) > 0 && bytes.Compare(n.key, w.from) < 0:
			// what lies below comes before
		default:
			err = f.descend(ctx, n.data.U32(0), depth+1, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
