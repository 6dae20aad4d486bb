import { chromium } from 'playwright-core';
const [,, url, out, ...flags] = process.argv;
const has = f => flags.includes(f);
const b = await chromium.launch({executablePath:'/usr/bin/chromium', args:['--headless','--no-sandbox','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync','--use-angle=swiftshader','--enable-unsafe-swiftshader']});
const size = has('phone') ? {width:390,height:844} : has('wall') ? {width:2560,height:1440} : has('hd') ? {width:1920,height:1080} : {width:1440,height:900};
const c = await b.newContext({viewport:size, locale: has('ko')?'ko-KR':'en-GB', colorScheme: has('dark')?'dark':'light', hasTouch: has('phone'), isMobile: has('phone'), deviceScaleFactor: 1});
const p = await c.newPage();
p.on('console', m=>console.log('console', m.type(), m.text()));
p.on('pageerror', e=>console.log('pageerror', e.message, e.stack?.split('\n').slice(0,3).join('|')));
p.on('requestfailed', r=>console.log('failed', r.url(), r.failure()?.errorText));
const t0=Date.now();
await p.goto(url);
await p.waitForSelector('.figures .value', {timeout:15000}).catch(()=>console.log('no figures'));
console.log('figures after', Date.now()-t0);
await p.waitForSelector('.maplibregl-canvas', {timeout:15000}).catch(()=>console.log('no map'));
console.log('map after', Date.now()-t0);
await p.waitForTimeout(Number(flags.find(f=>/^\d+$/.test(f)) ?? 2500));
for (const f of flags) if (f.startsWith('js=')) { await p.evaluate(f.slice(3)); await p.waitForTimeout(1500); }
for (const f of flags) if (f.startsWith('hover=')) { const [x,y]=f.slice(6).split(',').map(Number); await p.mouse.move(x,y); await p.waitForTimeout(800); }
await p.screenshot({path:out, fullPage: has('full')});
await b.close();
