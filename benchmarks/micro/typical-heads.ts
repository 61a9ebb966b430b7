/** What browsers and services really send: eleven lines and eight. */
export const typicalRequest: Buffer = Buffer.from(
  'GET /catalog/items/42?fields=price,stock HTTP/1.1\r\nHost: catalog.shop.svc.cluster.local\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: application/json, text/plain, */*\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nConnection: keep-alive\r\n' +
    'Cookie: session=0123456789abcdef0123456789abcdef\r\nReferer: https://shop.example/items\r\n' +
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nCache-Control: no-cache\r\n\r\n',
);

export const typicalResponse: Buffer = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: nginx/1.27.0\r\nDate: Mon, 23 Nov 2026 20:00:00 GMT\r\n' +
    'Content-Type: application/json\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n' +
    'ETag: "0123456789"\r\nCache-Control: max-age=60\r\nVary: Accept-Encoding\r\n\r\n',
);
