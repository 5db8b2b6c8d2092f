package review

import (
	"strings"
	"time"

	"firebreak/record"
)

// ItemOpen is the state of a follow-up of which nobody said otherwise.
const ItemOpen = "open"

// items are the follow-ups, each with what became of it.
func (b *builder) items() {
	each(b, func(e record.Entry, p record.Item) {
		b.r.Items = append(b.r.Items, Item{Item: p, Seq: e.Seq, At: e.Time.UTC(), By: called(e.Actor), State: ItemOpen})
	}, record.ItemAdded)
	each(b, func(e record.Entry, p record.ItemChange) {
		for i := range b.r.Items {
			if b.r.Items[i].ID == p.ID {
				b.r.Items[i].change(e, p)
			}
		}
	}, record.ItemChanged)
	now := b.extra.Now
	if now.IsZero() {
		now = b.now()
	}
	for i := range b.r.Items {
		b.r.Items[i].Overdue = b.r.Items[i].late(now)
	}
}

func (i *Item) change(e record.Entry, p record.ItemChange) {
	i.State, i.Link = first(p.State, i.State), first(p.Link, i.Link)
	set(&i.Text, p.Text)
	set(&i.Owner, p.Owner)
	set(&i.Due, p.Due)
	set(&i.Class, p.Class)
	set(&i.Verify, p.Verify)
	set(&i.Factor, p.Factor)
	text, _ := describeItemChange(p)
	_, text, _ = strings.Cut(text, ": ")
	i.History = append(i.History, ItemEvent{act(e), first(text, "nothing was changed")})
}

// late says that it was to be done before now, and nobody said that it is. What is
// due on a day is late on the next.
func (i *Item) late(now time.Time) bool {
	return i.State == ItemOpen && !i.Due.IsZero() && !now.Before(i.Due.Add(24*time.Hour))
}

// Items are the follow-ups that entries tell of, with what became of each by then.
func Items(entries []record.Entry, now time.Time) []Item {
	b := newBuilder(entries, Extra{Now: now})
	b.items()
	return b.r.Items
}
