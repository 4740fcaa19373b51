import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { concatMap, type Observable } from 'rxjs';
import { AuditRecorder } from '../audit/audit-recorder';

/** What an administrator wrote is in the audit trail before they are told that it is done. */
@Injectable()
export class RecordedInterceptor implements NestInterceptor {
  constructor(private readonly recorder: AuditRecorder) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const { method } = context.switchToHttp().getRequest<{ readonly method: string }>();
    const answer = next.handle();
    if (method === 'GET' || method === 'HEAD') return answer;
    return answer.pipe(
      concatMap(async (body) => {
        await this.recorder.flush();
        return body;
      }),
    );
  }
}
