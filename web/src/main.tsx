import { render } from 'preact';

import { startApp } from './app.ts';
import './style.css';
import { Page } from './views/page.tsx';

startApp();
render(<Page />, document.getElementById('page')!);
