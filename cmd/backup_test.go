package cmd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"firebreak/internal/testkit"
)

// elsewhere is the same bench on a machine without a workspace.
func (b *bench) elsewhere(name string) *bench {
	b.t.Helper()
	c := *b
	c.home = filepath.Join(b.dir, name)
	c.env = plainEnv(b.dir, c.home)
	return &c
}

// keyPair writes an age identity and returns its file and its recipient.
func (b *bench) keyPair() (identity, recipient string) {
	b.t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		b.t.Fatal(err)
	}
	return b.write("identity-"+i.Recipient().String()[5:12], "# a test's\n"+i.String()+"\n"), i.Recipient().String()
}

type backedUp struct {
	SHA256, Tested string
	Recipients     []string
	Incidents      []struct {
		Incident, Root string
		Entries        int64
		Problems       []string
	}
}

const loginLine = "Nov 20 03:12:01 web-1 sshd[4711]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n"

// TestBackupWhileOthersWrite backs up under four writing processes; what is
// restored elsewhere is a beginning of what they wrote, and is gone on with.
func TestBackupWhileOthersWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, recipient := b.keyPair()
	id := b.open("odd process")
	b.want(0, "ingest", id, b.write("auth.log", loginLine))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if r := b.run("note", id, fmt.Sprintf("note %d of writer %d.", n, w)); r.code != 0 {
					t.Errorf("note: exit %d: %s", r.code, r.err)
					return
				}
			}
		})
	}
	var made []backedUp
	for n := range 3 {
		var m backedUp
		b.into(&m, "backup", "--all", "--to", filepath.Join(b.dir, fmt.Sprintf("%d.age", n)), "--recipient", recipient)
		if m.Tested == "" || len(m.Incidents) != 1 || len(m.Incidents[0].Problems) > 0 {
			t.Errorf("%+v", m)
		}
		made = append(made, m)
	}
	close(stop)
	wg.Wait()
	b.verified(id)
	all := b.activity(id)
	for n, m := range made {
		c := b.elsewhere(fmt.Sprint("machine-", n))
		c.want(0, "restore", filepath.Join(b.dir, fmt.Sprintf("%d.age", n)), "--identity", identity)
		c.verified(id)
		part := c.activity(id)
		if int64(len(part)) != m.Incidents[0].Entries || len(part) > len(all) {
			t.Fatalf("%d entries, the backup said %d of %d", len(part), m.Incidents[0].Entries, len(all))
		}
		for i, a := range part {
			if a != all[i] {
				t.Fatalf("entry %d is %+v, was %+v", i+1, a, all[i])
			}
		}
		b.want(0, "verify", id, "--seal", fmt.Sprintf("%s @%d %s", id, m.Incidents[0].Entries, m.Incidents[0].Root))
		tells(t, c.want(0, "search", id, "publickey"), "203.0.113.66")
		c.want(0, "note", id, "gone on with here")
		c.verified(id)
		c.want(0, "check", "--read-data")
	}
}

// backup is a workspace with one incident of some entries, and its backup.
func backup(t *testing.T) (b *bench, id, file, identity string) {
	t.Helper()
	b = newBench(t)
	identity, recipient := b.keyPair()
	id = b.open("odd process")
	noise := make([]byte, 150_000)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	b.want(0, "ingest", id, b.write("auth.log", loginLine), b.write("noise.log", fmt.Sprintf("%x\n", noise)))
	b.want(0, "review", id)
	file = filepath.Join(b.dir, "backup.age")
	b.want(0, "backup", "--all", "--to", file, "--recipient", recipient)
	return b, id, file, identity
}

