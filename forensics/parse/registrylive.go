package parse

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/forensics/formats/le"
	"firebreak/forensics/formats/registry"
)

// keyLine is a line of "fb.winregistry": forensics.RegistryKey says what its
// members are.
type keyLine struct {
	Hive    string    `json:"hive"`
	Path    *string   `json:"path"`
	Written time.Time `json:"written"`
	User    string    `json:"user"`
	Subkeys uint32    `json:"subkeys"`
	Count   uint32    `json:"value_count"`
	Part    int       `json:"part"`
	Values  []struct {
		Name     string `json:"name"`
		Type     uint32 `json:"type"`
		Size     uint32 `json:"size"`
		Data     []byte `json:"data"`
		Cut      bool   `json:"cut"`
		Withheld bool   `json:"withheld"`
	} `json:"values"`
	Refused string `json:"refused"`
}

// maxKeyPath bounds the path of a line, in bytes: each of a key's events has it.
const maxKeyPath = 16 << 10

// isLiveRegistry knows "fb.winregistry" by how its lines begin.
func isLiveRegistry(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.HasPrefix(text, []byte(`{"hive":"HK`)) && bytes.Contains(text, []byte(`","path":"`))
}

// parseLiveRegistry makes of the keys of a running Windows what parseRegistry
// makes of those of its hives.
func parseLiveRegistry(j *job, r *bufio.Reader) error {
	h := &hive{}
	at := "" // the hive of h
	return eachLine(j, r, func(ln line) error {
		var k keyLine
		err := readKeyLine(ln, &k)
		if err != nil {
			j.reject(ln.offset, ln.text, err.Error())
			return nil
		}
		if h.job == nil || at != k.Hive {
			if h, at = liveHive(j, &k), k.Hive; h.root == "" {
				h.job = nil
				j.reject(ln.offset, ln.text, "no hive of the registry")
				return nil
			}
		}
		return h.given(ln.offset, &k)
	})
}

func readKeyLine(ln line, k *keyLine) error {
	if ln.cut {
		return errors.New("line is too long")
	}
	if !utf8.Valid(ln.text) {
		return errors.New("no UTF-8")
	}
	if err := json.Unmarshal(ln.text, k); err != nil {
		return fmt.Errorf("no key: %w", err)
	}
	switch {
	case k.Path == nil:
		return errors.New("a key without a path")
	case len(*k.Path) > maxKeyPath:
		return errors.New("the path is too long")
	}
	return nil
}

// liveHive is the hive that a line is of; root is "" where it is none.
func liveHive(j *job, k *keyLine) *hive {
	h := &hive{job: j}
	of, name, _ := strings.Cut(k.Hive, `\`)
	switch {
	case strings.EqualFold(of, "HKLM"):
		h.kind, h.root = hiveOf(strings.ToLower(name))
		if !strings.EqualFold(h.root, k.Hive) {
			h.root = ""
		}
		return h
	case !strings.EqualFold(of, "HKU") || name == "":
		return h
	case strings.EqualFold(name, ".DEFAULT"):
		h.kind, h.root = hiveOf("default")
		return h
	}
	sid, classes := strings.CutSuffix(name, "_Classes")
	if h.kind, h.root = hiveOf("ntuser"); classes {
		h.kind, h.root = hiveOf("usrclass")
	}
	h.sid = foreignText(sid)
	if h.user = foreignText(k.User); h.user == "" {
		h.user = h.sid
	}
	return h
}

// given takes a key that a line has.
func (h *hive) given(offset int64, k *keyLine) error {
	var withheld []string
	vals := make([]registry.Value, 0, len(k.Values))
	for i := range k.Values {
		v := &k.Values[i]
		if v.Withheld {
			withheld = append(withheld, foreignText(v.Name))
			continue
		}
		vals = append(vals, registry.Value{Offset: offset, Name: v.Name, Type: v.Type, Size: max(len(v.Data), int(v.Size)), Data: le.Bytes(v.Data)})
	}
	names, _ := listed(withheld)
	h.more = append(h.more[:0], "withheld", names, "refused", foreignText(k.Refused))
	if k.Part > 1 {
		h.more = append(h.more, "part", strconv.Itoa(k.Part))
	}
	key := registry.Key{Offset: offset, Path: *k.Path, Subkeys: k.Subkeys, NumValues: max(k.Count, uint32(len(k.Values)))} //nolint:gosec // of a line
	key.Name = key.Path[strings.LastIndexByte(key.Path, '\\')+1:]
	if key.Path != "" {
		key.Depth = 1 + strings.Count(key.Path, `\`)
	}
	if sane(k.Written) {
		key.Written = k.Written.UTC()
	}
	taken := registry.Given(key, vals)
	if strings.EqualFold(key.Name, "TypedURLsTime") {
		h.times = taken
	}
	return h.take(taken)
}
