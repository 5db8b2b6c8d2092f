package forensics

import (
	"fmt"

	"firebreak/forensics/profiles"
)

// budget is what all files of one artefact may take together.
type budget struct {
	of   string
	most int64 // 0 has no limit
	left int64
}

func newBudget(a profiles.Artefact) *budget {
	return &budget{of: a.Kind, most: a.MaxTotal, left: a.MaxTotal}
}

// spend takes a file's size off, or says why the file is left out. A smaller one
// behind it may still fit.
func (b *budget) spend(size int64) error {
	if b.most == 0 {
		return nil
	}
	if size > b.left {
		return fmt.Errorf("%d bytes: the limit of %d for all %s is reached", size, b.most, b.of)
	}
	b.left -= size
	return nil
}
