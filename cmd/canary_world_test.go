//go:build unix

package cmd_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"firebreak/integrations"
	"firebreak/integrations/all"
	"firebreak/integrations/drill"
)

// lab is a workspace with a connection of every kind, each secret of which is a
// canary: a value that is nowhere else, and is looked for everywhere.
type lab struct {
	*bench
	world    *drill.World
	peers    map[string]*parrot // by the name of the connection
	mu       sync.Mutex
	canaries map[string]map[string]string // connection, setting, value
	needles  []needle
	said     strings.Builder // all that was printed
	id       string
}

type needle struct {
	of   string // connection.setting, form
	text []byte
}

// noble is the folder of what may hold canaries: the files that references lead to.
const noble = "canaries"

const talker = `#!/bin/sh
# It says back what it was told, on both streams, and keeps its environment.
set -u
read -r question
secrets=none
case $question in *'"secrets":"fd3"'*) read -r secrets <&3 ;; *'"secrets":"stdin"'*) read -r secrets ;; esac
env >>ENVFILE
tr '\0' ' ' </proc/self/cmdline >>ENVFILE
echo "I know $secrets" >&2
[ -e FAILFILE ] && { echo "$secrets"; exit 1; }
value=$(printf '%s' "$secrets" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
case $1 in
describe) echo '{"status":"ok","protocol":1,"secrets":["token"],"actions":[{"name":"thing.set","title":"Set it","danger":"low","idempotency":"native","finds":true,"reversible":true,"result":[{"name":"x","type":"string"}],"params":[{"name":"x","type":"string","required":true}]}]}' ;;
prior) printf '{"status":"ok","state":{"was":"%s"}}\n' "$value" ;;
plan) printf '{"status":"ok","target":"thing","targets":[{"kind":"thing","id":"x"}],"effects":["told with %s"],"undo":"it is set back","inverse":{"action":"thing.set","params":{"x":"0"}}}\n' "$value" ;;
do) printf '{"status":"ok","ref":"%s","data":{"x":"%s"}}\n' "$value" "$value" ;;
verify) printf '{"status":"ok","ok":true,"says":"%s"}\n' "$value" ;;
undo) printf '{"status":"ok","inverse":{"action":"thing.set","params":{"x":"0"}}}\n' ;;
find) printf '{"status":"ok","found":true,"ref":"%s","data":{"x":"x"}}\n' "$value" ;;
esac
`

const handsOut = `#!/bin/sh
set -eu
read -r question
part() { printf '%s' "$question" | sed -n "s/$1/\\1/p"; }
connection=$(part '.*"connection":"\([a-z0-9-]*\)".*')
field=$(part '.*"fields":\["\([a-z_]*\)".*')
printf '{"version":1,"values":{"%s":%s},"expires_at":"2199-01-01T00:00:00Z"}\n' "$field" "$(cat "FOLDER/$connection.$field.json")"
`

// broken is a helper that fails, and says too much.
const blabs = `#!/bin/sh
value=$(cat "FOLDER/broken.token.json")
printf '{"version":1,"values":{"other":%s,' "$value"
echo "vault: cannot use $value" >&2
exit 3
`

// secret is what a person would have in a vault.
func random(t *testing.T, prefix string) string {
	t.Helper()
	b := make([]byte, 12)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return prefix + hex.EncodeToString(b)
}

func newLab(t *testing.T) *lab {
	t.Helper()
	w, err := drill.Open(filepath.Join(t.TempDir(), "vendors"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &lab{bench: newBench(t), world: w, peers: map[string]*parrot{}, canaries: map[string]map[string]string{}}
	l.env = append(l.env, "TMPDIR="+filepath.Join(l.dir, "tmp"), "GOTRACEBACK=all")
	l.write("tmp/x", "")
	for _, c := range w.Connections() {
		l.peers[c.Name] = newParrot(t, c, func() map[string]string { return l.of(c.Name) })
	}
	l.configure()
	for conn, secrets := range l.canaries {
		for name, value := range secrets {
			l.look(conn+"."+name, value)
		}
	}
	return l
}

// of are the canaries that one connection has, as a peer sees them.
func (l *lab) of(connection string) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]string{}
	for k, v := range l.canaries[connection] {
		out[k] = v
	}
	return out
}

