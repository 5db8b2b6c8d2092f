package drill

import (
	"io"
	"net/http"
	"slices"
)

// Anything answers the requests that playbooks write down, whatever host they
// are for: it takes each, once for a key, and remembers it.
func (w *World) Anything() http.Handler {
	return w.faulty("http", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			answer(rw, http.StatusBadRequest, map[string]any{"message": "the body cannot be read"})
			return
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
			answer(rw, http.StatusOK, map[string]any{"drill": true})
			return
		}
		key := r.Header.Get("Idempotency-Key")
		if key == "" {
			answer(rw, http.StatusBadRequest, map[string]any{"message": "there is no Idempotency-Key"})
			return
		}
		err = w.change(func(s *state) error {
			if slices.ContainsFunc(s.Deliveries, func(d delivery) bool { return d.ID == key }) {
				return nil
			}
			s.Deliveries = append(s.Deliveries, delivery{key, w.now().UTC(), body})
			w.effect(s, "http", r.Method+" received", r.Header.Get("Drill-Host")+r.URL.EscapedPath(), "firebreak-key:"+key)
			return nil
		})
		if err != nil {
			answer(rw, http.StatusInternalServerError, map[string]any{"message": err.Error()})
			return
		}
		answer(rw, http.StatusOK, map[string]any{"drill": true})
	}))
}
