package forensics

// withheldInodes are the files of fixed names that are not taken: a second name of
// theirs leads to the same secret.
func (c *collection) withheldInodes() map[inode]error {
	out := map[inode]error{}
	for i := range c.secrets.kinds {
		for _, name := range c.secrets.kinds[i].Literal {
			h, err := c.tree.at("/", name, true)
			if err != nil {
				continue // looked at again, and refused with its reason, when something means it
			}
			out[inodeOf(&h.raw)] = c.secrets.why(name)
			_ = h.close() // O_PATH: nothing to lose
		}
	}
	return out
}

// withhold lists a file that holds a secret, with its times, and says that it is
// not taken.
func (c *collection) withhold(w want, h *handle, why error) error {
	c.refuse(w.path(), why)
	c.finds.add(w.path(), w.kind, &h.raw, "", false)
	return h.close()
}
