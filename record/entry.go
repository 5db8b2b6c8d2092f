// Package record is the append-only log of an incident: entries whose fields
// are salted disclosures (the encoding of RFC 9901), lines that are leaves of
// an RFC 6962 Merkle tree, heads that are signed C2SP checkpoints, and the
// verification of all of it.
//
// It is pure: bytes in, bytes out. It opens no file, reads no clock and draws
// no random number that was not handed to it; package store keeps the bytes.
package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"firebreak/incident"
)

// Draft is an act about to be recorded. Fields become disclosures, one each,
// so that any of them can be withheld or erased alone.
type Draft struct {
	Actor  incident.Actor
	Kind   Kind
	Phase  incident.Phase
	Step   string
	Fields map[string]json.RawMessage
}

// Entry is one act in the record. Seq counts from 1; Time is UTC; Mono is
// nanoseconds since the machine's boot named by Boot. Order is by Seq, never
// by Time: clocks lie.
type Entry struct {
	Seq    int64
	Time   time.Time
	Mono   int64
	Boot   string
	Actor  incident.Actor
	Kind   Kind
	Phase  incident.Phase
	Step   string
	Fields map[string]json.RawMessage
	// Erased are the names of the fields that were erased with a record, as far
	// as whoever read the entry knows, see MarkErased. Sorted.
	Erased []string
	// Withheld are the names of the fields that the maker of an export left out.
	// Only the maker knows them: a line has digests alone.
	Withheld []string
}

// NewDraft makes a draft whose fields are the JSON members of payload, one of
// the payload types in kinds.go.
func NewDraft(by incident.Actor, kind Kind, phase incident.Phase, step string, payload any) (Draft, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return Draft{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	d := Draft{Actor: by, Kind: kind, Phase: phase, Step: step}
	if err := json.Unmarshal(b, &d.Fields); err != nil {
		return Draft{}, fmt.Errorf("encode %s: payload is not an object: %w", kind, err)
	}
	return d, nil
}

// Absent is the mark in the place of a field that was erased or withheld; ""
// when it is there, or never was.
func (e Entry) Absent(name string) string {
	switch {
	case slices.Contains(e.Erased, name):
		return ErasedMark
	case slices.Contains(e.Withheld, name):
		return WithheldMark
	}
	return ""
}

// Decode fills the payload type that belongs to the entry's kind. Numbers keep
// their digits when the payload asks for json.Number. In the place of texts that
// were erased stands ErasedMark.
func (e Entry) Decode(payload any) error {
	if err := json.Unmarshal(object(e.standIns()), payload); err != nil {
		return fmt.Errorf("decode entry %d (%s): %w", e.Seq, e.Kind, err)
	}
	return nil
}

// object writes the members in the order of their names. They are JSON already,
// which json.Marshal would read through once more: reviews decode every entry.
func object(members map[string]json.RawMessage) []byte {
	size := 2
	for name, value := range members {
		size += len(name) + len(value) + 8
	}
	b := append(make([]byte, 0, size), '{')
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(quoted(b, name), ':')
		if value := members[name]; len(value) > 0 {
			b = append(b, value...)
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, '}')
}

// quoted writes a name as JSON.
func quoted(b []byte, name string) []byte {
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			key, _ := json.Marshal(name) //nolint:errchkjson // a string always can be
			return append(b, key...)
		}
	}
	return append(append(append(b, '"'), name...), '"')
}
