/** Its own file, since of a CommonJS package that is loaded lazily a bundle knows no names. */
export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
