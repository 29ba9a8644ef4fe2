// Composes captions that no demo grammar writes: everyday scenes dense in what tokenisers disagree on. Prints one a
// line, the same ones every time: `node compose-captions.mjs > captions.composed.txt`.
const NUM_CAPTIONS = 3000;

let state = 20261121;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const upTo = (n) => Math.floor(random() * n);
const pick = (list) => list[upTo(list.length)];
const number = (from, to) => from + upTo(to - from + 1);
const words = (text) => text.split(' ');

const nouns = words(
  'man woman child dog cat horse bicycle bus train skateboard surfboard kite pizza sandwich cake banana laptop phone umbrella ' +
    'suitcase giraffe zebra elephant bear sheep cow bird boat truck motorcycle airplane bench clock vase sofa toilet sink ' +
    'refrigerator toothbrush frisbee racket bat snowboard skier tram ferry lighthouse market stall teapot violin harbour ' +
    'theatre aeroplane tyre pyjamas jewellery programme café façade crème brûlée jalapeño piñata smörgåsbord doppelgänger',
);
const adjectives = words(
  'red blue grey coloured old-fashioned brand-new half-eaten sun-lit black-and-white well-dressed three-legged 12-year-old tiny ' +
    'enormous wooden X-rayed semi-transparent colourful naïve rosé state-of-the-art double-decker so-called un-American',
);
const verbs = words(
  'holding riding watching eating chasing photographing carrying repairing painting selling throwing catching following',
);
const places = words(
  'street beach kitchen park station museum zoo office bathroom field river bridge rooftop garden playground airport',
);
const contractions = words(
  "isn't aren't wasn't can't won't don't doesn't couldn't shouldn't wouldn't hasn't haven't it's he's she's that's there's " +
    "what's who's let's they're we're you're I'm I've they've I'd we'd he'll they'll y'all ma'am o'clock ain't mustn't needn't " +
    "should've could've might've who'd it'd that'll mayn't shan't daren't ISN'T CAN'T IT'S DON'T Don't Won't I'M We'll",
);
const colloquial = words(
  "cannot gonna gotta wanna gimme lemme dunno 'tis 'twas d'ye more'n 'em 'cause 'til 'n' 'n o'er ne'er whatcha whaddya kinda " +
    "sorta CANNOT Cannot Gonna GOTTA Wanna Gimme Lemme 'Tis 'TWAS d'you d'ya l'eau d'Orsay qu'il O'Neill O'Brien D'Angelo " +
    "l'Hôtel rock'n'roll Rock'n'Roll fish'n'chips Hallowe'en fo'c'sle Qur'an nor'easter jack-o'-lantern will-o'-the-wisp",
);
const possessives = words(
  "dog's dogs' James' James's children's women's boss's the1990s' cats' Xerox's FBI's 1980's MPs' NASA's baker's cow's Paris's girls'",
);
const abbreviations = words(
  'U.S. U.K. U.S.A. U.N. D.C. L.A. N.Y. Mr. Mrs. Ms. Dr. Prof. St. Sr. Jr. Gen. Col. Lt. Sgt. Capt. Rev. Hon. Gov. Sen. Rep. Pres. ' +
    'Inc. Corp. Co. Ltd. Bros. Ave. Blvd. Rd. Mt. Ft. No. Nos. vs. v. etc. e.g. i.e. a.m. p.m. A.M. P.M. a.k.a. approx. est. ca. ' +
    'Jan. Feb. Mar. Apr. Jun. Jul. Aug. Sept. Sep. Oct. Nov. Dec. Mon. Tue. Wed. Thu. Thurs. Fri. Sat. Sun. Calif. Mass. Tex. Fla. ' +
    'Ala. Ariz. Colo. Conn. Ill. Ind. Kan. Ky. La. Md. Mich. Minn. Miss. Mo. Mont. Neb. Nev. Okla. Ore. Pa. Tenn. Va. Wash. Wis. Wyo. ' +
    'Ph.D. M.D. B.A. M.Sc. B.Sc. D.D.S. Esq. Dept. Univ. Assn. Fig. fig. Figs. p. pp. Vol. vol. ed. eds. al. Eq. cf. viz. J. R. F. ' +
    'T.V. T.V J.R.R. C.S. A.I. R2.D2 a.s.a.p. R.S.V.P. ft. in. lb. lbs. oz. sq. min. sec. hr. hrs. mi. km. cm. Messrs. Mme. Mlle. ' +
    'Alex. Wm. Chas. Geo. Jos. Ste. Maj. Cmdr. Adm. Insp. Supt. Asst. Atty. Bldg. Mfg. Natl. Intl. Tel. tel. Ext. ext. Apt. Op. op.',
);
const numbers = words(
  '1,000 3.5 1/2 3/4 5:30 $5 50% 1,234,567 1,234.56 0.5 .5 -5 +7 1.000,50 12 007 1st 2nd 3rd 4th 21st 100th 1980s 80s ' +
    "'80s ’90s 5:30pm 5:30p.m. 5pm 5p.m. 5am 10:45:30 12/25/2014 25-12-2014 2014-12-25 12/25 1990-1995 1990–1995 5-10 5–10 2x4 4x4 " +
    '3D 2-D 1/2-inch 10km 10kg 5ft 6ft. 72°F 20°C 1080p 4K mp3 MP3 B-52 747 747s F-16 H2O CO2 x2 2X 100% 99.9% 50%-off 5% 1e6 3.14159 ' +
    '$5.50 $1,000 $5million $5m US$5 C$10 A$7 HK$20 £5 £5.50 €20 20€ ¥500 5¢ 25c ₹50 ₩1000 $$ $ # #1 #10 No.1 no.5 1. 2) (3) 4: ½ ¼ ¾ 1½ ' +
    '⅓ ⅔ ⅛ 1⁄2 10/10 24/7 9/11 7-11 555-1234 555.123.4567 800-555-1234 (555) 1-800-555-1234 +1-800-555-1234 +44 ' +
    "100,00 1,00 10,000,00 1.2.3 1.2.3.4 192.168.0.1 v2.0 2.0.1 5' 6\" 5'6\" 6'2 ±5 ×3 ÷2 10² m² km² 5ºC nº5 1ª",
);
const money = words('$ £ € ¥ US$ C$ HK$ A$ ¢');
const urls = words(
  'http://www.example.com https://example.org/a/b?c=d&e=f#g www.example.com example.com Example.com flickr.com/photos/1234 ' +
    'ftp://files.example.net mailto:me@example.com me@example.com first.last@mail.example.co.uk <me@example.com> @photographer ' +
    '@user_name #sunset #tbt2014 #100happydays http://t.co/AbC123 https://example.com. (http://example.com) example.co.uk amazon.com ' +
    'photo.jpg IMG_1234.JPG my-file_v2.tar.gz C:\\Photos\\a.png /usr/local/bin ~/pictures file:///tmp/a.png 10.0.0.1:8080 ' +
    'user:pass@example.com http://example.com/~me http://例え.jp blogspot.com yahoo.com! Yahoo! Jeopardy! O! example.gov nasa.gov wiki.org',
);
const slashes = words(
  'and/or he/she s/he w/o w/ b/w c/o n/a N/A km/h 60mph mother/daughter red/white/blue yes/no/maybe TCP/IP 1/2/3 +/- */ /* // / \\ \\\\ | || AC/DC',
);
const brackets = words(
  '( ) [ ] { } < > (s) [sic] (left) [1] {x} <b> </b> <br/> <a> -LRB- -RRB- ((double)) (a) (i) (c) © ® ™ « » ‹ › 〈 〉 【 】 （ ）',
);
const markup = words(
  '&amp; &lt; &gt; &quot; &apos; &nbsp; &copy; &#39; &#x27; AT&T R&B B&B Q&A &mdash; &ndash; &hellip; a&b & && M&M\'s Johnson&Johnson <img src="a.jpg"> <b>bold</b> <!-- note --> &eacute; &AMP;',
);
const symbols = words(
  '* ** *** • · ° ± × ÷ = == + ++ ^ ~ ~~ _ __ ___ | § ¶ † ‡ ※ → ← ⇒ ✓ ✔ ★ ☆ ♥ ♫ ☺ ☹ ❤ ❤️ 😀 🐶 👍🏽 👨‍👩‍👧 🇺🇸 \u200b \ufeff \u00ad \u00a0 \u2009 % ‰ @ # ^^ ¡ ¿ ` ´ ¨ ¬ ¦ µ ª º',
);
const smileys = words(":) :-) ;) ;-) :( :-( :D :P :-P :o =) =D :') :'( <3 </3 ^_^ -_- o_O T_T XD xD :/ :-/ :| 8-) B) >:( (-: (: :3 d: ;P");
const dashes = words('- -- --- ---- – — ― − ‐ ‑ ‒');
const ends = words('. ! ? ... … .... .. ?! !? !!! ??? , ; : -- — .) ." .” .\' ?" !" .’ ;) !1 .... . - , "');
const scripts = words(
  'café Zoë naïve Åse Øresund Straße Łódź Dvořák São Παρθενών Москва Київ 東京 北京市 서울 กรุงเทพ दिल्ली القاهرة ירושלים Tōkyō ʻokina Hawaiʻi ' +
    'cafe\u0301 n\u0303 ﬁsh ﬀ ǅ İstanbul ß ẞ Σίσυφος ΟΔΟΣ Ж я ñandú El Niño coöperate façade résumé jalapeños déjà-vu œuvre Æsop ŒUVRE þing ð ĳ ſ Ωmega',
);
const capitals = words(
  'STOP SALE NYPD USA AT&T BMW IBM iPhone iPad eBay McDonald MacBook NBA UFO UFOs TVs DVDs CDs PhD WWII WW2 LGBTQ A B C X I V XIV Hello WORLD OPEN24/7 EXIT',
);
const names = words(
  "Smith O'Connor Jean-Luc McDonald's Macy's Wendy's Sotheby's Ben&Jerry's D'Arcy de la Cruz van Gogh Jr Al-Jazeera Coca-Cola 7-Up 7-Eleven Wal-Mart",
);
const openers = ['"', '“', "'", '‘', '``', '`', '„', '«', '‹', "''", '"\'', '“‘', '´', '\u0093', '\u0091', '&quot;'];
const closers = ['"', '”', "'", '’', "''", "'", '“', '»', '›', "''", '\'"', '’”', '´', '\u0094', '\u0092', '&quot;'];

