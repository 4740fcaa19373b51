// The project's own lint rules: bans that keep an authentication service honest. Each message names the alternative.

const SECRET_NAME = /(secret|hash|signature|digest|mac)$/i;
// Statements in capitals or in small letters; a sentence ("Select a user") is neither.
const SQL = [
  /^\s*(SELECT|select)\s+([^]*\s(FROM|from)\s|[\w."]+\s*\(|[\d$'*(])/,
  /^\s*(INSERT\s+INTO|insert\s+into|DELETE\s+FROM|delete\s+from)\s+\S/,
  /^\s*(UPDATE|update)\s+\S+(\s+\w+){0,2}\s+(SET|set)\s/,
  /^\s*(WITH|with)\s+(RECURSIVE\s+|recursive\s+)?\w+\s*(\([^)]*\)\s*)?(AS|as)\s+[^(]*\(/,
];
const DISABLE = /^\s*eslint-disable(-line|-next-line)?\b/;
const DISABLE_WITH_REASON = /^\s*eslint-disable(-line|-next-line)?\s+[\w@/-][^]*?\s--\s+\S/;

/** A rule that reports every node matching one of the selectors. */
function ban(message, ...selectors) {
  return {
    meta: { type: 'problem', schema: [], messages: { banned: message } },
    create: (context) => {
      const report = (node) => context.report({ node, messageId: 'banned' });
      return Object.fromEntries(selectors.map((selector) => [selector, report]));
    },
  };
}

/** Selectors for `object.property`, `object['property']` and `const { property } = object`. */
const member = (object, property) => [
  `MemberExpression[object.name='${object}'][property.name='${property}']`,
  `MemberExpression[object.name='${object}'][property.value='${property}']`,
  `VariableDeclarator[init.name='${object}'] > ObjectPattern > Property[key.name='${property}']`,
];

/** The expression behind `x!`, `x as T`, `await x` and `a?.b`. */
function bare(node) {
  const inner = node?.expression ?? (node?.type === 'AwaitExpression' ? node.argument : undefined);
  const transparent = /^(TS(NonNull|As|Satisfies|TypeAssertion)|Chain|Await)/.test(node?.type ?? '');
  return transparent && inner ? bare(inner) : node;
}

function looksSecret(node) {
  const target = bare(node);
  const name = target?.type === 'MemberExpression' ? (target.property.name ?? target.property.value) : target?.name;
  return typeof name === 'string' && SECRET_NAME.test(name);
}

const isLiteral = (node) => node.type === 'Literal' || node.name === 'undefined';

const constantTime = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      banned:
        'Comparing secrets this way leaks where they differ. Use timingSafeEqual from node:crypto on equal lengths.',
    },
  },
  create: (context) => ({
    'BinaryExpression[operator=/^[!=]==?$/]'(node) {
      if (isLiteral(node.left) || isLiteral(node.right)) return;
      if (looksSecret(node.left) || looksSecret(node.right)) context.report({ node, messageId: 'banned' });
    },
    'CallExpression[callee.property.name=/^(equals|compare|localeCompare)$/]'(node) {
      if ([node.callee.object, ...node.arguments].some(looksSecret)) context.report({ node, messageId: 'banned' });
    },
  }),
};

const sqlInStores = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { banned: 'SQL belongs to a *.store.ts file or to src/database. Add a method there and call it.' },
  },
  create: (context) => {
    const check = (node, text) => {
      if (SQL.some((shape) => shape.test(text))) context.report({ node, messageId: 'banned' });
    };
    return {
      Literal: (node) => typeof node.value === 'string' && check(node, node.value),
      TemplateLiteral: (node) => check(node, node.quasis.map((part) => part.value.raw).join('$1')),
    };
  },
};

const explainedDisable = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { banned: 'Name the rule and say why: `eslint-disable-next-line rule -- reason`.' },
  },
  create: (context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!DISABLE.test(comment.value) || DISABLE_WITH_REASON.test(comment.value)) continue;
        // A directive silences from its own position on; one column earlier it cannot silence this report.
        const { line } = comment.loc.start;
        context.report({ loc: { start: { line, column: -1 }, end: comment.loc.end }, messageId: 'banned' });
      }
    },
  }),
};

/** ESLint plugin `latchkey`. */
export default {
  meta: { name: 'latchkey' },
  rules: {
    'strong-random': ban(
      'Math.random can be predicted. Use randomBytes or randomInt from node:crypto.',
      ...member('Math', 'random'),
    ),
    'environment-in-config': ban(
      'Only src/config reads the environment. Add a key to its schema and take the typed slice.',
      ...member('process', 'env'),
      "ImportDeclaration[source.value=/^(node:)?process$/] > ImportSpecifier[imported.name='env']",
    ),
    'time-from-clock': ban(
      'Only packages/nest/src/clock.ts reads the time. Inject Clock and call now(), date() or monotonic().',
      ...member('Date', 'now'),
      ...member('performance', 'now'),
      ...member('process', 'hrtime'),
      "NewExpression[callee.name='Date'][arguments.length=0]",
      "CallExpression[callee.name='Date']",
    ),
    'constant-time': constantTime,
    'verified-jwt': ban(
      'Decoding a token proves nothing. Use the verifier in src/strategy/jwt, or the AuthContext it produced.',
      'CallExpression[callee.property.name=/^decode(Jwt)?$/][callee.object.name=/(jwt|jsonwebtoken|jose)/i]',
      'CallExpression[callee.property.name=/^decode(Jwt)?$/][callee.object.property.name=/(jwt|jsonwebtoken|jose)/i]',
      'ImportDeclaration[source.value=/^(jsonwebtoken|jwt-decode|jose)$/] > ImportSpecifier[imported.name=/^(decode|decodeJwt|jwtDecode)$/]',
      "ImportDeclaration[source.value='jwt-decode']",
    ),
    'logger-not-console': ban(
      'Use the Logger of src/common, which scrubs secrets; commands write to process.stdout.',
      "MemberExpression[object.name='console']",
    ),
    'sql-in-stores': sqlInStores,
    'no-forward-ref': ban(
      'forwardRef hides an import cycle. Move what both need into a folder below them.',
      "ImportSpecifier[imported.name='forwardRef']",
      "CallExpression[callee.property.name='forwardRef']",
    ),
    'no-synchronize': ban(
      'TypeORM must not change the schema by itself. Write a migration in migrations/.',
      "Property[key.name='synchronize'][value.value=true]",
      "Property[key.value='synchronize'][value.value=true]",
    ),
    'no-request-scope': ban(
      'Request scope rebuilds the provider tree for each request. Use requestContext from @latchkey/nest.',
      ...member('Scope', 'REQUEST'),
    ),
    'explained-disable': explainedDisable,
  },
};
