package cryptvfs

import (
	"reflect"
	"unsafe"
)

// scrub overwrites what v points to, where that holds no pointers: the round
// keys in a cipher's value. The standard library has no way to say so.
func scrub(v any) {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() || !flat(p.Type().Elem()) {
		return
	}
	clear(unsafe.Slice((*byte)(p.UnsafePointer()), p.Type().Elem().Size())) //nolint:gosec // the size is that of the value
}

// flat reports whether a value of that type holds no pointers.
func flat(t reflect.Type) bool {
	kind := t.Kind()
	if kind == reflect.Array {
		return flat(t.Elem())
	}
	if kind == reflect.Struct {
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return kind >= reflect.Bool && kind <= reflect.Complex128 // numbers
}
