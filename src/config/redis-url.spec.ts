import { parseRedisUrl } from './redis-url';

describe('the address of Redis', () => {
  it.each([
    ['redis://h', { kind: 'single', tls: false, nodes: [{ host: 'h', port: 6379 }], database: 0 }],
    [
      'rediss://u:p%40%3A%2F@h:1/2',
      { kind: 'single', tls: true, nodes: [{ host: 'h', port: 1 }], username: 'u', password: 'p@:/', database: 2 },
    ],
    [
      'redis://:p@[::1]:7',
      { kind: 'single', tls: false, nodes: [{ host: '::1', port: 7 }], password: 'p', database: 0 },
    ],
    [
      'redis+cluster://a:1,b,c:3',
      {
        kind: 'cluster',
        tls: false,
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
          { host: 'c', port: 3 },
        ],
      },
    ],
    [
      'rediss+sentinel://u:p@a,b:2/main/3?sentinel_username=s&sentinel_password=q%26',
      {
        kind: 'sentinel',
        tls: true,
        nodes: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 2 },
        ],
        username: 'u',
        password: 'p',
        masterName: 'main',
        database: 3,
        sentinel: { username: 's', password: 'q&' },
      },
    ],
    [
      'redis+sentinel://a/main',
      {
        kind: 'sentinel',
        tls: false,
        nodes: [{ host: 'a', port: 26379 }],
        masterName: 'main',
        database: 0,
        sentinel: {},
      },
    ],
  ])('is read: %s', (text, expected) => {
    expect(parseRedisUrl(text)).toEqual(expected);
  });

  it.each([
    '',
    'h:6379',
    'http://h',
    'redis:h',
    'redis://',
    'redis:///0',
    'redis://a,b',
    'redis://h:0',
    'redis://h:99999',
    'redis://h:port',
    'redis://h /0',
    'redis://h/zero',
    'redis://h/1/2',
    'redis://h/-1',
    'redis://h?db=1',
    'redis://h#1',
    'redis://a:b:c@h',
    'redis://%zz@h',
    'redis+cluster://a,b/0',
    'redis+cluster://a,,b',
    'redis+cluster://a?password=x',
    'redis+sentinel://a',
    'redis+sentinel://a/',
    'redis+sentinel://a/main/x',
    'redis+sentinel://a/main?password=x',
    'redis+sentry://a/main',
    'unix:///run/redis.sock',
  ])('is not guessed: %j', (text) => {
    expect(parseRedisUrl(text)).toBeNull();
  });
});
