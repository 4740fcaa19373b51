const PLAIN = /^[\w.:+-]{1,40}$/;

/** A label whose values come from elsewhere: beyond so many different ones, and for odd ones, it says `other`. */
export class BoundedLabel {
  private readonly known = new Set<string>();

  constructor(private readonly most: number) {}

  of(value: string | undefined): string {
    if (value === undefined) return 'none';
    if (this.known.has(value)) return value;
    if (this.known.size >= this.most || !PLAIN.test(value)) return 'other';
    this.known.add(value);
    return value;
  }
}