// look adds the forms of a value to what is searched for.
func (l *lab) look(of, value string) {
	add := func(form string, b []byte) { l.needles = append(l.needles, needle{of + ", " + form, b}) }
	for _, n := range needles(value) {
		add("raw or base64 or wide", n)
		add("base64 of the other alphabet", []byte(strings.NewReplacer("-", "+", "_", "/").Replace(string(n))))
	}
	quoted, _ := json.Marshal(value) //nolint:errchkjson // a string always can be
	add("JSON", quoted[1:len(quoted)-1])
	for _, u := range []string{url.QueryEscape(value), url.PathEscape(value)} {
		add("URL", []byte(u))
	}
	add("hex", []byte(hex.EncodeToString([]byte(value))))
	add("HEX", []byte(strings.ToUpper(hex.EncodeToString([]byte(value)))))
	add("most of it", []byte(value[:len(value)*3/4]))
}

// held puts a secret where a reference of a scheme leads, and returns the reference.
func (l *lab) held(n int, conn, setting, value string, sealed map[string]string) string {
	l.t.Helper()
	l.canaries[conn][setting] = value
	name := conn + "." + setting
	quoted, _ := json.Marshal(value) //nolint:errchkjson // a string always can be
	switch n % 4 {
	case 0:
		v := "CANARY_" + strings.ReplaceAll(name, ".", "_")
		l.env = append(l.env, v+"="+value)
		return "env:" + v
	case 1:
		return "file:" + l.write(noble+"/"+name, value+"\n")
	case 2:
		l.write(noble+"/"+name+".json", string(quoted))
		return "{exec: [/bin/sh, " + filepath.Join(l.dir, "helper.sh") + "]}"
	}
	sealed[name] = value
	return "'age:" + filepath.Join(l.dir, "secrets.age") + "#" + name + "'"
}

// configure writes a configuration with a connection of every kind.
func (l *lab) configure() {
	t := l.t
	t.Helper()
	sealed := map[string]string{}
	var text strings.Builder
	n := 0
	kinds := map[string]bool{}
	for _, c := range l.world.Connections() {
		l.canaries[c.Name] = map[string]string{}
		kinds[c.Kind] = true
		peer, settings := l.peers[c.Name], map[string]string{"allow_private": "true"}
		for k, v := range c.Settings {
			settings[k] = strings.ReplaceAll(v, "http://"+c.Kind+".drill.invalid", peer.url)
		}
		system := systemOf(t, c.Kind)
		known := map[string]bool{}
		secrets := map[string]string{}
		for _, s := range system.Settings {
			known[s.Name] = true
			if s.Type != "secret" {
				continue
			}
			value := random(t, `cnry-"+/&<é>-`)
			if s.Name == "former_secret" {
				value = "whsec_" + base64.StdEncoding.EncodeToString([]byte(random(t, "cnry")))
			}
			if s.Name == "session_token" {
				value = random(t, "cnry+/=")
			}
			if c.Secret != nil {
				if v, err := c.Secret(context.Background(), s.Name); err == nil {
					value = strings.ReplaceAll(v, "http://"+c.Kind+".drill.invalid", peer.url)
				}
			}
			if s.Name == "access_key_id" { // not a secret, but a name
				secrets[s.Name] = "file:" + l.write(noble+"/"+s.Name, value)
				continue
			}
			if c.Kind == "http" {
				value = random(t, `cnry-"+/&<>-`) // it goes into a header
			}
			secrets[s.Name] = l.held(n, c.Name, s.Name, value, sealed)
			n++
		}
		if c.Secret != nil {
			if v, err := c.Secret(context.Background(), "bearer"); err == nil {
				l.canaries[c.Name]["bearer"] = v // the peer gives it
			}
		}
		if u := l.canaries[c.Name]["url"]; u != "" {
			if _, sig, ok := strings.Cut(u, "sig="); ok {
				l.canaries[c.Name]["sig"] = sig
			}
		}
		fmt.Fprintf(&text, "  %s:\n    kind: %s\n    timeout: 3s\n    grace: 10ms\n    writes_per_minute: 60000\n", c.Name, c.Kind)
		if c.BaseURL != "" {
			u, err := url.Parse(c.BaseURL)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "    base_url: %s\n", peer.url+u.Path)
		}
		if c.Kind == "smtp" {
			at, root := peer.mail(t)
			settings["server"], settings["security"], settings["ca"] = at, "tls", l.write("root.pem", string(root))
		}
		text.WriteString("    settings:\n")
		for k, v := range settings {
			if known[k] || k == "token_url" {
				fmt.Fprintf(&text, "      %s: %q\n", k, v)
			}
		}
		if len(secrets) > 0 {
			text.WriteString("    secrets:\n")
		}
		for k, v := range secrets {
			fmt.Fprintf(&text, "      %s: %s\n", k, v)
		}
	}
	folder := filepath.Join(l.dir, noble)
	program := strings.NewReplacer("ENVFILE", filepath.Join(l.dir, "env.txt"), "FAILFILE", filepath.Join(l.dir, "fail")).Replace(talker)
	sum := sha256.Sum256([]byte(program))
	for _, conn := range []string{"own", "broken", "far"} {
		l.canaries[conn] = map[string]string{}
	}
	fmt.Fprintf(&text, "  own:\n    kind: plugin\n    settings: {program: %q, sha256: %q}\n    secrets: {token: %s}\n", l.write("own.sh", program), hex.EncodeToString(sum[:]), l.held(1, "own", "token", random(t, "cnry-plugin-"), sealed))
	l.held(2, "broken", "token", random(t, `cnry-"broken-`), sealed)
	fmt.Fprintf(&text, "  broken:\n    kind: slack\n    base_url: %s/api/\n    secrets: {token: {exec: [/bin/sh, %s]}}\n", l.peers["slack"].url, l.write("broken.sh", strings.ReplaceAll(blabs, "FOLDER", folder)))
	key := random(t, "b3BlbnNzaC1rZXktdjEcnry")
	l.canaries["far"]["key"] = key
	fmt.Fprintf(&text, "  far:\n    kind: ssh\n    settings: {host: 'ada@127.0.0.1:1', host_key: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', key: %q}\n", l.write(noble+"/id", "-----BEGIN OPENSSH PRIVATE KEY-----\n"+key+"\n-----END OPENSSH PRIVATE KEY-----\n"))
	kinds["plugin"], kinds["ssh"] = true, true
	for _, s := range all.Systems() {
		if !kinds[s.Kind] {
			t.Errorf("there is no connection of the kind %s", s.Kind)
		}
	}
	l.write("helper.sh", strings.ReplaceAll(handsOut, "FOLDER", folder))
	l.seal(sealed)
	l.write(".config/firebreak/config.yaml", "name: ada\nage_keys: ["+filepath.Join(folder, "key.txt")+"]\nconnections:\n"+text.String())
}

