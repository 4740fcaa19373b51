// Lints the snippets given as JSON on standard input with the project's own configuration: [{ path, code }] in,
// [[rule, …], …] out. A process of its own, because Jest cannot load the configuration's ES modules.
import { ESLint } from 'eslint';

const snippets = JSON.parse(await new Response(process.stdin).text());

// Snippets are not files of a TypeScript project; rules that need types are tried on a file that is (`typed`).
const untyped = new ESLint({
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/no-misused-promises': 'off' },
  },
});
const typed = new ESLint();

function nameOf({ ruleId, message }) {
  if (ruleId) return ruleId;
  return message.startsWith('Unused eslint-disable') ? 'unused directive' : `not parsed: ${message}`;
}

const answers = [];
for (const { path, code, withTypes } of snippets) {
  const [result] = await (withTypes ? typed : untyped).lintText(code, { filePath: path });
  answers.push(result.messages.map(nameOf));
}
process.stdout.write(JSON.stringify(answers));
