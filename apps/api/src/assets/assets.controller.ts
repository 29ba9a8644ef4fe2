import { Body, Controller, Get, Param, Post, Query, Res, UploadedFiles, UseInterceptors } from '@nestjs/common';
import { FilesInterceptor } from '@nestjs/platform-express';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  AcceptedAssetsSchema,
  AssetDetailSchema,
  AssetPageSchema,
  AssetQuerySchema,
  UPLOAD_FILE_FIELD,
  type AcceptedAssets,
  type AssetDetail,
  type AssetPage,
} from '@housestyle/contracts';
import type { z } from 'zod';
import { CurrentCaller, RequireScope, type Caller } from '../access/caller.js';
import { Answers } from '../openapi/answers.decorator.js';
import { ROW_ID } from '../openapi/row-id.js';
import { AssetsService } from './assets.service.js';
import type { StoredUpload } from './upload-storage.js';
import { UploadsService } from './uploads.service.js';

@ApiTags('assets')
@Controller('v1/assets')
export class AssetsController {
  constructor(
    private readonly assets: AssetsService,
    private readonly uploads: UploadsService,
  ) {}

  @Post()
  @RequireScope('upload')
  @UseInterceptors(FilesInterceptor(UPLOAD_FILE_FIELD))
  @Answers(202, AcceptedAssetsSchema, 'landed; captions follow')
  landAssets(
    @CurrentCaller() caller: Caller,
    @UploadedFiles() files: readonly StoredUpload[] | undefined,
    @Body() body: unknown,
  ): Promise<AcceptedAssets> {
    return files ? this.uploads.landFiles(caller.tenantId, files, body) : this.uploads.announce(caller.tenantId, body);
  }

  @Get()
  @Answers(200, AssetPageSchema, 'newest first')
  listAssets(
    @CurrentCaller() caller: Caller,
    @Query({ schema: AssetQuerySchema }) query: z.output<typeof AssetQuerySchema>,
  ): Promise<AssetPage> {
    return this.assets.list(caller.tenantId, query);
  }

  @Get(':id')
  @Answers(200, AssetDetailSchema)
  getAsset(@CurrentCaller() caller: Caller, @Param('id', { schema: ROW_ID }) id: string): Promise<AssetDetail> {
    return this.assets.get(caller.tenantId, id);
  }

  @Get(':id/preview')
  @ApiResponse({
    status: 200,
    description: 'a small copy of the picture',
    content: { 'image/webp': { schema: { type: 'string', format: 'binary' } } },
  })
  async getAssetPreview(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: ROW_ID }) id: string,
    @Res() response: Response,
  ): Promise<void> {
    const { contentType, bytes } = await this.assets.preview(caller.tenantId, id);
    // one version of one picture: these bytes never change; express adds the ETag and answers 304
    response.setHeader('Cache-Control', 'private, max-age=3600');
    response.vary('Cookie').vary('Authorization');
    response.type(contentType).send(Buffer.from(bytes));
  }
}
