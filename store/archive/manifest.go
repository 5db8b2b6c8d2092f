// Package archive is the backup's file: a manifest with the hash of every file,
// then the files, as tar in zstd in age. It reads and writes the archive and
// nothing else; what belongs into one, and whether what came out is sound, is
// decided above.
//
// An archive is foreign until it is read: names, sizes, order and kinds of its
// members are held to the manifest, and the manifest to the few places that a
// backup has.
package archive

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"firebreak/incident"
	"firebreak/internal/lazyre"
)

// Limits on what is read.
const (
	MaxManifest = 64 << 20 // bytes
	MaxFiles    = 500_000
	maxPath     = 400 // bytes
	maxDepth    = 12  // folders
	// An archive may unfold to maxRatio times its own size, and to freeSize in
	// any case.
	maxRatio = 100
	freeSize = 256 << 20
)

// ManifestName is the archive's first member.
const ManifestName = "MANIFEST.json"

const (
	format  = "firebreak backup"
	version = 1
)

// The errors that callers tell apart, by errors.Is.
var (
	// ErrFormat: the bytes are no backup, or one that breaks the format's rules.
	ErrFormat = errors.New("not a firebreak backup")
	// ErrNewer: a newer Firebreak wrote it.
	ErrNewer = errors.New("written by a newer version of firebreak")
	// ErrDamaged: it was cut off or changed.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrChanged: a file changed while it was being backed up.
	ErrChanged = errors.New("a file changed while it was read")
)

// Manifest lists what an archive holds, in the order it holds it.
type Manifest struct {
	Format    string     `json:"format"`
	Version   int        `json:"version"`
	Made      time.Time  `json:"made"`
	Tool      string     `json:"tool"`
	Signer    string     `json:"signer"` // verifier key of the workspace that made it
	Workspace bool       `json:"workspace"`
	Incidents []Incident `json:"incidents"`
	Files     []File     `json:"files"`
}

// Incident is one incident of an archive, as of the picture that was taken.
type Incident struct {
	ID       incident.ID `json:"incident"`
	Title    string      `json:"title,omitempty"`
	Size     int64       `json:"size"` // entries
	Root     string      `json:"root"`
	Exhibits int         `json:"exhibits"`
	Missing  []string    `json:"missing,omitempty"` // blobs that were not there
	// Key is the data key of an encrypted incident: whoever opens the archive
	// can read what is in it, and another workspace can take it over. It stands
	// in no archive that is not encrypted itself, and is never shown.
	Key string `json:"key,omitempty"`
}

// File is one file of an archive.
type File struct {
	Path   string `json:"path"` // with slashes, below the workspace
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// Incident says which incident the file belongs to, "" for none.
func (f File) Incident() incident.ID {
	parts := strings.SplitN(f.Path, "/", 3)
	if len(parts) < 3 || parts[0] != "incidents" {
		return ""
	}
	return incident.ID(parts[1])
}

// Blob says which sealed blob the file is, "" for none.
func (f File) Blob() string {
	if name := path.Base(f.Path); blobName.MatchString(name) && strings.Contains(f.Path, "/evidence/") {
		return name
	}
	return ""
}

// Bytes is what the files come to.
func (m Manifest) Bytes() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// ParseManifest reads the manifest of an archive of that many bytes; 0 stands
// for a length that is not known.
func ParseManifest(b []byte, archive int64) (Manifest, error) {
	var m Manifest
	if len(b) > MaxManifest {
		return m, fmt.Errorf("%w: its manifest has %d bytes", ErrFormat, len(b))
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("%w: its manifest: %w", ErrFormat, err)
	}
	if m.Format != format || m.Version < 1 {
		return m, fmt.Errorf("%w: its manifest says %.40q, version %d", ErrFormat, m.Format, m.Version)
	}
	if m.Version > version {
		return m, fmt.Errorf("%w: version %d, this one reads %d", ErrNewer, m.Version, version)
	}
	return m, m.check(archive)
}

func (m Manifest) check(archive int64) error {
	if len(m.Files) > MaxFiles {
		return fmt.Errorf("%w: %d files", ErrFormat, len(m.Files))
	}
	listed := map[incident.ID]bool{}
	for _, i := range m.Incidents {
		if _, err := incident.ParseID(string(i.ID)); err != nil || listed[i.ID] || i.Size < 1 || len(i.Root) != 64 || !hexadecimal(i.Root) {
			return fmt.Errorf("%w: incident %.40q in its manifest", ErrFormat, i.ID)
		}
		listed[i.ID] = true
	}
	total := int64(0)
	names := map[string]bool{}
	for _, f := range m.Files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		id := f.Incident()
		switch folded := strings.ToLower(f.Path); {
		case names[folded]:
			return fmt.Errorf("%w: two files %.100q", ErrFormat, f.Path)
		case id != "" && !listed[id], id == "" && !m.Workspace:
			return fmt.Errorf("%w: file %.100q belongs to nothing it lists", ErrFormat, f.Path)
		case f.Size < 0 || f.Size > math.MaxInt64-total || len(f.SHA256) != 64 || !hexadecimal(f.SHA256):
			return fmt.Errorf("%w: size or hash of %.100q", ErrFormat, f.Path)
		default:
			names[folded] = true
			total += f.Size
		}
	}
	for name := range names {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if names[dir] {
				return fmt.Errorf("%w: %.100q is a file and a folder", ErrFormat, dir)
			}
		}
	}
	if archive > 0 && total > freeSize && total/maxRatio > archive {
		return fmt.Errorf("%w: %d bytes would unfold to %d", ErrFormat, archive, total)
	}
	return nil
}

var (
	blobName  = lazyre.New(`^[0-9a-f]{64}$`)
	blobPlace = lazyre.New(`^evidence/([0-9a-f]{2})/([0-9a-f]{64})(\.key)?$`)
)

// checkPath accepts the places a backup has files in, and no others.
func checkPath(name string) error {
	bad := fmt.Errorf("%w: file name %.100q", ErrFormat, name)
	if !fs.ValidPath(name) || !filepath.IsLocal(name) || !utf8.ValidString(name) || len(name) > maxPath || strings.Count(name, "/") > maxDepth {
		return bad
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || strings.ContainsRune(`\:*?"<>|`, r) {
			return bad
		}
	}
	top, rest, _ := strings.Cut(name, "/")
	switch top {
	case "incidents":
		id, place, _ := strings.Cut(rest, "/")
		if _, err := incident.ParseID(id); err != nil || !inIncident(place) {
			return bad
		}
	case "workspace":
		if !inWorkspace(rest) {
			return bad
		}
	default:
		return bad
	}
	return nil
}

func inIncident(place string) bool {
	switch place {
	case "incident.db", "heads", "evidence.key", "key.age", "key.to":
		return true
	}
	if m := blobPlace.FindStringSubmatch(place); m != nil {
		return m[1] == m[2][:2]
	}
	return strings.HasPrefix(place, "exports/") || strings.HasPrefix(place, "drill/")
}

func inWorkspace(place string) bool {
	for _, dir := range []string{"keys/", "trust/", "playbooks/", "heads/"} {
		if strings.HasPrefix(place, dir) {
			return true
		}
	}
	return place == "config.yaml"
}

func hexadecimal(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && strings.ToLower(s) == s
}
