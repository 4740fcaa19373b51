import { AuthError } from '@latchkey/nest';
import { QueryFailedError } from 'typeorm';
import { asUnavailable, breaksConnection, isConflict } from './infrastructure-failure';

const withCode = (code: string): Error => Object.assign(new Error('no'), { code });

describe('a failure of the infrastructure', () => {
  it.each([
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN'],
    ...['08006', '08P01', '53300', '53100', '57P01', '57P02', '57P03', '57014', '58030', '25P03', '25006', '40001'],
  ])('with code %s is unavailable', (code) => {
    expect(asUnavailable(withCode(code))).toMatchObject({ code: 'unavailable', retryAfter: 1 });
  });

  it.each([
    'timeout exceeded when trying to connect',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
  ])('that says "%s" is unavailable and costs the connection', (message) => {
    expect(asUnavailable(new Error(message))).toMatchObject({ code: 'unavailable' });
    expect(breaksConnection(new Error(message))).toBe(true);
  });

  it('is recognised inside an error of TypeORM and kept as the cause', () => {
    const error = new QueryFailedError('SELECT 1', [], withCode('57P01'));
    expect(asUnavailable(error)).toMatchObject({ code: 'unavailable', cause: error });
  });
});

describe('any other error passes as it is', () => {
  it.each([
    ['a unique violation', withCode('23505')],
    ['a syntax error', withCode('42601')],
    ['a refusal of ours', new AuthError('invalid_grant', 'No')],
    ['a bug', new TypeError('x is not a function')],
    ['something thrown that is no error', undefined],
  ])('such as %s', (_name, error) => {
    expect(asUnavailable(error)).toBe(error);
    expect(breaksConnection(error)).toBe(false);
  });
});

it('a statement that ran out of time or lost a conflict leaves its connection sound', () => {
  for (const code of ['57014', '40001', '40P01']) expect(breaksConnection(withCode(code))).toBe(false);
  expect([isConflict(withCode('40P01')), isConflict(withCode('23505'))]).toEqual([true, false]);
});
