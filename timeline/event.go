// Package timeline holds the event, the one-line filter language, and the
// text formats events come in and go out in.
//
// It is pure: readers and writers, no files, no database, no clock.
package timeline

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"time"
)

// Event is one thing that happened, as a piece of evidence tells it.
//
// Time is UTC with nanoseconds; a zero Time means the source gave none, and no
// time is ever made up. Offset is the byte offset in the exhibit, or the record
// number where the format has records.
type Event struct {
	ID         string            `json:"id"`
	Time       time.Time         `json:"time,omitzero"`
	Precision  Precision         `json:"precision"`
	TimeKind   TimeKind          `json:"time_kind"`
	Source     string            `json:"source"` // syslog, auth, utmp, process, file, …
	Parser     string            `json:"parser"`
	Host       string            `json:"host,omitempty"`
	User       string            `json:"user,omitempty"`
	Message    string            `json:"message"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Exhibit    string            `json:"exhibit"`
	Offset     int64             `json:"offset"`
	Technique  string            `json:"technique,omitempty"`
}

// Precision is how fine the source's clock was written.
type Precision string

// The precisions.
const (
	Nanosecond  Precision = "ns"
	Microsecond Precision = "us"
	Millisecond Precision = "ms"
	Second      Precision = "s"
	Minute      Precision = "m"
	Day         Precision = "d"
)

// TimeKind is what the time says of the event.
type TimeKind string

// The time kinds; the file ones are the letters of a bodyfile.
const (
	Logged    TimeKind = "logged"    // written by the program that saw it
	Started   TimeKind = "started"   // a process, a session, a boot
	Ended     TimeKind = "ended"     // a session, a boot
	Modified  TimeKind = "modified"  // M of MACB
	Accessed  TimeKind = "accessed"  // A
	Changed   TimeKind = "changed"   // C
	Born      TimeKind = "born"      // B
	Observed  TimeKind = "observed"  // state seen at collection time
	Installed TimeKind = "installed" // packages
	Undated   TimeKind = "undated"
)

// idText is base32 whose texts sort as the bytes do.
var idText = base32.HexEncoding.WithPadding(base32.NoPadding)

// EventID derives the stable id of event n (counted from 0) that parser made of
// the bytes at offset of the exhibit with that SHA-256: parsing again gives the
// same id, so marks survive a rebuild and the same file twice adds nothing.
//
// It is 128 bits in base32: 80 bits that stand for exhibit and parser, 40 of
// offset, 8 of n. The events of one file thus have ids that lie beside each
// other, in the order of the file, which an index takes three times as fast as
// random ones. An offset or n beyond that makes the rest a hash as well.
func EventID(exhibitSHA256, parser string, offset int64, n int) string {
	var room [192]byte
	text := append(append(append(room[:0], exhibitSHA256...), 0), parser...)
	file := sha256.Sum256(text)
	var id [16]byte
	if offset >= 0 && offset < 1<<40 && n >= 0 && n < 1<<8 {
		binary.BigEndian.PutUint64(id[8:], uint64(offset)<<8|uint64(n))
	} else {
		text = strconv.AppendInt(append(text, 0), offset, 10)
		rest := sha256.Sum256(strconv.AppendInt(append(text, 0), int64(n), 10))
		copy(id[10:], rest[:])
	}
	copy(id[:10], file[:])
	return UnpackID(id[:])
}

// PackID returns the 16 bytes that an id made by EventID stands for; they sort
// as the ids do. It is false for any other id.
func PackID(id string) ([]byte, bool) {
	if len(id) != 26 {
		return nil, false
	}
	b, err := idText.DecodeString(id)
	if err != nil || len(b) != 16 || UnpackID(b) != id {
		return nil, false
	}
	return b, true
}

// UnpackID is the inverse of PackID.
func UnpackID(b []byte) string { return idText.EncodeToString(b) }
