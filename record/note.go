package record

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// SignNote signs any text that ends in a line break, in the form of a head: a
// signed note. The text must not be one that could be taken for a checkpoint.
func SignNote(key Key, text string) ([]byte, error) {
	if !key.Valid() {
		return nil, errors.New("sign note: there is no key")
	}
	if _, err := parseCheckpoint(text); err == nil {
		return nil, fmt.Errorf("sign note: the text is a checkpoint: %w", ErrMalformed)
	}
	signed, err := note.Sign(&note.Note{Text: text}, key.signer)
	if err != nil {
		return nil, fmt.Errorf("sign note: %w", err)
	}
	return signed, nil
}

// OpenNote reads what SignNote wrote and returns its text and the name of the
// key that signed it, as in "name+hash". It accepts only the one form: one
// signature, in canonical base64. Unlike package note it has no limit on the
// length of the text; whoever read it had one. A text whose signature is wrong
// comes back with the error.
func OpenNote(signed []byte, keys Keys) (text, by string, err error) {
	at := strings.LastIndex(string(signed), "\n\n")
	if at < 0 {
		return "", "", fmt.Errorf("open note: no signature: %w", ErrMalformed)
	}
	text = string(signed[:at+1])
	line, ok := strings.CutSuffix(string(signed[at+2:]), "\n")
	name, b64, found := strings.Cut(strings.TrimPrefix(line, signatureMark), " ")
	raw, berr := base64.StdEncoding.Strict().DecodeString(b64)
	if !ok || !found || !strings.HasPrefix(line, signatureMark) || strings.ContainsAny(line, "\r\n") || berr != nil || len(raw) != 4+64 {
		return text, "", fmt.Errorf("open note: its last line is no signature: %w", ErrMalformed)
	}
	by = fmt.Sprintf("%s+%x", name, raw[:4])
	for _, k := range keys {
		if fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()) != by {
			continue
		}
		if !k.Verify([]byte(text), raw[4:]) {
			return text, by, fmt.Errorf("open note: the signature of %s is wrong", by)
		}
		return text, by, nil
	}
	return text, by, fmt.Errorf("open note: signed with a key that is not known: %s", by)
}
