package response

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/internal/box"
	"firebreak/record"
	"firebreak/store"
)

// gathered is exactly what a request destroys, in the order of the record.
type gathered struct {
	fields   []record.ErasedField
	exhibits []string
	has      map[record.ErasedField]bool
}

func (g *gathered) add(seq int64, d record.Disclosed) {
	f := record.ErasedField{Seq: seq, Name: d.Name, Digest: d.Digest}
	if g.has == nil {
		g.has = map[record.ErasedField]bool{}
	}
	if !g.has[f] {
		g.has[f] = true
		g.fields = append(g.fields, f)
	}
}

// gather finds what a request is about.
func gather(tx *store.Tx, r EraseRequest) (gathered, error) {
	var g gathered
	person := strings.TrimSpace(r.Person)
	if r.Person != "" && utf8.RuneCountInString(person) < minPerson {
		return g, usage("give the whole name", "%q is too short to look for", r.Person)
	}
	if len(r.Fields) == 0 && len(r.Exhibits) == 0 && person == "" && !r.All {
		return g, usage("--field SEQ.NAME, --exhibit e1, --person NAME or --all", "nothing is named that should be erased")
	}
	entries, err := tx.Fields(0, 0)
	if err != nil {
		return g, err
	}
	open, err := openPlans(tx, entries)
	if err != nil {
		return g, err
	}
	for _, name := range r.Fields {
		if err := g.field(entries, open, name); err != nil {
			return g, err
		}
	}
	for _, id := range r.Exhibits {
		if err := g.exhibit(tx, entries, id); err != nil {
			return g, err
		}
	}
	if person != "" {
		g.person(entries, open, person)
	}
	if r.All {
		if err := g.all(tx, entries, open); err != nil {
			return g, err
		}
	}
	slices.SortFunc(g.fields, func(a, b record.ErasedField) int {
		if a.Seq != b.Seq {
			return int(a.Seq - b.Seq)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return g, nil
}

// minPerson is how many letters a name must have to be looked for.
const minPerson = 3

// field takes SEQ.NAME, or SEQ.* for all fields of an entry that may go alone.
func (g *gathered) field(entries []store.Fields, open map[int64]string, text string) error {
	number, name, ok := strings.Cut(text, ".")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || name == "" {
		return usage("as in 12.text; firebreak show INCIDENT activity has the numbers", "field %q: want SEQ.NAME", text)
	}
	at := slices.IndexFunc(entries, func(e store.Fields) bool { return e.Seq == seq })
	if at < 0 {
		return notFound("", "field %s: there is no entry %d", text, seq)
	}
	e := entries[at]
	if name == "*" {
		for _, d := range e.Fields {
			if mayGo(e, d.Name, open) && d.Name != record.ActorName {
				g.add(seq, d)
			}
		}
		return nil
	}
	n := slices.IndexFunc(e.Fields, func(d record.Disclosed) bool { return d.Name == name })
	switch {
	case n < 0:
		return notFound("it has: "+strings.Join(fieldNames(e), ", "), "field %s: entry %d (%s) has no field of that name; it may be erased already", text, seq, e.Kind)
	case record.ErasedWithExhibit(e.Kind, name):
		return refused("erase the exhibit: --exhibit", "field %s goes only with its exhibit: the sealed bytes are checked by it", text)
	case !record.Erasable(e.Kind, name):
		return refused("docs/erasure.md lists what can go", "field %s holds up the record and cannot be erased", text)
	case !mayGo(e, name, open):
		return refused("end or reject it first", "field %s: action %s has not come to an end", text, open[seq])
	}
	g.add(seq, e.Fields[n])
	return nil
}

func fieldNames(e store.Fields) []string {
	var out []string
	for _, d := range e.Fields {
		out = append(out, d.Name)
	}
	return out
}

// mayGo says whether a field can go without its exhibit, now.
func mayGo(e store.Fields, name string, open map[int64]string) bool {
	if e.Kind == record.ActionPlanned && name == "plan" && open[e.Seq] != "" {
		return false
	}
	return record.Erasable(e.Kind, name) && !record.ErasedWithExhibit(e.Kind, name)
}

// openPlans are the entries that plan an action which may still be sent: what it
// sends is taken from its plan.
func openPlans(tx *store.Tx, entries []store.Fields) (map[int64]string, error) {
	out := map[int64]string{}
	if !slices.ContainsFunc(entries, func(e store.Fields) bool { return e.Kind == record.ActionPlanned }) {
		return out, nil
	}
	actions, err := tx.Actions()
	for _, a := range actions {
		switch ActionState(a.State) {
		case Planned, Approved, Queued, Sending, Unknown:
			out[a.Seq] = a.Action
		case Sent, Verified, Failed, Rejected, Dropped:
		}
	}
	return out, err
}

// exhibit takes an exhibit whole: what describes it, what quotes it, and what
// would give its content away.
func (g *gathered) exhibit(tx *store.Tx, entries []store.Fields, id string) error {
	x, err := tx.Exhibit(id)
	switch {
	case err != nil:
		return notFound("firebreak show "+string(tx.ID())+" evidence lists them", "exhibit %q: %w", id, err)
	case x.Erased != "":
		return refused("", "exhibit %s was erased already, by %s", id, x.Erased)
	case slices.Contains(g.exhibits, id):
		return nil
	}
	g.exhibits = append(g.exhibits, id)
	for _, e := range entries {
		for _, d := range e.Fields {
			if !record.Erasable(e.Kind, d.Name) || d.Name == record.ActorName {
				continue
			}
			if e.Seq == x.Seq || about(e, id) && quotes(e.Kind, d.Name) || givesAway(d.Value, x.SHA256, x.Blob) && !record.ErasedWithExhibit(e.Kind, d.Name) {
				g.add(e.Seq, d)
			}
		}
	}
	return nil
}

// about says whether an entry is about that exhibit.
func about(e store.Fields, exhibit string) bool {
	return slices.ContainsFunc(e.Fields, func(d record.Disclosed) bool {
		return d.Name == "exhibit" && string(d.Value) == strconv.Quote(exhibit) ||
			d.Name == "exhibits" && e.Kind == record.FindingJudged && strings.Contains(string(d.Value), strconv.Quote(exhibit))
	})
}

// quotes says whether such a field of an entry about an exhibit holds some of
// its content. What people wrote of their own is not among it.
func quotes(k record.Kind, name string) bool {
	switch k { //nolint:exhaustive // the others quote nothing
	case record.EvidenceChecked:
		return name == "found"
	case record.TimelineIngested:
		return true
	case record.EventMarked:
		return name == "message" || name == "time"
	case record.FindingJudged:
		return name == "about" || name == "says" || name == "host" || name == "first"
	default:
		return false
	}
}

// givesAway says whether a value holds the hash of the content or its name.
func givesAway(value json.RawMessage, hashes ...string) bool {
	return slices.ContainsFunc(hashes, func(h string) bool { return len(h) == 64 && strings.Contains(string(value), h) })
}

// person takes every field that names somebody, or something.
func (g *gathered) person(entries []store.Fields, open map[int64]string, person string) {
	for _, e := range entries {
		for _, d := range e.Fields {
			if mayGo(e, d.Name, open) && names(d.Value, person) {
				g.add(e.Seq, d)
			}
		}
	}
}

// all takes everything that can go. What was said of erasures and holds stays:
// it is why the rest is gone.
func (g *gathered) all(tx *store.Tx, entries []store.Fields, open map[int64]string) error {
	xs, err := tx.Exhibits()
	if err != nil {
		return err
	}
	sealed := map[int64]bool{}
	for _, x := range xs {
		if x.Erased == "" {
			sealed[x.Seq] = true
			g.exhibits = append(g.exhibits, x.ID)
		}
	}
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // the other kinds go
		case record.ErasureAsked, record.ErasureAgreed, record.ErasureDone, record.HoldPlaced, record.HoldLifted:
			continue
		default:
		}
		for _, d := range e.Fields {
			if mayGo(e, d.Name, open) || sealed[e.Seq] && record.ErasedWithExhibit(e.Kind, d.Name) {
				g.add(e.Seq, d)
			}
		}
	}
	return nil
}

// names says whether any text within a JSON value holds the words, whole and in
// any case.
func names(value json.RawMessage, words string) bool {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return false
	}
	return within(v, strings.ToLower(words))
}

