/** The reviews: what readers thought. Calls nobody. */
import { serveHealth } from './grpc-health.ts';
import { listenAddressOf, serve } from './serve.ts';

const reviews = [
  { book: 1, stars: 5, text: 'Read it in one sitting, at the loom.' },
  { book: 2, stars: 4, text: 'The chapter on knots holds everything together.' },
  { book: 3, stars: 5, text: 'Light, and yet it carries.' },
];

serve('reviews', listenAddressOf(process.env.LISTEN), (request) => {
  const book = new URL(request.url ?? '/', 'http://reviews').searchParams.get('book');
  const found = book === null ? reviews : reviews.filter((review) => review.book === Number(book));
  return { status: 200, body: { reviews: found } };
});

const { HEALTH_LISTEN } = process.env;
if (HEALTH_LISTEN !== undefined) serveHealth(listenAddressOf(HEALTH_LISTEN), ['', 'reviews']);
