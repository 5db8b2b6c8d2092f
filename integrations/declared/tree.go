package declared

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// node is a part of a body as the file has it: a template, a fixed value, a list,
// a mapping, or a tree that is written as JSON text.
type node struct {
	leaf   *template
	fixed  any
	list   []node
	object []pair
	json   *node
	kind   nodeKind
}

type nodeKind int

const (
	nothing nodeKind = iota
	leafNode
	fixedNode
	listNode
	objectNode
	jsonNode
)

// pair is a key with its value, in the order of the file.
type pair struct {
	key   string
	value node
	at    place
}

// object is a rendered mapping, in the order of the file.
type object []entry

type entry struct {
	key   string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(m.key)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", m.key, err)
		}
		v, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode is JSON without the escapes that only HTML needs.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// render gives the tree its values. What has no value is left out of a mapping;
// reveal puts secrets in.
func (n node) render(env map[string]any, reveal revealer) (any, error) {
	switch n.kind {
	case leafNode:
		v, err := n.leaf.value(env)
		if err != nil {
			return nil, err
		}
		if h, ok := v.(hidden); ok {
			return reveal(string(h))
		}
		return v, nil
	case fixedNode:
		return n.fixed, nil
	case listNode:
		out := make([]any, 0, len(n.list))
		for _, item := range n.list {
			v, err := item.render(env, reveal)
			if err != nil {
				return nil, err
			}
			if v != nil || item.kind == fixedNode {
				out = append(out, v)
			}
		}
		return out, nil
	case objectNode:
		out := make(object, 0, len(n.object))
		for _, p := range n.object {
			v, err := p.value.render(env, reveal)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.key, err)
			}
			if v != nil || p.value.kind == fixedNode {
				out = append(out, entry{p.key, v})
			}
		}
		return out, nil
	case jsonNode:
		v, err := n.json.render(env, reveal)
		if err != nil {
			return nil, err
		}
		b, err := encode(v)
		return string(b), err
	case nothing:
	}
	return nil, nil
}

// revealer fetches a secret parameter, or what stands for it in a plan.
type revealer func(param string) (any, error)

// form writes a tree as a form: a.b for a member, a.1 for the first of a list, as
// Amazon's Query protocol has it.
func form(v any) (url.Values, error) {
	out := url.Values{}
	if err := flatten(out, "", v); err != nil {
		return nil, err
	}
	return out, nil
}

func flatten(out url.Values, name string, v any) error {
	under := func(key string) string {
		if name == "" {
			return key
		}
		return name + "." + key
	}
	switch x := v.(type) {
	case object:
		for _, m := range x {
			if err := flatten(out, under(m.key), m.value); err != nil {
				return err
			}
		}
	case map[string]any:
		for k, e := range x {
			if err := flatten(out, under(k), e); err != nil {
				return err
			}
		}
	case []any:
		for i, e := range x {
			if err := flatten(out, under(strconv.Itoa(i+1)), e); err != nil {
				return err
			}
		}
	case nil:
	default:
		if name == "" {
			return errors.New("a form must be a mapping")
		}
		out.Set(name, show(x))
	}
	return nil
}

// writeXML writes a tree as XML: the one member is the root, a list repeats its
// element, and a name with @ is an attribute.
func writeXML(v any) ([]byte, error) {
	root, ok := v.(object)
	if !ok || len(root) != 1 {
		return nil, errors.New("an XML body must be a mapping with one key: the root")
	}
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	if err := element(e, root[0].key, root[0].value); err != nil {
		return nil, err
	}
	if err := e.Flush(); err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return b.Bytes(), nil
}

func element(e *xml.Encoder, name string, v any) error {
	if list, ok := v.([]any); ok {
		for _, item := range list {
			if err := element(e, name, item); err != nil {
				return err
			}
		}
		return nil
	}
	start := xml.StartElement{Name: xml.Name{Local: name}}
	var inside object
	if o, ok := v.(object); ok {
		for _, m := range o {
			if attr, ok := strings.CutPrefix(m.key, "@"); ok {
				start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: attr}, Value: show(m.value)})
				continue
			}
			inside = append(inside, m)
		}
	}
	if err := e.EncodeToken(start); err != nil {
		return fmt.Errorf("encode body: %w", err)
	}
	for _, m := range inside {
		if err := element(e, m.key, m.value); err != nil {
			return err
		}
	}
	if _, ok := v.(object); !ok {
		if err := e.EncodeToken(xml.CharData(show(v))); err != nil {
			return fmt.Errorf("encode body: %w", err)
		}
	}
	if err := e.EncodeToken(start.End()); err != nil {
		return fmt.Errorf("encode body: %w", err)
	}
	return nil
}

// Limits of an answer, beside the bytes that the client takes.
const (
	maxAnswerDepth  = 64
	maxAnswerValues = 200_000
)

var errAnswer = errors.New("the answer is nested too deeply, or holds too much")

// parseJSON reads one JSON value; numbers are not rounded.
func parseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read answer: not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read answer: there is more than one JSON value")
	}
	left := maxAnswerValues
	if !bounded(v, 0, &left) {
		return nil, errAnswer
	}
	return plain(v), nil
}

func bounded(v any, depth int, left *int) bool {
	*left--
	if *left < 0 || depth > maxAnswerDepth {
		return false
	}
	switch x := v.(type) {
	case map[string]any:
		for _, e := range x {
			if !bounded(e, depth+1, left) {
				return false
			}
		}
	case []any:
		for _, e := range x {
			if !bounded(e, depth+1, left) {
				return false
			}
		}
	}
	return true
}

// unescape takes a URL's escapes from a text.
func unescape(text string) (any, error) {
	s, err := url.QueryUnescape(text)
	if err != nil {
		return nil, fmt.Errorf("take the escapes from a text: %w", err)
	}
	return s, nil
}

// parseXML reads a document as a tree: an element with elements is a mapping, one
// without is its text, and an element that comes twice is a list. So is what
// holds nothing but elements named member, item or entry, of which there may be
// one. Attributes and namespaces are left out; the root's name is the one key.
func parseXML(text string) (any, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	left := maxAnswerValues
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read answer: not XML: %w", err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, errors.New("read answer: XML with a document type is not taken")
		case xml.StartElement:
			v, err := readElement(d, 0, &left)
			if err != nil {
				return nil, err
			}
			return map[string]any{t.Name.Local: v}, nil
		}
	}
}

func readElement(d *xml.Decoder, depth int, left *int) (any, error) {
	*left--
	if *left < 0 || depth > maxAnswerDepth {
		return nil, errAnswer
	}
	var text strings.Builder
	children := map[string][]any{}
	for {
		tok, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read answer: not XML: %w", err)
		}
		switch t := tok.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			v, err := readElement(d, depth+1, left)
			if err != nil {
				return nil, err
			}
			children[t.Name.Local] = append(children[t.Name.Local], v)
		case xml.EndElement:
			return folded(children, text.String()), nil
		}
	}
}

func folded(children map[string][]any, text string) any {
	if len(children) == 0 {
		return strings.TrimSpace(text)
	}
	out := make(map[string]any, len(children))
	for name, all := range children {
		if len(children) == 1 && (name == "member" || name == "item" || name == "entry") {
			return all
		}
		if len(all) == 1 {
			out[name] = all[0]
			continue
		}
		out[name] = all
	}
	return out
}
