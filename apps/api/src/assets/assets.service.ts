import { Injectable } from '@nestjs/common';
import type { Asset, AssetDetail, AssetPage, AssetQuerySchema } from '@housestyle/contracts';
import { AssetRepository, SuggestionRepository, type AssetRowId, type PreviewBytes } from '@housestyle/database';
import { DomainError, type TenantId } from '@housestyle/domain';
import type { z } from 'zod';
import { presentSuggestion } from '../suggestions/present-suggestion.js';
import { presentAsset } from './present-asset.js';
import { UploadLocation } from './upload-location.js';

@Injectable()
export class AssetsService {
  constructor(
    private readonly assets: AssetRepository,
    private readonly suggestions: SuggestionRepository,
    private readonly location: UploadLocation,
  ) {}

  async list(tenant: TenantId, query: z.output<typeof AssetQuerySchema>): Promise<AssetPage> {
    const { items, nextCursor } = await this.assets.list(tenant, query);
    return {
      items: items.map((row) => presentAsset(row, this.location.isUpload(tenant, row.uri))),
      nextCursor: nextCursor ?? null,
    };
  }

  async get(tenant: TenantId, id: AssetRowId): Promise<AssetDetail> {
    const asset = await this.find(tenant, id);
    if (!asset) throw noSuchAsset(id);
    const suggestions = await this.suggestions.ofAsset(tenant, id);
    return { ...asset, suggestions: suggestions.map(presentSuggestion) };
  }

  async find(tenant: TenantId, id: AssetRowId): Promise<Asset | undefined> {
    const row = await this.assets.get(tenant, id);
    return row && presentAsset(row, this.location.isUpload(tenant, row.uri));
  }

  async preview(tenant: TenantId, id: AssetRowId): Promise<PreviewBytes> {
    const preview = await this.assets.preview(tenant, id);
    if (!preview) throw noSuchAsset(id);
    return preview;
  }
}

const noSuchAsset = (id: AssetRowId) => new DomainError('not_found', `no asset ${id}, or no preview of it yet`);
