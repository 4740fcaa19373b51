import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { AuthError, PROTOTYPE_NAMES } from '@latchkey/nest';

/** Refuses query parameters that schemas overlook or trip over: names by which an object reaches its prototype. */
@Injectable()
export class QueryNamesPipe implements PipeTransform {
  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    if (type !== 'query' || typeof value !== 'object' || value === null) return value;
    const name = PROTOTYPE_NAMES.find((candidate) => Object.hasOwn(value, candidate));
    if (name === undefined) return value;
    throw new AuthError('validation_failed', 'Some of what was sent is not valid', {
      errors: [{ pointer: '', message: `Unrecognized key: "${name}"` }],
    });
  }
}
