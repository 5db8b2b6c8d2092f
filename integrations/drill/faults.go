package drill

import (
	"net/http"
	"strings"
	"sync"
)

// Mode is a way in which a server can fail.
type Mode string

// The ways to fail. After means that the change was made all the same.
const (
	DropBefore  Mode = "drop-before"  // the connection ends, nothing was done
	DropAfter   Mode = "drop-after"   // it was done, the answer is lost
	TooMany     Mode = "429"          // asked to wait
	Secondary   Mode = "403"          // GitHub's way to say so, in words only
	ServerError Mode = "500"          // nothing was done
	ErrorAfter  Mode = "500-after"    // it was done, the answer says it failed
	Garbage     Mode = "garbage"      // it was done, the answer is no JSON
	Echo        Mode = "echo-headers" // a refusal that repeats what it was sent
)

// Fault makes a server fail at the next requests that match.
type Fault struct {
	System string `json:"system"`           // github, pagerduty, webhook, slack, teams, smtp, jira, linux
	Method string `json:"method,omitempty"` // "" is any
	Path   string `json:"path,omitempty"`   // a part of the path; "" is any
	Mode   Mode   `json:"mode"`
	Times  int    `json:"times,omitempty"` // 0 is once
}

type faults struct {
	mu   sync.Mutex
	list []Fault
}

// Fail arms a fault in this process.
func (w *World) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.list = append(w.faults.list, f)
}

func (f *faults) take(system string, r *http.Request) Mode {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		one := &f.list[i]
		if one.Times > 0 && one.System == system && (one.Method == "" || one.Method == r.Method) && strings.Contains(r.URL.Path, one.Path) {
			one.Times--
			return one.Mode
		}
	}
	return ""
}

// faulty puts the armed faults before a server.
func (w *World) faulty(system string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(rw, r.Body, 1<<20)
		mode, err := w.mode(system, r)
		if err != nil {
			answer(rw, http.StatusInternalServerError, map[string]any{"message": err.Error()})
			return
		}
		switch mode {
		case DropBefore:
			hangUp(rw)
		case DropAfter:
			next.ServeHTTP(&nowhere{header: http.Header{}}, r)
			hangUp(rw)
		case TooMany:
			rw.Header().Set("Retry-After", "7")
			answer(rw, http.StatusTooManyRequests, map[string]any{"message": "too many requests", "error": map[string]any{"message": "Rate Limit Exceeded", "code": 2020}})
		case Secondary:
			answer(rw, http.StatusForbidden, map[string]any{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."})
		case ServerError:
			answer(rw, http.StatusInternalServerError, map[string]any{"message": "server error"})
		case ErrorAfter:
			next.ServeHTTP(&nowhere{header: http.Header{}}, r)
			answer(rw, http.StatusBadGateway, map[string]any{"message": "bad gateway"})
		case Garbage:
			inner := &nowhere{header: http.Header{}}
			next.ServeHTTP(inner, r)
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(max(inner.status, http.StatusOK))
			_, _ = rw.Write([]byte("<html>not what you expect")) // a client that went away is not our failure
		case Echo:
			answer(rw, http.StatusBadRequest, map[string]any{"message": "cannot use " + r.Header.Get("Authorization"), "errors": r.Header.Values("Authorization")})
		default:
			next.ServeHTTP(rw, r)
		}
	})
}

// hangUp ends the connection without an answer.
func hangUp(rw http.ResponseWriter) {
	h, ok := rw.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	_ = conn.Close() // it is meant to be lost
}

// nowhere takes an answer that nobody will get.
type nowhere struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (n *nowhere) Header() http.Header { return n.header }

// Write implements http.ResponseWriter.
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (n *nowhere) WriteHeader(status int) { n.status = status }
