package forensics

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"firebreak/forensics/pattern"
)

// FormatWindowsRegistry is the format of keys of a running Windows, whose hives
// nobody can open: RegistryKey.
const FormatWindowsRegistry = "fb.winregistry"

// RegistryKey is a line of the "fb.winregistry" format: a key. Those of a hive
// stand together, each before those below it. There is no class: the key that
// encrypts the hashes of passwords is made of classes.
type RegistryKey struct {
	Hive    string    `json:"hive"`               // HKLM\Software, HKLM\System, HKU\<SID>, HKU\<SID>_Classes, HKU\.DEFAULT
	Path    string    `json:"path"`               // below the hive; a control set by its number
	Raw     []byte    `json:"raw_name,omitempty"` // the key's name in UTF-16, little-endian, where it is no text
	Written time.Time `json:"written"`            // UTC, to 100 ns
	User    string    `json:"user,omitempty"`     // whose hive it is, by the machine's list of profiles
	Subkeys uint32    `json:"subkeys,omitempty"`
	Count   uint32    `json:"value_count,omitempty"`
	// Part counts the lines of a key whose values fill more than one, from 2 on.
	Part    int             `json:"part,omitempty"`
	Values  []RegistryValue `json:"values,omitempty"`
	Refused string          `json:"refused,omitempty"` // why it was not read, or not to its end
}

// RegistryValue is one of a key.
type RegistryValue struct {
	Name     string `json:"name"`               // "" is the default
	Raw      []byte `json:"raw_name,omitempty"` // as of the key
	Type     uint32 `json:"type"`               // 1 text, 2 text with variables, 3 binary, 4 number, 7 texts, …
	Size     uint32 `json:"size"`               // bytes that it has
	Data     []byte `json:"data,omitempty"`     // base64
	Cut      bool   `json:"cut,omitempty"`      // Data is the first of Size bytes
	Withheld bool   `json:"withheld,omitempty"` // it holds a secret: listed only
}

// Limits of a reading of the registry.
const (
	maxRegistryKeys   = 200_000
	maxRegistryNames  = 100_000   // below one key
	maxRegistryValues = 64 << 10  // of one key
	maxRegistryData   = 256 << 10 // of one value
	maxRegistryLine   = 768 << 10 // the parser's line has 1 MiB
	maxRegistryDepth  = 64
	maxRegistryWhys   = 20 // reasons of refusals that are told apart
)

// registryNode is a key that is open.
type registryNode interface {
	// stat is when it was written last, and how much it has.
	stat() (written time.Time, subkeys, values uint32, err error)
	// below lists names and times of the keys below.
	below(most int) ([]registryName, error)
	// values calls f for each value, of whose data Cut says that it is not whole.
	values(ctx context.Context, f func(name []uint16, v RegistryValue) error) error
	// open opens a key below, and never what a link leads to.
	open(name []uint16) (registryNode, error)
	close()
}

// registryName is a name as the registry has it: any units of 16 bits.
type registryName struct {
	units   []uint16
	written time.Time
}

// text is a name as text; raw is the units where the text is not all of it.
func nameText(units []uint16) (text string, raw []byte) {
	text = string(utf16.Decode(units))
	if slices.Equal(utf16.Encode([]rune(text)), units) {
		return text, nil
	}
	for _, u := range units {
		raw = binary.LittleEndian.AppendUint16(raw, u)
	}
	return text, raw
}

// registryReading writes keys as lines.
type registryReading struct {
	secrets, environment bool
	add                  func(any) error
	refuse               func(source string, err error)

	most   int   // keys
	room   int64 // bytes of lines that may still be written
	keys   int
	full   string         // why no more are read
	denied map[string]int // keys that could not be read, by reason
}

// hive writes the keys below one that patterns mean.
func (r *registryReading) hive(ctx context.Context, root registryNode, hive, user string, patterns []string) error {
	set, err := keyPatterns(patterns)
	if err != nil {
		return err
	}
	return r.walk(ctx, root, set, RegistryKey{Hive: hive, User: user}, set.Start(), 0)
}

