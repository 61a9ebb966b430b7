/**
 * Reason phrases by status, as node:http has them. An `import` would read every export of it, three of which load
 * a client and a WebSocket that nothing here uses (benchmark `idle-memory`: 3 MB of 84).
 */
export const { STATUS_CODES: statusTexts } = process.getBuiltinModule('node:http');
