/** What the mesh's authorities have in common: their keys, and the serial numbers of what they issue. */
export {
  generateKeyPair,
  importKeyPair,
  type PemKeyPair,
  type SigningAlgorithm,
  signingAlgorithm,
} from './key-pairs.ts';
export { randomSerial } from './random-serial.ts';
