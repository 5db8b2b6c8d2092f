package store

import "firebreak/record"

// AllHeads are the signed heads by rising size, their signatures unchecked.
func (t *Tx) AllHeads() ([]record.Head, error) {
	notes, err := blobs(t.ctx, t.tx, "SELECT note FROM heads ORDER BY size")
	if err != nil {
		return nil, err
	}
	out := make([]record.Head, len(notes))
	for i, n := range notes {
		if out[i], err = record.ReadHead(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Leaves are the leaf hashes kept beside the lines.
func (t *Tx) Leaves() ([]record.Hash, error) { return leaves(t.ctx, t.tx) }

// Keys are the verifier keys that the record names. They are a claim.
func (t *Tx) Keys() ([]string, error) {
	public, err := blobs(t.ctx, t.tx, "SELECT public FROM keys ORDER BY public")
	if err != nil {
		return nil, err
	}
	out := make([]string, len(public))
	for i, p := range public {
		out[i] = string(p)
	}
	return out, nil
}
