/** What Stanford's tokeniser knows of English, found by asking it; each list is a regular expression's alternatives. */
const alternatives = (words: string): string => words.trim().split(/\s+/).join('|');

/** Abbreviations that may close a sentence: before a new one they are followed by a period of its own. */
export const CLOSING_ABBREVIATIONS = alternatives(`
  al apr ariz assn aug ala bhd bldg blvd bros calif co colo conn corp cos ct dak dec esq est etc ext feb fla fri ga inc
  ind intl jan jr jul jun kan kans ky ltd mar md mich minn mo mon mont neb nev nov oct okla penn plc rd rt sep sept seq
  sq sr sys tel tenn thu thurs tue tues univ va vt wed wis wisc wyo ph\\.d`);

/** The same, but only with a capital first letter, as the bare words are English or other languages'. */
export const CAPITALISED_CLOSING_ABBREVIATIONS = alternatives(`
  A(?:z|Z|rk|RK) D(?:el|EL) I(?:ll|LL) L(?:a|A) M(?:ass|ASS|iss|ISS) O(?:re|RE) P(?:a|A) T(?:ex|EX) W(?:ash|ASH)
  P(?:te|ty|pte|pty|tes|tys|ptes|ptys)`);
export const UNCAPITALISED_CLOSING_ABBREVIATIONS = alternatives('pte pty ppte ppty ptes ptys pptes pptys');

/** Titles and the like, which something always follows. */
export const TITLES = alternatives(`
  adj adm adv alex assoc asst attys? ave brig capt cf cie cmdr col comdr cpl dept det drs? elec ens ft govs? gen hon insp
  invt jos lieut lt maj messrs mlle mme mrs? ms msgr mt natl pfc ph pres profs? pvt reps? rev sens? sfc sgt spc st ste
  supts? treas vs wm`);
export const LOWER_OR_CAPITALISED_TITLES = alternatives('[Mm]fg [Mm]tg');

/** Abbreviations only where a number follows. */
export const NUMBERED_ABBREVIATIONS = alternatives('art ca figs? nos? op pp? prop');

/** After an acronym, one of these as a capitalised word makes the acronym's period the sentence's too. */
export const SENTENCE_OPENERS = alternatives(`
  A About According Additionally After An As At But Earlier He Her Here However If In It Last Many More Now Once One Other
  Our She Since So Some Such That The Their Then There These They This We What When While Yet You M[rRsS]\\.`);

/** A name before one of these is a file's. */
export const FILE_EXTENSIONS = alternatives(`
  bat bmp c cgi class cpp dll docx? exe gif gz h html? jar java jpe?g mov mp3 pdf php pl png ppt ps py sql tar txt wav x xml
  zip`);
