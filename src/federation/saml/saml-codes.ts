import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock } from '../../common/clock';
import { UsedAssertionStore } from '../../identity/federated/used-assertion.store';
import { SealedTexts } from '../../sign-in/sealed-text';
import { refuse, refuseUnless } from './saml-refusal';

const identity = z.object({
  provider: z.string(),
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  username: z.string().nullable().optional(),
  name: z.string().nullable().optional(),
  roles: z.array(z.string()).optional(),
});

const samlSession = z.object({
  provider: z.string(),
  issuer: z.string(),
  nameId: z.string(),
  nameIdFormat: z.string().nullable(),
  sessionIndex: z.string().nullable(),
});

const proven = z.object({
  identity,
  samlSession,
  tenantId: z.string(),
  remember: z.boolean(),
  authTime: z.coerce.date(),
});

/** What an assertion has proven, before anybody is let in. */
export type ProvenLogin = z.infer<typeof proven>;

const carried = z.object({ id: z.string(), redirectUri: z.string(), codeChallenge: z.string(), proven });

/** Whom a code is for: whoever knows the verifier, at that address. */
export interface CodeAudience {
  readonly redirectUri: string;
  readonly codeChallenge: string;
}

export interface CodeProof {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

const NAME = 'saml_login_code';
const USED = 'saml login code';
/** Milliseconds. */
const LIFE = 60_000;
/** Characters: an address with it passes every proxy. */
const LONGEST = 6_000;

/** Codes that stand for proven logins until an application takes them over (RFC 7636). Nothing of one is kept but its use. */
@Injectable()
export class SamlCodes {
  constructor(
    private readonly texts: SealedTexts,
    private readonly used: UsedAssertionStore,
    private readonly clock: Clock,
  ) {}

  /** @throws SamlRefusal `too_long` where the assertion says too much */
  make(login: ProvenLogin, { redirectUri, codeChallenge }: CodeAudience): string {
    const code = this.texts.seal(NAME, { id: randomUUID(), redirectUri, codeChallenge, proven: login }, LIFE);
    refuseUnless(code.length <= LONGEST, 'too_long');
    return code;
  }

  /** One of many at once has it. @throws SamlRefusal `code`, `replayed` */
  async take(provider: string, { code, verifier, redirectUri }: CodeProof): Promise<ProvenLogin> {
    const found = carried.safeParse(this.texts.open(NAME, code)).data ?? refuse('code');
    const right = found.proven.identity.provider === provider && found.redirectUri === redirectUri;
    refuseUnless(right && fits(verifier, found.codeChallenge), 'code');
    const first = await this.used.use(USED, found.id, new Date(this.clock.now() + LIFE));
    refuseUnless(first, 'replayed');
    return found.proven;
  }
}

function fits(verifier: string, challenge: string): boolean {
  const made = createHash('sha256').update(verifier).digest();
  const asked = Buffer.from(challenge, 'base64url');
  return made.length === asked.length && timingSafeEqual(made, asked);
}