const curl = (text) => (random() < 0.35 ? text.replaceAll("'", pick(['’', '’', '‘', '´', '`', 'ʼ', '＇', '\u0092'])) : text);
const quoted = (text) => {
  const n = upTo(openers.length);
  const spaced = random() < 0.15 ? ' ' : '';
  return openers[n] + spaced + text + spaced + closers[random() < 0.9 ? n : upTo(closers.length)];
};
const cased = (text) => {
  const r = random();
  if (r < 0.06) return text.toUpperCase();
  if (r < 0.14) return text[0].toUpperCase() + text.slice(1);
  return text;
};
const noun = () => cased(pick(nouns));
const thing = () => `${random() < 0.5 ? `${pick(adjectives)} ` : ''}${noun()}${random() < 0.15 ? 's' : ''}`;
const scene = () => `${pick(['a', 'the', 'A', 'The', 'one', 'two', 'some'])} ${thing()} ${pick(verbs)} a ${thing()} in the ${pick(places)}`;

/** Each way to put something hard into a sentence. */
const hard = [
  () => curl(pick(contractions)),
  () => curl(pick(contractions)),
  () => curl(pick(colloquial)),
  () => curl(pick(possessives)),
  () => curl(`${noun()}${pick(["'s", "s'", "'S", "'", "'d", "'ll", "'ve", "n't"])}`),
  () => pick(abbreviations),
  () => `${pick(abbreviations)} ${pick(['The', 'A', 'He', 'It', 'Smith', 'smith', 'and', 'In', 'January', '5', 'Sat.', 'This'])}`,
  () => `${pick(abbreviations)}${pick(ends)}`,
  () => `${pick(abbreviations)} ${pick(abbreviations)}`,
  () => pick(numbers),
  () => pick(numbers),
  () => `${pick(numbers)} ${pick(numbers)}`,
  () => `${pick(numbers)}${pick(ends)}`,
  () => `${pick(money)}${pick(['', ' '])}${pick(['5', '5.00', '1,000', '3 million', '.50', 'abc', '5k'])}`,
  () => `${number(1, 2500)}${pick(['', 'th', 'st', 's', '-', '%', ' %', "'s", 'px', 'mm', '-foot', ':', 'am', ' a.m.', ' p.m', 'x'])}`,
  () => `${number(1, 12)}:${number(10, 59)}${pick(['', ' am', 'pm', ' p.m.', 'PM', ' o’clock'])}`,
  () => `${number(1, 12)}/${number(1, 28)}/${number(1990, 2020)}`,
  () => `${pick(words('Jan Feb. March April May June July Aug. Sept. October Nov. Dec.'))} ${number(1, 31)}${pick(['', ',', 'st', 'th'])} ${number(1900, 2020)}`,
  () => pick(urls),
  () => pick(slashes),
  () => `${noun()}/${noun()}`,
  () => pick(brackets),
  () => `(${thing()})`,
  () => `${pick('([{<')}${thing()}${pick(')]}>')}`,
  () => pick(markup),
  () => `${noun()} ${pick(['&', '&amp;', 'and', "'n'", '+', '@'])} ${noun()}`,
  () => pick(symbols),
  () => `${noun()}${pick(symbols)}${noun()}`,
  () => pick(smileys),
  () => `${noun()} ${pick(dashes)} ${noun()}`,
  () => `${noun()}${pick(dashes)}${noun()}`,
  () => `${noun()}-${noun()}-${noun()}`,
  () => `${pick(['non', 'ex', 'pre', 'semi', 'anti', 'co', 're', 'un', 'e', 'T'])}-${noun()}`,
  () => `${noun()}${pick(['...', '…', '. . .', '....', '..', ' ...', '. .'])}${pick(['', ' '])}${noun()}`,
  () => `${noun()}${pick([',', ';', ':', '.', '!', '?', '?!', '!!', ',,', ' ,', ' .', '.,', ',.'])}${pick(['', ' '])}${noun()}`,
  () => quoted(thing()),
  () => quoted(pick([...capitals, ...names, ...numbers, ...contractions, ...abbreviations])),
  () => quoted(`${thing()}${pick(ends)}`),
  () => pick(scripts),
  () => `${pick(scripts)}${pick(["'s", '’s', '-', '.', ','])}${pick(scripts)}`,
  () => pick(capitals),
  () => `${pick(capitals)}${pick(["'s", "s'", '.', '!', '-', '/', "'"])}${pick(['', noun()])}`,
  () => pick(names),
];

const caption = () => {
  const parts = [scene()];
  for (let n = number(1, 3); n > 0; n--) parts.push(`${pick(['', 'with', 'and', 'near', 'called', 'saying', 'at', 'of'])} ${pick(hard)()}`.trim());
  if (random() < 0.25) parts.unshift(pick(hard)());
  return `${parts.join(' ')}${random() < 0.75 ? pick(ends) : ''}`;
};

const seen = new Set();
while (seen.size < NUM_CAPTIONS) seen.add(caption());
process.stdout.write([...seen].map((line) => `${line}\n`).join(''));
