/**
 * The demo world's captions in Russian: the same scenes, said with cases, genders and counted forms. A caption that the
 * demo's grammar does not make is refused, so nothing is half translated.
 */

/** Its forms: singular nominative, genitive, instrumental, prepositional; plural genitive, instrumental, prepositional. */
const NOUNS = {
  cat: ['m', 'кот кота котом коте котов котами котах'],
  dog: ['f', 'собака собаки собакой собаке собак собаками собаках'],
  bird: ['f', 'птица птицы птицей птице птиц птицами птицах'],
  fish: ['f', 'рыба рыбы рыбой рыбе рыб рыбами рыбах'],
  car: ['f', 'машина машины машиной машине машин машинами машинах'],
  boat: ['f', 'лодка лодки лодкой лодке лодок лодками лодках'],
  sailboat: ['m', 'парусник парусника парусником паруснике парусников парусниками парусниках'],
  bicycle: ['m', 'велосипед велосипеда велосипедом велосипеде велосипедов велосипедами велосипедах'],
  house: ['m', 'дом дома домом доме домов домами домах'],
  tree: ['n', 'дерево дерева деревом дереве деревьев деревьями деревьях'],
  flower: ['m', 'цветок цветка цветком цветке цветов цветами цветах'],
  balloon: ['m', 'шарик шарика шариком шарике шариков шариками шариках'],
  ball: ['m', 'мяч мяча мячом мяче мячей мячами мячах'],
  cup: ['f', 'чашка чашки чашкой чашке чашек чашками чашках'],
  mug: ['f', 'кружка кружки кружкой кружке кружек кружками кружках'],
  apple: ['n', 'яблоко яблока яблоком яблоке яблок яблоками яблоках'],
  chair: ['m', 'стул стула стулом стуле стульев стульями стульях'],
  table: ['m', 'стол стола столом столе столов столами столах'],
  lamp: ['f', 'лампа лампы лампой лампе ламп лампами лампах'],
  book: ['f', 'книга книги книгой книге книг книгами книгах'],
  hat: ['f', 'шляпа шляпы шляпой шляпе шляп шляпами шляпах'],
  umbrella: ['m', 'зонт зонта зонтом зонте зонтов зонтами зонтах'],
  kite: ['m', 'змей змея змеем змее змеев змеями змеях', 'воздушн'],
};
/** In the order of a noun's forms. */
const FORMS = ['nom', 'gen', 'ins', 'pre', 'gens', 'inss', 'pres'];

/** Stem and endings. */
const ADJECTIVES = {
  red: ['красн', 'hard'],
  orange: ['оранжев', 'hard'],
  yellow: ['жёлт', 'hard'],
  green: ['зелён', 'hard'],
  blue: ['син', 'soft'],
  purple: ['фиолетов', 'hard'],
  white: ['бел', 'hard'],
  black: ['чёрн', 'hard'],
  small: ['маленьк', 'mixed'],
  big: ['больш', 'stressed'],
};
/** Masculine, neuter and feminine nominative; genitive, instrumental, prepositional of masculine and neuter, then feminine; plural nominative, genitive (as prepositional), instrumental. */
const ENDINGS = {
  hard: 'ый ое ая ого ым ом ой ой ой ые ых ыми',
  soft: 'ий ее яя его им ем ей ей ей ие их ими',
  mixed: 'ий ое ая ого им ом ой ой ой ие их ими',
  stressed: 'ой ое ая ого им ом ой ой ой ие их ими',
};
const PLACE_OF_ENDING = {
  singular: {
    nom: { m: 0, n: 1, f: 2 },
    gen: { m: 3, n: 3, f: 6 },
    ins: { m: 4, n: 4, f: 7 },
    pre: { m: 5, n: 5, f: 8 },
  },
  plural: { nom: 9, gen: 10, ins: 11, pre: 10 },
};

const SYNONYMS = { bike: 'bicycle', little: 'small', large: 'big' };
const NUMBERS = {
  two: { nom: { m: 'два', n: 'два', f: 'две' }, gen: 'двух', ins: 'двумя', pre: 'двух' },
  three: { nom: { m: 'три', n: 'три', f: 'три' }, gen: 'трёх', ins: 'тремя', pre: 'трёх' },
};
const PAIR = { nom: 'пара', gen: 'пары', ins: 'парой', pre: 'паре' };

