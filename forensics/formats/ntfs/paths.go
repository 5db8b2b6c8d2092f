package ntfs

import "strings"

// Limits of the table of folders.
const (
	maxFolders  = 4 << 20
	maxDepth    = 256
	maxKnown    = 64 << 10
	maxNameSize = 255 * 3
)

// folder is one, with its name in the table's text.
type folder struct {
	parent    uint64
	parentSeq uint16
	seq       uint16
	inUse     bool
	size      uint16
	name      uint32
}

// Folders are the folders of a table, to tell the paths of its files.
type Folders struct {
	of    map[uint64]folder
	text  []byte
	known map[Ref]string
	Full  bool // there are more than are kept
}

// NewFolders is an empty one.
func NewFolders() *Folders {
	return &Folders{of: map[uint64]folder{}, known: map[Ref]string{}}
}

// Add takes a folder, of a part of one too.
func (f *Folders) Add(r *Record) {
	n := r.Name()
	at := r.Ref
	if r.Base.Record != 0 {
		at = r.Base
		if _, ok := f.of[at.Record]; ok {
			return
		}
	} else if !r.Dir {
		return
	}
	if n == nil || n.Text == "" {
		return
	}
	if len(f.of) >= maxFolders || len(f.text) > 1<<30 {
		f.Full = true
		return
	}
	text := n.Text[:min(len(n.Text), maxNameSize)]
	f.of[at.Record] = folder{parent: n.Parent.Record, parentSeq: n.Parent.Seq, seq: at.Seq, inUse: r.InUse, size: uint16(len(text) & 0xffff), name: uint32(len(f.text) & 0xffffffff)}
	f.text = append(f.text, text...)
}

// Path is that of a name; whole is false where a folder on the way is gone.
func (f *Folders) Path(n *Name) (path string, whole bool) {
	above, whole := f.path(n.Parent)
	return above + `\` + n.Text, whole
}

// path is that of a folder, "" for the root.
func (f *Folders) path(of Ref) (string, bool) {
	if p, ok := f.known[of]; ok {
		return strings.TrimPrefix(p, "?"), !strings.HasPrefix(p, "?")
	}
	var parts []string
	whole := true
	for at := of; at.Record != Root; {
		d, ok := f.of[at.Record]
		if !ok || len(parts) >= maxDepth || at.Seq != d.seq && (d.inUse || at.Seq+1 != d.seq) {
			parts = append(parts, `\…`)
			whole = false
			break
		}
		parts = append(parts, `\`+string(f.text[d.name:d.name+uint32(d.size)]))
		at = Ref{d.parent, d.parentSeq}
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	p := b.String()
	if len(f.known) >= maxKnown {
		clear(f.known)
	}
	if f.known[of] = p; !whole {
		f.known[of] = "?" + p
	}
	return p, whole
}
