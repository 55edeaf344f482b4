// Leaflet-Geoman is no module: it looks for Leaflet in the window, and hangs itself into it.
import * as Leaflet from "/static/leaflet.js";

window.L = { ...Leaflet };
