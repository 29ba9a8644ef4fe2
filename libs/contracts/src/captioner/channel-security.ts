import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  credentials,
  ServerCredentials,
  ServerInterceptingCall,
  status,
  type ChannelCredentials,
  type ClientOptions,
  type ServerInterceptor,
} from '@grpc/grpc-js';

/** One end's papers, and whose it takes from the other end; everything PEM. Both ends show theirs: mutual TLS. */
export interface CaptionerTls {
  /** this end's certificate, intermediates after it. */
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** the authorities that the other end's certificate must come from; no others are taken, not even the system's. */
  readonly authorities: Buffer;
  /** of a client: the name in the captioner's certificate, where that is not the host it connects to. */
  readonly serverName?: string | undefined;
}

/** A client's side of a channel; plain text without `tls`. */
export function channelSecurity(tls: CaptionerTls | undefined): {
  credentials: ChannelCredentials;
  options: ClientOptions;
} {
  if (!tls) return { credentials: credentials.createInsecure(), options: {} };
  const { certificate, key, authorities, serverName } = tls;
  return {
    credentials: credentials.createSsl(authorities, key, certificate),
    options: serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName },
  };
}

/** A server's side; plain text without `tls`, else nobody without a certificate of the authorities gets a word in. */
export function serverSecurity(tls: CaptionerTls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const { certificate, key, authorities } = tls;
  return ServerCredentials.createSsl(authorities, [{ cert_chain: certificate, private_key: key }], true);
}

/**
 * Lets in only clients whose certificate bears one of `names` (as a server's would, by its subject alternative names):
 * for authorities that vouch for others too. Every service of the server is behind it, health and reflection included.
 */
export function onlyClientsNamed(names: readonly string[]): ServerInterceptor {
  return (_method, call) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    if (certificate && names.some((name) => bears(certificate, name))) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next();
        call.sendStatus({
          code: status.PERMISSION_DENIED,
          details: 'the certificate is of no client that may call here',
        });
      },
    });
  };
}

const bears = (certificate: PeerCertificate, name: string): boolean =>
  checkServerIdentity(name, certificate) === undefined;
