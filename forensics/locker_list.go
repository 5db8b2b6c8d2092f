package forensics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Stored is one sealed blob as it lies in the locker.
type Stored struct {
	Size int64
	Mode fs.FileMode
	// Sound says that it begins like a sealed blob. Its content was not read.
	Sound bool
	Key   bool // a key lies beside it
}

// Inventory is what lies in a locker. Paths are below the locker's folder.
type Inventory struct {
	Blobs     map[string]Stored
	Temporary []string // being written, or left by a writer that was killed
	Strange   []string // nothing of ours
}

// Sealed blobs begin like this: compressed, or encrypted.
var sealedStarts = [][]byte{{0x28, 0xb5, 0x2f, 0xfd}, []byte("age-encryption.org/v1\n")}

// List looks at everything in the locker without reading the evidence. A
// locker without a folder is empty.
func (l *Locker) List(ctx context.Context) (Inventory, error) {
	in := Inventory{Blobs: map[string]Stored{}}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		if gone(err) == nil {
			return in, nil
		}
		return in, fmt.Errorf("list locker: %w", err)
	}
	defer func() { _ = root.Close() }()
	keys := map[string]bool{}
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return gone(err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return in.one(root, path, d, keys)
	})
	if err != nil {
		return in, fmt.Errorf("list locker: %w", err)
	}
	for blob := range keys {
		if s, ok := in.Blobs[blob]; ok {
			s.Key = true
			in.Blobs[blob] = s
		} else {
			in.Strange = append(in.Strange, place(blob)+".key")
		}
	}
	return in, nil
}

func (in *Inventory) one(root *os.Root, path string, d fs.DirEntry, keys map[string]bool) error {
	folder, name, nested := strings.Cut(path, "/")
	blob, isKey := strings.CutSuffix(name, ".key")
	switch {
	case path == ".", path == lockFile, d.IsDir() && !nested && len(path) == 2 && strings.Trim(path, "0123456789abcdef") == "":
		return nil
	case !nested && strings.HasPrefix(path, "tmp-"):
		in.Temporary = append(in.Temporary, path)
		return nil
	case !d.Type().IsRegular() || !nested || !blobShape.MatchString(blob) || blob[:2] != folder:
		in.Strange = append(in.Strange, path)
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	case isKey:
		keys[blob] = true
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return gone(err)
	}
	sound, err := begins(root, path)
	in.Blobs[blob] = Stored{Size: info.Size(), Mode: info.Mode(), Sound: sound}
	return err
}

func begins(root *os.Root, path string) (bool, error) {
	f, err := root.Open(path)
	if err != nil {
		return false, gone(err)
	}
	head := make([]byte, 32)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	sound := false
	for _, start := range sealedStarts {
		sound = sound || bytes.HasPrefix(head[:n], start)
	}
	return sound, errors.Join(err, f.Close())
}
