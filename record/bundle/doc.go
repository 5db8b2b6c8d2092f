// Package bundle is the form in which an incident leaves: one archive that an
// outsider can verify without firebreak. It has the lines of the record, the
// fields that a profile lets out, heads, signatures, time-stamps, the list of
// the exhibits and such of their bytes as were asked for, and a signed list of
// all of that. docs/bundle.md is the format.
//
// It is pure: bytes in, bytes out. Reading believes nothing of an archive: it
// writes no file, follows no link, and has a limit for everything it keeps.
package bundle

import (
	_ "embed"
	"time"

	"firebreak/incident"
	"firebreak/internal/lazyre"
	"firebreak/record"
)

// Format names the form. A reader refuses another.
const Format = "firebreak.bundle/1"

// The files of a bundle.
const (
	ManifestFile  = "MANIFEST"
	AboutFile     = "bundle.json"
	GuideFile     = "VERIFY.md"
	ScriptFile    = "verify.py"
	KeysFile      = "keys/instance.pub"
	RosterFile    = "trust/allowed_signers"
	AuthorityFile = "trust/tsa.pem"
	LinesFile     = "record/entries.jsonl"
	FieldsFile    = "record/disclosures.jsonl"
	WithheldFile  = "record/withheld.json"
	LeavesFile    = "record/leaves"
	HeadsFile     = "record/heads"
	ExhibitsFile  = "evidence/manifest.json"
)

// Limits on what is read.
const (
	maxFiles = 200_000
	maxKept  = 1 << 30 // bytes of one file that is read into memory, and of all of them
	maxTotal = 1 << 40 // bytes of everything
	maxName  = 100
)

var (
	nameShape    = lazyre.New(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)
	exhibitShape = lazyre.New(`^e[1-9][0-9]{0,8}$`)
	blobShape    = lazyre.New(`^evidence/(e[1-9][0-9]{0,8})\.bin$`)
)

func blobFile(exhibit string) string { return "evidence/" + exhibit + ".bin" }

// About is bundle.json: what this is and who made it.
type About struct {
	Format   string         `json:"format"`
	Incident incident.ID    `json:"incident"`
	Profile  record.Profile `json:"profile"`
	Made     time.Time      `json:"made"`
	By       Maker          `json:"by"`
	Tool     string         `json:"tool"`
	Key      string         `json:"key"` // that signed MANIFEST: name+hash
	Seal     string         `json:"seal"`
	Entries  int            `json:"entries"`
	Withheld int            `json:"withheld"`
	Review   string         `json:"review"` // what there is of it
}

// Maker is who made the bundle. The name is there where the profile has names.
type Maker struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Fields are the disclosures of one entry, a line of disclosures.jsonl.
type Fields struct {
	Seq         int64    `json:"seq"`
	Disclosures []string `json:"disclosures"`
}

// Withheld is withheld.json: what the profile left out.
type Withheld struct {
	Profile record.Profile `json:"profile"`
	Digests []string       `json:"digests"`
}

// Exhibits is evidence/manifest.json.
type Exhibits struct {
	Exhibits []Exhibit `json:"exhibits"`
}

// Exhibit is one exhibit: the fields of its entry as far as the profile allows,
// and where its bytes are, or why they are not here.
type Exhibit struct {
	ID      string         `json:"exhibit"`
	Seq     int64          `json:"entry"`
	File    string         `json:"file,omitempty"`
	LeftOut string         `json:"left_out,omitempty"`
	Fields  map[string]any `json:"fields"`
}

// guide and script are the same in every bundle of a version.
var (
	//go:embed VERIFY.md
	guide []byte
	//go:embed verify.py
	script []byte
)

// Guide is VERIFY.md.
func Guide() []byte { return guide }
