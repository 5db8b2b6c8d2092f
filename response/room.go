package response

import (
	"fmt"
	"path/filepath"

	"firebreak/store"
)

// lowest is the free room below which people are told: evidence stops at its
// own reserve long before the record does.
const lowest = 64 << 20

// lowRoom says what is left when that is little, "" otherwise.
func lowRoom(r store.Room) string {
	if r.Free < 0 || r.Free >= lowest {
		return ""
	}
	text := fmt.Sprintf("%d KiB free on the disk", r.Free>>10)
	if r.Free >= 1<<20 {
		text = fmt.Sprintf("%d MiB free on the disk", r.Free>>20)
	}
	if !r.Ballast {
		text += ", the reserve is given up"
	}
	return text
}

// Warnings are what somebody who wrote must learn although it went well: the
// room they wrote in was the last.
func (s *Service) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, f := range s.folders {
		if r := f.store.Room(); !f.readOnly && !r.Ballast && lowRoom(r) != "" {
			out = append(out, fmt.Sprintf("%s: the disk is full or almost full: %s", id, lowRoom(r)))
		}
	}
	return out
}

// FileSystem names the file system of the workspace; the error says why no
// record can be written there.
func (s *Service) FileSystem() (string, error) { return store.FileSystem(s.incidentsDir()) }

// LowRoom says what is left on the disk of the workspace, "" when it is enough.
func (s *Service) LowRoom() string {
	free, known := store.FreeBytes(filepath.Clean(s.o.Home))
	if !known {
		return ""
	}
	return lowRoom(store.Room{Free: free, Ballast: true})
}
