import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
  type X509Certificate,
} from '@peculiar/x509';
import type { CaptionerTls } from '@housestyle/contracts/captioner';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface CertificateWish {
  /** DNS names and IPv4 addresses. */
  readonly names: readonly string[];
  /** of its validity, from now. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** An authority of a test's own, and the certificates it signs. */
export class TestAuthority {
  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly certificate: X509Certificate,
  ) {}

  static async create(name = 'a test authority'): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerial(),
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(keys, certificate);
  }

  get pem(): Buffer {
    return Buffer.from(this.certificate.toString('pem'));
  }

  /** A certificate good for both ends, its key, and this authority as the only one it trusts. */
  async issue({ names, fromMs = -DAY_MS, untilMs = DAY_MS }: CertificateWish): Promise<CaptionerTls> {
    const { publicKey, privateKey } = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: `CN=${names[0]}`,
      issuer: this.certificate.subject,
      publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() + fromMs),
      notAfter: new Date(Date.now() + untilMs),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension(names.map(toGeneralName)),
      ],
    });
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey);
    return {
      certificate: Buffer.from(certificate.toString('pem')),
      key: Buffer.from(PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag)),
      authorities: this.pem,
    };
  }
}

/** Writes an end's papers into `folder`. @returns the variables that lead there */
export async function tlsVariables(folder: string, tls: CaptionerTls): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true });
  const files = { CERT: tls.certificate, KEY: tls.key, CA: tls.authorities };
  const variables: Record<string, string> = {};
  for (const [name, pem] of Object.entries(files)) {
    const file = join(folder, `${name.toLowerCase()}.pem`);
    await writeFile(file, pem);
    variables[`CAPTIONER_TLS_${name}`] = file;
  }
  return variables;
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** Positive, so that its first bit is 0. */
const newSerial = (): string => `01${randomBytes(8).toString('hex')}`;

const toGeneralName = (name: string): JsonGeneralName =>
  /^[\d.]+$/.test(name) ? { type: 'ip', value: name } : { type: 'dns', value: name };
