// The worker that paints stations. That of the first map may begin before the map itself: it takes a while to get a GPU.

let early: Worker | null = null;

export function beginPainter(): void {
  if (early) return;
  const made = newPainter();
  // One that says something before it was asked for anything has failed: whoever needs one tries again, and hears why.
  made.onmessage = made.onerror = () => {
    made.terminate();
    if (early === made) early = null;
  };
  early = made;
}

// Throws where there are no workers.
export function takePainter(): Worker {
  const taken = early ?? newPainter();
  early = null;
  return taken;
}

function newPainter(): Worker {
  return new Worker(new URL('./station_painter.ts', import.meta.url), { type: 'module' });
}
