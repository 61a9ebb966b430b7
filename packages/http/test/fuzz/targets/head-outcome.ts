/** What a head means, as text: two ways of reading the same bytes must give the same. */
import type { HeadIndex } from '../../../src/message/head-index.ts';
import { mustHold } from '../fuzz-target.ts';

function fieldsText(head: HeadIndex): string {
  let text = '';
  for (let i = 0; i < head.count; i++) text += `${head.name(i)}=${head.value(i)}#${head.flags[i]}\n`;
  return text;
}

export function headText(head: HeadIndex): string {
  const { framing, contentLength, keepAlive, httpMinor, hasUpgrade, hasTeTrailers } = head;
  return `${framing} ${contentLength} ${keepAlive} ${httpMinor} ${hasUpgrade} ${hasTeTrailers}\n${fieldsText(head)}`;
}

/** Every range lies within the head, in order. */
export function rangesMustHold(head: HeadIndex, maxCount: number): void {
  mustHold(head.count <= maxCount, 'no more lines than the limit says');
  mustHold(head.start <= head.linesStart && head.linesStart <= head.linesEnd, 'lines within the head');
  let at = head.linesStart;
  for (let i = 0; i < head.count; i++) {
    mustHold(head.nameStart[i] === at, 'a line begins where the one before it ends');
    mustHold(head.nameEnd[i]! > at && head.valueStart[i]! > head.nameEnd[i]!, 'a name, then a value');
    mustHold(head.valueEnd[i]! >= head.valueStart[i]!, 'a value ends after it began');
    at = head.lineEnd(i);
    mustHold(at >= head.valueEnd[i]! + 2, 'a line ends after its value');
  }
  mustHold(at === head.linesEnd && head.end === at + 2, 'the last line ends the head');
}
