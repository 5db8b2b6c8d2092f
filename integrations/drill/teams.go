package drill

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

// posted is a card that the drill's Teams workflow took.
type posted struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
	Raw string    `json:"raw"`
}

// Teams is the handler that speaks as the webhook of a Teams workflow does: it
// takes a card from whoever knows its address, and says no more than that.
func (w *World) Teams() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /workflows/drill", func(rw http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err == nil {
			err = w.takeCard(r.URL.Query().Get("sig"), raw)
		}
		if err != nil {
			status, message := statusOf(err)
			answer(rw, status, map[string]any{"error": map[string]any{"code": "Refused", "message": message}})
			return
		}
		answer(rw, http.StatusAccepted, nil)
	})
	return w.faulty("teams", mux)
}

// takeCard keeps a card. The workflow itself would post a repeated one twice; the
// drill's does not, so that its effects can be counted.
func (w *World) takeCard(signature string, raw []byte) error {
	var card struct {
		Type        string `json:"type"`
		Attachments []struct {
			ContentType string `json:"contentType"`
			Content     struct {
				Type string            `json:"type"`
				ID   string            `json:"id"`
				Body []json.RawMessage `json:"body"`
			} `json:"content"`
		} `json:"attachments"`
	}
	if err := json.Unmarshal(raw, &card); err != nil {
		return refuse(http.StatusBadRequest, "the request is no JSON")
	}
	switch {
	case len(raw) > 28<<10:
		return refuse(http.StatusRequestEntityTooLarge, "Request Entity too large")
	case card.Type != "message", len(card.Attachments) != 1,
		card.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive",
		card.Attachments[0].Content.Type != "AdaptiveCard", len(card.Attachments[0].Content.Body) == 0:
		return refuse(http.StatusBadRequest, "the request has no Adaptive Card")
	}
	key := card.Attachments[0].Content.ID
	return w.change(func(s *state) error {
		if signature != s.Secrets.Teams {
			return refuse(http.StatusUnauthorized, "The authentication credentials are not valid.")
		}
		if slices.ContainsFunc(s.Cards, func(c posted) bool { return c.Key == key }) {
			return nil
		}
		s.Cards = append(s.Cards, posted{key, w.now().UTC(), string(raw)})
		w.effect(s, "teams", "card posted", "the workflow's channel", "firebreak-key:"+key)
		return nil
	})
}
