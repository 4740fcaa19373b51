import fc from 'fast-check';
import type { Revocation, RevocationTarget } from './revocation';
import { RevocationMirror, type Revocable } from './revocation-mirror';

const A = { tenantId: 'tenant-a', userId: 'user-1' };

function revocationOf(target: RevocationTarget, difference: Partial<Revocation> = {}): Revocation {
  const generation = target.kind === 'session' ? null : 1;
  return { target, generation, endsLogin: true, reason: 'revoked_by_user', accessExpiresAt: 1_000, ...difference };
}

function tokenOf(difference: Partial<Revocable> = {}): Revocable {
  return { ...A, sessionId: 's1', generations: { global: 0, tenant: 0, user: 0 }, ...difference };
}

describe('the revocation mirror', () => {
  let mirror: RevocationMirror;
  beforeEach(() => (mirror = new RevocationMirror()));

  it('knows nothing against a token that nobody revoked', () => {
    expect(mirror.verdict(tokenOf())).toBe('valid');
  });

  it('revokes one session and no other', () => {
    mirror.apply(revocationOf({ kind: 'session', ...A, sessionId: 's1' }));
    expect(mirror.verdict(tokenOf())).toBe('revoked');
    expect(mirror.verdict(tokenOf({ sessionId: 's2' }))).toBe('valid');
  });

  it('never lets a session id of one tenant or user revoke the same id of another', () => {
    mirror.apply(revocationOf({ kind: 'session', ...A, sessionId: 's1' }));
    expect(mirror.verdict(tokenOf({ tenantId: 'tenant-b' }))).toBe('valid');
    expect(mirror.verdict(tokenOf({ userId: 'user-2' }))).toBe('valid');
  });

  it('revokes what a user held before the mark, and nothing issued after it', () => {
    mirror.apply(revocationOf({ kind: 'user', ...A }, { generation: 3 }));
    expect(mirror.verdict(tokenOf({ generations: { global: 0, tenant: 0, user: 2 } }))).toBe('revoked');
    expect(mirror.verdict(tokenOf({ generations: { global: 0, tenant: 0, user: 3 } }))).toBe('valid');
  });

  it('spares the session that a mark exempts, until another mark reaches it', () => {
    mirror.apply(revocationOf({ kind: 'user', ...A, exceptSessionId: 's1' }, { generation: 1 }));
    expect(mirror.verdict(tokenOf())).toBe('valid');
    expect(mirror.verdict(tokenOf({ sessionId: 's2' }))).toBe('revoked');
    mirror.apply(revocationOf({ kind: 'user', ...A, exceptSessionId: 's9' }, { generation: 2 }));
    expect(mirror.verdict(tokenOf())).toBe('revoked');
  });

  it('does not let a newer exemption save a session from an older mark', () => {
    mirror.apply(revocationOf({ kind: 'user', ...A }, { generation: 1 }));
    mirror.apply(revocationOf({ kind: 'user', ...A, exceptSessionId: 's1' }, { generation: 2 }));
    expect(mirror.verdict(tokenOf())).toBe('revoked');
  });

  it('asks for a renewal, not for a sign-in, when only the access token is out of date', () => {
    mirror.apply(revocationOf({ kind: 'user', ...A }, { endsLogin: false }));
    expect(mirror.verdict(tokenOf())).toBe('renew');
    mirror.apply(revocationOf({ kind: 'user', ...A }, { generation: 2 }));
    expect(mirror.verdict(tokenOf())).toBe('revoked');
  });

  it('reaches a whole tenant, and only that one', () => {
    mirror.apply(revocationOf({ kind: 'tenant', tenantId: A.tenantId }));
    expect(mirror.verdict(tokenOf())).toBe('revoked');
    expect(mirror.verdict(tokenOf({ tenantId: 'tenant-b' }))).toBe('valid');
  });

  it('reaches everyone', () => {
    mirror.apply(revocationOf({ kind: 'global' }));
    expect(mirror.verdict(tokenOf({ tenantId: 'tenant-b' }))).toBe('revoked');
  });

  it('changes its version with every change, so that a judgement can be kept until then', () => {
    const before = mirror.version;
    mirror.apply(revocationOf({ kind: 'global' }));
    expect(mirror.version).not.toBe(before);
  });

  it('forgets what no living access token is concerned by', () => {
    mirror.apply(revocationOf({ kind: 'session', ...A, sessionId: 's1' }, { accessExpiresAt: 50 }));
    mirror.apply(revocationOf({ kind: 'user', ...A }, { accessExpiresAt: 200 }));
    mirror.forgetExpired(100);
    expect(mirror.size).toBe(1);
  });

  it('keeps a mark as long as the latest word says, in whatever order they arrive', () => {
    const session = { kind: 'session', ...A, sessionId: 's1' } as const;
    mirror.apply(revocationOf(session, { accessExpiresAt: 200 }));
    mirror.apply(revocationOf(session, { accessExpiresAt: 50 }));
    mirror.forgetExpired(100);
    expect(mirror.verdict(tokenOf())).toBe('revoked');
  });

  it('answers as the full history would, in whatever order the marks arrive', () => {
    const mark = fc.record({
      generation: fc.integer({ min: 1, max: 6 }),
      except: fc.constantFrom(undefined, 's1', 's2', 's3'),
    });
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 8 }), fc.integer({ min: 0, max: 6 }), (marks, user) => {
        const fresh = new RevocationMirror();
        for (const { generation, except } of marks) {
          fresh.apply(revocationOf({ kind: 'user', ...A, exceptSessionId: except }, { generation }));
        }
        const reached = marks.some(({ generation, except }) => user < generation && except !== 's1');
        const verdict = fresh.verdict(tokenOf({ generations: { global: 0, tenant: 0, user } }));
        expect(verdict).toBe(reached ? 'revoked' : 'valid');
      }),
    );
  });
});
