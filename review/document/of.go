package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"firebreak/review"
)

// maxRows is how many rows of the timeline, and refusals, a document shows. The
// JSON form has all of them.
const maxRows = 10_000

// sections are the sections of the review in their order. Each writes its
// heading and what stands below it; one that has nothing to say may write
// nothing.
func sections() []func(*builder) {
	return []func(*builder){
		(*builder).head,
		(*builder).summary,
		(*builder).durations,
		(*builder).timeline,
		(*builder).findings,
		(*builder).decisions,
		(*builder).actions,
		(*builder).runs,
		(*builder).communications,
		(*builder).evidence,
		(*builder).ingested,
		(*builder).lessons,
		(*builder).items,
		(*builder).limits,
		(*builder).integrity,
	}
}

// Of makes the document of a review.
func Of(r review.Review) Document {
	b := &builder{r: r.Shown(), anchors: map[int64]string{}, owners: map[int64]int{}}
	b.cover()
	for _, section := range sections() {
		section(b)
	}
	return b.d
}

// builder gathers a document. All texts of its review are harmless to show.
type builder struct {
	r review.Review
	d Document
	// anchors are the ids of the rows of the timeline, by entry.
	anchors map[int64]string
	// owners are the rows that have these ids. An entry that tells of something
	// earlier has two rows; the later is the entry itself.
	owners map[int64]int
}

// cover fills in what every page carries.
func (b *builder) cover() {
	i, n := b.r.Incident, b.r.Integrity
	b.d = Document{
		Title: "Post-incident review " + string(i.ID), Subtitle: i.Title, Language: "en",
		Made: b.r.Made, Tool: b.r.Tool,
		Footer: fmt.Sprintf("%s, made of %s", i.ID, review.Counted(n.Entries, "entry", "entries")),
	}
	if n.Root != "" {
		b.d.Footer += ", head " + review.Brief(n.Root)
	}
	if label := cmp.Or(b.r.Readers.Label, i.TLP); label != "" {
		b.badge(BadgeTLP, "TLP:"+strings.ToUpper(string(label)), NoTone)
	}
	if b.r.Readers.Banner != "" {
		b.badge(BadgePrivileged, b.r.Readers.Banner, NoTone)
	}
	if p := b.r.Readers.Profile; p != "" {
		b.badge(BadgeProfile, "for the profile "+string(p), NoTone)
	}
	if i.Drill {
		b.badge(BadgeDrill, "DRILL", Unknown)
	}
	b.edition()
	for i, row := range b.r.Timeline[:min(len(b.r.Timeline), maxRows)] {
		if row.Evidence {
			continue
		}
		b.owners[row.Seq] = i
		for seq := row.Seq; seq <= max(row.Seq, row.LastSeq); seq++ {
			b.anchors[seq] = rowID(row.Seq)
		}
	}
}

func rowID(seq int64) string { return fmt.Sprintf("n%d", seq) }

func (b *builder) badge(kind BadgeKind, text string, tone Tone) {
	b.d.Banner = append(b.d.Banner, Badge{kind, text, tone})
}

func (b *builder) add(blocks ...Block) { b.d.Blocks = append(b.d.Blocks, blocks...) }

// section begins a section of the document.
func (b *builder) section(id, title string) { b.add(Heading{ID: id, Level: 1, Text: text(title)}) }

// part begins a part of a section.
func (b *builder) part(id string, title ...any) {
	b.add(Heading{ID: id, Level: 2, Text: text(title...)})
}

// say writes a paragraph. See text for the parts.
func (b *builder) say(parts ...any) { b.add(Paragraph{text(parts...)}) }

// none says that there is nothing, which is not the same as saying nothing.
func (b *builder) none() { b.say(quiet("Nothing recorded.")) }

// alarm writes what must not be overlooked.
func (b *builder) alarm(parts ...any) { b.add(Note{Bad, text(parts...)}) }

// list writes a list of points, if there are any.
func (b *builder) list(items ...Text) {
	if len(items) > 0 {
		b.add(List{Items: items})
	}
}

// table writes a table, if it has rows.
func (b *builder) table(t Table) {
	if len(t.Rows) > 0 {
		b.add(t)
	}
}

// ref names an entry of the record, and leads to its row in the timeline.
func (b *builder) ref(seq int64) Span {
	if seq == 0 {
		return plain("-")
	}
	return Span{Text: fmt.Sprintf("#%d", seq), Style: Code, Seq: seq, To: b.anchors[seq]}
}

// refs names several.
func (b *builder) refs(seqs ...int64) Text {
	var out Text
	for i, seq := range slices.Compact(seqs) {
		if i > 0 {
			out = append(out, plain(", "))
		}
		out = append(out, b.ref(seq))
	}
	return out
}
