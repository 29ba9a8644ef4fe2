import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The editor's blue pencil. Mantine asks for ten shades; what is drawn comes from the tokens in look.css. */
const pencil: MantineColorsTuple = [
  '#eef3ff',
  '#dbe4fb',
  '#b6c8f5',
  '#8dabf0',
  '#6a91ec',
  '#4a77e4',
  '#2b5bd7',
  '#244dba',
  '#1e419c',
  '#17337c',
];

export const theme = createTheme({
  primaryColor: 'pencil',
  colors: { pencil },
  defaultRadius: 'md',
  components: {
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, multiline: true, maw: 280, fz: 'xs' } },
    // scroll locking injects a <style> element, which the page's content security policy refuses
    Modal: { defaultProps: { lockScroll: false, transitionProps: { duration: 120 } } },
    Menu: { defaultProps: { transitionProps: { duration: 90 }, shadow: 'md' } },
  },
});
