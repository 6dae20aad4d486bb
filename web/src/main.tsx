import { render } from 'preact';

import { startApp } from './app.ts';
import { loadMapSoon } from './map/load.ts';
import './style.css';
import { Page } from './views/page.tsx';

startApp();
render(<Page />, document.getElementById('page')!);
loadMapSoon();