func within(v any, words string) bool {
	switch v := v.(type) {
	case string:
		return holdsWords(strings.ToLower(v), words)
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return within(x, words) })
	case map[string]any:
		for k, x := range v {
			if holdsWords(strings.ToLower(k), words) || within(x, words) {
				return true
			}
		}
	}
	return false
}

// holdsWords finds words that no letter or digit touches.
func holdsWords(text, words string) bool {
	for from := 0; from <= len(text); {
		at := strings.Index(text[from:], words)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(words):])
		if !wordRune(before) && !wordRune(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		from = at + size
	}
	return false
}

func wordRune(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// textFilter is the filter of the timeline for words in an event's text, and
// for a user or a host of that name.
func textFilter(words string) string {
	q := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(words) + `"`
	return q + " or user:" + q + " or host:" + q
}

// quotable are the strings within a JSON value that are long enough to be told
// from chance.
func quotable(value json.RawMessage) []string {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return nil
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if len(v) >= minQuoted {
				out = append(out, v)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(v)
	return out
}

// minQuoted is how long a text must be to be looked for in other files.
const minQuoted = 6

// folderHolds says whether a file below dir holds one of the texts, as it is or
// as JSON writes it. secret opens the files that are sealed; it may be nil.
func folderHolds(dir string, texts []string, secret *[32]byte) (bool, error) {
	found := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path) //nolint:gosec // below the incident's own folder, and only looked at
		if err == nil && secret != nil && box.Is(b) {
			b, err = box.Open(secret, filepath.Base(path), b)
		}
		if err != nil {
			return err
		}
		for _, t := range texts {
			written, err := json.Marshal(t)
			if err != nil {
				return err
			}
			if strings.Contains(string(b), t) || strings.Contains(string(b), strings.Trim(string(written), `"`)) {
				found = true
				return fs.SkipAll
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return found, err
}
