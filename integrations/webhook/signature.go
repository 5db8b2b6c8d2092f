package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far a webhook's time may be from the receiver's.
const tolerance = 5 * time.Minute

// mac is the HMAC-SHA256 of "id.timestamp.body". A secret that starts with
// whsec_ is base64, as the specification has it; any other is taken as it is.
func mac(secret, id, timestamp string, body []byte) ([]byte, error) {
	key := []byte(secret)
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return nil, errors.New("read webhook secret: what follows whsec_ is not base64")
		}
	}
	if len(key) < 16 {
		return nil, errors.New("read webhook secret: shorter than 16 bytes")
	}
	if id == "" || strings.Contains(id, ".") {
		return nil, errors.New("sign webhook: its id is empty or has a full stop")
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return h.Sum(nil), nil
}

// Check is what a receiver does: it returns the id of an authentic message that
// is neither old nor from the future.
func Check(secret string, h http.Header, body []byte, now time.Time) (string, error) {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return "", fmt.Errorf("check webhook: timestamp: %w", err)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return "", fmt.Errorf("check webhook: it is %s old", age)
	}
	want, err := mac(secret, id, stamp, body)
	if err != nil {
		return "", err
	}
	for signature := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if !ok {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && hmac.Equal(got, want) {
			return id, nil
		}
	}
	return "", errors.New("check webhook: no signature of ours")
}