func TestBackupKeys(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	tells(t, b.want(3, "backup", id, "--to", filepath.Join(b.dir, "x")), "hint: --recipient age1…")
	tells(t, b.want(3, "backup", id, "--to", file, "--plain"), "a backup replaces none")
	tells(t, b.want(2, "backup", id, "--to", filepath.Join(b.dir, "x"), "--passphrase"), "there is no terminal")
	tells(t, b.want(2, "backup", id, "--to", filepath.Join(b.dir, "x"), "--recipient", "age1rubbish"), "neither an age key")
	secret := readFile(t, identity)
	r := b.want(2, "backup", id, "--to", filepath.Join(b.dir, "x"), "--recipient", strings.TrimSpace(secret[strings.Index(secret, "AGE-"):]))
	if tells(t, r, "that is a secret key"); strings.Contains(r.err, "AGE-SECRET") {
		t.Error("it repeats the secret")
	}
	other, recipient := b.keyPair()
	c := b.elsewhere("clean")
	tells(t, c.want(4, "restore", file), "no key at hand")
	tells(t, c.want(4, "restore", file, "--identity", other), "to other keys")
	tells(t, c.want(0, "restore", file, "--list", "--identity", identity), id)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is missing: ssh keys are not tried")
	}
	key := filepath.Join(b.dir, "id")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "x", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	both := filepath.Join(b.dir, "both.age")
	var m backedUp
	b.into(&m, "backup", id, "--to", both, "--recipient", key+".pub", "--recipient", recipient, "--identity", key)
	if len(m.Recipients) != 2 || !strings.HasPrefix(m.Recipients[0], "ssh-ed25519 SHA256:") || !strings.Contains(m.Tested, "with the key at hand") {
		t.Errorf("%+v", m)
	}
	for _, identity := range []string{key, other} {
		c.want(0, "restore", both, "--test", "--identity", identity, "--trust", strings.Split(readFile(t, b.home+"/keys/instance"), "\n")[1])
	}
	tells(t, c.want(6, "restore", both, "--identity", key), "--trust 'firebreak-")
	if found, err := os.ReadDir(filepath.Join(c.home, "incidents")); err != nil || len(found) != 0 {
		t.Errorf("left %v, %v", found, err)
	}
}

// TestDamagedBackup cuts and changes a backup: it is refused by name, and what
// is whole can be had.
func TestDamagedBackup(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n, share := range []float64{0, 0.02, 0.2, 0.5, 0.9, 0.99} {
		at := int(share * float64(len(good)))
		flipped := bytes.Clone(good)
		flipped[min(at, len(flipped)-1)] ^= 0x10
		for what, bad := range map[string][]byte{"cut": good[:at], "flipped": flipped} {
			c := b.elsewhere(fmt.Sprint(what, n))
			r := c.run("restore", b.write("bad.age", string(bad)), "--identity", identity)
			if r.code != 6 && r.code != 4 || !strings.Contains(r.err, "damaged") && !strings.Contains(r.err, "no key") && !strings.Contains(r.err, "not a firebreak backup") {
				t.Errorf("%s at %.2f: exit %d: %s", what, share, r.code, r.err)
			}
			if found, err := filepath.Glob(filepath.Join(c.home, "incidents", "*")); err != nil || len(found) > 0 {
				t.Errorf("%s at %.2f: left %q", what, share, found)
			}
		}
	}
	// The record lies in front: a backup that lost its end gives it back.
	cut := b.write("cut.age", string(good[:len(good)-len(good)/20]))
	c := b.elsewhere("partial")
	tells(t, c.want(6, "restore", cut, "--identity", identity), "files are whole; incidents/"+id+"/evidence/")
	tells(t, c.want(5, "restore", cut, "--identity", identity, "--partial"), "restored", "DAMAGED  incidents/"+id+"/evidence/", "PROBLEM")
	tells(t, c.want(6, "verify", id), "the blob is missing")
	c.want(0, "note", id, "the record is whole")
	tells(t, c.want(6, "check"), "missing blob")
	// The evidence comes from a good one.
	tells(t, c.want(0, "repair", id, "--from", file, "--identity", identity), "would    take exhibit e", "nothing was done")
	tells(t, c.want(0, "repair", id, "--from", file, "--identity", identity, "--yes"), "did      take exhibit e", id+" verified")
	c.verified(id)
	c.want(0, "check", "--read-data")
}

