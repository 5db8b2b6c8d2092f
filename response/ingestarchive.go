package response

import (
	"io"

	"firebreak/forensics/foreign"
	"firebreak/forensics/formats/disk"
	"firebreak/record"
)

// unopened says of an exhibit that ingest sealed as it is that there is more in
// it, and what reads that; "" for others.
func (s *Session) unopened(f *folder, x record.Exhibit) string {
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return "" // it was read a moment ago: whoever reads it next is told
	}
	head := make([]byte, 128<<10)
	n, _ := io.ReadFull(r, head) // what there is decides
	if r.Close() != nil {
		return ""
	}
	head = head[:n]
	switch kind := disk.Kind(head); {
	case foreign.IsArchive(head):
		return "it is an archive, and sealed as it is: firebreak import " + string(f.id) + " FILE reads what is in it"
	case kind != "":
		return "it is an image of a disk or file system (" + kind + "), and sealed as it is: firebreak collect " + string(f.id) + " --root FILE takes evidence out of it"
	}
	return ""
}