func systemOf(t *testing.T, kind string) integrations.System {
	t.Helper()
	for _, s := range all.Systems() {
		if s.Kind == kind {
			return s
		}
	}
	t.Fatalf("no kind %s", kind)
	return integrations.System{}
}

// seal writes the age file and the key that opens it.
func (l *lab) seal(members map[string]string) {
	l.t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		l.t.Fatal(err)
	}
	l.write(noble+"/key.txt", id.String()+"\n")
	l.canaries["age"] = map[string]string{"key": id.String()}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, id.Recipient())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := errors.Join(json.NewEncoder(w).Encode(members), w.Close()); err != nil {
		l.t.Fatal(err)
	}
	l.write("secrets.age", out.String())
}

// say runs the program and keeps what it prints.
func (l *lab) say(args ...string) result {
	l.t.Helper()
	r := l.run(args...)
	l.keep(strings.Join(args, " ") + "\n" + r.out + r.err)
	return r
}

func (l *lab) keep(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said.WriteString(text)
}

// found are the canaries in some bytes, by their names and with what is before them.
func (l *lab) found(b []byte) []string {
	var out []string
	for _, n := range l.needles {
		if i := bytes.Index(b, n.text); i >= 0 {
			out = append(out, fmt.Sprintf("%s, after %q", n.of, b[max(0, i-160):i]))
		}
	}
	return out
}

// search looks into all that was left below the scratch folder, and into all that
// was printed. What is packed is opened.
func (l *lab) search() (hits []string, files int) {
	l.t.Helper()
	for _, f := range l.found([]byte(l.said.String())) {
		hits = append(hits, "printed: "+f)
	}
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path == filepath.Join(l.dir, noble):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		files++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, f := range append(l.found([]byte(path)), l.within(b, 0)...) {
			hits = append(hits, strings.TrimPrefix(path, l.dir)+": "+f)
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return hits, files
}

// within looks into bytes and, where they are an archive, into what is in it.
func (l *lab) within(b []byte, depth int) []string {
	hits := l.found(b)
	var opened io.Reader
	switch {
	case depth > 4:
		return hits
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return append(hits, "a broken archive")
		}
		opened = z
	case bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(bytes.NewReader(b))
		if err != nil {
			return append(hits, "a broken archive")
		}
		defer z.Close()
		opened = z
	case len(b) > 262 && string(b[257:262]) == "ustar":
		t := tar.NewReader(bytes.NewReader(b))
		for {
			if _, err := t.Next(); err != nil {
				return hits
			}
			inner, err := io.ReadAll(t)
			if err != nil {
				return append(hits, "a broken archive")
			}
			hits = append(hits, l.within(inner, depth+1)...)
		}
	default:
		return hits
	}
	inner, err := io.ReadAll(opened)
	if err != nil {
		return append(hits, "a broken archive")
	}
	return append(hits, l.within(inner, depth+1)...)
}