func (r *registryReading) walk(ctx context.Context, at registryNode, set *pattern.Set, above RegistryKey, state pattern.State, depth int) error {
	names, err := at.below(maxRegistryNames)
	r.miss(err)
	if len(names) == maxRegistryNames {
		r.refuse(above.Hive+`\`+above.Path, refuse("more than %d keys: the rest is not looked at", maxRegistryNames))
	}
	timesFirst(names)
	for _, n := range names {
		if err := ctx.Err(); err != nil || r.full != "" {
			return err
		}
		text, raw := nameText(n.units)
		next := set.Step(state, strings.ToLower(text), nil)
		wanted, deeper := false, depth < maxRegistryDepth && set.Open(next)
		set.Ends(next, func(int) { wanted = true })
		if !wanted && !deeper {
			continue
		}
		k := RegistryKey{Hive: above.Hive, User: above.User, Path: strings.TrimPrefix(above.Path+`\`+strings.ReplaceAll(text, `\`, "/"), `\`), Raw: raw, Written: n.written}
		if err := r.enter(ctx, at, n.units, set, k, next, wanted, deeper, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// enter opens a key, writes it and goes below.
func (r *registryReading) enter(ctx context.Context, at registryNode, name []uint16, set *pattern.Set, k RegistryKey, state pattern.State, wanted, deeper bool, depth int) error {
	node, err := at.open(name)
	if err != nil {
		r.miss(err)
		if k.Refused = err.Error(); wanted {
			return r.line(k)
		}
		return nil
	}
	defer node.close()
	if wanted {
		if err := r.tell(ctx, node, k); err != nil {
			return err
		}
	}
	if deeper {
		return r.walk(ctx, node, set, k, state, depth)
	}
	return nil
}

// timesFirst puts the times of addresses before the addresses, so that who reads
// line by line has them.
func timesFirst(names []registryName) {
	i := slices.IndexFunc(names, func(n registryName) bool { return strings.EqualFold(string(utf16.Decode(n.units)), "TypedURLsTime") })
	if i > 0 {
		first := names[i]
		copy(names[1:i+1], names[:i])
		names[0] = first
	}
}

// miss counts a key that could not be read.
func (r *registryReading) miss(err error) {
	if err == nil {
		return
	}
	why := err.Error()
	if _, known := r.denied[why]; !known && len(r.denied) >= maxRegistryWhys {
		why = "other reasons"
	}
	r.denied[why]++
}

// tell writes the lines of a key.
func (r *registryReading) tell(ctx context.Context, at registryNode, k RegistryKey) error {
	written, subkeys, count, err := at.stat()
	if err == nil {
		k.Written, k.Subkeys, k.Count = written, subkeys, count
	}
	size, seen, withheld := 0, 0, map[string][]string{}
	var stop error
	err = errors.Join(err, at.values(ctx, func(name []uint16, v RegistryValue) error {
		if seen++; seen > maxRegistryValues {
			return fmt.Errorf("more than %d values", maxRegistryValues)
		}
		v.Name, v.Raw = nameText(name)
		holds, flag := secretName(k.Path, v.Name)
		if holds != "" && (flag == "--secrets" && !r.secrets || flag == "--environment" && !r.environment) {
			v.Data, v.Cut, v.Withheld = nil, false, true
			why := holds + "\x00" + flag
			withheld[why] = append(withheld[why], v.Name)
		}
		if len(v.Data) > maxRegistryData {
			v.Data, v.Cut = v.Data[:maxRegistryData], true
		}
		n := base64.StdEncoding.EncodedLen(len(v.Data)) + base64.StdEncoding.EncodedLen(len(v.Raw)) + jsonLength(v.Name) + 100
		if size+n > maxRegistryLine && len(k.Values) > 0 {
			if stop = r.line(k); stop != nil {
				return stop
			}
			k.Part, k.Values, size = max(k.Part, 1)+1, nil, 0
		}
		k.Values, size = append(k.Values, v), size+n
		r.room -= int64(n)
		return nil
	}))
	if ctx.Err() != nil || stop != nil {
		return cmp.Or(stop, ctx.Err())
	}
	if err != nil {
		r.miss(err)
		k.Refused = err.Error()
	}
	for _, why := range slices.Sorted(maps.Keys(withheld)) {
		holds, flag, _ := strings.Cut(why, "\x00")
		names := withheld[why]
		shown := strings.Join(names[:min(len(names), 10)], ", ")
		r.refuse(k.Hive+`\`+k.Path, refuse("holds %s: listed, not taken unless %s asks for it (%s)", holds, flag, shown))
	}
	return r.line(k)
}

// jsonLength is at least how long a text is as JSON.
func jsonLength(s string) int {
	n := 2
	for _, c := range s {
		switch {
		case c < ' ' || c == 0x2028 || c == 0x2029:
			n += 6
		case c == '"' || c == '\\':
			n += 2
		default:
			n += 4
		}
	}
	return n
}

// line writes one.
func (r *registryReading) line(k RegistryKey) error {
	k.Refused = strings.ToValidUTF8(k.Refused, "\ufffd")
	r.room -= int64(len(k.Path) + 200)
	if r.keys++; r.keys >= r.most {
		r.full = fmt.Sprintf("more than %d keys", r.most)
	} else if r.room <= 0 {
		r.full = "more bytes than the limit of one file"
	}
	return r.add(k)
}

// summary tells what was left out.
func (r *registryReading) summary() {
	for _, why := range slices.Sorted(maps.Keys(r.denied)) {
		r.refuse("HKLM, HKU", refuse("%d keys could not be read: %s", r.denied[why], why))
	}
	if r.full != "" {
		r.refuse("HKLM, HKU", refuse("%s: the rest of the registry is not read", r.full))
	}
}
