export {
  type ArchiveOptions,
  type BuildOptions,
  type BuiltImage,
  buildImages,
  layersOf,
} from './build-images.ts';
export { type Bundle, type BundleOptions, bundlePrograms } from './bundle-programs.ts';
export { type ImageName, type ImageSpec, imageNames, imageSpecs } from './image-specs.ts';
export { unpackLayer } from './unpack-layer.ts';
