package bundle

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/record"
)

// Writer writes an archive to a stream, file after file, and keeps the sums of
// what it wrote for the signed list at the end. The same files give the same
// bytes.
type Writer struct {
	gz   *gzip.Writer
	at   time.Time // of every file
	sums map[string]string
}

// NewWriter starts an archive on w whose files all have the time at.
func NewWriter(w io.Writer, at time.Time) *Writer {
	gz, err := gzip.NewWriterLevel(w, gzip.BestSpeed) // evidence is large, and often packed already
	if err != nil {
		panic(err) // the level is a constant of the library
	}
	return &Writer{gz, at, map[string]string{}}
}

// Add writes a file whose content is at hand.
func (w *Writer) Add(name string, content []byte) error {
	return w.Copy(name, int64(len(content)), bytes.NewReader(content))
}

// Copy writes a file of that size from r. Fewer or more bytes are an error.
func (w *Writer) Copy(name string, size int64, r io.Reader) error {
	if _, twice := w.sums[name]; twice {
		return fmt.Errorf("write %s: it is there already", name)
	}
	h, err := header(name, size, w.at)
	if err != nil {
		return err
	}
	if _, err := w.gz.Write(h); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.gz, sum), r)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if n != size {
		return fmt.Errorf("write %s: %d bytes came, %d were announced", name, n, size)
	}
	if _, err := w.gz.Write(make([]byte, -size&(block-1))); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// Sum is the SHA-256 of a file that was written, in hex.
func (w *Writer) Sum(name string) string { return w.sums[name] }

// Close signs the list of all files, writes it, and ends the archive.
func (w *Writer) Close(key record.Key, head record.Head) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", Format, head.Seal())
	for _, name := range slices.Sorted(maps.Keys(w.sums)) {
		fmt.Fprintf(&b, "%s  %s\n", w.sums[name], name)
	}
	signed, err := record.SignNote(key, b.String())
	if err != nil {
		return fmt.Errorf("sign the list of files: %w", err)
	}
	if err := w.Add(ManifestFile, signed); err != nil {
		return err
	}
	_, err = w.gz.Write(make([]byte, 2*block))
	return errors.Join(err, w.gz.Close())
}
