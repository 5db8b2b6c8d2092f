package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Options say how to read what nobody can tell by its bytes.
type Options struct {
	Format  string   // one of Formats; "" finds out by the content
	Mapping *Mapping // reads JSON of any shape; Format is "mapped" then
	Name    string   // of the file: the scope of reports that do not say what they are of
}

// errStop ends a walk early.
var errStop = errors.New("stop")

// Decode reads one report, or alerts one behind the other, and hands over each
// finding as it comes; it is used again after emit has returned. Findings that
// came before an error were handed over. The errors are ErrEmpty, ErrMalformed,
// ErrUnknown, ErrReported and ErrTooLarge, the reader's own and emit's.
func Decode(r io.Reader, o Options, emit func(*Finding) error) (Report, error) {
	c := &reading{o: o, emit: emit, report: Report{
		Severity: map[Severity]int{}, Kind: map[Kind]int{}, State: map[State]int{},
		worst: map[Severity]Kind{}, scoped: map[string]bool{}, tooled: map[string]bool{},
	}}
	err := c.prepare()
	if err == nil {
		err = c.stream(r)
	}
	for _, s := range Severities() {
		if c.report.worst[s] != "" {
			c.report.Worst = s
			break
		}
	}
	if c.format != nil {
		c.report.Format = c.format.name
	}
	return c.report, err
}

// reading is one call of Decode.
type reading struct {
	o      Options
	emit   func(*Finding) error
	format *format
	report Report
	f      Finding

	// Of the document that is read.
	tool, version string
	scope         string
	seen          time.Time
}

func (c *reading) prepare() error {
	if c.o.Mapping != nil {
		if c.o.Format != "" && c.o.Format != mappedName {
			return fmt.Errorf("%w: a mapping and the format %q", ErrUnknown, c.o.Format)
		}
		c.format = c.o.Mapping.format()
		return nil
	}
	if c.o.Format == "" {
		return nil
	}
	if c.o.Format == mappedName {
		return fmt.Errorf("%w: %s wants a mapping file", ErrUnknown, mappedName)
	}
	for _, f := range formats() {
		if f.name == c.o.Format {
			c.format = &f
			return nil
		}
	}
	return fmt.Errorf("%w: %q is none of %s", ErrUnknown, c.o.Format, strings.Join(Names(), ", "))
}

// stream takes off compression and encoding, and looks at the first byte.
func (c *reading) stream(r io.Reader) error {
	br := bufio.NewReaderSize(r, 64<<10)
	if head, _ := br.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(br)
		if err != nil {
			return fmt.Errorf("%w: gzip: %w", ErrMalformed, err)
		}
		br = bufio.NewReaderSize(&unpacked{r: z}, 64<<10)
	}
	head, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return badRead(err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = br.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		br = bufio.NewReaderSize(&utf16Reader{r: br, big: head[0] == 0xfe}, 64<<10)
	case bytes.Equal(head, []byte("PK\x03\x04")):
		return c.archive(br)
	}
	v := newValues(br)
	first, err := v.peek()
	switch {
	case errors.Is(err, io.EOF):
		return ErrEmpty
	case err != nil:
		return badRead(err)
	case first == '[':
		err = c.list(v)
	case first == '{':
		err = c.documents(v)
	case first == '<':
		err = c.markup(br)
	case first == 'n':
		err = c.nothing(v)
	default:
		err = c.table(br)
	}
	return badRead(err)
}

// badRead says of a broken compressed stream that the input is malformed.
func badRead(err error) error {
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// unpacked bounds what a compressed stream may give.
type unpacked struct {
	r io.Reader
	n int64
}

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	if u.n += int64(n); u.n > maxTotal {
		return 0, fmt.Errorf("%w: unpacked it has more than %d GiB", ErrTooLarge, maxTotal>>30)
	}
	return n, err
}