// TestOldBackup restores an old backup where newer entries were seen.
func TestOldBackup(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	b.want(0, "note", id, "what an old backup lacks")
	var v struct {
		Head struct {
			Size int64
			Root string
		}
	}
	b.into(&v, "verify", id)
	seal := fmt.Sprintf("%s @%d %s", id, v.Head.Size, v.Head.Root)
	tells(t, b.want(3, "restore", file, "--identity", identity), "it is here already")
	tells(t, b.want(6, "restore", file, "--identity", identity, "--replace"), "is older than "+seal, "--accept-older")
	b.verified(id)
	// On a clean machine only a seal from elsewhere can tell.
	c := b.elsewhere("clean")
	tells(t, c.want(6, "restore", file, "--identity", identity, "--seal", seal), "is older than "+seal)
	if found, err := filepath.Glob(filepath.Join(c.home, "incidents", "*")); err != nil || len(found) > 0 {
		t.Errorf("left %q", found)
	}
	c.want(0, "restore", file, "--identity", identity)
	tells(t, c.want(6, "verify", id, "--seal", seal), "a seal from outside vouches for")
	// By hand, with the old folder in the place of the newer.
	mine, old := filepath.Join(b.home, "incidents", id), filepath.Join(c.home, "incidents", id)
	if err := os.Rename(mine, filepath.Join(b.dir, "newer")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(mine, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	tells(t, b.want(6, "note", id, "must not be written"), "not the newest that this workspace has seen", "--accept-older")
	tells(t, b.want(6, "verify", id), "this workspace has seen "+seal)
	tells(t, b.want(6, "repair", id, "--yes"), "--accept-older")
	tells(t, b.want(2, "repair", id, "--yes", "--accept-older"), "wants a --reason")
	tells(t, b.want(0, "repair", id, "--yes", "--accept-older", "--reason", "the disk is gone"), "is given up", id+" verified")
	tells(t, b.want(0, "verify", id), "an older backup was put back: what followed entry")
	b.want(0, "note", id, "gone on with")
	tells(t, b.want(0, "show", id, "activity"), "LOST: what follows entry")
	// Whoever holds the newer head still sees it, and where it is named.
	tells(t, b.want(6, "verify", id, "--seal", seal), "names this head as given up")
	// The newer one turns up again: it is another branch now.
	if err := os.RemoveAll(mine); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(b.dir, "newer"), mine); err != nil {
		t.Fatal(err)
	}
	b.want(6, "note", id, "must not be written")
}

// TestReplace puts the same record back over a damaged folder.
func TestReplace(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	db := filepath.Join(b.home, "incidents", id, "incident.db")
	if err := os.WriteFile(db, bytes.Repeat([]byte("rubbish"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	b.want(6, "verify", id)
	tells(t, b.want(6, "check", id), "PROBLEM")
	b.run("repair", id, "--yes")
	// The entry about the backup itself came after it, and nothing else: that is
	// no loss to be accepted, and is said and recorded.
	r := b.want(0, "restore", file, id, "--identity", identity, "--replace", "--reason", "the database was damaged")
	tells(t, r, "given up", "and nothing else", ".replaced-"+id)
	b.verified(id)
	b.want(0, "note", id, "gone on with")
	tells(t, b.want(0, "check"), "replaced: incidents/.replaced-"+id)
}

// TestBackupOfADamagedIncident takes what is there and says what is wrong.
func TestBackupOfADamagedIncident(t *testing.T) {
	t.Parallel()
	b, id, _, _ := backup(t)
	_, recipient := b.keyPair()
	blobs := b.blobs(id)
	if err := os.Remove(blobs[0]); err != nil {
		t.Fatal(err)
	}
	good := b.open("another one")
	r := b.run("backup", "--all", "--to", filepath.Join(b.dir, "damaged.age"), "--recipient", recipient, "--json")
	var m backedUp
	if err := json.Unmarshal([]byte(r.out), &m); err != nil || r.code != 6 || len(m.Incidents) != 2 {
		t.Fatalf("exit %d: %v: %s%s", r.code, err, r.out, r.err)
	}
	for _, i := range m.Incidents {
		if (i.Incident == good) != (len(i.Problems) == 0) {
			t.Errorf("%+v", i)
		}
	}
	// One that cannot be opened does not keep the others out.
	if err := os.WriteFile(filepath.Join(b.home, "incidents", id, "heads"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	tells(t, b.want(5, "backup", "--all", "--to", filepath.Join(b.dir, "rest.age"), "--recipient", recipient), id+"  NOT IN THE BACKUP", good+"  2 entries")
}

func (b *bench) blobs(id string) []string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.home, "incidents", id, "evidence", "*", "*"))
	if err != nil || len(found) == 0 {
		b.t.Fatalf("blobs %v, %v", found, err)
	}
	return found
}

// TestInterruptedBackup stops and kills backups at many points: no file with
// the backup's name, nothing left behind, the incident is as it was.
func TestInterruptedBackup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, recipient := b.keyPair()
	id := b.open("odd process")
	noise := make([]byte, 12<<20)
	for i := range noise {
		noise[i] = byte(i * i >> 7)
	}
	b.want(0, "ingest", id, b.write("big.log", string(noise)))
	rounds := 6
	if testkit.Soak() {
		rounds = 60
	}
	file := filepath.Join(b.dir, "backup.age")
	for n := range rounds {
		for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			c := b.command(ctx, "backup", "--all", "--to", file, "--recipient", recipient)
			said, err := c.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			_, _ = said.Read(make([]byte, 1)) // its first word: it is at work
			b.waitFor(n, file)
			_ = c.Process.Signal(signal) // it may have ended
			_ = drain(said)
			_ = c.Wait() // its exit code says it
			cancel()
			code := c.ProcessState.ExitCode()
			if _, err := os.Lstat(file); err == nil {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else if signal == os.Interrupt && code != 130 {
				t.Errorf("interrupted: exit %d", code)
			}
			b.want(0, "show", id) // opening sweeps
			b.want(0, "list")
			b.nothingLeft()
			if _, err := os.Lstat(filepath.Join(b.dir, ".backup.age.part")); err == nil && signal == os.Interrupt {
				t.Error("an unfinished file is left after an interruption")
			}
		}
	}
	b.want(0, "backup", "--all", "--to", file, "--recipient", recipient)
	if _, err := os.Lstat(filepath.Join(b.dir, ".backup.age.part")); err == nil {
		t.Error("an unfinished file is left")
	}
	b.verified(id)
}

// waitFor lets a backup come to its n-th point.
func (b *bench) waitFor(n int, file string) {
	part := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".part")
	for range 200 * (n % 6) {
		if _, err := os.Lstat(file); err == nil {
			return
		}
		if info, err := os.Lstat(part); err == nil && info.Size() > int64(n%3)<<20 && n%2 == 0 {
			return
		}
	}
}

func drain(r interface{ Read([]byte) (int, error) }) error {
	b := make([]byte, 4096)
	for {
		if _, err := r.Read(b); err != nil {
			return err
		}
	}
}

// nothingLeft wants no scratch folder anywhere in the workspace.
func (b *bench) nothingLeft() {
	b.t.Helper()
	err := filepath.WalkDir(b.home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".scratch-") {
			b.t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// tells wants the run to have printed all of that, on either stream.
func tells(t *testing.T, r result, what ...string) {
	t.Helper()
	for _, w := range what {
		if !strings.Contains(r.out+r.err, w) {
			t.Errorf("want %q, said %s%s", w, r.out, r.err)
		}
	}
}
