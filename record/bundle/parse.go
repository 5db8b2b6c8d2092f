package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"firebreak/incident"
	"firebreak/record"
)

// The files of a bundle are read as strictly as verify.py reads them, member
// names in their exact case: two readers of one file must not see two things.

var errForm = errors.New("not in the form of a bundle")

// parseAbout reads bundle.json. Only what the verification stands on must be
// right; the rest is for people.
func parseAbout(b []byte) (About, error) {
	m, err := object(b)
	if err != nil {
		return About{}, err
	}
	var format, id, profile string
	for name, to := range map[string]*string{"format": &format, "incident": &id, "profile": &profile} {
		if err := json.Unmarshal(m[name], to); err != nil {
			return About{}, fmt.Errorf("%s: %w", name, errForm)
		}
	}
	var a About
	if err := json.Unmarshal(b, &a); err != nil {
		a = About{}
	}
	a.Format, a.Incident, a.Profile = format, incident.ID(id), record.Profile(profile)
	return a, nil
}

func object(b []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("not UTF-8: %w", errForm)
	}
	if err := json.Unmarshal(b, &m); err != nil || m == nil {
		return nil, fmt.Errorf("not a JSON object: %w", errForm)
	}
	return m, nil
}

// parseFields reads a line of disclosures.jsonl:
// {"seq":4,"disclosures":["…","…"]}, without a space, in base64url.
func parseFields(b []byte) (Fields, error) {
	var f Fields
	rest, ok := bytes.CutPrefix(b, []byte(`{"seq":`))
	number, list, ok2 := bytes.Cut(rest, []byte(`,"disclosures":[`))
	list, ok3 := bytes.CutSuffix(list, []byte(`]}`))
	seq, err := strconv.ParseInt(string(number), 10, 64)
	if !ok || !ok2 || !ok3 || err != nil || seq < 1 || strconv.FormatInt(seq, 10) != string(number) {
		return f, errForm
	}
	f.Seq = seq
	if len(list) == 0 {
		return f, nil
	}
	if len(list) < 2 || list[0] != '"' || list[len(list)-1] != '"' {
		return f, errForm
	}
	for text := range bytes.SplitSeq(list[1:len(list)-1], []byte(`","`)) {
		for _, c := range text {
			if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
				return f, errForm
			}
		}
		f.Disclosures = append(f.Disclosures, string(text))
	}
	return f, nil
}

// parseWithheld reads withheld.json, in the one form it is written in.
func parseWithheld(b []byte) (map[string]bool, error) {
	var w Withheld
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("not JSON: %w", errForm)
	}
	if w.Digests == nil {
		w.Digests = []string{}
	}
	again, err := json.MarshalIndent(w, "", " ")
	if err != nil || !bytes.Equal(append(again, '\n'), b) {
		return nil, errForm
	}
	out := make(map[string]bool, len(w.Digests))
	for _, d := range w.Digests {
		out[d] = true
	}
	return out, nil
}

// parseExhibits reads evidence/manifest.json: which exhibits have a file, and
// how many have none.
func parseExhibits(b []byte) (files map[string]bool, leftOut int, err error) {
	m, err := object(b)
	if err != nil {
		return nil, 0, err
	}
	var list []map[string]json.RawMessage
	if json.Unmarshal(m["exhibits"], &list) != nil || list == nil {
		return nil, 0, fmt.Errorf("no list of exhibits: %w", errForm)
	}
	files = map[string]bool{}
	for _, x := range list {
		var id, file string
		if json.Unmarshal(x["exhibit"], &id) != nil || x["file"] != nil && json.Unmarshal(x["file"], &file) != nil {
			return nil, 0, fmt.Errorf("an exhibit without a name: %w", errForm)
		}
		switch {
		case file == "":
			leftOut++
		case exhibitShape.MatchString(id):
			files[blobFile(id)] = true
		}
	}
	return files, leftOut, nil
}
