package parse

import (
	"bufio"
	"bytes"
	"strings"

	"firebreak/timeline"
)

// parsePCA reads what the Program Compatibility Assistant of Windows 11 keeps of
// programs that were started: PcaAppLaunchDic.txt (path|time) and PcaGeneralDb0.txt
// and 1 (time|kind|path|product|company|version|id|text).
//
// Reference: A. Rathbun, L. Mejer, "New Windows 11 Pro (22H2) Evidence of Execution
// Artifact"; the files themselves. Times are UTC, in milliseconds.
func parsePCA(j *job, r *bufio.Reader) error {
	return eachLine(j, r, func(ln line) error {
		ln.held, ln.valid = false, false
		e := timeline.Event{Source: "process", TimeKind: timeline.Started}
		t := tale{j: j, e: &e, a: &e.Attributes}
		f := strings.SplitN(textOf(ln, t.a), "|", 8)
		stamp, path := f[len(f)-1], f[0]
		if len(f) > 2 {
			stamp, path = f[0], field(f, 2)
		}
		if path == "" || len(f) < 2 || !t.when(strings.TrimSpace(stamp)) {
			j.reject(ln.offset, ln.text, "no program with its time")
			return nil
		}
		setAll(t.a, attrAction, "exec", "exe", path)
		e.Message = "started: " + path
		if len(f) > 2 {
			setAll(t.a, "product", field(f, 3), "vendor", field(f, 4), "version", field(f, 5), "program_id", field(f, 6), "text", field(f, 7))
			e.Message = "started: " + path + pre(" — ", field(f, 7))
		}
		return j.add(ln.offset, e)
	})
}

func field(f []string, i int) string {
	if i >= len(f) {
		return ""
	}
	return strings.TrimSpace(f[i])
}

func isPCA(name string, head []byte) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "pca") && strings.HasSuffix(lower, ".txt") {
		return bytes.ContainsRune(head[:min(len(head), 4096)], '|')
	}
	text, _, _ := bytes.Cut(head[:min(len(head), 4096)], []byte("\n"))
	f := strings.SplitN(string(bytes.TrimRight(text, "\r")), "|", 8)
	switch len(f) {
	case 2: // path and time
		return isPCATime(f[1]) && strings.Contains(f[0], `\`)
	case 8: // time, kind, path …
		return isPCATime(f[0]) && digits(f[1]) == f[1] && strings.Contains(f[2], `\`)
	}
	return false
}

// isPCATime knows 2026-11-19 02:14:05.476.
func isPCATime(text string) bool {
	s, ok := isoStamp(text, utcClock())
	return ok && s.size == len(text) && len(text) == len("2006-01-02 15:04:05.000") && text[10] == ' '
}

// mpLog is a line of Windows Defender's own log.
func mpLog(t *tale, text string) string {
	stamp, rest, ok := strings.Cut(text, " ")
	if !ok || len(stamp) < 20 || stamp[10] != 'T' || !t.when(stamp) {
		return "no time"
	}
	t.e.Source, t.e.Message = "antivirus", strings.TrimSpace(rest)
	switch {
	case strings.HasPrefix(rest, "DETECTION"):
		t.set(attrAction, "detect")
		threat, path, _ := strings.Cut(strings.TrimSpace(rest[strings.IndexByte(rest+" ", ' '):]), " ")
		t.set("threat", threat)
		t.set("path", strings.TrimPrefix(path, "file:"))
	case strings.Contains(rest, "ProcessImageName: "):
		_, after, _ := strings.Cut(rest, "ProcessImageName: ")
		image, _, _ := strings.Cut(after, ",")
		t.set("process", image)
	}
	return ""
}

func isMPLog(name string, head []byte) bool {
	return strings.HasPrefix(strings.ToLower(name), "mplog") && (lineLog{record: mpLog, joined: true}).detect(name, head)
}