/** Between things; each says in which case the next thing stands. */
const RELATIONS = [
  ['next to', 'рядом с', 'ins'],
  ['beside', 'возле', 'gen'],
  ['near', 'около', 'gen'],
  ['above', 'над', 'ins'],
  ['over', 'над', 'ins'],
  ['in front of', 'перед', 'ins'],
  ['behind', 'за', 'ins'],
  ['on top of', 'на', 'pre'],
  ['under', 'под', 'ins'],
  ['on', 'на', 'pre'],
  ['with', 'с', 'ins'],
  ['and', 'и', 'nom'],
];

/** Longer ones first. */
const PHRASES = [
  ['as the sun goes down', 'когда садится солнце'],
  ['in a sandy desert', 'в песчаной пустыне'],
  ['on a sandy beach', 'на песчаном пляже'],
  ['on a green meadow', 'на зелёном лугу'],
  ['over a city street', 'над городской улицей'],
  ['over a snowy hill', 'над снежным холмом'],
  ['on a city street', 'на городской улице'],
  ['on a snowy hill', 'на снежном холме'],
  ['on a sunny day', 'солнечным днём'],
  ['on a rainy day', 'дождливым днём'],
  ['over the desert', 'над пустыней'],
  ['in the blue sea', 'в синем море'],
  ['in the bedroom', 'в спальне'],
  ['in the kitchen', 'на кухне'],
  ['under the moon', 'под луной'],
  ['during the day', 'днём'],
  ['in the desert', 'в пустыне'],
  ['over a meadow', 'над лугом'],
  ['over a beach', 'над пляжем'],
  ['in a bedroom', 'в спальне'],
  ['in a kitchen', 'на кухне'],
  ['over the sea', 'над морем'],
  ['on the grass', 'на траве'],
  ['on the beach', 'на пляже'],
  ['in a meadow', 'на лугу'],
  ['in the snow', 'на снегу'],
  ['in the rain', 'под дождём'],
  ['in the city', 'в городе'],
  ['on a beach', 'на пляже'],
  ['beside them', 'рядом'],
  ['in the sea', 'в море'],
  ['on the sea', 'на море'],
  ['beside it', 'рядом'],
  ['at sunset', 'на закате'],
  ['at night', 'ночью'],
  ['on top', 'наверху'],
  ['nearby', 'неподалёку'],
  ['at sea', 'в море'],
  ['above', 'сверху'],
];

/** One does it, several do it. */
const VERBS = {
  sitting: ['сидит', 'сидят'],
  standing: ['стоит', 'стоят'],
  parked: ['стоит', 'стоят'],
  growing: ['растёт', 'растут'],
  lying: ['лежит', 'лежат'],
  flying: ['летит', 'летят'],
  floating: ['плывёт', 'плывут'],
  sailing: ['плывёт', 'плывут'],
  swimming: ['плывёт', 'плывут'],
};

const THING = new RegExp(
  `^(a pair of|an?|two|three) (?:(small|little|big|large) )?(${Object.keys(ADJECTIVES).slice(0, 8).join('|')}) ` +
    `(${[...Object.keys(NOUNS), 'bike'].join('|')})s?(?![a-z])`,
);
const VERB = new RegExp(`^(?:(?:is|are) )?(${Object.keys(VERBS).join('|')})(?![a-z])`);

/**
 * @param {string} caption in the English of the demo's grammar
 * @throws {Error} for any other text
 */
