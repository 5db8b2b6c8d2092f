package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"firebreak/incident"
)

// actorName is the field that carries the actor's name: it can be withheld or
// erased, while the line keeps only the pseudonym.
const actorName = "actor_name"

// version of the line's format.
const version = 1

// Sealed is an entry as it is kept. Line is the exact bytes of the leaf,
// without a line break; Disclosures are its fields, sorted by their digests.
type Sealed struct {
	Line        []byte
	Disclosures []string
}

// Line is what stands in the clear in the log: who (by pseudonym), when, and
// what kind of act. Digests are those of the disclosures, sorted.
type Line struct {
	Incident incident.ID
	Seq      int64
	Time     time.Time
	Mono     int64
	Boot     string
	Actor    string
	Kind     Kind
	Phase    incident.Phase
	Step     string
	Digests  []string
}

// wire fixes the order of the members.
type wire struct {
	V        int            `json:"v"`
	Incident incident.ID    `json:"incident"`
	Seq      int64          `json:"seq"`
	At       string         `json:"at"`
	Mono     int64          `json:"mono"`
	Boot     string         `json:"boot"`
	Actor    string         `json:"actor"`
	Kind     Kind           `json:"kind"`
	Phase    incident.Phase `json:"phase"`
	Step     string         `json:"step"`
	SD       []string       `json:"_sd"`
}

// encode writes the line; ParseLine is its inverse.
func (l Line) encode() ([]byte, error) {
	return marshal(wire{
		version, l.Incident, l.Seq, l.Time.UTC().Format(time.RFC3339Nano),
		l.Mono, l.Boot, l.Actor, l.Kind, l.Phase, l.Step, l.Digests,
	})
}

// ParseLine reads a line of the log. It accepts only the exact form that Seal
// writes: no other order of members, no space, no unknown member.
func ParseLine(b []byte) (Line, error) {
	if len(b) > MaxLine {
		return Line{}, fmt.Errorf("line of %d bytes: more than %d: %w", len(b), MaxLine, ErrMalformed)
	}
	var w wire
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Line{}, fmt.Errorf("line: %w: %w", ErrMalformed, err)
	}
	if w.V != version {
		return Line{}, fmt.Errorf("line: version %d, want %d: %w", w.V, version, ErrMalformed)
	}
	if _, err := incident.ParseID(string(w.Incident)); err != nil {
		return Line{}, fmt.Errorf("line: %w: %w", ErrMalformed, err)
	}
	at, err := time.Parse(time.RFC3339Nano, w.At)
	if err != nil {
		return Line{}, fmt.Errorf("line: time: %w: %w", ErrMalformed, err)
	}
	if w.Seq < 1 || w.Kind == "" {
		return Line{}, fmt.Errorf("line: number %d, kind %q: %w", w.Seq, w.Kind, ErrMalformed)
	}
	if err := checkDigests(w.SD); err != nil {
		return Line{}, err
	}
	l := Line{w.Incident, w.Seq, at.UTC(), w.Mono, w.Boot, w.Actor, w.Kind, w.Phase, w.Step, w.SD}
	if again, err := l.encode(); err != nil || !bytes.Equal(again, b) {
		return Line{}, fmt.Errorf("line: not in canonical form: %w", ErrMalformed)
	}
	return l, nil
}

func checkDigests(digests []string) error {
	if digests == nil || len(digests) > MaxFields {
		return fmt.Errorf("line: %d digests: %w", len(digests), ErrMalformed)
	}
	for i, d := range digests {
		if raw, err := base64.RawURLEncoding.Strict().DecodeString(d); err != nil || len(raw) != 32 || len(d) != 43 {
			return fmt.Errorf("line: digest %q: %w", d, ErrMalformed)
		}
		if i > 0 && digests[i-1] >= d {
			return fmt.Errorf("line: digests are not sorted: %w", ErrMalformed)
		}
	}
	return nil
}

