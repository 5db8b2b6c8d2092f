// Package document is the review as a document: what stands in it and in what
// order, without a word on how it looks. Of makes one of a review; each form that
// people read (Markdown, the page, PDF, DOCX) is written from it and from nothing
// else, so that they say the same and hide the same.
//
// It is pure. Foreign text stands only in the Text of a Span and in Verbatim,
// where no writer interprets it; Of has made it harmless to show (review.Shown).
package document

import "time"

// Document is a document in the order in which it is read.
type Document struct {
	Title    string // "Post-incident review 2026-0007"
	Subtitle string // the incident's title
	Language string // BCP 47; of our words, not of foreign text
	Banner   []Badge
	Footer   string // ties a page to the record it was made over
	Made     time.Time
	Tool     string // program and version
	Blocks   []Block
}

// Badge is a word that every page carries.
type Badge struct {
	Kind BadgeKind
	Text string
	Tone Tone
}

// BadgeKind says what a badge is about.
type BadgeKind string

// The kinds of badges.
const (
	BadgeTLP        BadgeKind = "tlp"        // the text is "TLP:AMBER" and the like
	BadgePrivileged BadgeKind = "privileged" // under legal privilege
	BadgeState      BadgeKind = "state"      // draft, in review, reviewed, closed
	BadgeProfile    BadgeKind = "profile"    // whom it was made for
	BadgeDrill      BadgeKind = "drill"
)

// Block is a piece of a document: Heading, Paragraph, List, Table, Figure, Note,
// Definitions, Verbatim or PageBreak, as values.
type Block interface{ block() }

// Heading begins a section. The document's title is above level 1.
type Heading struct {
	ID    string // unique and stable from one version of a document to the next: letters, digits, hyphens
	Level int    // 1 to 3
	Text  Text
}

// Paragraph is a paragraph of running text.
type Paragraph struct{ Text Text }

// List is a list of points.
type List struct {
	Ordered bool
	Items   []Text
}

// Note is a paragraph that must not be overlooked, or an aside, by its tone.
type Note struct {
	Tone Tone
	Text Text
}

// Definitions are terms and what stands beside them.
type Definitions struct{ Items []Definition }

// Definition is one term.
type Definition struct {
	Term string
	Text Text
}

// Verbatim is foreign text of several lines as it was written. Lines that are
// too long are broken, nothing else.
type Verbatim struct {
	Text string
	Code bool // in a fixed width
}

// PageBreak begins a new page where there are pages.
type PageBreak struct{}

func (Heading) block()     {}
func (Paragraph) block()   {}
func (List) block()        {}
func (Note) block()        {}
func (Definitions) block() {}
func (Verbatim) block()    {}
func (PageBreak) block()   {}
func (Table) block()       {}
func (Figure) block()      {}

// Text is a line of text; a writer may break it where it likes.
type Text []Span

// Span is a stretch of text of one look.
type Span struct {
	Text  string
	Style Style
	To    string // the id of a heading, a figure or a row that this leads to
	Seq   int64  // the entry of the record that this names
	Mark  Mark   // why something is not here
	Tone  Tone
	Break bool // a line ends here; it has no text
}

// Style is the look of a span.
type Style int

// The styles.
const (
	Plain  Style = iota
	Strong       // important
	Code         // as it stands in the machine: identifiers, hashes, addresses
	Quiet        // of less importance than what is around it
)

// Mark says of a span that it stands for something that is not shown.
type Mark string

// The marks.
const (
	NoMark   Mark = ""
	Masked   Mark = "masked"   // a stand-in for a name or an address
	Withheld Mark = "withheld" // the reader's profile does not let it out
	Erased   Mark = "erased"   // destroyed in the record itself
)

// Tone is what a reader should think of something; a writer shows it by more
// than colour.
type Tone string

// The tones.
const (
	NoTone  Tone = ""
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
	Unknown Tone = "unknown"
)

// String is the text without its looks.
func (t Text) String() string {
	var n int
	for _, s := range t {
		n += len(s.Text)
	}
	b := make([]byte, 0, n)
	for _, s := range t {
		if s.Break {
			b = append(b, ' ')
		}
		b = append(b, s.Text...)
	}
	return string(b)
}
