package declared

import (
	"encoding/json"
	"fmt"
	"maps"
)

// shape is a part of a schema; encoding/json sorts its keys.
type shape = map[string]any

func refTo(name string) shape { return shape{"$ref": "#/$defs/" + name} }

// said is a schema with a description.
func said(about string, of shape) shape {
	out := shape{"description": about}
	maps.Copy(out, of)
	return out
}

func closed(of shape, required ...string) shape {
	out := shape{"type": "object", "additionalProperties": false, "properties": of}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func some(of shape) shape {
	return shape{"anyOf": []any{of, shape{"type": "array", "items": of}}}
}

func oneOf(words ...string) shape { return shape{"enum": words} }

// Schema is the JSON Schema (2020-12) of a file. It sees less than Parse: no
// expressions, and nothing that one part says of another.
func Schema() ([]byte, error) {
	top := closed(shape{
		"declared": said("Version of the language.", oneOf(Format)),
		"kind":     said("The kind of connection that the actions go over, as in okta.", shape{"type": "string", "pattern": kindShape.String()}),
		"system":   said("Declares the kind: where its connections lead and how they open. Without it the kind is another file's.", refTo("system")),
		"actions":  said("The actions.", shape{"type": "array", "minItems": 1, "maxItems": maxActions, "items": refTo("action")}),
	}, "declared", "kind", "actions")
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "Firebreak declared actions " + Format
	top["description"] = "Actions of Firebreak over HTTP; see docs/declared-actions.md."
	top["$defs"] = definitions()
	out, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

func definitions() shape {
	text := shape{"type": []string{"string", "number", "boolean"}}
	named := func(of shape) shape {
		return shape{"type": "object", "propertyNames": shape{"pattern": nameShape.String()}, "additionalProperties": of}
	}
	return shape{
		"text":       text,
		"expression": said("An expression: names, members, ==, in, and, or, not, ? :, ??, and the functions of the language.", shape{"type": []string{"string", "boolean"}, "maxLength": 2000}),
		"template":   said("Text with {{ expression }} in it.", text),
		"tree":       shape{},
		"trees":      shape{"type": "object"},
		"params":     named(refTo("param")),
		"keep":       named(refTo("expression")),
		"param": closed(shape{
			"title":    said("What it is.", text),
			"type":     said("A secret holds a reference such as env:NAME, never the secret.", oneOf("string", "int", "bool", "duration", "list", "secret")),
			"required": said("It must be given.", shape{"type": "boolean"}),
			"default":  said("Its value where none is given.", shape{}),
			"match":    said("Regular expression (RE2) over the whole value.", shape{"type": "string", "maxLength": 1000}),
		}),
		"system":     systemShape(),
		"action":     actionShape(),
		"read":       readShape(shape{}),
		"errors":     some(errorShape()),
		"test":       testShape(),
		"credential": credentialShape(),
	}
}

func systemShape() shape {
	return closed(shape{
		"title":      said("The vendor's or the system's name.", refTo("text")),
		"base_url":   said("The vendor's own address; without it each connection names its own. {NAME} of a setting may be a part of the host.", shape{"type": "string", "pattern": hostShape.String()}),
		"settings":   said("Plain settings of a connection.", refTo("params")),
		"credential": said("How a connection opens.", refTo("credential")),
		"services": said("Several hosts behind one credential.", shape{"type": "object", "additionalProperties": closed(shape{
			"base_url": said("The address of the service.", shape{"type": "string", "pattern": hostShape.String()}),
			"region":   said("The region that signatures name.", refTo("text")),
			"signed":   said("The service that signatures name.", refTo("text")),
		}, "base_url")}),
		"rate":    said("Requests that change something, a second; 1 without it.", shape{"type": "number", "minimum": 0.01, "maximum": 100}),
		"headers": said("Headers of every request.", refTo("trees")),
		"errors":  said("What answers mean, for all actions.", refTo("errors")),
		"identity": said("Who the other side takes us for: a text, or a request and is.", shape{"anyOf": []any{
			refTo("text"), readShape(shape{"is": said("The name, out of answer.", refTo("template"))}),
		}}),
	}, "title", "credential")
}

func credentialShape() shape {
	name := shape{"type": "string", "pattern": nameShape.String()}
	return shape{"anyOf": []any{oneOf(byNothing), closed(shape{
		"kind":      said("bearer: a token. header: a token in a header of its own. basic: user and password. oauth2: client credentials. sigv4: Amazon's signature.", oneOf(credentialKinds()...)),
		"secret":    said("Name of the connection's secret.", name),
		"user":      said("Name of the setting with the user or client id; of sigv4 the secret with the access key id.", name),
		"session":   said("Name of the secret with the session token, of sigv4.", name),
		"header":    said("The header that carries the token.", shape{"type": "string", "pattern": headerShape.String()}),
		"prefix":    said("What stands before the token; {NAME} stands for a setting.", shape{"type": "string", "maxLength": 100}),
		"token_url": said("Where tokens are: an address, or a path below the base URL.", shape{"type": "string", "pattern": tokenShape.String()}),
		"scope":     said("The scope that is asked for.", refTo("text")),
		"style":     said("Where the client's secret goes: into the body, or as basic.", oneOf("body", "basic")),
	}, "kind")}}
}

// requestParts are the keys that every request has.
func requestParts(more shape) shape {
	out := shape{
		"service": said("One of the system's services.", refTo("text")),
		"query":   said("Parameters of the query.", refTo("trees")),
		"headers": said("Further headers.", refTo("trees")),
		"expect":  said("Status codes that are a success; any 2xx without it.", some(shape{"type": "integer", "minimum": 100, "maximum": 599})),
		"answer":  said("How the answer is read; json without it.", oneOf(answerJSON, answerXML, answerText, answerNone)),
		"refused": said("The answer says no, whatever its status.", refTo("expression")),
	}
	maps.Copy(out, more)
	return out
}

func readShape(more shape) shape {
	parts := requestParts(shape{
		"get":    said("A path below the base URL; each value in it is escaped.", refTo("template")),
		"keep":   said("What is kept of the answer, by names.", refTo("keep")),
		"absent": said("404 is an answer: found is false, and nothing is kept.", shape{"type": "boolean"}),
		"pages": said("How a list goes on.", closed(shape{
			"items": said("The items of a page.", refTo("expression")),
			"next":  said("The next page: an address or a cursor, nil at the end; or link, for the header Link.", refTo("expression")),
			"query": said("The parameter that takes the cursor.", refTo("text")),
			"most":  said("The most pages; 10 without it.", shape{"type": "integer", "minimum": 1, "maximum": maxPages}),
		}, "items", "next")),
	})
	maps.Copy(parts, more)
	return closed(parts, "get")
}

func actionShape() shape {
	expr, tmpl := refTo("expression"), refTo("template")
	return closed(shape{
		"id":          said("The name: the kind, a dot, and words.", shape{"type": "string", "pattern": idShape.String()}),
		"version":     said("Three numbers; raise it when what is sent changes.", shape{"type": "string", "pattern": versionShape.String()}),
		"title":       said("What it does, in a few words.", refTo("text")),
		"danger":      said("How much a wrong one can break.", oneOf("none", "low", "medium", "high")),
		"reversible":  said("It has an undo.", shape{"type": "boolean"}),
		"wide":        said("It reaches a whole organisation.", shape{"type": "boolean"}),
		"scopes":      said("What the credential needs, one of them.", some(refTo("text"))),
		"available":   said("The vendor's editions that have it.", some(refTo("text"))),
		"react":       said("RE&CT response actions.", some(shape{"type": "string", "pattern": reactShape.String()})),
		"d3fend":      said("D3FEND techniques.", some(shape{"type": "string", "pattern": d3fendShape.String()})),
		"tested":      said("Against what it was tested.", oneOf("peer", "emulator", "description", "none")),
		"params":      said("Its parameters.", refTo("params")),
		"prior":       said("What is read before: one request, or several.", some(refTo("read"))),
		"done":        said("Over state: the effect is there.", expr),
		"refuse":      said("States that it does not take.", some(closed(shape{"when": expr, "say": tmpl, "hint": refTo("text")}, "when", "say"))),
		"target":      said("What it changes, by ids that stay.", some(closed(shape{"kind": shape{"type": "string", "pattern": nameShape.String()}, "id": tmpl, "name": tmpl, "of": tmpl}, "kind", "id"))),
		"effects":     said("What will change, in words.", some(tmpl)),
		"do":          said("The request that does it.", doShape()),
		"receipt":     said("What is kept of the answer.", closed(shape{"ref": tmpl, "url": tmpl, "data": shape{"type": "object"}}, "ref")),
		"verify":      said("How it is seen that it is so; without it, by done.", closed(shape{"reads": some(refTo("read")), "ok": expr, "says": tmpl, "unread": said("Why nothing can be read back.", refTo("text"))})),
		"find":        said("How what it made is found by call.key.", readShape(shape{"item": expr, "ref": tmpl, "data": refTo("keep")})),
		"undo":        said("The action that undoes it.", closed(shape{"action": shape{"type": "string", "pattern": idShape.String()}, "with": shape{"type": "object"}, "when": expr, "says": tmpl}, "action", "says")),
		"idempotency": said("What a repeat does: nothing (native), or it is found by its key (marker), or something again (none).", shape{"anyOf": []any{oneOf("native", "marker", "none"), closed(shape{"kind": oneOf("native", "marker", "none"), "header": shape{"type": "string", "pattern": headerShape.String()}}, "kind")}}),
		"errors":      said("What answers mean.", refTo("errors")),
		"spec":        said("Operations of the vendor's description, for tests.", closed(shape{"file": refTo("text"), "operation": refTo("text"), "reads": some(refTo("text"))}, "operation")),
		"tests":       said("What the other side says, and what has to come of it.", some(refTo("test"))),
	}, "id", "version", "title", "do", "target", "effects", "receipt")
}

func doShape() shape {
	return closed(requestParts(shape{
		"method": said("GET and HEAD read; the others change something.", oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")),
		"url":    said("A path below the base URL; each value in it is escaped.", refTo("template")),
		"body":   said("Sent as JSON. What has no value is left out; $json is a tree as JSON text.", refTo("tree")),
		"form":   said("Sent as a form; a.b for a member, a.1 for the first of a list.", refTo("trees")),
		"xml":    said("Sent as XML; @name is an attribute.", refTo("trees")),
		"poll": said("Asks until what was ordered is done.", readShape(shape{
			"until":  said("Over polled: it is done.", refTo("expression")),
			"failed": said("Over polled: it could not be done.", refTo("expression")),
			"every":  said("How often; 2s without it.", refTo("text")),
			"most":   said("How long at most; 30s without it.", refTo("text")),
		})),
	}), "method", "url")
}

func errorShape() shape {
	return closed(shape{
		"status":  said("Status codes.", some(shape{"type": "integer", "minimum": 100, "maximum": 599})),
		"says":    said("A part of the answer, in any case.", refTo("text")),
		"outcome": said("What is known then; done: it is so already. Without it the status says.", oneOf("rejected", "throttled", "ambiguous", "not-sent", outcomeDone)),
		"hint":    said("What a responder can do.", refTo("text")),
	})
}

func testShape() shape {
	tree := shape{"type": "object"}
	return closed(shape{
		"name":     said("What is tested.", refTo("text")),
		"params":   said("The parameters.", tree),
		"settings": said("Settings of the connection.", tree),
		"talk": said("Each request with its answer, in this order.", some(closed(shape{
			"to":      said("Method and path with query.", shape{"type": "string", "pattern": turnShape.String()}),
			"status":  said("200 without it.", shape{"type": "integer"}),
			"says":    said("The answer: a tree as JSON, or a text as it is.", shape{}),
			"headers": said("Headers of the answer.", tree),
			"body":    said("The JSON that has to have been sent.", shape{}),
			"form":    said("The form that has to have been sent.", tree),
			"xml":     said("The XML that has to have been sent.", refTo("text")),
			"has":     said("Headers that have to have been sent.", tree),
		}, "to"))),
		"expect": said("What has to come of it.", closed(shape{
			"refused":   said("Words of a refusal before anything is sent.", refTo("text")),
			"unchanged": said("There is nothing to do.", shape{"type": "boolean"}),
			"target":    said("The target's name.", refTo("text")),
			"effect":    said("Words of an effect.", refTo("text")),
			"outcome":   said("How do ends.", oneOf(outcomeDone, "rejected", "throttled", "ambiguous", "not-sent")),
			"hint":      said("Words of the hint of a failure.", refTo("text")),
			"verified":  said("What verification says.", shape{"type": "boolean"}),
			"says":      said("Words of the verification.", refTo("text")),
			"ref":       said("The receipt's ref.", refTo("text")),
			"data":      said("The receipt's data.", tree),
			"prior":     said("What is kept before.", tree),
			"undo":      said("The inverse, or none.", shape{"anyOf": []any{oneOf("none"), closed(shape{"action": refTo("text"), "with": tree}, "action")}}),
		})),
	}, "name", "talk", "expect")
}
