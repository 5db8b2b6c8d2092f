package forensics

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"firebreak/forensics/formats/disk"
	"firebreak/forensics/formats/qcow2"
)

// openedImage is an image as the disk that it holds.
type openedImage struct {
	io.ReaderAt
	file   *os.File
	size   int64
	packed bool // in a form of its own
	notes  []string
}

// openImage opens an image to be read only. Errors: ErrImage, the system's.
func openImage(name string) (*openedImage, error) {
	f, err := os.Open(name) //nolint:gosec // the image that a person names
	if err != nil {
		return nil, err
	}
	i := &openedImage{ReaderAt: f, file: f}
	if i.size, err = f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	head := make([]byte, 4)
	if n, _ := f.ReadAt(head, 0); !qcow2.Is(head[:n]) { // who reads it next says what is wrong with it
		return i, nil
	}
	q, err := qcow2.Open(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w: qcow2: %w", name, ErrImage, err), f.Close())
	}
	i.ReaderAt, i.size, i.packed, i.notes = q, q.Size(), true, q.Notes()
	return i, nil
}

// Partitions lists what an image, a file or a device, holds. One without a table
// is one volume with the number 0. Errors: ErrImage, the system's; a table that is
// damaged gives what could be read beside the error.
func Partitions(name string) ([]disk.Volume, error) {
	if !isImageFile(name) {
		return nil, fmt.Errorf("%s: %w: it is neither a file nor a device", name, ErrImage)
	}
	i, err := openImage(name)
	if err != nil {
		return nil, err
	}
	defer i.file.Close() //nolint:errcheck // read only
	list, err := disk.Volumes(i, i.size)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return list, err
}

// numbersOf says which partitions there are.
func numbersOf(list []disk.Volume) string {
	if len(list) == 1 && list[0].Number == 0 {
		return "it has no table of partitions"
	}
	var out []string
	for _, v := range list {
		out = append(out, fmt.Sprint(v.Number))
	}
	return "there are " + strings.Join(out, ", ")
}

// imagePage is what the page of collectors says of images; ´ stands for a
// backquote.
func imagePage() string {
	return strings.ReplaceAll(`## Images

´--root FOLDER´ collects from a file system that is mounted there, with all collectors but those of live state, or, if it is a disk of Windows or macOS, as below. ´--root FILE´ reads the image of a disk or of one file system, or a device, by our own code: nothing is mounted and nothing written, and no root is needed for a file.

- ´collect --list --root FILE´ lists its partitions (MBR, GPT); ´--partition N´ takes one, else all that can be read are taken.
- Read are ext2, ext3 and ext4, raw or in qcow2 (versions 2 and 3, packed clusters). Others are told apart and refused, with what to do.
- A journal of ext4 that was not written back is replayed in memory, so that the last names and times are seen. Blocks with a wrong checksum are left out and counted. Fast commits behind it are replayed too, as far as they are whole: their number is said.
- Taken are the files of the patterns, every name with four times, names and inodes of removed files that are left, accounts, and the finds with hashes of executables. Not out of an image file, but of a mounted one: parsed units and timers, the comparison with packages.

`, "´", "`")
}
