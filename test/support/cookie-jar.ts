/** Cookies of one browser at one place, by name. Paths and lifetimes are what other tests are about. */
export class CookieJar {
  private readonly values = new Map<string, string>();

  /** Takes what an answer sets. */
  take(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) this.values.delete(name);
      else this.values.set(name, pair.slice(name.length + 1));
    }
  }

  /** The header field; nothing when there is nothing to send. */
  get header(): { readonly cookie?: string } {
    const pairs = [...this.values].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? {} : { cookie: pairs.join('; ') };
  }

  get names(): string[] {
    return [...this.values.keys()];
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  copy(): CookieJar {
    const jar = new CookieJar();
    for (const [name, value] of this.values) jar.values.set(name, value);
    return jar;
  }
}
