// The one place that names Leaflet's address; a test compares it with the pinned version.
export * from "/vendor/leaflet@1.9.4/leaflet-src.esm.js";
