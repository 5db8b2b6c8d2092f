package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestoreUnderOtherKeys takes an encrypted incident into a workspace with a
// key of its own, and into one without; and a plain one into an encrypted one.
func TestRestoreUnderOtherKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, recipient := b.keyPair()
	b.want(0, "init", "--identity", ageKey(t))
	id := b.open("odd process PLANTED")
	b.want(0, "ingest", id, b.write("auth.log", loginLine))
	one, all := filepath.Join(b.dir, "one.age"), filepath.Join(b.dir, "all.age")
	b.want(0, "backup", id, "--to", one, "--recipient", recipient)
	b.want(0, "backup", "--all", "--to", all, "--recipient", recipient)
	public, err := os.ReadFile(filepath.Join(b.home, "keys", "instance.pub"))
	if err != nil {
		t.Fatal(err)
	}
	signer := strings.TrimSpace(string(public))
	for _, file := range []string{one, all} {
		c := b.elsewhere("other-" + filepath.Base(file))
		c.want(0, "init", "--identity", ageKey(t))
		c.want(0, "restore", file, "--identity", identity, "--trust", signer)
		tells(t, c.want(0, "verify", id, "--trust", signer), id+" verified")
		c.lay("keys/trusted", public)
		c.want(0, "note", id, "gone on with under another key")
		tells(t, c.want(0, "search", id, "publickey"), "203.0.113.66")
		c.check(0, id, "--read-data")
		c.free("PLANTED", "203.0.113.66")
	}
	shown := b.want(0, "restore", one, "--identity", identity, "--list", "--json")
	if strings.Contains(shown.out, `"key":`) {
		t.Errorf("the list shows a key: %s", shown.out)
	}
	plain := b.elsewhere("plain")
	tells(t, plain.want(3, "restore", one, "--identity", identity, "--trust", signer), "it would lie here in the clear", "firebreak init")
	if found, err := filepath.Glob(filepath.Join(plain.home, "incidents", "2*")); err != nil || len(found) > 0 {
		t.Errorf("left %q", found)
	}
}

// TestPlainBackupIntoAnEncryptedWorkspace: it is encrypted on arrival, and said.
func TestPlainBackupIntoAnEncryptedWorkspace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process PLANTED")
	b.want(0, "ingest", id, b.write("auth.log", loginLine))
	b.want(0, "review", id)
	file := filepath.Join(b.dir, "plain.zst")
	b.want(0, "backup", id, "--to", file, "--plain")
	secret, err := os.ReadFile(filepath.Join(b.home, "keys", "instance"))
	if err != nil {
		t.Fatal(err)
	}
	_, public, _ := strings.Cut(strings.TrimSpace(string(secret)), "\n")
	c := b.elsewhere("encrypted")
	c.want(0, "init", "--identity", ageKey(t))
	tells(t, c.want(0, "restore", file, "--trust", public), "it was not encrypted in the backup; here it is")
	tells(t, c.want(0, "verify", id, "--trust", public), id+" verified")
	c.lay("keys/trusted", []byte(public+"\n"))
	c.want(0, "note", id, "gone on with")
	tells(t, c.want(0, "search", id, "publickey"), "203.0.113.66")
	c.check(0, id, "--read-data")
	c.free("PLANTED", "203.0.113.66")
}

func (b *bench) lay(name string, content []byte) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.home, name), content, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// free wants none of the texts in any file of the workspace.
func (b *bench) free(texts ...string) {
	b.t.Helper()
	err := filepath.WalkDir(b.home, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if strings.Contains(string(content), text) {
				b.t.Errorf("%s holds %s in the clear", path, text)
			}
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
