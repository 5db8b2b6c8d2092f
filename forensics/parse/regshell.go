package parse

import (
	"cmp"
	"path"
	"strings"

	"firebreak/forensics/formats/lnk"
	"firebreak/forensics/formats/registry"
	"firebreak/timeline"
)

const (
	maxBags     = 64 << 10 // folders of a hive that are kept to name those below
	maxBagPath  = 4 << 10
	maxBagDepth = 64
	shellFolder = "(a folder of the shell)" // the desktop, the control panel, a library…
)

// shellBags are the folders that the explorer showed, gone ones too: each value
// that is a number is a folder below that of its key, and the key of that number
// has those below it. The folder opened last has the time of the key.
//
// Reference: libyal, winreg-kb, MRU and BagMRU keys; libfwsi, Windows Shell Item
// format.
func shellBags(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	above, err := h.bagPath(h.key, 0)
	if err != nil {
		return err
	}
	order := inOrder(vals)
	for i := range vals {
		v := &vals[i]
		if v.Name == "" || strings.Trim(v.Name, "0123456789") != "" || v.Type != registry.Binary {
			continue
		}
		name := cmp.Or(foreignText(lnk.ItemPath(v.Data)), shellFolder)
		full := bagJoin(above, name)
		if len(h.bags) < maxBags && len(h.key.Path) <= maxBagPath {
			h.bags[strings.ToLower(h.key.Path+`\`+v.Name)] = full
		}
		e := h.fact("shellbag", "folder in the explorer: "+full, attrAction, "open", "path", full, "value", foreignText(v.Name))
		e.TimeKind = timeline.Accessed
		if len(order) == 0 || order[0] != v.Name {
			e.Time, e.TimeKind = fileTime(0), timeline.Undated
		}
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// bagPath is the folder of a key, by the values of those above it.
func (h *hive) bagPath(k *registry.Key, depth int) (string, error) {
	if h.bags == nil {
		h.bags = map[string]string{}
	}
	at := strings.ToLower(k.Path)
	if strings.HasSuffix(at, `\bagmru`) || depth > maxBagDepth {
		return "", nil
	}
	if full, ok := h.bags[at]; ok {
		return full, nil
	}
	parent, err := k.Parent()
	if err != nil || parent == nil {
		return "", err
	}
	above, err := h.bagPath(parent, depth+1)
	if err != nil {
		return "", err
	}
	vals, _, err := parent.Values(64 << 10)
	if err != nil {
		return "", err
	}
	for i := range vals {
		if vals[i].Name == k.Name {
			return bagJoin(above, foreignText(lnk.ItemPath(vals[i].Data))), nil
		}
	}
	return above, nil
}

func bagJoin(above, name string) string {
	if above == "" || above == shellFolder || len(above) > maxBagPath {
		return name
	}
	return above + `\` + name
}

// dialogItems are files that were opened or saved by a dialogue, and the programs
// that asked. Only the last has the key's time.
func dialogItems(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	program := strings.Contains(strings.ToLower(h.key.Path), "lastvisited")
	order := inOrder(vals)
	for i := range vals {
		v := &vals[i]
		if v.Name == "" || strings.Trim(v.Name, "0123456789") != "" || v.Type != registry.Binary {
			continue
		}
		items, exe := v.Data, ""
		if program {
			var n int
			exe, n = items.WideZ(0, 2*maxPathChars)
			items = items.From(n)
		}
		what := foreignText(lnk.ItemPath(items))
		exe = foreignText(exe)
		if what == "" && exe == "" {
			continue
		}
		e := h.fact("opensave", "opened or saved by a dialogue: "+cmp.Or(what, shellFolder)+pre(", by ", exe), attrAction, "open", "path", what, "process", exe, "extension", extensionOf(h.key.Path, program))
		e.TimeKind = timeline.Accessed
		if len(order) == 0 || order[0] != v.Name {
			e.Time, e.TimeKind = fileTime(0), timeline.Undated
		}
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

const maxPathChars = 1024 // of a program's name

// extensionOf is the kind of file that a key keeps, as its last part says.
func extensionOf(key string, program bool) string {
	if name := path.Base(strings.ReplaceAll(key, `\`, "/")); !program && name != "*" {
		return foreignText(name)
	}
	return ""
}
