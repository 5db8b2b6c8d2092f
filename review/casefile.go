package review

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 9562 makes version 5 identifiers of it; nothing is secured by them
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// caseContext are the prefixes of the ontologies that the export uses: CASE
// 1.4.0 and the parts of UCO 1.4.0 below it.
var caseContext = map[string]any{
	"case-investigation": "https://ontology.caseontology.org/case/investigation/",
	"uco-action":         "https://ontology.unifiedcyberontology.org/uco/action/",
	"uco-core":           "https://ontology.unifiedcyberontology.org/uco/core/",
	"uco-identity":       "https://ontology.unifiedcyberontology.org/uco/identity/",
	"uco-location":       "https://ontology.unifiedcyberontology.org/uco/location/",
	"uco-observable":     "https://ontology.unifiedcyberontology.org/uco/observable/",
	"uco-role":           "https://ontology.unifiedcyberontology.org/uco/role/",
	"uco-tool":           "https://ontology.unifiedcyberontology.org/uco/tool/",
	"uco-types":          "https://ontology.unifiedcyberontology.org/uco/types/",
	"xsd":                "http://www.w3.org/2001/XMLSchema#",
}

// node is one thing of the graph; JSON sorts its members.
type node map[string]any

// caseFile builds the graph. A thing that is named twice is one node.
type caseFile struct {
	c     Custody
	seed  string
	nodes []node
	at    map[string]node
	all   []string // what the investigation is about
}

