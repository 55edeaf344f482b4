// Drawing lines and areas by Leaflet-Geoman, which extends the Leaflet that the pages use; a test compares the address.
import "/static/leaflet_global.js";
import "/vendor/leaflet-geoman@2.20.2/leaflet-geoman.min.js";
