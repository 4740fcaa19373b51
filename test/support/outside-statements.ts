import { Client } from 'pg';

type Query = (this: Client, ...args: unknown[]) => unknown;

interface Sender {
  readonly connectionParameters: { readonly application_name?: string };
}

const INSIDE = 'BEGIN; SET LOCAL ROLE latchkey_tenant';
const ENDS = ['COMMIT', 'ROLLBACK'];

/**
 * Names of the statements, each once and in order, that requests send while `work` runs and that the wall between
 * tenants does not stand behind. Jobs are left out.
 */
export async function sentOutside(work: () => Promise<unknown>): Promise<string[]> {
  const original = Client.prototype.query as Query;
  const inside = new WeakSet<Client>();
  const names = new Set<string>();
  const query: Query = function (this: Client, ...args) {
    const [first] = args as [string | { readonly name?: string; readonly text?: string }];
    const text = typeof first === 'string' ? first : (first.text ?? '');
    if (text.startsWith(INSIDE)) inside.add(this);
    else if (ENDS.includes(text)) inside.delete(this);
    else if (!inside.has(this) && isOfRequest(this)) names.add((typeof first !== 'string' && first.name) || text);
    return original.apply(this, args);
  };
  Object.assign(Client.prototype, { query });
  try {
    await work();
    return [...names];
  } finally {
    Object.assign(Client.prototype, { query: original });
  }
}

function isOfRequest(client: Client): boolean {
  return (client as unknown as Sender).connectionParameters.application_name === 'latchkey';
}
