import type { CertificateStore, SavedCertificate } from '../identity/certificate-store.ts';
import { bytesAt, listAt, objectAt, textAt } from './read-json.ts';
import type { StateFile } from './state-file.ts';

/** The workload's certificate and its key, in a file that only this user can read. */
export class CertificateState implements CertificateStore {
  readonly #file: StateFile;

  constructor(file: StateFile) {
    this.#file = file;
  }

  load(): Promise<SavedCertificate | null> {
    return this.#file.load(parseCertificate);
  }

  save({ chainDer, rootsDer, privateKeyPem, bundlePem }: SavedCertificate): void {
    this.#file.saveLater(() => ({
      chain: chainDer.map(base64),
      roots: rootsDer.map(base64),
      privateKey: privateKeyPem,
      bundle: bundlePem,
    }));
  }

  flush(): Promise<void> {
    return this.#file.flush();
  }
}

function parseCertificate(content: unknown): SavedCertificate {
  const { chain, roots, privateKey, bundle } = objectAt(content, 'content');
  return {
    chainDer: listAt(chain, 'chain', bytesAt),
    rootsDer: listAt(roots, 'roots', bytesAt),
    privateKeyPem: textAt(privateKey, 'privateKey'),
    bundlePem: bundle === null ? null : listAt(bundle, 'bundle', textAt),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
