package registry

import (
	"fmt"
	"strings"
)

// ComputerName is what a hive SYSTEM calls its machine, "" where it says nothing.
// The control set that ran last is the one that counts.
func (h *Hive) ComputerName() (string, error) {
	current := uint32(1)
	k, err := h.Find("Select")
	if err != nil {
		return "", err
	}
	if v, err := k.named("Current"); err != nil {
		return "", err
	} else if v != nil && v.Type == Number && len(v.Data) >= 4 {
		current = v.Data.U32(0)
	}
	if k, err = h.Find(fmt.Sprintf("ControlSet%03d", current), "Control", "ComputerName", "ComputerName"); err != nil {
		return "", err
	}
	v, err := k.named("ComputerName")
	if v == nil || err != nil {
		return "", err
	}
	return strings.TrimRight(v.Text(64), "\x00"), nil
}

// Find is the key at a path from the root, nil where there is none.
func (h *Hive) Find(path ...string) (*Key, error) {
	k, err := h.key(h.root)
	for _, name := range path {
		if k == nil || err != nil {
			return nil, err
		}
		k, err = k.Child(name)
	}
	return k, err
}

// named is the value of that name, nil where there is none, or no key.
func (k *Key) named(name string) (*Value, error) {
	if k == nil {
		return nil, nil
	}
	all, _, err := k.Values(maxValues)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if strings.EqualFold(all[i].Name, name) {
			return &all[i], nil
		}
	}
	return nil, nil
}
