/** One read buffer for all connections: whoever gets bytes copies out what it keeps, before it returns. */
export const READ_BUFFER_BYTES = 65536;

export const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
