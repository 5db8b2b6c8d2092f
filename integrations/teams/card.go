package teams

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"firebreak/integrations"
)

// maxCard is how large a message may be, all told.
const maxCard = 28 << 10

// maxLines bounds the parts of a card; what is longer goes into the last of them.
const maxLines = 100

type (
	envelope struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		ContentType string   `json:"contentType"`
		Content     adaptive `json:"content"`
	}
	adaptive struct {
		Schema  string         `json:"$schema"`
		Type    string         `json:"type"`
		Version string         `json:"version"`
		ID      string         `json:"id"` // the action's key, for whoever works on the workflow
		Body    []rich         `json:"body"`
		Teams   map[string]any `json:"msteams"`
	}
	rich struct {
		Type    string `json:"type"`
		Spacing string `json:"spacing,omitempty"`
		Inlines []run  `json:"inlines"`
	}
	run struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Weight string `json:"weight,omitempty"`
		Size   string `json:"size,omitempty"`
		Subtle bool   `json:"isSubtle,omitempty"`
	}
)

// card is the message. Its text stands in runs of a RichTextBlock, which know no
// Markdown: no text can make a link, a picture or a heading of itself. A mention
// needs an entity beside the text, and none is ever sent; its tag is taken apart
// all the same, for workflows that post the text by themselves.
func card(c integrations.Call, v integrations.Values) ([]byte, error) {
	var body []rich
	add := func(r run, spacing string) {
		r.Type, r.Text = "TextRun", defuse(r.Text)
		body = append(body, rich{Type: "RichTextBlock", Spacing: spacing, Inlines: []run{r}})
	}
	if t := v.Text("title"); t != "" {
		add(run{Text: t, Weight: "Bolder", Size: "Medium"}, "")
	}
	lines := strings.Split(strings.ReplaceAll(strings.TrimRight(v.Text("text"), "\r\n"), "\r\n", "\n"), "\n")
	if len(lines) > maxLines {
		lines = append(lines[:maxLines-1], strings.Join(lines[maxLines-1:], " ⏎ "))
	}
	spacing := ""
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			spacing = "Medium"
			continue
		}
		add(run{Text: l}, spacing)
		spacing = "None"
	}
	if c.Seal != "" {
		add(run{Text: "Firebreak record: " + c.Seal, Size: "Small", Subtle: true}, "Medium")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it is read by approvers, too
	err := e.Encode(envelope{Type: "message", Attachments: []attachment{{
		ContentType: "application/vnd.microsoft.card.adaptive",
		Content: adaptive{
			Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4", ID: c.Key,
			Body: body, Teams: map[string]any{"width": "Full"},
		},
	}}})
	if err != nil {
		return nil, fmt.Errorf("encode card: %w", err)
	}
	if b.Len() > maxCard {
		return nil, fmt.Errorf("the card has %d bytes: Teams takes %d", b.Len(), maxCard)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// defuse takes apart what Teams would make a mention of.
func defuse(s string) string {
	s = integrations.Unmark(s)
	return strings.NewReplacer("<at", "<\u200bat", "</at", "</\u200bat", "<AT", "<\u200bAT", "</AT", "</\u200bAT").Replace(s)
}

// notify posts the message as it is.
func notify(_ integrations.Connection, m integrations.Message) (string, map[string]any, error) {
	params := map[string]any{"text": m.Body}
	if title := integrations.Line(m.Subject, 400); title != "" {
		params["title"] = title
	}
	if m.Body == "" {
		params["text"] = m.Subject
	}
	return "teams.message.send", params, nil
}
