// Package pack is a folder of playbooks that others made: its manifest lists
// every file with its SHA-256 and what the playbooks ask for, and a person's
// ssh signature over the manifest says who answers for it.
//
//	pack.json          the manifest, made by Build
//	pack.json.sig      ssh-keygen -Y sign -n firebreak-pack pack.json
//	*.yaml             playbooks, their tests, and templates/*.txt
//	scenarios/*.yaml   exercises
//
// It is pure: it reads an fs.FS and touches nothing. Whether a signature is
// anybody's is decided by the caller's roster.
package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"firebreak/internal/lazyre"
	"firebreak/playbooks"
)

// The files of a pack that are not part of what is listed.
const (
	File      = "pack.json"
	Signature = "pack.json.sig"
)

// Namespace is what the signature of a manifest is good for.
const Namespace = "firebreak-pack"

// Format is the version of the manifest.
const Format = "v1"

// Limits of a pack.
const (
	maxFiles    = 1000
	maxFile     = playbooks.MaxSize
	maxManifest = 4 << 20
	maxDepth    = 8
)

// Head is what the maker says of a pack.
type Head struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Name    string `json:"name,omitempty"`
	Owner   string `json:"owner,omitempty"`
}

// Manifest is the whole pack in one text.
type Manifest struct {
	Pack string `json:"pack"` // Format
	Head
	Capabilities playbooks.Capabilities `json:"capabilities"`
	Playbooks    []Playbook             `json:"playbooks"`
	Scenarios    []Scenario             `json:"scenarios,omitempty"`
	Files        []Listed               `json:"files"`
}

// Playbook is one playbook of the pack.
type Playbook struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
	File    string `json:"file"`
}

// Listed is one file: its path with slashes, its size in bytes, its SHA-256 in
// lower-case hex.
type Listed struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

var (
	idShape      = lazyre.New(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	versionShape = lazyre.New(`^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$`)
	hashShape    = lazyre.New(`^[0-9a-f]{64}$`)
)

// check says what is wrong with the head.
func (h Head) check() error {
	switch {
	case !idShape.MatchString(h.ID) || len(h.ID) > 64:
		return fmt.Errorf("id %.80q: want lower-case letters, digits and hyphens, 64 at most", h.ID)
	case !versionShape.MatchString(h.Version):
		return fmt.Errorf("version %.80q: want three numbers, as in 1.2.0", h.Version)
	case len(h.Name) > 200 || len(h.Owner) > 200:
		return errors.New("name and owner have 200 bytes at most")
	}
	return nil
}

// Build reads a folder and makes its manifest. Every playbook and every scenario
// must parse; ids must differ, and a scenario must fit the playbook of the pack that
// it is for.
func Build(in fs.FS, head Head) (Manifest, error) {
	if err := head.check(); err != nil {
		return Manifest{}, err
	}
	m := Manifest{Pack: Format, Head: head, Playbooks: []Playbook{}, Files: []Listed{}}
	seen := map[string]string{}
	var books []*playbooks.Playbook
	var scenes []Scene
	err := walk(in, func(name string) error {
		src, err := read(in, name, maxFile)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, listed(name, src))
		if isScenario(name) {
			scenes = append(scenes, Scene{File: name, source: src})
		}
		if !isPlaybook(name) {
			return nil
		}
		p, err := playbooks.Parse(name, src)
		if err != nil {
			return err //nolint:wrapcheck // it has file, line and column
		}
		if other := seen[p.ID]; other != "" {
			return fmt.Errorf("%s: playbook %s is in %s already", name, p.ID, other)
		}
		seen[p.ID] = name
		books = append(books, p)
		m.Playbooks = append(m.Playbooks, Playbook{p.ID, p.Name, p.Version, name})
		m.Capabilities = m.Capabilities.And(p.Capabilities())
		return nil
	})
	if err != nil {
		return Manifest{}, err
	}
	if m.Scenarios, err = describe(scenes, books); err != nil {
		return Manifest{}, err
	}
	if len(m.Playbooks)+len(m.Scenarios) == 0 {
		return Manifest{}, errors.New("the folder has no playbook and no scenario")
	}
	return m, nil
}

// isPlaybook says whether a file of a pack is to be read as a playbook.
func isPlaybook(name string) bool {
	return path.Dir(name) == "." && strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".test.yaml")
}

// Text is the manifest as it is written and signed: two blanks a level, a line
// feed at the end.
func (m Manifest) Text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return b.Bytes(), nil
}

// ErrNone says that a folder has no manifest: it is no pack.
var ErrNone = errors.New("no " + File)

// Read returns the manifest of a folder with its own text. It is ErrNone where
// there is none.
func Read(in fs.FS) (Manifest, []byte, error) {
	if _, err := fs.Stat(in, File); errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, nil, ErrNone
	}
	src, err := read(in, File, maxManifest)
	if err != nil {
		return Manifest{}, nil, err
	}
	m, err := parse(src)
	if err != nil {
		return Manifest{}, src, fmt.Errorf("read %s: %w", File, err)
	}
	return m, src, nil
}

