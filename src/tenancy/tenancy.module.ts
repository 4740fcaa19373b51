import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TenantResolver } from './tenant-resolver';
import { TenantSettingsStore } from './tenant-settings.store';
import { Tenant } from './tenant.entity';
import { TenantStore } from './tenant.store';

/** Which tenant a request means. */
@Module({
  imports: [TypeOrmModule.forFeature([Tenant])],
  providers: [TenantStore, TenantSettingsStore, TenantResolver],
  exports: [TenantStore, TenantSettingsStore, TenantResolver],
})
export class TenancyModule {}
