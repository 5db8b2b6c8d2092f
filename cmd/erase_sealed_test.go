package cmd_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"firebreak/integrations/drill"
	"firebreak/internal/box"
	"firebreak/store/keys"
)

// unsealer opens whatever lies in an incident's folder, with its key, and by
// nothing of the program but the derivation of keys: as the decisions on the
// encryption say it, page by page, freed ones too.
type unsealer struct {
	t   *testing.T
	dir string
	key *keys.DataKey
}

func (p planted) unsealer(file string) unsealer {
	p.t.Helper()
	dir := filepath.Join(p.home, "incidents", p.id)
	k, err := identityOf(p.t, filepath.Join(p.home, "keys"), file).ReadDataKey(dir, keys.DataKeyFile)
	if err != nil {
		p.t.Fatal(err)
	}
	return unsealer{p.t, dir, k}
}

func identityOf(t *testing.T, dir, file string) *keys.Workspace {
	t.Helper()
	l, err := keys.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := l.Unlock(keys.Opener{Secret: func() ([]byte, bool, error) { return []byte(readFile(t, file)), true, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// open returns what is in a file, and wants to be able to read all of it.
func (u unsealer) open(path string, b []byte) []byte {
	u.t.Helper()
	name := filepath.Base(path)
	var plain []byte
	var err error
	switch {
	case len(b) == 0, name == "lock", name == "heads", name == "ballast", strings.HasSuffix(name, "-shm"), name == keys.DataKeyFile, name == "erasing":
		return b
	case strings.HasPrefix(name, "incident."):
		plain, err = pages(b, u.key.Subkey(keys.ForDatabase), strings.HasSuffix(name, "-wal"))
	case strings.HasPrefix(name, "timeline.db"):
		plain, err = pages(b, u.key.Subkey(keys.ForTimeline), strings.HasSuffix(name, "-wal"))
	case name == "evidence.key":
		plain, err = box.Open(u.key.Subkey(keys.ForNames), name, b)
	case name == drill.StateFile:
		plain, err = box.Open(u.key.Subkey(keys.ForDrill), name, b)
	case strings.HasSuffix(name, ".age"):
		var id *age.X25519Identity
		if id, err = u.key.Exports(); err == nil {
			plain, err = keys.OpenWith(b, id)
		}
	case strings.HasSuffix(name, ".key"):
		plain, err = box.Open(u.key.Subkey(keys.ForEvidence), "evidence "+strings.TrimSuffix(name, ".key"), b)
	case strings.HasPrefix(string(b), "age-encryption.org/"):
		plain, err = u.blob(path, b)
	default:
		err = errors.New("nothing is known of such a file")
	}
	if err != nil {
		u.t.Errorf("open %s: %v", path, err)
	}
	return plain
}

func (u unsealer) blob(path string, b []byte) ([]byte, error) {
	side, err := os.ReadFile(path + ".key")
	if err != nil {
		return nil, err
	}
	id, err := age.ParseX25519Identity(string(u.open(path+".key", side)))
	if err != nil {
		return nil, err
	}
	packed, err := keys.OpenWith(b, id)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}

// pages decrypts a database or its log.
func pages(b []byte, key *[32]byte, wal bool) ([]byte, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	var out []byte
	unit := func(kind byte, index uint64, size, all int) error {
		if len(b) < all {
			return errors.New("the file is cut")
		}
		about := binary.BigEndian.AppendUint64([]byte{kind}, index)
		plain, err := gcm.Open(nil, b[size+16:size+28], b[:size+16], about)
		out, b = append(out, plain...), b[all:]
		return err
	}
	if !wal {
		for n := uint64(1); len(b) > 0; n++ {
			if err := unit('p', n, 4064, 4096); err != nil {
				return out, err
			}
		}
		return out, nil
	}
	if err := unit('h', 0, 32, 60); err != nil {
		return out, err
	}
	for n := uint64(1); len(b) > 0; n++ {
		if err := errors.Join(unit('f', n, 24, 52), unit('w', n, 4096, 4124)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// plantSealed is plant in an encrypted workspace, with a copy that a migration
// left.
func plantSealed(t *testing.T) planted {
	t.Helper()
	file := ageKey(t)
	p := plant(t, "init", "--identity", file)
	u := p.unsealer(file)
	p.unseal = u.open
	p.write("workspace/incidents/"+p.id+"/damaged-1/incident.db", readFile(t, filepath.Join(u.dir, "incident.db")))
	copied := filepath.Join(u.dir, "incident.schema-1.db")
	if err := os.WriteFile(copied, []byte(readFile(t, filepath.Join(u.dir, "incident.db"))), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(p.look(gone)) != len(gone) {
		t.Fatalf("planted are %v", p.look(gone))
	}
	if !bytes.Contains(u.open(copied, []byte(readFile(t, copied))), []byte("GONE-note")) {
		t.Log("the copy of the migration holds the note in its log only")
	}
	return p
}

// TestEraseSealed erases in an encrypted workspace, and opens everything that is
// left with the keys.
func TestEraseSealed(t *testing.T) {
	t.Parallel()
	p := plantSealed(t)
	p.ask()
	p.want(0, "erase", p.id, "--do", "x1")
	p.erased()
	blobs, err := filepath.Glob(filepath.Join(p.home, "incidents", p.id, "evidence", "*", "*"))
	if err != nil || len(blobs) != 2 {
		t.Errorf("%v, %v: want one blob and its key", blobs, err)
	}
	for _, name := range []string{"review.md.age", "review.html.age", "review.json.age"} {
		path := filepath.Join(p.home, "incidents", p.id, "exports", name)
		if b := string(p.unseal(path, []byte(readFile(t, path)))); !strings.Contains(b, "(erased)") || strings.Contains(b, "withheld") {
			t.Errorf("%s does not say what was erased", name)
		}
	}
}

// TestEraseSealedKilled kills an erasure in an encrypted workspace between any
// two steps.
func TestEraseSealedKilled(t *testing.T) {
	t.Parallel()
	for _, at := range eraseSteps {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			p := plantSealed(t)
			p.killedAt(at)
		})
	}
}

// TestEraseSealedDrill reaches the sealed state of a drill's stand-ins.
func TestEraseSealedDrill(t *testing.T) {
	t.Parallel()
	eraseInDrill(t, true)
}

// killedAt kills an erasure there. The next command that opens the incident ends
// what was begun.
func (p planted) killedAt(at string) {
	p.t.Helper()
	p.ask()
	c := exec.Command("firebreak", "erase", p.id, "--do", "x1")
	c.Env, c.Dir = append(p.env, dieEnv+"="+at), p.dir
	var exit *exec.ExitError
	if out, err := c.CombinedOutput(); !errors.As(err, &exit) || exit.Exited() {
		p.t.Fatalf("it was not killed: %v\n%s", err, out)
	}
	p.want(0, "show", p.id)
	if at == "noted" { // the record did not have it yet
		if len(p.look(gone)) == 0 {
			p.t.Fatal("erased without a record")
		}
		p.want(0, "erase", p.id, "--do", "x1")
	}
	p.erased()
}