func parse(src []byte) (Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Manifest{}, err //nolint:wrapcheck // wrapped by Read
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, errors.New("something stands behind its end")
	}
	if m.Pack != Format {
		return Manifest{}, fmt.Errorf("format %.20q is not known; this version reads %s", m.Pack, Format)
	}
	if err := m.check(); err != nil {
		return Manifest{}, err
	}
	if len(m.Files) > maxFiles {
		return Manifest{}, fmt.Errorf("it lists more than %d files", maxFiles)
	}
	for i, f := range m.Files {
		switch {
		case !fs.ValidPath(f.Path) || f.Path == ".":
			return Manifest{}, fmt.Errorf("file %.200q is no path within the pack", f.Path)
		case !hashShape.MatchString(f.SHA256) || f.Size < 0 || f.Size > maxFile:
			return Manifest{}, fmt.Errorf("file %s: its size or SHA-256 is no such", f.Path)
		case i > 0 && m.Files[i-1].Path >= f.Path:
			return Manifest{}, fmt.Errorf("file %s: not in order", f.Path)
		}
	}
	return m, nil
}

// Changes compares a folder with its manifest and says in words what differs,
// nil when nothing does. A file that is not listed is a change too.
func Changes(in fs.FS, m Manifest) ([]string, error) {
	left := make(map[string]Listed, len(m.Files))
	for _, f := range m.Files {
		left[f.Path] = f
	}
	var out []string
	err := walk(in, func(name string) error {
		f, ok := left[name]
		if !ok {
			out = append(out, name+" is not in the manifest")
			return nil
		}
		delete(left, name)
		src, err := read(in, name, maxFile)
		if err != nil {
			return err
		}
		if got := listed(name, src); got != f {
			out = append(out, name+" is not what the manifest says")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name := range left {
		out = append(out, name+" is missing")
	}
	slices.Sort(out)
	return out, nil
}

func listed(name string, src []byte) Listed {
	sum := sha256.Sum256(src)
	return Listed{name, int64(len(src)), hex.EncodeToString(sum[:])}
}

// walk visits every file of the pack in order of its path. A link, a device or
// a pipe is refused: what it leads to is not what was signed. Files and folders
// whose name begins with a dot (.git) are not of the pack.
func walk(in fs.FS, visit func(name string) error) error {
	n := 0
	err := fs.WalkDir(in, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			if strings.Count(name, "/") >= maxDepth {
				return fmt.Errorf("%s: folders lie more than %d deep", name, maxDepth)
			}
			return nil
		case name == File || name == Signature:
			return nil
		case !e.Type().IsRegular():
			return fmt.Errorf("%s: not a regular file", name)
		}
		if n++; n > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		return visit(name)
	})
	if err != nil {
		return fmt.Errorf("read pack: %w", err)
	}
	return nil
}

// read returns a file of at most limit bytes.
func read(in fs.FS, name string, limit int64) ([]byte, error) {
	f, err := in.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read pack: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var src []byte
	if err == nil {
		src, err = io.ReadAll(io.LimitReader(f, limit+1))
	}
	if err == nil && int64(len(src)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read pack: %s: %w", name, err)
	}
	return src, nil
}

// Signed returns the armoured signature of the manifest; nil when there is none.
func Signed(in fs.FS) ([]byte, error) {
	if _, err := fs.Stat(in, Signature); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return read(in, Signature, 64<<10)
}

// Load parses the playbooks that the manifest lists, from bytes that are what
// it says: what is run is what was signed, whoever changes the folder meanwhile.
// Names of files begin with folder.
func Load(in fs.FS, folder string, m Manifest) ([]*playbooks.Playbook, error) {
	signed := m.reader(in)
	out := make([]*playbooks.Playbook, 0, len(m.Playbooks))
	for _, b := range m.Playbooks {
		if !isPlaybook(b.File) {
			return nil, fmt.Errorf("playbook %s: %q is no file of the pack", b.ID, b.File)
		}
		src, err := signed(b.File)
		if err != nil {
			return nil, err
		}
		p, err := playbooks.Parse(path.Join(folder, b.File), src)
		if err != nil {
			return nil, err //nolint:wrapcheck // it has file, line and column
		}
		if p.ID != b.ID {
			return nil, fmt.Errorf("%s: its id is %s, the manifest says %s", b.File, p.ID, b.ID)
		}
		out = append(out, p)
	}
	return out, nil
}

// reader reads files of the folder that are what the manifest says.
func (m Manifest) reader(in fs.FS) func(name string) ([]byte, error) {
	files := make(map[string]Listed, len(m.Files))
	for _, f := range m.Files {
		files[f.Path] = f
	}
	return func(name string) ([]byte, error) {
		src, err := read(in, name, maxFile)
		if err == nil && listed(name, src) != files[name] {
			err = fmt.Errorf("%s is not what the manifest says", name)
		}
		return src, err
	}
}

// Preview parses whatever playbooks the folder has, for people to look at. One
// that cannot be read is told in the error, beside the others.
func Preview(in fs.FS, folder string) ([]*playbooks.Playbook, error) {
	var out []*playbooks.Playbook
	var bad []error
	err := walk(in, func(name string) error {
		if !isPlaybook(name) {
			return nil
		}
		src, err := read(in, name, maxFile)
		if err == nil {
			var p *playbooks.Playbook
			if p, err = playbooks.Parse(path.Join(folder, name), src); err == nil {
				out = append(out, p)
			}
		}
		if err != nil {
			bad = append(bad, err)
		}
		return nil
	})
	return out, errors.Join(append(bad, err)...)
}
