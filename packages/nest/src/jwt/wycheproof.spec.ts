import { createSecretKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readCompactJws, readCompactJwt } from './compact-jwt';
import { JWT_ALGORITHMS, pinKey, readJwk, type JwtAlgorithm, type JwtKey } from './jwt-key';
import { hasSignatureOf } from './jwt-signature';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws: unknown;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

interface Group {
  readonly comment: string;
  readonly public?: JsonWebKey & { kid?: string; alg?: string };
  readonly private?: JsonWebKey & { kid?: string; alg?: string };
  readonly tests: readonly Vector[];
}

const FILE = path.resolve(__dirname, '../../../../test/vectors/wycheproof/json_web_signature_test.json');
const { testGroups } = JSON.parse(readFileSync(FILE, 'utf8')) as { testGroups: readonly Group[] };

/** Valid vectors that are refused on purpose. */
const REFUSED_BY_DESIGN: Readonly<Record<number, string>> = {
  259: 'an empty payload',
  264: 'RS384',
  265: 'RS384',
  266: 'RS384',
  267: 'RS384',
  268: 'RS512',
  269: 'RS512',
  270: 'RS512',
  271: 'RS512',
  272: 'an empty payload',
  320: 'PS384',
  321: 'PS384',
  322: 'PS384',
  323: 'PS384',
  325: 'PS512',
  326: 'PS512',
  327: 'PS512',
  328: 'PS512',
  346: 'PS384, signed with a key whose alg is PS256',
  347: 'ES512, signed with a key whose alg is ES521',
  350: 'PS384, signed with a key whose alg is PS256',
  351: 'ES512, signed with a key whose alg is ES521',
  372: 'a character that is not base64url in the header',
  373: 'a character that is not base64url in the payload',
};

/** Called invalid, and letter for letter the valid vector 357: the padding they are about is not in the file. */
const SAME_AS_357: readonly number[] = [367, 370];

function keyOf({ public: open, private: secret }: Group): JwtKey | null {
  if (open) return readJwk(open, JWT_ALGORITHMS);
  if (!secret?.k) return null;
  return pinKey(secret.kid ?? '', secret.alg as JwtAlgorithm, createSecretKey(Buffer.from(secret.k, 'base64url')));
}

function accepted(group: Group, { jws }: Vector): boolean {
  const key = keyOf(group);
  const parts = typeof jws === 'string' ? readCompactJws(jws, 'foreign') : null;
  return key !== null && parts !== null && hasSignatureOf(parts, key);
}

describe.each(testGroups.map((group, index) => [`${index} ${group.comment}`, group] as const))(
  'Wycheproof signatures, group %s',
  (_, group) => {
    it.each(group.tests.map((vector) => [vector.tcId, vector.comment, vector] as const))(
      'vector %i, %s',
      (id, _comment, vector) => {
        expect(vector.result).not.toBe('acceptable');
        const valid = vector.result === 'valid' || SAME_AS_357.includes(id);
        expect(accepted(group, vector)).toBe(valid && !(id in REFUSED_BY_DESIGN));
      },
    );

    it('holds no token of ours', () => {
      const texts = group.tests.map(({ jws }) => jws).filter((jws) => typeof jws === 'string');
      expect(texts.map((text) => readCompactJwt(text)).filter((jwt) => jwt !== null)).toEqual([]);
    });
  },
);

it('two vectors contradict a third one', () => {
  const texts = new Map(testGroups.flatMap((group) => group.tests).map(({ tcId, jws }) => [tcId, jws]));
  expect(SAME_AS_357.map((id) => texts.get(id))).toEqual([texts.get(357), texts.get(357)]);
});

it('every refusal by design is a valid vector that exists', () => {
  const valid = testGroups.flatMap((group) => group.tests).filter(({ result }) => result === 'valid');
  expect(valid.map(({ tcId }) => String(tcId))).toEqual(expect.arrayContaining(Object.keys(REFUSED_BY_DESIGN)));
});
