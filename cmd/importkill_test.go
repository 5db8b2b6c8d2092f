package cmd_test

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

// TestKillImport kills an import at random moments. After each kill nothing is
// half there, and the same command again ends it: the incident holds what one does
// that was imported at once, each member one time. FIREBREAK_SOAK=1 makes it 60
// kills, of archives and of containers.
func TestKillImport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sources := []struct{ name, file string }{{"archive", b.manyMembers()}, {"container", filepath.Join(b.dir, "c")}}
	collect := []string{"collect", "--plain", "--collector", "linux.files", "--to", sources[1].file}
	for i := range members {
		collect = append(collect, "--file", b.write(fmt.Sprintf("files/log.%02d", i), memberText(i)))
	}
	b.want(0, collect...)
	rounds, seen := testkit.Rounds(t, 1, 30), map[string]int{}
	for _, s := range sources {
		b.want(0, "open", "whole "+s.name)
		began := time.Now()
		b.want(0, "import", "last", s.file)
		usual, whole := time.Since(began), b.holding(s.name)
		for range rounds {
			b.want(0, "open", "killed "+s.name)
			for kills, missed := 0, 0; kills == 0 || testkit.Soak() && rand.N(3) == 0; {
				if !b.killedImport(s.file, usual/10+rand.N(usual/2)) { // it was faster
					if kills > 0 {
						break
					}
					if missed++; missed == 40 {
						t.Fatalf("%s: no kill came in time", s.name)
					}
					b.want(0, "open", "killed "+s.name)
					continue
				}
				kills++
				seen["killed while it took in the "+s.name]++
				if s.name == "archive" || testkit.Soak() { // each start costs
					b.want(0, "verify", "last")
				}
			}
			b.want(0, "import", "last", s.file)
			if got := b.holding(s.name); got != whole {
				t.Fatalf("%s, taken in after a kill:\n%s\nat once:\n%s", s.name, got, whole)
			}
			if testkit.Soak() {
				b.want(0, "verify", "last")
				before := b.entries()
				b.want(0, "import", "last", s.file)
				if after := b.entries(); after != before {
					t.Errorf("%s: once more added entries: %s, then %s", s.name, before, after)
				}
			}
		}
	}
	testkit.Tell(t, testkit.Figure{
		Name: "kill -9 of an import", Rounds: 2 * rounds, Lost: testkit.N(0), Where: seen,
		Note: "archives of UAC's form and containers, killed at random; the same command again brought them in whole, nothing twice",
	})
}

// killedImport kills an import after that time, and says whether it had not ended.
func (b *bench) killedImport(file string, after time.Duration) bool {
	b.t.Helper()
	c := b.command(b.t.Context(), "import", "last", file, "-q")
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = c.Process.Kill() }) // it may have ended
	_ = c.Wait()
	timer.Stop()
	code := c.ProcessState.ExitCode()
	if code > 0 {
		b.t.Fatalf("import %s: exit code %d", file, code)
	}
	return code < 0
}

// members are enough for more than one transaction.
const members = 34

func memberText(i int) string {
	var s strings.Builder
	for n := range 20 {
		fmt.Fprintf(&s, "Nov 20 03:%02d:%02d web-%d sshd[%d]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n", i%60, n, i, 100*i+n)
	}
	return s.String()
}

// manyMembers is an archive with as many logs.
func (b *bench) manyMembers() string {
	headers := []tar.Header{{Name: "uac.log", Typeflag: tar.TypeReg}}
	contents := []string{"2026-11-28 02:37:02 +0000 INF Unix-like Artifacts Collector 3.3.0\n2026-11-28 02:37:02 +0000 INF Hostname: web-1\n"}
	for i := range members {
		headers = append(headers, tar.Header{Name: fmt.Sprintf("[root]/var/log/auth.log.%02d", i), Typeflag: tar.TypeReg})
		contents = append(contents, memberText(i))
	}
	headers = append(headers, tar.Header{Name: "[root]/run/initctl", Typeflag: tar.TypeFifo})
	return b.tar("uac-web-1-linux-20261128023702.tar.gz", headers, contents...)
}

// holding is what the last incident has: each exhibit by name and hash, how many
// events, sealed files, and collections with what they refused.
func (b *bench) holding(of string) string {
	b.t.Helper()
	var out strings.Builder
	exhibits, refused := map[string]int{}, -1
	for line := range strings.Lines(b.want(0, "show", "last", "evidence", "--json").out) {
		var x struct {
			Source     string `json:"source"`
			SHA256     string `json:"sha256"`
			Collection *struct {
				Refused []any `json:"refused"`
			} `json:"collection"`
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			b.t.Fatalf("%v: %s", err, line)
		}
		if c := x.Collection; c != nil {
			refused = max(refused, len(c.Refused))
			continue
		}
		exhibits[x.Source+" "+x.SHA256]++
	}
	for key, n := range exhibits {
		if n > 1 {
			fmt.Fprintf(&out, "%s: %d times\n", key, n)
		}
	}
	blobs := 0
	dirs, err := filepath.Glob(filepath.Join(b.home, "incidents", "*"))
	if err != nil || len(dirs) == 0 {
		b.t.Fatalf("no incidents: %v", err)
	}
	err = filepath.WalkDir(filepath.Join(dirs[len(dirs)-1], "evidence"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			blobs++
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	fmt.Fprintf(&out, "%d exhibits, %d sealed files, %d refused\n", len(exhibits), blobs, refused)
	if of == "archive" || testkit.Soak() {
		out.WriteString(b.want(0, "search", "last", "--count", "sshd").out)
	}
	return out.String()
}