// utf16Reader makes UTF-8 of what Windows writes.
type utf16Reader struct {
	r    *bufio.Reader
	big  bool
	left []byte
	last uint16 // the first half of a character
	bom  bool
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.left) == 0 {
		var two [2]byte
		if _, err := io.ReadFull(u.r, two[:]); err != nil {
			return 0, err
		}
		unit := uint16(two[1])<<8 | uint16(two[0])
		if u.big {
			unit = uint16(two[0])<<8 | uint16(two[1])
		}
		switch {
		case !u.bom:
			u.bom = true
		case u.last != 0:
			u.left = utf8.AppendRune(u.left[:0], utf16.DecodeRune(rune(u.last), rune(unit)))
			u.last = 0
		case unit >= 0xd800 && unit < 0xdc00:
			u.last = unit
		default:
			u.left = utf8.AppendRune(u.left[:0], rune(unit))
		}
	}
	n := copy(p, u.left)
	u.left = u.left[n:]
	return n, nil
}

// nothing reads a null, which is how some tools write that they found nothing.
func (c *reading) nothing(v *values) error {
	n, err := v.value()
	if err != nil {
		return fmt.Errorf("%w; it is neither JSON nor another form that is known", err)
	}
	if n.there() {
		return fmt.Errorf("%w: it is neither an object nor a list", ErrMalformed)
	}
	if err := c.end(v); err != nil {
		return err
	}
	c.note("it says null: nothing was found, or nothing was looked for")
	return nil
}

// end wants nothing to follow.
func (c *reading) end(v *values) error {
	switch _, err := v.peek(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: line %d: something stands behind the value", ErrMalformed, v.line)
}

// list reads the elements of a list, one after the other.
func (c *reading) list(v *values) error {
	v.take()
	count := 0
	for {
		b, err := v.peek()
		if err != nil {
			return cut(err, v.line)
		}
		if b == ']' && count == 0 {
			break
		}
		n, err := v.value()
		if err != nil {
			return cut(err, v.line)
		}
		if err := c.document(n, under("", count), true); err != nil {
			return err
		}
		count++
		if b, err = v.peek(); err != nil {
			return cut(err, v.line)
		}
		if b == ']' {
			break
		}
		if b != ',' {
			return fmt.Errorf("%w: line %d: a comma or ] is wanted here", ErrMalformed, v.line)
		}
		v.take()
		if b, err = v.peek(); err == nil && b == ']' {
			return fmt.Errorf("%w: line %d: a value is wanted behind the comma", ErrMalformed, v.line)
		}
	}
	v.take()
	if count == 0 {
		c.note("the list is empty: nothing was found")
		c.cover(c.o.Name, "")
	}
	return c.end(v)
}

func cut(err error, line int) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: line %d: it ends inside a list", ErrMalformed, line)
	}
	return err
}

// documents reads one object, or several one behind the other.
func (c *reading) documents(v *values) error {
	for count := 0; ; count++ {
		n, err := v.value()
		if err != nil {
			return err
		}
		_, end := v.peek()
		alone := count == 0 && errors.Is(end, io.EOF)
		at := ""
		if !alone {
			at = under("", count)
		}
		if err := c.document(n, at, false); err != nil {
			return err
		}
		if errors.Is(end, io.EOF) {
			return nil
		}
		if end != nil {
			return end
		}
	}
}

// document reads one value by the format that it fits.
func (c *reading) document(n *node, at string, listed bool) error {
	if !n.isObject() {
		return fmt.Errorf("%w: %s is no object", ErrMalformed, place(at))
	}
	if c.format == nil {
		all := formats()
		i := slices.IndexFunc(all, func(f format) bool { return f.fits != nil && f.fits(n, listed) })
		if i < 0 {
			if err := reported(n); err != nil {
				return err
			}
			return fmt.Errorf("%w: %s has the members %s", ErrUnknown, place(at), someOf(n))
		}
		c.format = &all[i]
	} else if c.format.fits != nil && !c.format.fits(n, listed) {
		if err := reported(n); err != nil {
			return err
		}
		return fmt.Errorf("%w: %s is not of the format %s: it has the members %s", ErrMalformed, place(at), c.format.name, someOf(n))
	}
	c.tool, c.version, c.scope, c.seen = c.format.tool, "", "", time.Time{}
	c.report.Snapshot = c.format.snapshot
	return c.format.read(c, n, at)
}

