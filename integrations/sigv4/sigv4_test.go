package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The examples of "Authenticating Requests: Using the Authorization Header (AWS
// Signature Version 4)" in the Amazon S3 API Reference.
func TestPublishedSignatures(t *testing.T) {
	keys := Credentials{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		method, key string
		query       url.Values
		header      map[string]string
		body, want  string
	}{
		{http.MethodGet, "/test.txt", nil, map[string]string{"Range": "bytes=0-9"}, "", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{http.MethodPut, "/test$file.text", nil, map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"}, "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{http.MethodGet, "/", url.Values{"lifecycle": {""}}, nil, "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{http.MethodGet, "/", url.Values{"max-keys": {"2"}, "prefix": {"J"}}, nil, "", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	} {
		u := &url.URL{Scheme: "https", Host: "examplebucket.s3.amazonaws.com", Path: c.key, RawPath: Encode(c.key, false), RawQuery: Query(c.query)}
		r, err := http.NewRequest(c.method, u.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		Sign(r, keys, Scope{"us-east-1", "s3"}, Hash([]byte(c.body)), at)
		if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+c.want) {
			t.Errorf("%s %s: %s, want %s", c.method, c.key, got, c.want)
		}
	}
}

func TestEncode(t *testing.T) {
	if got := Encode("a b/ü+~$", false); got != "a%20b/%C3%BC%2B~%24" {
		t.Error(got)
	}
	if got := Encode("a/b", true); got != "a%2Fb" {
		t.Error(got)
	}
}

// A signature is good for one service.
func TestAnotherService(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "https://example.amazonaws.com/?Param1=value1&Param2=value2", nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := Credentials{ID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	Sign(r, keys, Scope{"us-east-1", "iam"}, Hash(nil), time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
	got := r.Header.Get("Authorization")
	if !strings.Contains(got, "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,") || !strings.Contains(got, "SignedHeaders=host;x-amz-content-sha256;x-amz-date") {
		t.Error(got)
	}
	before := got
	Sign(r, keys, Scope{"us-east-1", "ec2"}, Hash(nil), time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
	if r.Header.Get("Authorization") == before {
		t.Error("another service gives the same signature")
	}
}
