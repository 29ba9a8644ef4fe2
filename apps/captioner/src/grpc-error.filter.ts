import { toGrpcStatus } from '@housestyle/contracts/captioner';
import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/** The one place where an error becomes a gRPC status. */
@Catch()
export class GrpcErrorFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => toGrpcStatus(error));
  }
}
