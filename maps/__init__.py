"""What is seen: palettes and legends, raster images, the web pages with their browser code, the report in one file."""