func place(at string) string {
	if at == "" {
		return "the document"
	}
	return "the value at " + at
}

// someOf names the first members of an object.
func someOf(n *node) string {
	var names []string
	_ = n.members(func(key string, _ *node) error {
		if len(names) == 8 {
			names = append(names, "…")
			return errStop
		}
		names = append(names, clip(key, 40))
		return nil
	})
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}

// reported is what an object says of an error, nil where it says none.
func reported(n *node) error {
	text := ""
	switch e := n.get("error"); {
	case e.isObject():
		text = strings.TrimSpace(e.any("code") + " " + e.any("summary", "message", "detail", "title"))
	case e.isText():
		text = e.text()
	}
	if errs := n.get("errors"); text == "" && errs.isArray() {
		first := errs.first()
		text = first.text()
		if text == "" {
			text = first.any("message", "msg", "detail", "title", "error")
		}
	}
	if text == "" && (n.has("message") && (n.has("documentation_url") || n.has("httpcode") || n.has("status") || n.count() <= 3)) {
		text = n.at("message")
	}
	if text == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrReported, clip(mask(text, ""), maxShort))
}

// note says what to know of the report, once.
func (c *reading) note(format string, args ...any) {
	text := clip(fmt.Sprintf(format, args...), maxShort)
	if len(c.report.Notes) < maxNotes && !slices.Contains(c.report.Notes, text) {
		c.report.Notes = append(c.report.Notes, text)
	}
}

// by says who made what follows.
func (c *reading) by(tool, version string) {
	c.tool, c.version = clip(tool, maxShort), clip(version, maxShort)
	if c.tool == "" {
		c.tool = c.format.tool
	}
}

// cover says what the findings that follow are of: an image, a project, a
// cluster. Without a word of the source it is the name of the file.
func (c *reading) cover(target, more string) {
	tool := c.tool
	if tool == "" && c.format != nil {
		tool = c.format.tool
	}
	switch {
	case target == "":
		target = c.o.Name
	case more != "":
		target += " " + more
	}
	c.scope = clip(mask(tool+" | "+target, ""), maxShort)
	if c.report.scoped[c.scope] || len(c.report.Scopes) >= maxScopes {
		return
	}
	c.report.scoped[c.scope] = true
	c.report.Scopes = append(c.report.Scopes, c.scope)
}

// begin is an empty finding with what the document says of all of them.
func (c *reading) begin(kind Kind, at string) *Finding {
	if c.scope == "" {
		c.cover("", "")
	}
	c.f = Finding{Format: c.format.name, Tool: c.tool, ToolVersion: c.version, Kind: kind, Pointer: at, State: Open, Scope: c.scope, Seen: c.seen}
	return &c.f
}

// add ends the finding: texts are cut, secrets masked, the key is made.
func (c *reading) add(secret string) error {
	f := &c.f
	f.tidy(secret)
	if f.Fingerprint == "" {
		f.compose()
	}
	sum := sha256.Sum256([]byte(f.Tool + "\x00" + f.Fingerprint))
	f.Key = hex.EncodeToString(sum[:8])
	r := &c.report
	r.Findings++
	r.Severity[f.Severity]++
	r.Kind[f.Kind]++
	r.State[f.State]++
	if f.State == Open && r.worst[f.Severity] == "" {
		r.worst[f.Severity] = f.Kind
	}
	tool := strings.TrimSpace(f.Tool + " " + f.ToolVersion)
	if !r.tooled[tool] && len(r.Tools) < maxNotes {
		r.tooled[tool] = true
		r.Tools = append(r.Tools, tool)
	}
	return c.emit(f)
}
