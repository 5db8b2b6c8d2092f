// Validates JSON-LD files against the shapes of an ontology. Run with the
// ontology (Turtle) and the files; prints a line of JSON for each.
import fs from 'node:fs'
import { Parser, Store } from 'n3'
import { JsonLdParser } from 'jsonld-streaming-parser'
import SHACLValidator from 'rdf-validate-shacl'

const owlImports = 'http://www.w3.org/2002/07/owl#imports'
const sparql = 'http://www.w3.org/ns/shacl#sparql'
const subClassOf = 'http://www.w3.org/2000/01/rdf-schema#subClassOf'

const [ontologyFile, ...files] = process.argv.slice(2)
const ontology = new Parser().parse(fs.readFileSync(ontologyFile, 'utf8'))
const shapes = new Store(ontology.filter((q) => q.predicate.value !== owlImports && q.predicate.value !== sparql))
const classes = ontology.filter((q) => q.predicate.value === subClassOf)
const validator = new SHACLValidator(shapes)
const known = new Set(ontology.map((q) => q.subject.value))

for (const file of files) {
  const data = new Store()
  await new Promise((resolve, reject) => {
    const parser = new JsonLdParser()
    parser.on('data', (quad) => data.add(quad)).on('error', reject).on('end', resolve)
    parser.write(fs.readFileSync(file, 'utf8'))
    parser.end()
  })
  // A name that the ontology does not have passes every shape.
  const strange = new Set()
  for (const q of data) {
    for (const t of q.predicate.value.endsWith('#type') ? [q.object] : [q.predicate]) {
      if (!known.has(t.value)) strange.add(t.value)
    }
  }
  const triples = data.size
  data.addQuads(classes)
  const report = await validator.validate(data)
  const results = report.results.map((r) => ({
    severity: r.severity?.value.replace(/^.*#/, ''),
    focus: r.focusNode?.value,
    path: r.path?.value,
    message: r.message.map((m) => m.value).join(' '),
  }))
  console.log(JSON.stringify({ conforms: report.conforms, triples, strange: [...strange], results }))
}
