package record

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The kinds of what people write for the review, and of what becomes of it.
const (
	ReviewText     Kind = "review.text"     // PartText
	ReviewMoved    Kind = "review.moved"    // ReviewMove
	ReviewReleased Kind = "review.released" // Release
)

// PartText is one part of the review as a person wrote it: the summary, the
// lessons. Version counts from 1 within its part, and says which one it replaces:
// the one before it. A part that is written for the readers of one profile has a key
// of its own (PartFor) and stands in a field of its own, so that its text goes to
// them and the team's does not.
type PartText struct {
	Part      string `json:"part"` // a key of review.Parts, or PartFor of one
	Version   int    `json:"version"`
	Text      string `json:"text,omitempty"`
	Public    string `json:"public,omitempty"`
	Executive string `json:"executive,omitempty"`
	Regulator string `json:"regulator,omitempty"`
}

// PartProfiles are the profiles for whose readers a part can be written.
func PartProfiles() []Profile { return []Profile{PublicProfile, ExecutiveProfile, RegulatorProfile} }

// PartFor is the key of a part as it is written for the readers of a profile:
// "summary.public". Without a profile it is the part itself.
func PartFor(part string, p Profile) string {
	if p == "" {
		return part
	}
	return part + "." + string(p)
}

// PartReaders are the part of such a key, and the profile for whose readers it is;
// none where it is the team's own.
func PartReaders(key string) (part string, p Profile) {
	at := strings.LastIndexByte(key, '.')
	if at < 0 || !slices.Contains(PartProfiles(), Profile(key[at+1:])) {
		return key, ""
	}
	return key[:at], Profile(key[at+1:])
}

// NewPartText is the text of a part by its key.
func NewPartText(key string, version int, text string) PartText {
	p := PartText{Part: key, Version: version}
	*p.at() = text
	return p
}

// Says is the text, whoever it is for, and the name of the field that has it.
func (p *PartText) Says() (text, field string) {
	_, readers := PartReaders(p.Part)
	return *p.at(), cmp.Or(string(readers), "text")
}

func (p *PartText) at() *string {
	switch _, readers := PartReaders(p.Part); readers { //nolint:exhaustive // nothing is written for the others
	case PublicProfile:
		return &p.Public
	case ExecutiveProfile:
		return &p.Executive
	case RegulatorProfile:
		return &p.Regulator
	}
	return &p.Text
}

// ReviewState says how far the review is.
type ReviewState string

// The states of a review, in their order.
const (
	ReviewDraft    ReviewState = "draft"
	ReviewInReview ReviewState = "in review"
	ReviewReviewed ReviewState = "reviewed"
	ReviewClosed   ReviewState = "closed"
)

// ReviewMove takes the review from one state to another, forwards or back. Size
// and Root are of the record that the person looked at; the signature, where there
// is one, is over the statement.
type ReviewMove struct {
	From      ReviewState `json:"from"`
	To        ReviewState `json:"to"`
	Size      int64       `json:"size"`
	Root      string      `json:"root"` // hex
	Reason    string      `json:"reason,omitempty"`
	Statement string      `json:"statement,omitempty"` // what was signed
	Signature *Signature  `json:"signature,omitempty"`
}

// Release freezes the review as it was over one head, for one profile: with the
// same version of the program, the same bytes can be made again. Secret is the key
// of the release's pseudonyms, in hex; it goes into no export, and erasing it makes
// the pseudonyms nobody's.
type Release struct {
	ID      string            `json:"release"` // v1, v2, …
	Profile Profile           `json:"profile"`
	Files   map[string]string `json:"files"` // name → SHA-256
	Size    int64             `json:"size"`
	Root    string            `json:"root"`
	Made    time.Time         `json:"made"` // the time that stands in the files
	Tool    string            `json:"tool"`
	// Program is the SHA-256 of the program that made it: two may have one version.
	Program string `json:"program,omitempty"`
	To      string `json:"to,omitempty"` // for whom
	Reason  string `json:"reason,omitempty"`
	// Fonts are the machine's own that characters were drawn with: file name → SHA-256.
	// With others the bytes are others.
	Fonts  map[string]string `json:"fonts,omitempty"`
	Secret string            `json:"secret,omitempty"`
	Beside *Beside           `json:"beside,omitempty"`
}

// Beside is what a release was made of besides the entries: it cannot be had again
// from a timeline that has grown, or in another workspace. It goes into no export
// but full ones.
type Beside struct {
	// From, To and Buckets count the timeline's events in equal stretches.
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Buckets []int64   `json:"buckets,omitempty"`
	// Names are those that this workspace knew, that no entry says whose they are, and
	// that stand in a text.
	Names []KnownName `json:"names,omitempty"`
	// Banner is what stood over it in the place of the usual words.
	Banner string `json:"banner,omitempty"`
}

// KnownName is a name that was known otherwise than from the record: from the
// roster, the configuration, the timeline.
type KnownName struct {
	Kind      string `json:"kind"`
	Value     string `json:"value"`
	Role      string `json:"role,omitempty"`
	As        string `json:"as,omitempty"`
	Responder bool   `json:"responder,omitempty"`
	Sure      bool   `json:"sure,omitempty"`
}
