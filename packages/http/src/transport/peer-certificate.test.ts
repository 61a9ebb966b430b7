import { describe, expect, it } from 'vitest';
import { urisOf } from './peer-certificate.ts';

describe('urisOf', () => {
  it.each([
    ['URI:spiffe://a/b', ['spiffe://a/b']],
    ['DNS:a, URI:spiffe://a/b, URI:spiffe://c', ['spiffe://a/b', 'spiffe://c']],
    ['DNS:"a, URI:spiffe://forged", URI:spiffe://a', ['spiffe://a']],
    ['URI:"spiffe://a/\\"x, URI:b"', ['spiffe://a/"x, URI:b']],
    ['', []],
    ['IP Address:127.0.0.1', []],
  ])('reads %s', (text, uris) => expect(urisOf(text)).toEqual(uris));
});