// Seal turns an entry into its line and disclosures. Salts are drawn from
// salts, 16 bytes for each field; nothing else is random, so the same entry
// and the same salts give the same bytes.
func Seal(id incident.ID, e Entry, salts io.Reader) (Sealed, error) {
	if _, taken := e.Fields[actorName]; taken {
		return Sealed{}, fmt.Errorf("seal entry %d: field %s is the record's own: %w", e.Seq, actorName, ErrMalformed)
	}
	name, err := marshal(e.Actor.Name)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal entry %d: %w", e.Seq, err)
	}
	fields := maps.Clone(e.Fields)
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	fields[actorName] = name
	s := Sealed{Disclosures: make([]string, 0, len(fields))}
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		d, err := disclose(k, fields[k], salts)
		if err != nil {
			return Sealed{}, fmt.Errorf("seal entry %d: %w", e.Seq, err)
		}
		text := d.String()
		if len(text) > MaxDisclosure {
			return Sealed{}, fmt.Errorf("seal entry %d: field %s: %d bytes are more than %d: %w", e.Seq, k, len(text), MaxDisclosure, ErrMalformed)
		}
		s.Disclosures = append(s.Disclosures, text)
	}
	digests := make([]string, len(s.Disclosures))
	byDigest := make(map[string]string, len(s.Disclosures))
	for i, d := range s.Disclosures {
		digests[i] = DigestOf(d)
		byDigest[digests[i]] = d
	}
	slices.Sort(digests)
	for i, d := range digests {
		s.Disclosures[i] = byDigest[d]
	}
	l := Line{id, e.Seq, e.Time, e.Mono, e.Boot, e.Actor.ID, e.Kind, e.Phase, e.Step, digests}
	if s.Line, err = l.encode(); err != nil {
		return Sealed{}, fmt.Errorf("seal entry %d: %w", e.Seq, err)
	}
	if _, err := ParseLine(s.Line); err != nil { // never write what cannot be read
		return Sealed{}, fmt.Errorf("seal entry %d: %w", e.Seq, err)
	}
	return s, nil
}

// Unseal puts an entry together again from its line and those of its
// disclosures that are at hand. The digests of the others come back as
// withheld. A disclosure that does not belong to the line is an error: it was
// changed, or it comes from elsewhere.
func Unseal(line []byte, disclosures []string) (Entry, []string, error) {
	l, err := ParseLine(line)
	if err != nil {
		return Entry{}, nil, fmt.Errorf("unseal: %w", err)
	}
	e := Entry{
		Seq: l.Seq, Time: l.Time, Mono: l.Mono, Boot: l.Boot, Actor: incident.Actor{ID: l.Actor},
		Kind: l.Kind, Phase: l.Phase, Step: l.Step, Fields: map[string]json.RawMessage{},
	}
	missing := make(map[string]bool, len(l.Digests))
	for _, d := range l.Digests {
		missing[d] = true
	}
	for _, text := range disclosures {
		digest := DigestOf(text)
		if !missing[digest] {
			return Entry{}, nil, fmt.Errorf("unseal entry %d: %w", l.Seq, errForeign)
		}
		delete(missing, digest)
		d, err := ParseDisclosure(text)
		if err != nil {
			return Entry{}, nil, fmt.Errorf("unseal entry %d: %w", l.Seq, err)
		}
		if d.Name == actorName {
			if err := json.Unmarshal(d.Value, &e.Actor.Name); err != nil {
				return Entry{}, nil, fmt.Errorf("unseal entry %d: name of the actor: %w", l.Seq, ErrMalformed)
			}
			continue
		}
		if _, twice := e.Fields[d.Name]; twice {
			return Entry{}, nil, fmt.Errorf("unseal entry %d: field %s twice: %w", l.Seq, d.Name, ErrMalformed)
		}
		e.Fields[d.Name] = d.Value
	}
	return e, slices.Sorted(maps.Keys(missing)), nil
}

var errForeign = errors.New("disclosure does not belong to the line")
