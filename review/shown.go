package review

import (
	"reflect"
	"strings"

	"firebreak/internal/lazyre"
	"firebreak/internal/term"
)

// Shown is a copy of the review in which every text may be shown: what a
// terminal or a reader could be fooled by is escaped, and addresses are written
// so that no program turns them into links. It goes through all fields, so that
// no writer can forget one.
func (r Review) Shown() Review { return r.shown() }

func (r Review) shown() Review {
	out, ok := harmless(reflect.ValueOf(r), r.defanged()).Interface().(Review)
	if !ok {
		return Review{} // a copy of a Review is a Review
	}
	return out
}

// harmless copies a value with all texts in it made harmless.
func harmless(v reflect.Value, text func(string) string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() { //nolint:exhaustive // the other kinds hold no text
	case reflect.String:
		out.SetString(text(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if f := out.Field(i); f.CanSet() {
				f.Set(harmless(v.Field(i), text))
			}
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(harmless(v.Index(i), text))
		}
	case reflect.Map:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for i := v.MapRange(); i.Next(); {
			out.SetMapIndex(harmless(i.Key(), text), harmless(i.Value(), text))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(harmless(v.Elem(), text))
			out.Set(p)
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(harmless(v.Elem(), text))
		}
	default:
	}
	return out
}

var (
	address = lazyre.New(`(?i)\b([a-z][a-z0-9+.-]*)://([^\s/?#]*)`)
	www     = lazyre.New(`(?i)\bwww\.`)
	mail    = lazyre.New(`([\w.+-])@([\w-]+(?:\.[\w-]+)+)`)
)

// Harmless returns text for a document that others will open: term.SafeLines,
// and addresses defanged (hxxp://evil[.]example, ann[@]example[.]org), so that
// no viewer makes links of what an intruder left behind.
func Harmless(s string) string {
	s = term.SafeLines(s)
	if strings.Contains(s, "://") {
		s = address.ReplaceAllStringFunc(s, func(found string) string {
			scheme, host, _ := strings.Cut(found, "://")
			switch strings.ToLower(scheme) {
			case "http":
				scheme = "hxxp"
			case "https":
				scheme = "hxxps"
			case "hxxp", "hxxps":
			default:
				scheme += "[:]"
				host = strings.TrimPrefix(host, ":")
				return scheme + "//" + dots(host)
			}
			return scheme + "://" + dots(host)
		})
	}
	if strings.Contains(s, ".") {
		s = www.ReplaceAllString(s, "www[.]")
	}
	if strings.Contains(s, "@") {
		s = mail.ReplaceAllStringFunc(s, func(found string) string {
			name, host, _ := strings.Cut(found, "@")
			return name + "[@]" + dots(host)
		})
	}
	return s
}

func dots(host string) string {
	if strings.Contains(host, "[.]") {
		return host
	}
	return strings.ReplaceAll(host, ".", "[.]")
}
