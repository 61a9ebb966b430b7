/** Who a token belongs to, or why it was not taken. The reason is for the log and the caller: never the token. */
export type AuthenticationResult =
  | {
      readonly kind: 'accepted';
      readonly namespace: string;
      readonly serviceAccount: string;
      /** Null where the token is not bound to a pod. */
      readonly pod: string | null;
      /** Tells pods of one name apart; null where the platform has none. */
      readonly podUid: string | null;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Establishes who calls from the bearer token. Throws where it cannot tell at present; the caller may retry. */
export interface Authenticator {
  authenticate(token: string): Promise<AuthenticationResult>;
}
