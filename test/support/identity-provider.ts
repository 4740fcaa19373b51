import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** What the provider says of whoever signs in next, beside `sub`. */
export interface ProviderAccount extends Readonly<Record<string, unknown>> {
  readonly sub: string;
}

/** A real provider, in a process of its own. */
export class IdentityProvider {
  private child?: ChildProcess;
  issuer = '';

  constructor(private readonly clients: readonly object[]) {}

  async start(): Promise<void> {
    const script = path.resolve(__dirname, 'identity-provider-process.mjs');
    const arguments_ = [JSON.stringify({ clients: this.clients })];
    this.child = fork(script, arguments_, { execArgv: [], silent: true });
    const [{ issuer }] = (await once(this.child, 'message')) as [{ issuer: string }];
    this.issuer = issuer;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  }

  async signsIn(account: ProviderAccount): Promise<void> {
    const told = once(this.child as ChildProcess, 'message');
    this.child?.send(account);
    await told;
  }
}
