import { parseDomFromString } from '@node-saml/node-saml/lib/xml';
import { refuse, refuseUnless, SamlRefusal } from './saml-refusal';

/** The little of the DOM that is used here. */
export interface XmlNode {
  readonly nodeType: number;
  readonly nodeValue: string | null;
  readonly parentNode: XmlNode | null;
  readonly childNodes: ArrayLike<XmlNode>;
}
export interface XmlAttribute {
  readonly name: string;
  readonly localName: string | null;
  readonly prefix: string | null;
  readonly namespaceURI: string | null;
  readonly value: string;
}
export interface XmlElement extends XmlNode {
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly attributes: ArrayLike<XmlAttribute>;
}

const ELEMENT = 1;
const TEXT = 3;
const DOCUMENT_INSTRUCTION = 7;
const DEEPEST = 40;
const MOST_ELEMENTS = 5_000;
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i;
const DECLARATION = /^\uFEFF?<\?xml [^<>?]*\?>\s*/;
const TAG = /<(?:\/[\w.:-]+\s*|[\w.:-]+(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*\/?)>/g;
const REFERENCE = /&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-f]{1,6});/gi;
// eslint-disable-next-line no-control-regex -- control characters are what is refused
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** A message of one root, and the very text that it was read from. */
export interface XmlDocument {
  readonly text: string;
  readonly root: XmlElement;
}

/**
 * Reads XML with the parser that signatures are verified with: two parsers would see two documents. Whatever parsers
 * and canonicalisation are known to disagree about is refused first: DTDs and entities, comments, CDATA, processing
 * instructions, several roots, doubtful ids, relative namespaces. @throws SamlRefusal
 */
export async function readXml(message: string): Promise<XmlDocument> {
  const text = message.replace(/\r\n?/g, '\n').replace(DECLARATION, '');
  refuseUnless(!/<[!?]/.test(text), 'markup_not_allowed');
  refuseUnless(!NOT_XML.test(text), 'not_xml');
  requireWellFormed(text);
  const root = onlyRoot(await parsed(text));
  requirePlain(root);
  return { text, root };
}

/** The parser mends much of what is not well-formed, in ways of its own: an end tag of another name is passed over. */
function requireWellFormed(text: string): void {
  refuseUnless(!text.replace(TAG, '').includes('<') && !text.replace(REFERENCE, '').includes('&'), 'not_xml');
  const open: string[] = [];
  let ended = false;
  for (const [tag] of text.matchAll(TAG)) {
    refuseUnless(!ended, tag.startsWith('</') ? 'not_xml' : 'several_roots');
    const name = /^<\/?([\w.:-]+)/.exec(tag)?.[1] ?? '';
    if (tag.startsWith('</')) refuseUnless(open.pop() === name, 'not_xml');
    else if (!tag.endsWith('/>')) open.push(name);
    ended = open.length === 0;
  }
  refuseUnless(ended, 'not_xml');
}

async function parsed(text: string): Promise<XmlNode> {
  try {
    return (await parseDomFromString(text)) as unknown as XmlNode;
  } catch {
    throw new SamlRefusal('not_xml');
  }
}

function onlyRoot(document: XmlNode): XmlElement {
  const nodes = Array.from(document.childNodes);
  const roots = nodes.filter(isElement);
  refuseUnless(roots.length === 1, roots.length === 0 ? 'not_xml' : 'several_roots');
  refuseUnless(
    nodes.every((node) => node.nodeType !== DOCUMENT_INSTRUCTION && (isElement(node) || isBlank(node))),
    'several_roots',
  );
  return roots[0]!;
}

/** Elements, text and plain attributes alone, of bounded depth and number. Not recursive: depth is the sender's choice. */
function requirePlain(root: XmlElement): void {
  const ids = new Set<string>();
  const waiting: { element: XmlElement; depth: number }[] = [{ element: root, depth: 1 }];
  for (let seen = 0; waiting.length > 0; seen += 1) {
    const { element, depth } = waiting.pop()!;
    refuseUnless(depth <= DEEPEST && seen < MOST_ELEMENTS, 'too_deep');
    for (const attribute of Array.from(element.attributes)) requirePlainAttribute(attribute, ids);
    for (const node of Array.from(element.childNodes)) {
      if (isElement(node)) waiting.push({ element: node, depth: depth + 1 });
      else refuseUnless(node.nodeType === TEXT, 'markup_not_allowed');
    }
  }
}

/** Signatures point at ids: whatever looks like one to anybody must be one, and only once. */
function requirePlainAttribute({ name, localName, namespaceURI, value }: XmlAttribute, ids: Set<string>): void {
  if (namespaceURI === XMLNS || name === 'xmlns' || name.startsWith('xmlns:')) {
    return refuseUnless(ABSOLUTE.test(value) || (name === 'xmlns' && value === ''), 'relative_namespace');
  }
  if ((localName ?? name).toLowerCase() !== 'id' && !/(^|:)id$/i.test(name)) return;
  refuseUnless(!name.includes(':') && !namespaceURI, 'id_attribute_not_plain');
  refuseUnless(!ids.has(value), 'id_not_unique');
  ids.add(value);
}

export function isElement(node: XmlNode): node is XmlElement {
  return node.nodeType === ELEMENT;
}

function isBlank({ nodeType, nodeValue }: XmlNode): boolean {
  return nodeType === TEXT && (nodeValue ?? '').trim() === '';
}

export function childrenOf(element: XmlElement): XmlElement[] {
  return Array.from(element.childNodes).filter(isElement);
}

/** Children of this name, in this namespace. */
export function childrenNamed(element: XmlElement, namespace: string, name: string): XmlElement[] {
  return childrenOf(element).filter((child) => is(child, namespace, name));
}

export function is(element: XmlElement, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** Elements of this name at any depth, whatever their namespace; the element itself is one of them. */
export function allNamed(root: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const waiting = [root];
  for (let element = waiting.pop(); element; element = waiting.pop()) {
    if (element.localName === name) found.push(element);
    waiting.push(...childrenOf(element));
  }
  return found;
}

/** Null when there is none. Attributes of SAML are in no namespace. */
export function attributeOf(element: XmlElement, name: string): string | null {
  return Array.from(element.attributes).find((attribute) => attribute.name === name)?.value ?? null;
}

/** All of the text of an element that holds nothing else: the half of a value is another value. */
export function textOf(element: XmlElement): string {
  const nodes = Array.from(element.childNodes);
  if (nodes.some((node) => node.nodeType !== TEXT)) refuse('structure');
  return nodes.map((node) => node.nodeValue ?? '').join('');
}
