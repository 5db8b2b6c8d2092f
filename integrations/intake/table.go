package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Limits of tables and archives.
const (
	maxColumns    = 200
	maxCell       = 64 << 10
	maxArchive    = 64 << 20  // of a packed archive: it is read by offset
	maxInArchive  = 1000      // files
	maxOutArchive = 256 << 20 // of one file in it
)

// table reads CSV whose head is known: Sysdig's.
func (c *reading) table(r *bufio.Reader) error {
	head, err := r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	rows := csv.NewReader(&bounded{r: r})
	rows.ReuseRecord, rows.LazyQuotes, rows.FieldsPerRecord = false, true, -1
	names, err := rows.Read()
	if err != nil || !sysdigHead(names) || len(names) > maxColumns {
		return fmt.Errorf("%w: it begins with %.40q: neither JSON nor XML nor a table of Sysdig", ErrUnknown, strings.ToValidUTF8(string(head), "?"))
	}
	if c.format != nil && c.format.name != "sysdig" {
		return fmt.Errorf("%w: it is a table, and no %s", ErrMalformed, c.format.name)
	}
	for _, f := range formats() {
		if f.name == "sysdig" {
			c.format = &f
		}
	}
	c.tool, c.report.Snapshot = c.format.tool, true
	for i := range names {
		names[i] = sysdigName(names[i])
	}
	for n := 0; ; n++ {
		row, err := rows.Read()
		line, _ := rows.FieldPos(0)
		switch {
		case errors.Is(err, io.EOF):
			c.cover(c.o.Name, "")
			return nil
		case err != nil:
			var bad *csv.ParseError
			if errors.As(err, &bad) {
				return fmt.Errorf("%w: line %d: %w", ErrMalformed, bad.Line, bad.Err)
			}
			return err
		case len(row) != len(names):
			return fmt.Errorf("%w: line %d has %d fields, and the head has %d", ErrMalformed, line, len(row), len(names))
		}
		if err := c.sysdigRow(names, row, under("/rows", n)); err != nil {
			return err
		}
	}
}

// sysdigIDs are the columns that name the vulnerability.
var sysdigIDs = []string{"vulnerability id", "vuln id", "cve id", "vulnerability name", "cve"}

// sysdigHead says whether these are the columns of one of Sysdig's tables.
func sysdigHead(names []string) bool {
	id, severity := false, false
	for _, n := range names {
		n = sysdigName(n)
		id = id || slices.Contains(sysdigIDs, n)
		severity = severity || n == "severity" || n == "cve severity" || n == "vuln severity"
	}
	return id && severity
}

// archive reads a zip file of reports, each by the format of the first.
func (c *reading) archive(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err != nil {
		return err
	}
	if len(b) > maxArchive {
		return fmt.Errorf("%w: an archive with more than %d MiB", ErrTooLarge, maxArchive>>20)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fmt.Errorf("%w: the archive: %w", ErrMalformed, err)
	}
	if len(z.File) > maxInArchive {
		return fmt.Errorf("%w: an archive of %d files", ErrTooLarge, len(z.File))
	}
	files := slices.Clone(z.File)
	slices.SortStableFunc(files, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	read := 0
	for _, f := range files {
		ext := strings.ToLower(path.Ext(f.Name))
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") || !slices.Contains([]string{".json", ".sarif", ".jsonl", ".xml", ".html"}, ext) {
			continue
		}
		if err := c.member(f); err != nil {
			return fmt.Errorf("%s in the archive: %w", clip(f.Name, maxShort), err)
		}
		read++
	}
	if read == 0 {
		return fmt.Errorf("%w: no report is in the archive", ErrUnknown)
	}
	return nil
}

func (c *reading) member(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	defer r.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(r, maxOutArchive+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	case len(b) > maxOutArchive:
		return fmt.Errorf("%w: it has more than %d MiB", ErrTooLarge, maxOutArchive>>20)
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return fmt.Errorf("%w: an archive within an archive", ErrMalformed)
	}
	emit := c.emit
	defer func() { c.emit = emit }()
	c.emit = func(x *Finding) error {
		x.Pointer = clip(f.Name, maxShort) + "#" + x.Pointer
		return emit(x)
	}
	return c.stream(bytes.NewReader(b))
}
