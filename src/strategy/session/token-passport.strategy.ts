import { Strategy } from 'passport';

type Done = (error: unknown, user?: object | null) => void;

interface WithToken {
  readonly headers: { readonly authorization?: string };
}

/** The bare Passport strategy beneath: hands the bearer token to `verify` and passes on what it says. */
export class TokenPassportStrategy extends Strategy {
  constructor(private readonly verify: (token: string, done: Done) => void) {
    super();
  }

  override authenticate(request: unknown): void {
    const token = (request as WithToken).headers.authorization?.slice('Bearer '.length) ?? '';
    this.verify(token, (error, user) => {
      if (error) this.error(error);
      else if (user) this.success(user);
      else this.fail(401);
    });
  }
}
