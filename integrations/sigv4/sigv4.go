// Package sigv4 signs requests as Amazon wants them (AWS General Reference,
// "Create a signed AWS API request"): Signature Version 4, with a key of one
// day, region and service.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Credentials are an access key. Token is of temporary ones, else "".
type Credentials struct {
	ID     string
	Secret string
	Token  string
}

const algorithm = "AWS4-HMAC-SHA256"

// Scope is what a signature is good for.
type Scope struct {
	Region  string // us-east-1
	Service string // s3, iam
}

// Sign signs a request. payload is the SHA-256 of the body in hexadecimal. All
// headers that are set are signed. The path is taken as it is written, which is
// right for S3 and for paths in which nothing is escaped; the query has to be in
// the form that Query gives it.
func Sign(r *http.Request, c Credentials, in Scope, payload string, at time.Time) {
	at = at.UTC()
	stamp := at.Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("X-Amz-Content-Sha256", payload)
	if c.Token != "" {
		r.Header.Set("X-Amz-Security-Token", c.Token)
	}
	names := []string{"host"}
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	var canonical strings.Builder
	for _, part := range []string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery} {
		canonical.WriteString(part + "\n")
	}
	for _, name := range names {
		value := r.Host
		if name != "host" {
			value = strings.Join(r.Header.Values(name), ",")
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + payload)
	day := at.Format("20060102")
	scope := day + "/" + in.Region + "/" + in.Service + "/aws4_request"
	text := algorithm + "\n" + stamp + "\n" + scope + "\n" + Hash([]byte(canonical.String()))
	key := []byte("AWS4" + c.Secret)
	for _, part := range []string{day, in.Region, in.Service, "aws4_request", text} {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(part))
		key = m.Sum(nil)
	}
	r.Header.Set("Authorization", algorithm+" Credential="+c.ID+"/"+scope+",SignedHeaders="+signed+",Signature="+hex.EncodeToString(key))
}

// Hash is the lower-case hex SHA-256 of a body.
func Hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Encode is AWS' UriEncode: all but the unreserved characters of RFC 3986.
func Encode(s string, slash bool) string {
	const hexadecimal = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' || c == '/' && !slash:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexadecimal[c>>4], hexadecimal[c&15]})
		}
	}
	return b.String()
}

// Query writes parameters in the one order and form that is signed.
func Query(v url.Values) string {
	var out []string
	for name, values := range v {
		for _, value := range values {
			out = append(out, Encode(name, true)+"="+Encode(value, true))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "&")
}