// CASE writes the chains and the actions on outside systems as CASE/UCO 1.4.0,
// JSON-LD. The same record gives the same bytes. A property of something that was
// withheld or erased is left out; a sentence says "(withheld)" in its place.
func (c Custody) CASE(actions []Action) ([]byte, error) {
	f := &caseFile{c: c, seed: c.origin + "\n" + c.Incident.Opened.UTC().Format(time.RFC3339Nano), at: map[string]node{}}
	inv := f.thing("investigation", string(c.Incident.ID), "case-investigation:Investigation")
	f.investigation(inv)
	for _, r := range slices.Sorted(maps.Keys(c.Incident.Roles)) {
		f.role(r, c.Incident.Roles[r])
	}
	for _, x := range c.Exhibits {
		f.exhibit(x)
	}
	for _, a := range actions {
		f.outside(a)
	}
	if len(f.all) > 0 {
		inv["uco-core:object"] = refs(f.all...)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(map[string]any{"@context": caseContext, "@graph": f.nodes}); err != nil {
		return nil, fmt.Errorf("write CASE file: %w", err)
	}
	return b.Bytes(), nil
}

// thing is the node of that name, made on first use.
func (f *caseFile) thing(kind, name string, types ...string) node {
	id := "urn:uuid:" + uuid(f.seed+"\n"+kind+"\n"+name)
	if n := f.at[id]; n != nil {
		return n
	}
	n := node{"@id": id, "@type": types}
	if len(types) == 1 {
		n["@type"] = types[0]
	}
	f.at[id] = n
	f.nodes = append(f.nodes, n)
	return n
}

// uuid is a version 5 identifier (RFC 9562, section 5.5) in a name space of our
// own, so that the same incident always gives the same.
func uuid(name string) string {
	space := [16]byte{0x5f, 0x1e, 0xb7, 0xea, 0x6b, 0x2d, 0x45, 0x0c, 0x9a, 0x31, 0xc0, 0x5e, 0x7d, 0x0d, 0xca, 0x5e}
	h := sha1.New() //nolint:gosec // as above
	h.Write(space[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	t := hex.EncodeToString(u)
	return t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]
}

func (n node) id() string {
	id, _ := n["@id"].(string)
	return id
}

// put sets a member, unless there is nothing to say.
func (n node) put(name, value string) {
	if !record.Gone(value) {
		n[name] = value
	}
}

// say adds a sentence to the description.
func (n node) say(texts ...string) {
	list, _ := n["uco-core:description"].([]string)
	for _, t := range texts {
		if !record.Gone(t) && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	if len(list) > 0 {
		n["uco-core:description"] = list
	}
}

// link adds a reference to a member that may have several.
func (n node) link(name string, to ...node) {
	list, _ := n[name].([]node)
	for _, t := range to {
		if t != nil && !slices.ContainsFunc(list, func(r node) bool { return r.id() == t.id() }) {
			list = append(list, node{"@id": t.id()})
		}
	}
	if len(list) > 0 {
		n[name] = list
	}
}

func refs(ids ...string) []node {
	out := make([]node, len(ids))
	for i, id := range ids {
		out[i] = node{"@id": id}
	}
	return out
}

func (n node) at(name string, t time.Time) {
	if !t.IsZero() {
		n[name] = node{"@type": "xsd:dateTime", "@value": t.UTC().Format(time.RFC3339Nano)}
	}
}

func whole(v int64) node { return node{"@type": "xsd:integer", "@value": fmt.Sprint(v)} }

func (f *caseFile) investigation(n node) {
	i := f.c.Incident
	n.put("uco-core:name", i.Title)
	n.put("case-investigation:investigationStatus", string(i.Status))
	n["case-investigation:investigationForm"] = "incident"
	n.at("uco-core:startTime", i.Opened)
	n.at("uco-core:endTime", i.Closed)
	if i.TLP != "" {
		n["uco-core:tag"] = "TLP:" + strings.ToUpper(string(i.TLP))
	}
	n.say(i.Summary, i.Impact)
	if i.Drill {
		n.say("A drill: an exercise, in which actions went to built-in stand-ins.")
	}
	if seal := f.c.Integrity.Seal; seal != "" {
		n.say("Made of the record with the head " + seal)
	}
	n.say(f.c.Gaps...)
}

// person is the identity of somebody who is named.
func (f *caseFile) person(name string) node {
	name = strings.TrimPrefix(name, "(erased) ") // the pseudonym stays
	if record.Gone(name) || name == withheld {
		return nil
	}
	n := f.thing("person", name, "uco-identity:Identity")
	n.put("uco-core:name", name)
	return n
}

func (f *caseFile) role(r incident.Role, name string) {
	who := f.person(name)
	if who == nil {
		return
	}
	part := f.thing("role", string(r), "uco-role:Role")
	part.put("uco-core:name", string(r))
	f.relate(who, part, "Has_Role")
}

// relate says how one thing stands to another.
func (f *caseFile) relate(from, to node, how string) {
	n := f.thing("relationship", from.id()+how+to.id(), "uco-core:Relationship")
	n["uco-core:source"], n["uco-core:target"] = node{"@id": from.id()}, node{"@id": to.id()}
	n["uco-core:kindOfRelationship"], n["uco-core:isDirectional"] = how, true
}

// machine is a host that evidence came from, or that it is kept on.
func (f *caseFile) machine(host string, m *record.Machine) node {
	if record.Gone(host) {
		return nil
	}
	n := f.thing("machine", host, "uco-observable:ObservableObject")
	n.put("uco-core:name", host)
	device := f.thing("device", host, "uco-observable:DeviceFacet")
	device["uco-observable:deviceType"] = "computer"
	computer := f.thing("computer", host, "uco-observable:ComputerSpecificationFacet")
	computer["uco-observable:hostname"] = host
	n.link("uco-core:hasFacet", device, computer)
	if m != nil && m.System != "" {
		n.say(m.System + ", boot " + first(m.Boot, "unknown"))
	}
	return n
}

// program is the tool that took an exhibit.
func (f *caseFile) program(x record.Exhibit) node {
	if x.Tool == "" {
		return nil
	}
	n := f.thing("tool", x.Tool+" "+x.ToolSHA256, "uco-tool:Tool")
	name, version, _ := strings.Cut(x.Tool, " ")
	n.put("uco-core:name", name)
	n.put("uco-tool:version", version)
	n["uco-tool:toolType"] = "incident response"
	if hash := f.hash(x.ToolSHA256); hash != nil {
		facet := f.thing("tool content", x.ToolSHA256, "uco-observable:ContentDataFacet")
		facet.link("uco-observable:hash", hash)
		n.link("uco-core:hasFacet", facet)
	}
	return n
}

func (f *caseFile) hash(sum string) node {
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
		return nil // withheld, erased, or never a hash
	}
	n := f.thing("hash", sum, "uco-types:Hash")
	n["uco-types:hashMethod"] = "SHA256"
	n["uco-types:hashValue"] = node{"@type": "xsd:hexBinary", "@value": sum}
	return n
}

func (f *caseFile) place(name string) node {
	if record.Gone(name) {
		return nil
	}
	n := f.thing("place", name, "uco-location:Location")
	n.put("uco-core:name", name)
	return n
}

// source is what an exhibit was taken from, as far as the file system told.
func (f *caseFile) source(x Chain) node {
	n := f.thing("source", x.ID, "uco-observable:ObservableObject")
	n.put("uco-core:name", x.Source)
	if !record.Gone(x.Source) {
		facet := f.thing("source file", x.ID, "uco-observable:FileFacet")
		facet["uco-observable:filePath"] = x.Source
		facet["uco-observable:fileName"] = path.Base(x.Source)
		if s := x.Before; s != nil {
			facet["uco-observable:sizeInBytes"] = whole(s.Size)
			facet.at("uco-observable:modifiedTime", s.Modified)
			facet.at("uco-observable:accessedTime", s.Accessed)
			facet.at("uco-observable:metadataChangeTime", s.Changed)
			facet.at("uco-observable:observableCreatedTime", s.Born)
		}
		n.link("uco-core:hasFacet", facet)
	}
	return n
}