export function toRussian(caption) {
  let rest = caption.toLowerCase().replace(/\.$/, '');
  const said = [];
  let thingsCase = 'nom';
  let isSubjectOne = true;
  const take = (length, ...words) => {
    rest = rest.slice(length).replace(/^ /, '');
    said.push(...words);
  };
  while (rest !== '') {
    const thing = THING.exec(rest);
    if (thing) {
      if (thingsCase === 'nom') isSubjectOne = !/^t/.test(thing[1]);
      take(thing[0].length, thingIn(thingsCase, thing));
      // what comes next without a word between stands by itself
      thingsCase = 'nom';
      continue;
    }
    const opening = /^(there (?:is|are)|a picture of) /.exec(rest);
    if (opening) {
      const isFirst = said.length === 0;
      take(opening[0].length, ...(isFirst ? [opening[1] === 'a picture of' ? 'на картинке' : 'здесь'] : []));
      continue;
    }
    const verb = VERB.exec(rest);
    if (verb) {
      take(verb[0].length, VERBS[verb[1]][isSubjectOne ? 0 : 1]);
      continue;
    }
    const mark = /^(?:(is|are) |, )/.exec(rest);
    if (mark) {
      // Russian has no "is", and no comma after the place in front
      if (!mark[1] && said.length > 1) said[said.length - 1] += ',';
      take(mark[0].length);
      continue;
    }
    const relation = RELATIONS.find(([english]) => isRelation(rest, english));
    if (relation) {
      take(relation[0].length, relation[1]);
      thingsCase = relation[2];
      continue;
    }
    const phrase = PHRASES.find(([english]) => new RegExp(`^${english}(?![a-z])`).test(rest));
    if (!phrase) throw new Error(`${caption}: no Russian from ${JSON.stringify(rest)} on`);
    take(phrase[0].length, phrase[1]);
  }
  const text = said.join(' ');
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Whether a thing follows it: "on a red table", not "on a beach". */
const isRelation = (rest, english) => rest.startsWith(`${english} `) && THING.test(rest.slice(english.length + 1));

function thingIn(grammaticalCase, [, number, size, colour, english]) {
  const [gender, forms, fixed] = NOUNS[SYNONYMS[english] ?? english];
  const noun = Object.fromEntries(forms.split(' ').map((form, n) => [FORMS[n], form]));
  const stems = [
    ...(size ? [ADJECTIVES[SYNONYMS[size] ?? size]] : []),
    ADJECTIVES[colour],
    ...(fixed ? [[fixed, 'hard']] : []),
  ];
  const adjectives = (count, inCase) => stems.map((stem) => adjectiveIn(stem, count, inCase, gender));
  if (number === 'a' || number === 'an') {
    return [...adjectives('singular', grammaticalCase), noun[grammaticalCase]].join(' ');
  }
  if (number === 'a pair of') return [PAIR[grammaticalCase], ...adjectives('plural', 'gen'), noun.gens].join(' ');
  const numeral = NUMBERS[number][grammaticalCase];
  if (grammaticalCase !== 'nom') {
    return [numeral, ...adjectives('plural', grammaticalCase), noun[`${grammaticalCase}s`]].join(' ');
  }
  // two, three: the noun in the genitive singular; its adjectives are plural, genitive but of feminine nouns
  return [numeral[gender], ...adjectives('plural', gender === 'f' ? 'nom' : 'gen'), noun.gen].join(' ');
}

function adjectiveIn([stem, kind], count, inCase, gender) {
  const place = PLACE_OF_ENDING[count][inCase];
  return stem + ENDINGS[kind].split(' ')[typeof place === 'number' ? place : place[gender]];
}

const KIND_OF = { sailboat: 'boat', mug: 'cup' };
const WORD = /\p{L}+/gu;

/** The words that name each kind, in all their forms. */
const KINDS_OF_WORDS = new Map(
  Object.entries(NOUNS).flatMap(([kind, [, forms]]) => forms.split(' ').map((form) => [form, KIND_OF[kind] ?? kind])),
);
const COLOURS = Object.entries(ADJECTIVES).slice(0, 8);
const COLOURS_OF_WORDS = new Map(
  COLOURS.flatMap(([colour, [stem, kind]]) => ENDINGS[kind].split(' ').map((ending) => [stem + ending, colour])),
);
const COUNTS_OF_WORDS = new Map([
  ...['два', 'две', 'двух', 'двумя', ...Object.values(PAIR)].map((word) => [word, 2]),
  ...['три', 'трёх', 'тремя'].map((word) => [word, 3]),
]);

/** What a Russian caption names: kinds with their colours and counts, in its order. */
export function thingsIn(russian) {
  const things = [];
  let [colour, count] = [undefined, 1];
  for (const [word] of russian.toLowerCase().matchAll(WORD)) {
    count = COUNTS_OF_WORDS.get(word) ?? count;
    colour = COLOURS_OF_WORDS.get(word) ?? colour;
    const kind = KINDS_OF_WORDS.get(word);
    if (!kind) continue;
    things.push({ kind, colour, count });
    [colour, count] = [undefined, 1];
  }
  return things;
}
