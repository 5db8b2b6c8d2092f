package response

import (
	"errors"

	"firebreak/forensics"
	"firebreak/forensics/formats/disk"
)

// Partition is a part of an image.
type Partition struct {
	Number int    `json:"number"` // from 1; 0 is the whole image
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
	Kind   string `json:"kind,omitempty"` // ext, xfs, ntfs, lvm, …; "" is not known
	Name   string `json:"name,omitempty"` // what the table calls it; foreign text
	Hint   string `json:"hint,omitempty"` // what to do where it is not read
}

// Partitions lists what an image holds: nothing is written, and no incident is
// needed. A table that is damaged gives what could be read beside the error.
func Partitions(root string) ([]Partition, error) {
	list, err := forensics.Partitions(root)
	var out []Partition
	for _, v := range list {
		out = append(out, Partition{v.Number, v.Offset, v.Size, v.Kind, v.Name, disk.Hint(v.Kind)})
	}
	if errors.Is(err, forensics.ErrImage) {
		return out, refused("", "%w", err)
	}
	return out, err
}
