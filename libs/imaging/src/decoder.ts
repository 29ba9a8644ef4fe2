import sharp from 'sharp';

// Every picture is seen once: a cache of operations would only hold memory. Work is parallel across pictures, so one
// thread each is enough.
sharp.cache(false);
sharp.concurrency(1);

// The second wall behind `detectImageFormat`: the loaders of all other formats are off in this process.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadNsgif',
    'VipsForeignLoadTiff',
    'VipsForeignLoadHeif',
  ],
});

export { sharp as decoder };
