package forensics

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"firebreak/forensics/formats/ext4"
)

// mounted is a volume that is being read.
type mounted struct {
	fs    *ext4.FS
	at    string // where it lay in the host's tree: "" or /var
	named string // the image and the partition
}

// zone is where /etc/localtime points, else what /etc/timezone says.
func (m mounted) zone() string {
	var text string
	if n, err := m.resolveLast("/etc/localtime", false); err == nil && n.Mode&ext4.ModeType == ext4.ModeLink {
		target, _ := m.fs.Target(n) // a link that cannot be read names no zone
		_, text, _ = strings.Cut(target, "zoneinfo/")
	}
	if text == "" {
		b, _ := m.small("/etc/timezone", 256) // many have none
		text = strings.TrimSpace(string(b))
	}
	if text == "" || text == "Local" {
		return ""
	}
	if _, err := time.LoadLocation(text); err != nil {
		return ""
	}
	return text
}

// small reads a little file whole.
func (m mounted) small(name string, most int64) ([]byte, error) {
	n, err := m.resolve(name)
	if err != nil {
		return nil, err
	}
	if n.Mode&ext4.ModeType != ext4.ModeRegular || n.Size > most {
		return nil, fmt.Errorf("%s: no regular file of at most %d bytes", name, most)
	}
	f, err := m.fs.Open(n)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, 0, n.Size))
}

// resolve finds a file by its path on the host; links are followed inside the
// volume.
func (m mounted) resolve(name string) (*ext4.Inode, error) { return m.resolveLast(name, true) }

func (m mounted) resolveLast(name string, follow bool) (*ext4.Inode, error) {
	name = path.Clean("/" + name)
	if m.at != "" {
		if !strings.HasPrefix(name, m.at+"/") && name != m.at {
			return nil, fmt.Errorf("%s: %w", name, ext4.ErrNotExist)
		}
		name = path.Clean("/" + strings.TrimPrefix(name, m.at))
	}
	for range 40 {
		n, rest, err := m.step(name, follow)
		if err != nil || rest == "" {
			return n, err
		}
		name = rest
	}
	return nil, fmt.Errorf("%s: too many symbolic links", name)
}

// step goes down a path until a link turns it: rest is the new path then.
func (m mounted) step(name string, follow bool) (n *ext4.Inode, rest string, err error) {
	if n, err = m.fs.Inode(ext4.RootInode); err != nil {
		return nil, "", err
	}
	parts := strings.Split(strings.Trim(name, "/"), "/")
	at := "/"
	for i, part := range parts {
		if part == "" {
			continue
		}
		var inode uint32
		err := m.fs.ReadDir(n, false, func(e ext4.Entry) error {
			if e.Name == part {
				inode = e.Inode
			}
			return nil
		})
		if inode == 0 {
			return nil, "", errors.Join(fmt.Errorf("%s: %w", name, ext4.ErrNotExist), err)
		}
		if n, err = m.fs.Inode(inode); err != nil {
			return nil, "", err
		}
		if n.Mode&ext4.ModeType == ext4.ModeLink && (follow || i < len(parts)-1) {
			target, err := m.fs.Target(n)
			if err != nil {
				return nil, "", err
			}
			if !path.IsAbs(target) {
				target = path.Join(at, target)
			}
			return nil, path.Join(append([]string{"/", target}, parts[i+1:]...)...), nil
		}
		at = path.Join(at, part)
	}
	return n, "", nil
}
